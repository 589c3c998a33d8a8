"""Searches all stored data for a message that did not arrive, by address, phone number or id.

A provider's id may be a UUID, or may look like a phone number, so the text is searched in each of these meanings. Each
query uses an index and stops at a limit.
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
from inbox.trace.records import HEAVY, MESSAGES
from integrations import registry
from integrations.models import Integration, Notice, WebhookKey
from jobs.models import BackgroundJob

LIMIT = 10
"""The maximum number of rows of one table that a search shows."""
BODIES, RECENT = 300, 2_000
"""The numbers of newest deliveries whose stored bodies are searched: BODIES of those that were refused or failed, and
the unused ones among the newest RECENT of all.
"""
BODY_BYTES = 50_000
TROUBLED, UNUSED = ("failed", "rejected"), ("mismatch", "ignored")
MIN_CHARS = 3
WHYS: dict[type[Model], tuple[str, str]] = {
    Draft: ("A draft", "status_reason"),
    BackgroundJob: ("A job", "last_error"),
    Notice: ("A notification", "reason"),
}
"""The models whose rows a search finds by id alone: the name for users, and the column that explains a row's state."""
Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True)
class Wanted:
    """A search text as an email address, a phone number (E.164) or a UUID. `text` may also be a provider's id."""

    text: str
    email: str = ""
    phone: str = ""
    id: uuid.UUID | None = None

    @property
    def kind(self) -> str:
        if self.email:
            return f"the address {self.email}"
        if self.phone:
            return f"the phone number {self.phone} or the ID {self.text}"
        return f"the ID {self.text}"


@dataclass(frozen=True)
class Hit:
    """A row that a search found. `why` says what state the row is in."""

    at: datetime
    link: Link
    what: str
    why: str = ""


@dataclass(frozen=True)
class Ledger:
    """The hits of a search in one table. `none` is a sentence for no hits. `more`: whether hits are left out."""

    label: str
    hits: list[Hit]
    none: str
    more: bool = False


@dataclass(frozen=True)
class Found:
    """The hits of a search in each table. `doors` has the time of the last webhook request for each account."""

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
    """Returns what `text`, cut to 320 characters, may mean as a search; None if it has fewer than 3 characters."""
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
    """Searches all tables of `workspace` for `wanted`, and returns the 10 newest rows of each table."""
    leads = list(leads_of(workspace, wanted)[: LIMIT + 1])
    ids = [lead.pk for lead in leads[:LIMIT]]
    accepted = _taken(WebhookDelivery.objects.filter(workspace=workspace), workspace, wanted, ids)
    messages, sends = _messages(workspace, wanted, ids), _sends(workspace, wanted, ids)
    deliveries = _ledger(
        "Provider requests",
        accepted.select_related("message").defer(*HEAVY).order_by("-received_at")[: LIMIT + 1],
        _delivered,
        "No accepted request mentions it.",
    )
    untaken = _ledger(
        "Requests without a message",
        _untaken(workspace, wanted),
        _delivered,
        "None of the newest refused, failed or unused requests mentions it.",
    )
    ledgers = [
        _ledger("Leads", leads, _lead, "No lead in this workspace has this address, number or ID."),
        _ledger("Messages", messages, _message, "No stored messages."),
        deliveries,
        untaken,
        _ledger("Sent messages", sends, _send, "Nothing was sent to this lead from Holdfast."),
    ]
    if wanted.id:
        rows = _rows(workspace, wanted.id)
        ledgers.append(_ledger("Records with this ID", rows, _row, "No other records have this ID."))
    return Found(wanted, ledgers, _doors(workspace))


def _ledger(label: str, rows: Iterable[Row], hit: Callable[[Row], Hit], none: str) -> Ledger:
    page = list(rows)
    return Ledger(label, [hit(row) for row in page[:LIMIT]], none, len(page) > LIMIT)


def leads_of(workspace: Workspace, wanted: Wanted) -> QuerySet[Lead]:
    """Returns the leads that have the text of `wanted` as an address, a number or an id, newest first."""
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
    """Returns those of `own_deliveries` (of `workspace`) that match `wanted`, or whose message or lead does."""
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
    sources = [*registry.message_sources(), OWN]
    return Message.objects.filter(workspace=workspace, source__in=sources, external_id=wanted.text[:200])


def _by_lead_and_id(own_rows: QuerySet[Any], wanted: Wanted, leads: Sequence[Any]) -> list[QuerySet[Any]]:
    ways = [own_rows.filter(pk=wanted.id)] if wanted.id else []
    return [*ways, own_rows.filter(lead__in=leads)] if wanted.email or wanted.phone else ways


def _any(rows: QuerySet[Row], ways: list[QuerySet[Any]]) -> QuerySet[Row]:
    first, *rest = [way.order_by().values("pk") for way in ways]
    return rows.filter(pk__in=first.union(*rest))


def _untaken(workspace: Workspace, wanted: Wanted) -> list[WebhookDelivery]:
    """Returns the newest refused, failed and unused requests whose stored body contains the search text."""
    own_deliveries = WebhookDelivery.objects.filter(workspace=workspace)
    newest = own_deliveries.order_by("-received_at").values("pk")
    # `troubled` has its own index. `unused` has none, so only the newest deliveries are searched for those.
    troubled = newest.filter(verdict__in=TROUBLED, body__isnull=False)[:BODIES]
    unused = own_deliveries.filter(pk__in=newest[:RECENT], verdict__in=UNUSED, body__isnull=False).values(
        "pk"
    )
    start = Func(F("body"), Value(1), Value(BODY_BYTES), function="substr")
    # A body may not be UTF-8. The encoding "escape" accepts any bytes, and leaves ASCII letters unchanged.
    words: Func = Lower(Func(start, Value("escape"), function="encode", output_field=TextField()))
    sought = (wanted.email or wanted.text).lower()
    if wanted.phone:
        sought = str(phonenumbers.parse(wanted.phone).national_number)  # a body may omit the country code
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
    keys = WebhookKey.objects.filter(integration__workspace=workspace).select_related("integration")
    last: dict[Integration, datetime | None] = {}
    for key in keys.order_by("integration__provider", "integration__name", "pk"):
        last_used_at = last.get(key.integration)
        last[key.integration] = max(filter(None, (last_used_at, key.last_used_at)), default=None)
    return list(last.items())


def _lead(lead: Lead) -> Hit:
    stopped = "The lead opted out, so they get no more messages." if lead.opted_out_at else ""
    bounced = "Email to this lead bounced, so Holdfast sends them none." if lead.bounced_at else ""
    return Hit(lead.created_at, link_to(lead), "Lead", f"{stopped} {bounced}".strip())


def _message(message: Message) -> Hit:
    inbound = message.direction == Message.Direction.INBOUND
    what = f"{'Received' if inbound else 'Sent'} by {message.get_channel_display()}"
    why = "" if message.processed_at or not inbound else "This message is still being processed."
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
