"""The seeded year at a small size: what it promises of its rows, and that the product goes on working on it."""

import functools
import hashlib
import itertools
import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from random import Random

import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection, models, transaction
from django.db.models import Count, F, Max, Min
from django.urls import URLResolver, get_resolver
from django.utils import timezone

from demo.scale import copying, seeding
from demo.scale.seeding import seed
from demo.scale.talk import LONGEST, REPLY, TALKATIVE, Talk
from demo.scale.words import Corpus
from demo.scale.workspaces import Place, Plan, Sequence, quotas
from demo.scale.year import Year
from demo.seed import SANDBOX_PATHS
from inbox.health import mailbox_rates
from inbox.leads import rollup, score
from inbox.models import (
    Appointment,
    Campaign,
    DatabaseOrigin,
    Deviation,
    Draft,
    Event,
    FollowUpInstance,
    FollowUpSequence,
    Lead,
    Message,
    OutboundSend,
    User,
    WebhookDelivery,
    Workspace,
    WorkspaceFact,
)
from inbox.webhooks import contract_watch
from inbox.workspaces import creation
from insights.models import ContextPack
from integrations.models import AiCall, Integration, WebhookAttempt, WebhookKey, WorkspaceIntegrationHealth
from jobs.deadline import Deadline
from jobs.kinds import policy_of
from jobs.models import BackgroundJob, JobStep
from jobs.ticks import run_tick
from tests import emptying, forms

pytestmark = pytest.mark.django_db
MESSAGES, WORKSPACES, ACCOUNTS = 4_000, 4, 13
EACH = forms.either(4, 12)
"""How many rows of a kind have their pages opened."""
BY_THE_CLOCK = {"updated_at"}
SCHEMA = """
SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
UNION ALL
SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
UNION ALL
SELECT tgrelid::regclass || ' ' || tgname || ' ' || tgenabled::text FROM pg_trigger WHERE NOT tgisinternal
"""


CASTS = re.compile(r"::(?:character varying|text)(?:\[\])?|[()]")
"""PostgreSQL words some conditions of indexes anew when they are built from its own text, with other casts."""


def schema() -> Counter[str]:
    with connection.cursor() as cursor:
        cursor.execute(SCHEMA)
        return Counter(CASTS.sub("", definition) for (definition,) in cursor.fetchall())


@pytest.fixture(scope="module")
def filled(django_db_setup, django_db_blocker):
    """The year that ends with this hour, committed once for the module; and the schema from before."""
    until = timezone.now().replace(minute=0, second=0, microsecond=0)
    with django_db_blocker.unblock():
        before = schema()
        counts = seed(
            workspaces=WORKSPACES, accounts=ACCOUNTS, messages=MESSAGES, seed=1, until=until, say=str
        )
    yield {"counts": counts, "until": until, "schema": before}
    with django_db_blocker.unblock():
        emptying.empty(None)


@pytest.fixture(autouse=True)
def year(filled):
    return filled


def rows_of(model: type[models.Model]) -> str:
    """A digest of all rows, without secrets, passwords, times of writing, and the numbers of users."""
    left_out = {"credentials", "secret", "key_hash", "password", "updated_at"}
    users = {f.attname for f in model._meta.concrete_fields if f.is_relation and f.related_model is not None
             and f.related_model._meta.label == "inbox.User"}  # fmt: skip
    names = [
        f.attname
        for f in model._meta.concrete_fields
        if f.attname not in left_out | users and not f.generated
    ]
    numbered = isinstance(model._meta.pk, models.AutoField)
    names = [name for name in names if not (numbered and name in ("id", "health_id", "user_id"))]
    lines = sorted(repr(row) for row in model._base_manager.values_list(*names))
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def everything() -> dict[str, str]:
    found = [model for app in seeding.MINE for model in apps.get_app_config(app).get_models()]
    return {model._meta.label: rows_of(model) for model in found if model._base_manager.exists()}


def empty() -> None:
    tables = ", ".join(
        f'"{name}"' for name in connection.introspection.table_names() if name not in emptying.KEPT
    )
    with connection.cursor() as cursor:
        cursor.execute(f"SET CONSTRAINTS ALL IMMEDIATE; TRUNCATE {tables} CASCADE")


@pytest.mark.long
def test_the_same_seed_makes_the_same_rows_and_another_seed_others(year):
    def made(number: int) -> dict[str, str]:
        empty()
        seed(workspaces=WORKSPACES, messages=MESSAGES, seed=number, until=year["until"], say=str)
        return everything()

    first = made(1)
    assert made(1) == first
    assert made(2)["inbox.Lead"] != first["inbox.Lead"]


def test_there_are_as_many_messages_as_asked_for_and_the_first_workspace_has_a_third():
    by_workspace = dict(Message.objects.values_list("workspace__name").annotate(many=Count("pk")))
    assert list(by_workspace.values()) and sum(by_workspace.values()) == MESSAGES
    assert by_workspace["Scale 00"] == MESSAGES // 3
    assert sum(quotas(30, 1_000_000)) == 1_000_000 and min(quotas(30, 300)) >= 1


def test_every_table_that_grows_has_rows(year):
    assert [table for table, count in year["counts"].items() if not count] == []
    assert Message.objects.filter(direction="inbound").values("channel").distinct().count() == 3
    assert WebhookDelivery.objects.exclude(body=None).exists() and JobStep.objects.exists()


def test_each_workspace_has_as_many_accounts_as_asked_for_of_all_providers():
    accounts = Counter(Integration.objects.values_list("workspace__name", flat=True))
    assert set(accounts.values()) == {ACCOUNTS} and len(accounts) == WORKSPACES
    assert set(Integration.objects.values_list("provider", flat=True)) == set(SANDBOX_PATHS)


def test_each_message_of_the_last_month_has_an_event_that_was_posted(year):
    month = year["until"] - timedelta(days=30)
    recent = Message.objects.filter(received_at__gt=month + timedelta(minutes=1))
    assert recent.exclude(pk__in=Event.objects.values("pk")).count() == 0 < recent.count()
    assert set(WebhookAttempt.objects.values_list("outcome", flat=True)) == {"delivered"}
    assert WebhookAttempt.objects.count() == Event.objects.count()


def test_answers_kept_their_promise_or_broke_it():
    answers = OutboundSend.objects.exclude(origin="followup").exclude(reply_to=None)
    assert not answers.filter(answer_by=None).exists()
    kept = answers.filter(finished_at__lt=F("answer_by")).count()
    assert 0 < kept < answers.count()
    assert Lead.objects.filter(needs_reply=True).exclude(answer_by=None).exists()


def test_indexes_constraints_and_triggers_are_the_same_as_before(year):
    assert schema() == year["schema"]


def columns(lead: Lead) -> dict[str, object]:
    return {
        f.attname: getattr(lead, f.attname)
        for f in Lead._meta.concrete_fields
        if f.attname not in BY_THE_CLOCK
    }


@pytest.mark.shortened
def test_a_lead_says_of_its_messages_what_the_product_derives_from_them():
    leads = list(Lead.objects.order_by("pk"))[:: forms.either(5, 1)]
    assert len({lead.tag for lead in leads}) > 8
    for lead in leads:
        derived = rollup.locked(lead)
        rollup.recompute(derived)
        assert columns(derived) == columns(lead), lead.email


def test_a_lead_has_the_score_and_the_meeting_that_the_product_would_give_it():
    for lead in Lead.objects.exclude(last_inbound_at=None):
        scored = score.of(lead, lead.tag)
        assert (lead.score, lead.score_reason) == (scored or (None, "")), lead.email
    standing = Appointment.objects.filter(status="booked").values_list("lead").annotate(at=Max("booked_at"))
    assert dict(standing) == dict(Lead.objects.exclude(booked_at=None).values_list("pk", "booked_at"))
    for meeting in Appointment.objects.all():
        status = meeting.status
        meeting.derive()
        assert meeting.status == status


def test_sends_drafts_and_messages_belong_together():
    ours = Message.objects.filter(source="holdfast")
    assert set(ours.values_list("external_id", flat=True)) == {
        str(pk) for pk in OutboundSend.objects.values_list("pk", flat=True)
    }
    assert set(ours.exclude(draft=None).values_list("draft__status", flat=True)) == {"sent"}
    assert Draft.objects.filter(status="sent").count() == ours.exclude(draft=None).count()
    others = Message.objects.exclude(source="holdfast")
    assert not others.exclude(
        pk__in=WebhookDelivery.objects.filter(verdict="accepted").values("message")
    ).exists()


def test_counters_of_accounts_and_packs_are_true():
    heard = dict(WebhookDelivery.objects.values_list("integration").annotate(last=Max("received_at")))
    known = dict(
        WorkspaceIntegrationHealth.objects.exclude(last_received_at=None).values_list(
            "integration", "last_received_at"
        )
    )
    assert known == heard
    for pack in ContextPack.objects.all():
        outcomes = Counter(pack.threads.values_list("outcome", flat=True))
        assert pack.metrics == dict(outcomes) and pack.target_threads == outcomes.total()


def test_what_retention_would_have_deleted_is_not_there(year):
    until = year["until"]
    jobs = (
        BackgroundJob.objects.exclude(status="failed").values_list("kind").annotate(oldest=Min("created_at"))
    )
    for kind, oldest in jobs:
        assert oldest > until - timedelta(days=policy_of(kind).keep_done_days), kind
    bodies = WebhookDelivery.objects.exclude(body=None)
    assert bodies.earliest("received_at").received_at > until - timedelta(days=30)
    assert AiCall.objects.earliest("created_at").created_at > until - timedelta(days=90)
    recent = Message.objects.filter(direction="inbound", received_at__gt=until - timedelta(days=13))
    with_job = recent.filter(webhookdelivery__job__kind="inbound.process").exclude(source__endswith="bounce")
    assert with_job.count() == recent.exclude(source__endswith="bounce").count() > 0


def test_words_are_as_frequent_as_in_people_s_writing():
    texts = Message.objects.filter(direction="inbound").values_list("text", flat=True)
    words = Counter(word for text in texts for word in re.findall(r"\w+", text.lower()))
    most = sum(count for _, count in words.most_common(100))
    once = sum(count == 1 for count in words.values())
    assert most / words.total() > 0.25 and once / len(words) > 0.3
    assert any("\u3040" <= letter <= "\u30ff" for word in words for letter in word)


def talk_of_one_workspace() -> Talk:
    plan = Plan("c" * 32, "900", "Slow months", "en", "Slow months", ["Hi {name}", "Again"])
    sequence = Sequence("d" * 32, [("e" * 32, 3, "email")])
    accounts = {"ghl": ("a" * 32, "Loc"), "unipile": ("b" * 32, "uni")}
    place = Place(
        0, "f" * 32, 1, "emailbison", [1], accounts, [], [("311", "alex@out.example.com")], [plan], [sequence]
    )
    return Talk(1, place, Year.ending(timezone.now()), Corpus.read())


def test_a_reply_that_waits_for_its_job_is_answered_without_a_draft():
    """Its draft would be written with what its job has decided: the answer would point to a draft that is not there."""
    talk, rng = talk_of_one_workspace(), Random(1)
    people = (talk.person(number, 100)[0] for number in itertools.count(1))
    person = next(one for one in people if any(said.kind == REPLY for said in one.said))
    reply = next(said for said in person.said if said.kind == REPLY)
    for tag, with_drafts in (("", False), ("Interested", True)):
        reply.tag, before = tag, len(person.said)
        for _ in range(20):
            talk._answer(rng, person, reply)
        answers = person.said[before:]
        assert len(answers) > 10 and any(one.draft for one in answers) is with_drafts


def test_of_many_leads_one_talks_for_hundreds_of_messages():
    talk = talk_of_one_workspace()
    person, _ = talk.person(TALKATIVE - 1, 10_000)
    assert 300 < len(person.said) <= LONGEST
    assert [one.at for one in person.said] == sorted({one.at for one in person.said})
    assert {one.tag for one in person.said} & {"Blacklist", "Not Interested"} == set()


def test_some_conversations_are_long_and_none_is_endless():
    lengths = Counter(
        Message.objects.values_list("lead").annotate(many=Count("pk")).values_list("many", flat=True)
    )
    assert 15 < max(lengths) <= LONGEST and lengths[1] > lengths[10]


def test_follow_ups_that_are_due_are_claimed_by_the_tick():
    due = FollowUpInstance.objects.filter(status="active", due_at__lte=timezone.now())
    count = due.count()
    assert count > MESSAGES / 300
    assert run_tick("followups", requested=True)["claimed"] == count
    assert not due.exists()


def pages_of(workspace: Workspace) -> list[str]:
    """Every page of `workspace` that can be asked for, with rows of its own where an address names one."""
    mine = {"workspace": workspace}
    talked = Lead.objects.filter(**mine).exclude(last_inbound_at=None).order_by("-last_message_at")
    ids = {
        "workspace_id": [workspace.pk],
        "lead_id": [lead.pk for lead in talked[:12]],
        "message_id": Message.objects.filter(**mine, direction="inbound").values_list("pk", flat=True)[:5],
        "draft_id": Draft.objects.filter(**mine).values_list("pk", flat=True)[:5],
        "send_id": OutboundSend.objects.filter(**mine).values_list("pk", flat=True)[:5],
        "delivery_id": WebhookDelivery.objects.filter(**mine)
        .order_by("-received_at")
        .values_list("pk", flat=True)[:9],
        "job_id": BackgroundJob.objects.filter(workspace_id=workspace.pk).values_list("pk", flat=True)[:9],
        "pack_id": ContextPack.objects.filter(**mine).values_list("pk", flat=True)[:3],
        "sequence_id": FollowUpSequence.objects.filter(**mine).values_list("pk", flat=True)[:3],
        "integration_id": Integration.objects.filter(**mine).values_list("pk", flat=True),
        "campaign_id": Campaign.objects.filter(**mine).values_list("pk", flat=True)[:1],
        "fact_id": WorkspaceFact.objects.filter(**mine).values_list("pk", flat=True)[:1],
    }
    found = []
    for route in routes(get_resolver().url_patterns):
        names = re.findall(r"<uuid:(\w+)>", route)
        if (
            "workspace_id" in names
            and route.startswith("w/")
            and set(names) <= set(ids)
            and "<str" not in route
        ):
            for values in itertools.islice(itertools.product(*(ids[name] for name in names)), EACH):
                found.append("/" + re.sub(r"<uuid:\w+>", "{}", route).format(*values))
    return found


def routes(patterns, prefix: str = "") -> Iterator[str]:
    for one in patterns:
        if isinstance(one, URLResolver):
            yield from routes(one.url_patterns, prefix + str(one.pattern))
        else:
            yield prefix + str(one.pattern)


@pytest.mark.shortened
def test_every_page_shows_seeded_rows(client):
    workspace = Workspace.objects.get(name="Scale 00")
    client.force_login(
        User.objects.get(email="owner@scale-00.example.com"), backend=settings.PASSWORD_BACKEND
    )
    pages = pages_of(workspace)
    answers = {page: client.get(page).status_code for page in pages}
    assert Counter(answers.values())[200] > forms.either(60, 100)
    assert [page for page, status in answers.items() if status >= 500] == []


COMES_AGAIN = [
    ("email", "data.reply.id", "data.reply.text_body"),
    ("smartlead", "message_id", "preview_text"),
    ("instantly", "email_id", "reply_text"),
    ("linkedin", "message.id", "message.text"),
]


def stored_reply(source: str) -> tuple[WebhookDelivery, dict, str] | None:
    """A delivery that brought a reply, its body, and the address that it was posted to. None if no body is kept."""
    found = WebhookDelivery.objects.filter(source=source, verdict="accepted", message__direction="inbound")
    bodies = found.exclude(body=None).exclude(message__source__endswith="bounce")
    delivery = bodies.order_by("received_at").first()
    if delivery is None:
        return None
    key = WebhookKey.objects.filter(integration=delivery.integration).latest("pk").secret
    return delivery, json.loads(bytes(delivery.body)), creation.webhook_path(source, key)


def test_a_reply_that_comes_again_is_known_and_a_new_one_is_stored(client):
    """Of each source but at most one: bodies are kept for 30 days, in which the rarest may have brought no reply."""
    stored = [(found, where, what) for source, where, what in COMES_AGAIN if (found := stored_reply(source))]
    assert len(stored) >= len(COMES_AGAIN) - 1
    for (delivery, body, path), where, what in stored:
        again = client.post(path, body, content_type="application/json").json()
        assert (again["deduped"], again["messageId"]) == (True, str(delivery.message_id)), path

        for name, value in ((where, 987_654_321), (what, "Could you call me on Thursday?")):
            *inner, last = name.split(".")
            holder = functools.reduce(dict.__getitem__, inner, body)
            holder[last] = value if isinstance(holder[last], int) else str(value)
        body.get("data", {}).get("reply", {}).pop("html_body", None)
        new = client.post(path, body, content_type="application/json").json()
        assert (new["success"], new["deduped"], new["leadId"]) == (True, False, str(delivery.lead_id)), path
        message = Message.objects.get(pk=new["messageId"])
        assert message.lead_id == delivery.lead_id and "Thursday" in message.text, path
        jobs = BackgroundJob.objects.filter(payload={"message_id": new["messageId"]}, status="queued")
        assert jobs.exists(), path


def numbered() -> list[type[models.Model]]:
    found = [model for app in seeding.MINE for model in apps.get_app_config(app).get_models()]
    return [model for model in found if isinstance(model._meta.pk, models.AutoField)]


@pytest.mark.parametrize("model", numbered(), ids=lambda model: model._meta.label)
def test_the_numbers_of_rows_go_on_after_the_last(model):
    last = model._base_manager.aggregate(last=Max("pk"))["last"] or 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence(%s, 'id'))", [model._meta.db_table])
        assert cursor.fetchone()[0] > last


def test_a_database_with_rows_is_refused(settings):
    settings.DEBUG = True
    with pytest.raises(CommandError, match=r"inbox_\w+ has rows"):
        call_command("seed_scale", messages=300, workspaces=3)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"workspaces": 0}, "--workspaces"),
        ({"workspaces": 101}, "--workspaces"),
        ({"workspaces": 30, "messages": 299}, "--messages"),
        ({"accounts": 6}, "--accounts"),
    ],
)
def test_options_out_of_range_are_named(settings, options, said):
    settings.DEBUG = True
    with pytest.raises(CommandError, match=said):
        call_command("seed_scale", **options)


def test_it_runs_with_debug_only(settings):
    settings.DEBUG = False
    with pytest.raises(CommandError, match="DEBUG=1"):
        call_command("seed_scale")


def test_a_run_that_fails_leaves_the_database_as_it_was(year, monkeypatch):
    empty()

    def full(*_args: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(seeding, "load", full)
    with pytest.raises(OSError, match="disk full"), transaction.atomic():
        seed(workspaces=3, messages=300, seed=1, until=year["until"], say=str)
    assert not Workspace.objects.exists() and schema() == year["schema"]


def test_a_column_that_nobody_states_a_value_for_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"inbox\.Message\.sent_at"):
        copying.Sheet(Message, "id workspace_id lead_id", tmp_path, Year(0))


def test_a_month_of_the_year_has_nothing_that_contracts_lack(filled):
    month = filled["until"] - timedelta(days=30)
    DatabaseOrigin.objects.update(watched_through=contract_watch._id_at(month))
    deviations = set(Deviation.objects.values_list("pk", "count"))
    assert len(deviations) > WORKSPACES, "each account that is sent webhooks has one"
    deliveries = WebhookDelivery.objects.filter(received_at__gt=month, body__isnull=False)
    assert contract_watch.tick(Deadline.after_ms(120_000))["compared"] >= deliveries.count() > 0
    assert set(Deviation.objects.values_list("pk", "count")) == deviations


def test_a_month_of_the_year_has_mailboxes_and_none_is_in_trouble(filled):
    boxes = [box for workspace in Workspace.objects.all() for box in mailbox_rates.of_workspace(workspace.pk)]
    assert sum(box.month["sent"] for box in boxes) > 50
    assert [trouble for box in boxes for trouble in mailbox_rates.troubles(box)] == []
