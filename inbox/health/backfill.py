"""Compares a provider's lists with the stored messages, and fetches the entries that its webhooks did not deliver. Each
missing entry is converted to the event that its webhook would have brought, is stored as a delivery of type BACKFILL,
and passes through the intake, which stores no message twice.
"""

import hashlib
import json
from dataclasses import asdict
from datetime import datetime, timedelta
from itertools import islice
from typing import NamedTuple

from django.utils import timezone

from inbox.health.receipts import FETCHED, HELD, IGNORED, Tally, kinds_of
from inbox.intake import handlers
from inbox.intake.receipt import DeliveryVerdict, Received, receive
from inbox.models import Message, WebhookDelivery
from integrations import rawjson, registry
from integrations.events import (
    BACKFILL,
    BookingEvent,
    BounceEvent,
    CampaignRef,
    MessageEvent,
    MessageNotice,
    PayloadInvalid,
    Person,
    Unusable,
)
from integrations.models import DayReceipt, Integration
from integrations.spec import stated
from jobs.context import JobContext
from jobs.db import drop_connection
from jobs.deadline import Deadline

OVERLAP = timedelta(minutes=15)
"""The time by which a provider may list an entry late. The compared period ends this long before now."""
LONGEST_GAP = timedelta(days=10)
"""The longest period that is fetched. EmailBison keeps events for 10 days (docs/reference/emailbison.md, Limits); no
other provider documents a longer period.
"""
CHUNK = 2_000
"""The number of entries that are read before they are stored. While they are read, no database connection is held."""
Kind = DayReceipt.Kind
Entry = MessageEvent | BookingEvent | Unusable
TIMES = ("occurred_at", "starts_at", "ends_at", "as_of")


class Caught(NamedTuple):
    """The numbers of entries that the provider listed, that were new to us, and that are still missing."""

    read: int
    new: int
    missing: int


def run(integration: Integration, since: datetime, deadline: Deadline) -> Caught:
    """Compares the provider's lists with the stored messages, from the beginning of the day of `since` (aware), but not
    from before the account was connected. Stores missing entries, and writes the receipts of these days. If the
    provider's error is raised, no receipt changes.
    """
    tally = Tally(integration, timezone.now())
    spec = registry.spec_of(integration.provider)
    begins = max(tally.day_begins(since), min(since, integration.created_at) - OVERLAP)
    lists = {kind: getattr(spec, kind) for kind in kinds_of(integration.provider)}
    for reading in dict.fromkeys(lists.values()):
        kinds = [kind for kind in lists if lists[kind] is reading]
        entries = reading(integration, begins, deadline)
        while True:
            drop_connection()
            chunk = sorted(islice(entries, CHUNK), key=lambda entry: _at(entry) or tally.asked_at)
            if not chunk:
                break
            compare(integration, chunk, tally, kinds)
    tally.write(begins, tally.asked_at - OVERLAP)
    return Caught(tally.read, tally.new, tally.missing)


def compare(
    integration: Integration, entries: list[Entry], tally: Tally, kinds: list[DayReceipt.Kind]
) -> None:
    """Stores the missing ones of `entries` in the given order, and counts all of them in `tally`. `kinds` are the kinds
    that the provider's list holds. An entry of another kind, such as a mail that a person sent in EmailBison's list of
    replies, counts as the first of `kinds`.
    """
    stored = _stored(integration, entries)
    missing = [entry for entry in entries if not stored.intersection(_names(entry))]
    fresh = {id(entry): _received(integration, entry) for entry in missing if not isinstance(entry, Unusable)}
    settled = _settled(integration, list(fresh.values()), tally)
    for entry in entries:
        if not tally.is_first(entry.event_key if isinstance(entry, BookingEvent) else entry.external_id):
            continue
        outcome: str = HELD
        if isinstance(entry, Unusable) and entry in missing:
            outcome = entry.reason
        elif received := fresh.get(id(entry)):
            assert not isinstance(entry, Unusable)
            verdict = settled.get(received.sha256) or receive(received, entry, handlers.handle).verdict
            settles = verdict in (FETCHED, HELD, IGNORED)
            outcome = verdict if settles else "Holdfast couldn’t import this message."
        kind = _kind(entry)
        tally.add(kind if kind in kinds else kinds[0], _at(entry), outcome)


def _kind(entry: Entry) -> str:
    if isinstance(entry, Unusable):
        return entry.kind
    if isinstance(entry, BookingEvent):
        return Kind.APPOINTMENTS
    return Kind.SENT if entry.direction == Message.Direction.OUTBOUND else Kind.REPLIES


def _at(entry: Entry) -> datetime | None:
    return entry.at if isinstance(entry, Unusable) else entry.occurred_at


def _names(entry: Entry) -> set[tuple[str, str]]:
    """Returns the pairs (source, id) under which the entry may be stored. A bounce report that arrives as a reply is
    stored under another source than the reply.
    """
    if isinstance(entry, BookingEvent) or not entry.source:
        return set()
    bounce = registry.source_of(entry.source).bounces or entry.source
    return {(source, entry.external_id) for source in (entry.source, bounce) if entry.external_id}


def _stored(integration: Integration, entries: list[Entry]) -> set[tuple[str, str]]:
    names = set().union(*map(_names, entries))
    stored = Message.objects.filter(
        workspace_id=integration.workspace_id,
        source__in={source for source, _ in names},
        external_id__in={external_id for _, external_id in names},
    )
    return set(stored.values_list("source", "external_id"))


def _settled(integration: Integration, fresh: list[Received], tally: Tally) -> dict[str, str]:
    """Returns {hash of the body: verdict} for the entries of `fresh` that an earlier read ignored or found to be
    duplicates. Such entries are not processed again, because that would write a row each time.
    """
    rows = WebhookDelivery.objects.filter(
        integration=integration,
        received_at__gte=tally.asked_at - LONGEST_GAP,
        event_type=BACKFILL,
        verdict__in=[HELD, IGNORED],
        body_sha256__in=[received.sha256 for received in fresh],
    )
    return dict(rows.values_list("body_sha256", "verdict")) if fresh else {}


def read_message(ctx: JobContext) -> dict[str, str]:
    """Runs the job `message.read`: fetches and stores a message of which a webhook reported only the ids."""
    account = ctx.row(Integration.objects.select_related("workspace"), "integration_id")
    ids = {name: ctx.payload[name] for name in ("thread_id", "message_id", "edited")}
    notice = MessageNotice(event_type=BACKFILL, account_id=account.external_account_id, **ids)
    drop_connection()
    event = stated(registry.spec_of(account.provider).read_message)(account, notice, ctx.deadline)
    if event is None:
        return {"verdict": DeliveryVerdict.IGNORED}
    return {"verdict": str(receive(_received(account, event), event, handlers.handle).verdict)}


def event_of(body: bytes) -> MessageEvent | BookingEvent:
    """Reads the event from the body of a stored delivery of type BACKFILL. Raises PayloadInvalid."""
    try:
        fields = rawjson.parse(body)["backfill"]
        fields |= {name: datetime.fromisoformat(fields[name]) for name in TIMES if fields.get(name)}
        fields["person"] = Person(**fields["person"])
        if "invitee_uri" in fields:
            return BookingEvent(**fields)
        fields["campaign"] = CampaignRef(**fields["campaign"]) if fields["campaign"] else None
        return BounceEvent(**fields) if "mail_id" in fields else MessageEvent(**fields)
    except (ValueError, KeyError, TypeError):
        raise PayloadInvalid({"backfill": "must be a message as the provider returned it"}) from None


def _received(integration: Integration, event: MessageEvent | BookingEvent) -> Received:
    body = json.dumps({"backfill": asdict(event)}, default=datetime.isoformat).encode()
    return Received(
        source=registry.ledger_source(integration.provider),
        body=body,
        sha256=hashlib.sha256(body).hexdigest(),
        headers={},
        integration=integration,
        workspace=integration.workspace,
    )
