"""Makes the workspaces of the seeded year: people, accounts at the sandbox, campaigns, sequences, facts, policies.

These are few rows, so they are made as the product makes them. The generator gets what it needs of each as a `Place`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count, cycle, islice
from random import Random
from uuid import UUID

from django.contrib.auth.hashers import make_password
from django.db import connection

from demo.scale.words import Corpus, made_up
from demo.scale.year import DAY, DAYS, HOUR, MINUTE, Year, moment, uuid_at
from demo.seed import PASSWORD, SANDBOX_PATHS, STAFF
from inbox.health import receipts
from inbox.models import (
    Campaign,
    Deviation,
    FollowUpSequence,
    FollowUpStep,
    Label,
    MailboxAlarm,
    Membership,
    SendingPolicy,
    User,
    Workspace,
    WorkspaceFact,
)
from inbox.models.event import EVERY
from inbox.models.workspace_fact import folded
from integrations import calendly, connect, emailbison, ghl, instantly, registry, slack, smartlead, unipile
from integrations.models import (
    ApiToken,
    HealthState,
    HealthTransition,
    Integration,
    ReplyPoll,
    WebhookEndpoint,
    WebhookKey,
    WorkspaceIntegrationHealth,
)

SANDBOX = "http://127.0.0.1:8900"
MAILERS = (emailbison.NAME, emailbison.NAME, smartlead.NAME, instantly.NAME)
"""Who carries the mail of the workspaces, in turn."""
ZONES = (
    "America/New_York",
    "America/Chicago",
    "Europe/Berlin",
    "America/Denver",
    "Europe/London",
    "Asia/Singapore",
)
ROLES = (
    Membership.Role.OWNER,
    Membership.Role.ADMIN,
    Membership.Role.MEMBER,
    Membership.Role.MEMBER,
    Membership.Role.VIEWER,
)
MODES = (SendingPolicy.Mode.SHADOW, SendingPolicy.Mode.OFF, SendingPolicy.Mode.AUTO)
BROKEN_EVERY = 41
"""Every so many accounts, one is broken: by turns disconnected, quiet, having trouble."""
TROUBLES = (HealthState.DISCONNECTED, HealthState.QUIET, HealthState.DEGRADED)
STEPS = (
    ("Revive", ((0, "email"), (3, "email"), (7, "linkedin"))),
    ("Text after silence", ((1, "email"), (4, "sms"))),
    ("Long breath", ((5, "email"), (14, "email"), (30, "email"), (60, "email"))),
)
LABELS = ("Wants a trial", "Partner", "Other agency")
PROMISES_MIN = {"HOT": 15, "Meeting Requested": 60}
ACCOUNTS = 7
"""The fewest accounts of a workspace: its conversations need one of each channel."""
EVENTS_TO = "https://crm.example.com/holdfast"
RECEIPTS = """
INSERT INTO integrations_dayreceipt
    (integration_id, day, kind, listed, held, fetched, ignored, missing, reasons, compared_through)
SELECT account.id, (polled_at AT TIME ZONE workspace.timezone)::date - back, kind,
    1 + back * 7 %% 40, 1 + back * 7 %% 40, (back %% 9 = 0)::int, 0, 0, '{}', polled_at
FROM integrations_replypoll poll
    JOIN integrations_integration account ON account.id = poll.integration_id
    JOIN inbox_workspace workspace ON workspace.id = account.workspace_id
    JOIN unnest(%s::text[], %s::text[]) AS listed (provider, kind) USING (provider), generate_series(0, %s) AS back
ORDER BY back DESC
"""
FACTS = (
    ("answer", "How soon can you start?", "Within two weeks of a yes."),
    ("answer", "Is there a minimum spend?", "No. There is the monthly price and nothing on top of it."),
    ("price", "The monthly price", "$2,400 a month, cancelled any month."),
    ("link", "Overview on one page", "https://example.com/overview when they ask for something in writing."),
    ("never", "guaranteed results", "Say that results differ, and offer to show others'."),
)


@dataclass
class Plan:
    """A made-up campaign: its id, its name, and the subject and texts of its steps, which greet by {name}."""

    id: str
    external_id: str
    name: str
    language: str
    subject: str
    steps: list[str]


@dataclass
class Sequence:
    """A made-up follow-up sequence: its id, and of each step the id, the days after the
    step before, and the channel.
    """

    id: str
    steps: list[tuple[str, int, str]]


@dataclass
class Place:
    """A made-up workspace with what is needed to write its rows. Ids are 32 hexadecimal digits.

    `accounts` has the first account of each provider: our id and the provider's. `connected` has all accounts.
    """

    number: int
    id: str
    quota: int
    mailer: str
    members: list[int] = field(default_factory=list)
    accounts: dict[str, tuple[str, str]] = field(default_factory=dict)
    connected: list[tuple[str, str]] = field(default_factory=list)
    senders: list[tuple[str, str]] = field(default_factory=list)
    plans: list[Plan] = field(default_factory=list)
    sequences: list[Sequence] = field(default_factory=list)
    judged: bool = False

    @property
    def label(self) -> str:
        return f"scale-{self.number:02d}"


def quotas(workspaces: int, messages: int) -> list[int]:
    """How many made-up messages each of the workspaces gets. The first gets a third (all, if it is alone), the others
    share the rest by Zipf's law, at least one each.
    """
    if workspaces == 1:
        return [messages]
    first, rest = messages // 3, messages - messages // 3
    weights = [1 / (number + 2) ** 0.7 for number in range(workspaces - 1)]
    shares = [max(1, int(rest * weight / sum(weights))) for weight in weights]
    shares[0] += rest - sum(shares)
    return [first, *shares]


def make(seed: int, workspaces: int, accounts: int, messages: int, year: Year, corpus: Corpus) -> list[Place]:
    """Writes all workspaces of the seeded year, with their people, accounts, campaigns and sequences, and a user for
    the admin, in the caller's transaction. Returns what is needed to write their other rows. Everybody's password is
    the demo's.
    """
    password = make_password(PASSWORD)
    User.objects.get_or_create(
        email=STAFF,
        defaults={
            "password": password,
            "is_staff": True,
            "is_superuser": True,
            "address_proven_at": moment(year.begins),
            "date_joined": moment(year.begins),
        },
    )
    places, turns = [], count(1)
    for number, quota in enumerate(quotas(workspaces, messages)):
        rng = Random(f"{seed}:workspace:{number}")
        places.append(_workspace(rng, number, quota, year, corpus, password, accounts, turns))
    _receipts()
    for model in (
        Workspace, Membership, Campaign, FollowUpSequence, WorkspaceFact, Integration, WebhookKey, ApiToken
    ):  # fmt: skip
        model._base_manager.update(created_at=moment(year.begins))
    return places


def _workspace(
    rng: Random,
    number: int,
    quota: int,
    year: Year,
    corpus: Corpus,
    password: str,
    accounts: int,
    turns: Iterator[int],
) -> Place:
    began = year.begins + number * HOUR
    place = Place(number, uuid_at(began, rng), quota, MAILERS[number % len(MAILERS)])
    workspace = Workspace.objects.create(
        pk=UUID(place.id),
        name=f"Scale {number:02d}",
        timezone=ZONES[number % len(ZONES)],
        persona_name="Alex Moreno",
        service_description="We keep owner-run service businesses busy through the slow months.",
        notice_tags=["Meeting Requested"],
        promises=PROMISES_MIN,
    )
    for turn, role in enumerate(ROLES):
        name = role if turn != 3 else "member2"
        user = User.objects.create(
            email=f"{name}@{place.label}.example.com",
            password=password,
            address_proven_at=moment(began),
            date_joined=moment(began),
        )
        Membership.objects.create(workspace=workspace, user=user, role=role, takes_leads=role == "member")
        if role != Membership.Role.VIEWER:
            place.members.append(user.pk)
    WorkspaceFact.objects.bulk_create(
        WorkspaceFact(
            pk=UUID(uuid_at(began, rng)),
            workspace=workspace,
            kind=kind,
            question=question,
            folded=folded(question),
            answer=answer,
        )
        for kind, question, answer in FACTS
    )
    mode = MODES[number % len(MODES)]
    SendingPolicy.objects.create(workspace=workspace, mode=mode)
    place.judged = mode != SendingPolicy.Mode.OFF
    ApiToken.issue(workspace=workspace, name="CRM sync", scopes=["leads:read"])
    WebhookEndpoint.objects.create(
        pk=UUID(uuid_at(began, Random(number))), workspace=workspace, url=EVENTS_TO, events=[EVERY]
    )
    for provider, settings in islice(_accounts(place), accounts):
        _account(rng, place, workspace, provider, settings, year, next(turns))
    place.senders = [
        (
            str(311 + turn),
            f"{rng.choice(('alex', 'team', 'hello', 'a.moreno'))}{turn}@out{turn}.{place.label}.example.com",
        )
        for turn in range(4 + number % 7)
    ]
    place.plans = [
        _plan(rng, place, workspace, turn, year, corpus) for turn in range(3 + min(60, quota // 3_000))
    ]
    for name in LABELS:
        Label.objects.create(pk=UUID(uuid_at(year.begins, rng)), workspace=workspace, name=name)
    place.sequences = [_sequence(rng, workspace, name, steps, year, corpus) for name, steps in STEPS]
    return place


def _accounts(place: Place) -> Iterator[tuple[str, dict[str, str]]]:
    label = place.label
    ids = {emailbison.NAME: {"workspace_id": str(4_200 + place.number)}}
    yield place.mailer, ids.get(place.mailer, {})
    if place.number % 3 == 0:
        yield MAILERS[(place.number + 2) % len(MAILERS)], {}
    yield ghl.NAME, {"location_id": f"Loc{label}"}
    yield unipile.NAME, {"account_id": f"uni-{label}-1", "name": "Alex Moreno"}
    yield unipile.NAME, {"account_id": f"uni-{label}-2", "name": "Jane Doe"}
    yield calendly.NAME, {}
    yield slack.NAME, {}
    for turn, provider in enumerate(cycle(SANDBOX_PATHS), 3):
        setting = connect.account_setting(provider)
        yield provider, {setting: f"{label}-{turn}", "name": f"Account {turn}"}


def _account(
    rng: Random,
    place: Place,
    workspace: Workspace,
    provider: str,
    settings: dict[str, str],
    year: Year,
    turn: int,
) -> None:
    # Not by `connect.apply`: it takes a sandbox's address only where calls to this machine are allowed.
    secret = "bot_token" if provider == slack.NAME else "api_key"
    account = Integration.objects.create(
        pk=UUID(uuid_at(year.begins, rng)),
        workspace=workspace,
        provider=provider,
        name=settings.get("name", ""),
        external_account_id=settings.get(connect.account_setting(provider), ""),
        credentials={secret: f"scale-key-of-{place.label}"},
        config={"base_url": f"{SANDBOX}/{SANDBOX_PATHS[provider]}"}
        | ({"channel": "C0SANDBOX02"} if provider == slack.NAME else {}),
    )
    place.connected.append((provider, account.pk.hex))
    place.accounts.setdefault(provider, (account.pk.hex, account.external_account_id))
    if registry.address_of(provider):
        WebhookKey.issue(account)
    _health(rng, year, account, turn)
    if provider == place.mailer:
        _mailbox_alarm(year, account, f"old{turn}@{place.label}.example.com", turn)
    if source := registry.address_of(provider):
        _deviation(year, account, source.name, turn)
    if provider in registry.stating("poll_every"):
        _poll(rng, year, account)


def _health(rng: Random, year: Year, account: Integration, turn: int) -> None:
    broken = turn % BROKEN_EVERY == 0
    state = TROUBLES[turn // BROKEN_EVERY % len(TROUBLES)] if broken else HealthState.CONNECTED
    since = moment(year.until - 3 * HOUR if state != HealthState.CONNECTED else year.begins + DAY)
    worked = moment(
        year.until - rng.randrange(30 * MINUTE) if state == HealthState.CONNECTED else year.until - 3 * HOUR
    )
    health = WorkspaceIntegrationHealth.objects.create(
        integration=account,
        workspace=account.workspace,
        provider=account.provider,
        state=state,
        reason={HealthState.CONNECTED: "", HealthState.QUIET: "silence"}.get(state, "timeout"),
        since=since,
        version=3,
        last_success_at=worked,
        last_probe_at=worked,
    )
    HealthTransition.objects.bulk_create(
        HealthTransition(health=health, before=before, after=after, at=at)
        for before, after, at in _history(rng, year, state, since)
    )


def _mailbox_alarm(year: Year, account: Integration, address: str, turn: int) -> None:
    since = moment(year.until - Random(turn).randrange(2 * DAY, 200 * DAY))
    MailboxAlarm.objects.create(
        integration=account,
        address=address,
        rate=MailboxAlarm.Rate.BOUNCES,
        count=9,
        mails=60,
        days=1,
        since=since,
        last_at=since,
        told_at=since,
    )


def _deviation(year: Year, account: Integration, source: str, turn: int) -> None:
    rng = Random(turn)  # so that the year is as it was before there were deviations
    first_at = moment(year.until - rng.randrange(DAY, 60 * DAY))
    Deviation.objects.create(
        integration=account,
        source=source,
        kind=Deviation.Kind.FIELD,
        name=f"{made_up(rng).lower()}_score",
        example=UUID(uuid_at(year.begins, rng)),
        count=rng.randrange(1, 5_000),
        told_count=1,
        first_at=first_at,
        last_at=first_at,
        told_at=first_at,
    )


def _poll(rng: Random, year: Year, account: Integration) -> None:
    every = registry.spec_of(account.provider).poll_every
    assert isinstance(every, timedelta)
    polled_at = moment(year.until) - every * rng.random()
    ReplyPoll.objects.create(
        integration=account, complete_through=polled_at, polled_at=polled_at, due_at=polled_at + every
    )


def _receipts() -> None:
    """Writes a year of complete receipts of each account that is polled, in one statement: they are most of the rows
    here.
    """
    listed = [(name, kind) for name in registry.stating("poll_every") for kind in receipts.kinds_of(name)]
    with connection.cursor() as cursor:
        cursor.execute(RECEIPTS, [[name for name, _ in listed], [str(kind) for _, kind in listed], DAYS - 1])


def _history(rng: Random, year: Year, state: str, since: datetime) -> Iterator[tuple[str, str, datetime]]:
    """The changes of an account's state over the year: a few short troubles, then how it is now."""
    yield HealthState.UNKNOWN, HealthState.CONNECTED, moment(year.begins + MINUTE)
    for at in sorted(
        rng.randrange(year.begins + DAY, year.until - 2 * DAY) for _ in range(rng.randrange(2, 9))
    ):
        yield HealthState.CONNECTED, HealthState.DEGRADED, moment(at)
        yield HealthState.DEGRADED, HealthState.CONNECTED, moment(at + rng.randrange(5, 300) * MINUTE)
    if state != HealthState.CONNECTED:
        yield HealthState.CONNECTED, state, since


def _plan(rng: Random, place: Place, workspace: Workspace, turn: int, year: Year, corpus: Corpus) -> Plan:
    language = "en" if rng.random() < 0.7 else rng.choice(("de", "fr", "es", "nl"))
    subject, matter = made_up(rng), made_up(rng)
    name = f"{subject} {rng.choice(('owners', 'founders', 'clinics', 'retail', 'trades'))} Q{1 + turn % 4}"
    steps = [
        " ".join(("Hi {name},", *corpus.filler(rng, language, 6 - step), f"{matter}.", "Alex Moreno"))
        for step in range(4)
    ]
    plan = Plan(
        uuid_at(year.begins, rng), str(900 + turn), name, language, f"{subject} for {{company}}", steps
    )
    Campaign.objects.create(
        pk=UUID(plan.id), workspace=workspace, provider=place.mailer, external_id=plan.external_id, name=name
    )
    return plan


def _sequence(
    rng: Random,
    workspace: Workspace,
    name: str,
    steps: tuple[tuple[int, str], ...],
    year: Year,
    corpus: Corpus,
) -> Sequence:
    made = Sequence(uuid_at(year.begins, rng), [])
    sequence = FollowUpSequence.objects.create(
        pk=UUID(made.id), workspace=workspace, name=name, business_hours_only=False
    )
    for position, (days, channel) in enumerate(steps, 1):
        step = uuid_at(year.begins, rng)
        made.steps.append((step, days, channel))
        FollowUpStep.objects.create(
            pk=UUID(step),
            sequence=sequence,
            position=position,
            offset_days=days,
            channel=channel,
            text="Hi {first_name|there}, " + " ".join(corpus.filler(rng, "en", 2)) + " {sender}",
        )
    return made
