"""Looks for what did not arrive by address, phone number or id, in everything that is kept.

A provider's id may be a UUID or digits as a phone number is, so the text is looked for as each of them. Each look-up
reads through an index and stops at a limit.
"""

import contextlib
import re
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

import phonenumbers
from django.db.models import F, Func, Model, QuerySet, TextField, Value
from django.db.models.functions import Lower

from inbox.leads import identity
from inbox.models import Draft, Lead, Message, OutboundSend, WebhookDelivery, Workspace
from inbox.models.lead import by_alternate_email, by_alternate_phone
from inbox.models.message import OWN
from inbox.trace.arrival import verdict
from inbox.trace.events import Link, link_to, provider_label, sender_of
from inbox.trace.subjects import HEAVY, MESSAGES
from integrations import registry
from integrations.models import Integration, Notice, WebhookKey
from jobs.models import BackgroundJob

LIMIT = 10
"""The most rows that a ledger shows for one search."""
BODIES, RECENT = 300, 2_000
"""How many of the newest deliveries that were refused or failed have their stored bodies looked through, and among how
many of the newest of all those are looked for that were not used.
"""
BODY_BYTES = 50_000
TROUBLED, UNUSED = ("failed", "rejected"), ("mismatch", "ignored")
MIN_CHARS = 3
WHYS: dict[type[Model], tuple[str, str]] = {
    Draft: ("A draft", "status_reason"),
    BackgroundJob: ("A job", "last_error"),
    Notice: ("A notice", "reason"),
}
"""The rows that are found by their id alone: their name, and the column that says what became of them."""
Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True)
class Wanted:
    """The text that a person looks for, read as an e-mail address, a phone number (E.164) or an id; `text` may be any
    id.
    """

    text: str
    email: str = ""
    phone: str = ""
    id: uuid.UUID | None = None

    @property
    def kind(self) -> str:
        if self.email:
            return f"the address {self.email}"
        if self.phone:
            return f"the phone number {self.phone} or the id {self.text}"
        return f"the id {self.text}"


@dataclass(frozen=True)
class Hit:
    """One row that a search for something that did not arrive has found. `why` says what became of it."""

    at: datetime
    link: Link
    what: str
    why: str = ""


@dataclass(frozen=True)
class Ledger:
    """The hits of one table. `none` is the sentence for nothing. `more`: not all rows are shown."""

    label: str
    hits: list[Hit]
    none: str
    more: bool = False


@dataclass(frozen=True)
class Found:
    """The result of a search, table by table, and when each account last called us."""

    wanted: Wanted
    ledgers: list[Ledger]
    doors: list[tuple[Integration, datetime | None]]

    @property
    def any(self) -> bool:
        return any(ledger.hits for ledger in self.ledgers)

    @property
    def empty(self) -> list[Ledger]:
        """The tables in which the search found nothing."""
        return [ledger for ledger in self.ledgers if not ledger.hits]


def read(workspace: Workspace, text: str) -> Wanted | None:
    """The typed text, cut to 320 characters, as it may be meant; None below 3 characters."""
    text = text.replace("\0", "").strip()[:320]
    if len(text) < MIN_CHARS:
        return None
    email = identity.normal_email(text)
    row_id = None
    with contextlib.suppress(ValueError):
        row_id = uuid.UUID(text)
    digits = re.sub(r"\D", "", text)
    looks_like_phone = (
        not email and row_id is None and re.fullmatch(r"[\d\s()+./-]+", text) and len(digits) >= 7
    )
    return Wanted(
        text, email, identity.normal_phone(text, workspace.phone_region) if looks_like_phone else "", row_id
    )


def find(workspace: Workspace, wanted: Wanted) -> Found:
    """Looks for `wanted` in all tables of `workspace` that record arrivals and sends, the newest 10 rows of each."""
    leads = list(leads_of(workspace, wanted)[: LIMIT + 1])
    ids = [lead.pk for lead in leads[:LIMIT]]
    accepted = _taken(WebhookDelivery.objects.filter(workspace=workspace), workspace, wanted, ids)
    messages, sends = _messages(workspace, wanted, ids), _sends(workspace, wanted, ids)
    deliveries = _ledger(
        "Requests of providers",
        accepted.select_related("message").defer(*HEAVY).order_by("-received_at")[: LIMIT + 1],
        _delivered,
        "No provider has sent a request that we took about it.",
    )
    untaken = _ledger(
        "Requests that made no message",
        _untaken(workspace, wanted),
        _delivered,
        "None of the newest requests that were refused, failed or not used names it in a body that is still kept.",
    )
    ledgers = [
        _ledger("Leads", leads, _lead, "No lead of this workspace has it."),
        _ledger("Messages", messages, _message, "No message is stored."),
        deliveries,
        untaken,
        _ledger("What was sent", sends, _send, "Nothing was sent to it from here."),
    ]
    if wanted.id:
        rows = _rows(workspace, wanted.id)
        ledgers.append(_ledger("Rows with this id", rows, _row, "No draft, job or notice has this id."))
    return Found(wanted, ledgers, _doors(workspace))


def _ledger(label: str, rows: Iterable[Row], hit: Callable[[Row], Hit], none: str) -> Ledger:
    page = list(rows)
    return Ledger(label, [hit(row) for row in page[:LIMIT]], none, len(page) > LIMIT)


def leads_of(workspace: Workspace, wanted: Wanted) -> QuerySet[Lead]:
    """The leads that have what the person looks for as an address, a number or an id, the newest first."""
    own_leads, text = Lead.objects.filter(workspace=workspace), wanted.text[:64]
    ways = [own_leads.filter(emailbison_lead_id=text), own_leads.filter(ghl_contact_id=text)]
    if profile := identity.normal_profile_url(wanted.text):
        ways.append(own_leads.filter(linkedin_url=profile))
    else:
        ways.append(own_leads.filter(linkedin_member_id=wanted.text[:120]))
    if wanted.email:
        ways += [own_leads.filter(email=wanted.email), own_leads.filter(by_alternate_email(wanted.email))]
    if wanted.phone:
        ways += [own_leads.filter(phone=wanted.phone), own_leads.filter(by_alternate_phone(wanted.phone))]
    if wanted.id:
        ways.append(own_leads.filter(pk=wanted.id))
    return _any(own_leads, ways).order_by("-created_at")


def _messages(workspace: Workspace, wanted: Wanted, leads: list[uuid.UUID]) -> list[Message]:
    own_messages = MESSAGES.filter(workspace=workspace)
    ways = [
        _told(workspace, wanted),
        *_by_lead_and_id(Message.objects.filter(workspace=workspace), wanted, leads),
    ]
    return list(_any(own_messages, ways).order_by("-sent_at")[: LIMIT + 1])


def deliveries_of(own_deliveries: QuerySet[Any], workspace: Workspace, wanted: Wanted) -> QuerySet[Any]:
    """Those of `own_deliveries`, all of `workspace`, that match `wanted` themselves, or whose message or lead does."""
    return _taken(
        own_deliveries, workspace, wanted, list(leads_of(workspace, wanted).values_list("pk")[:LIMIT])
    )


def _taken(
    own_deliveries: QuerySet[Any], workspace: Workspace, wanted: Wanted, leads: Sequence[Any]
) -> QuerySet[Any]:
    ways = [
        own_deliveries.filter(source__in=list(registry.webhook_sources()), event_key=wanted.text[:200]),
        own_deliveries.filter(message__in=_told(workspace, wanted).values("pk")),
        *_by_lead_and_id(own_deliveries, wanted, leads),
    ]
    return _any(own_deliveries, ways)


def _told(workspace: Workspace, wanted: Wanted) -> QuerySet[Message]:
    """The messages that a provider, or we, know by the id that the person looks for."""
    sources = [*registry.message_sources(), OWN]
    return Message.objects.filter(workspace=workspace, source__in=sources, external_id=wanted.text[:200])


def _by_lead_and_id(own_rows: QuerySet[Any], wanted: Wanted, leads: Sequence[Any]) -> list[QuerySet[Any]]:
    ways = [own_rows.filter(pk=wanted.id)] if wanted.id else []
    return [*ways, own_rows.filter(lead__in=leads)] if wanted.email or wanted.phone else ways


def _any(rows: QuerySet[Row], ways: list[QuerySet[Any]]) -> QuerySet[Row]:
    """Those of `rows` that are found by any of `ways`, each of which reads through an index of its own."""
    first, *rest = [way.order_by().values("pk") for way in ways]
    return rows.filter(pk__in=first.union(*rest))


def _untaken(workspace: Workspace, wanted: Wanted) -> list[WebhookDelivery]:
    """The newest requests that made no message and whose stored body names what is wanted."""
    own_deliveries = WebhookDelivery.objects.filter(workspace=workspace)
    newest = own_deliveries.order_by("-received_at").values("pk")
    # The first has an index of its own. The others are few among many, so only the newest of all are looked through.
    troubled = newest.filter(verdict__in=TROUBLED, body__isnull=False)[:BODIES]
    unused = own_deliveries.filter(pk__in=newest[:RECENT], verdict__in=UNUSED, body__isnull=False).values(
        "pk"
    )
    start = Func(F("body"), Value(1), Value(BODY_BYTES), function="substr")
    # This reads any bytes, also those that are not UTF-8: letters of ASCII stay as they are.
    words: Func = Lower(Func(start, Value("escape"), function="encode", output_field=TextField()))
    sought = (wanted.email or wanted.text).lower()
    if wanted.phone:
        sought = str(
            phonenumbers.parse(wanted.phone).national_number
        )  # a body may leave the country's code out
        words = Func(
            words,
            Value(r"[^0-9]+"),
            Value(""),
            Value("g"),
            function="regexp_replace",
            output_field=TextField(),
        )
    rows = own_deliveries.filter(pk__in=troubled.union(unused)).alias(words=words)
    matches = rows.filter(words__contains=sought).select_related("message").defer(*HEAVY)
    return list(matches.order_by("-received_at")[: LIMIT + 1])


def _sends(workspace: Workspace, wanted: Wanted, leads: list[uuid.UUID]) -> list[OutboundSend]:
    own_sends = OutboundSend.objects.filter(workspace=workspace)
    by_provider_id = own_sends.exclude(provider_message_id="").filter(provider_message_id=wanted.text[:200])
    matches = _any(
        own_sends.select_related("lead"), [by_provider_id, *_by_lead_and_id(own_sends, wanted, leads)]
    )
    return list(matches.order_by("-created_at")[: LIMIT + 1])


def _rows(workspace: Workspace, row_id: uuid.UUID) -> Iterator[Draft | BackgroundJob | Notice]:
    for model in (Draft, BackgroundJob, Notice):
        yield from model.objects.filter(workspace=workspace, pk=row_id)


def _doors(workspace: Workspace) -> list[tuple[Integration, datetime | None]]:
    """Each account with an address for webhooks, and when a request with a good key last came to it."""
    keys = WebhookKey.objects.filter(integration__workspace=workspace).select_related("integration")
    last: dict[Integration, datetime | None] = {}
    for key in keys.order_by("integration__provider", "integration__name", "pk"):
        last_used_at = last.get(key.integration)
        last[key.integration] = max(filter(None, (last_used_at, key.last_used_at)), default=None)
    return list(last.items())


def _lead(lead: Lead) -> Hit:
    stopped = "Opted out: nothing more goes to them." if lead.opted_out_at else ""
    bounced = "Their address bounced: no e-mail goes there." if lead.bounced_at else ""
    return Hit(lead.created_at, link_to(lead), "Lead", f"{stopped} {bounced}".strip())


def _message(message: Message) -> Hit:
    inbound = message.direction == Message.Direction.INBOUND
    what = f"{'Came' if inbound else 'Went out'} by {message.get_channel_display()}"
    why = "" if message.processed_at or not inbound else "The work on it has not ended."
    link = link_to(message)
    return Hit(message.sent_at, replace(link, label=message.subject or link.label), what, why)


def _delivered(delivery: WebhookDelivery) -> Hit:
    branch, why = verdict(delivery)
    what = f"{sender_of(delivery.source)}: {delivery.event_type or 'unreadable event'}"
    return Hit(delivery.received_at, link_to(delivery), what, f"{branch}. {why}")


def _send(send: OutboundSend) -> Hit:
    return Hit(send.created_at, link_to(send), f"By {provider_label(send.provider)}", send.reason)


def _row(row: Draft | BackgroundJob | Notice) -> Hit:
    name, column = WHYS[type(row)]
    return Hit(row.created_at, link_to(row), name, getattr(row, column))
