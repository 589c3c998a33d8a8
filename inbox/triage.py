"""Done, snoozed, unread: what a person decides about conversations without writing, and how it is taken back.

Each change holds only for leads that are still as the person saw them, checked under a row lock: a reply that came in
meanwhile is never marked done unseen.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.core import signing
from django.db import transaction
from django.db.models.functions import Greatest

from inbox.models import Lead, Workspace

UNDO_SALT = "inbox.triage.undo"
UNDO_MAX_AGE_S = 600
DONE = {
    "needs_reply": False,
    "unread": False,
    "snoozed_until": None,
    # What the roll-ups derive needs_reply from: done counts as an answer to everything that was there.
    "answered_at": Greatest("answered_at", "last_inbound_at"),
}
UNREAD = {"unread": True}


class Seen(NamedTuple):
    """A lead and its newest inbound message, as a page showed them."""

    lead_id: UUID
    last_inbound_at: datetime | None

    @classmethod
    def of(cls, lead: Lead) -> "Seen":
        return cls(lead.pk, lead.last_inbound_at)

    @classmethod
    def parse(cls, text: str) -> "Seen":
        """What `str()` wrote. Raises ValueError for anything else."""
        lead_id, _, moment = text.partition("@")
        return cls(UUID(lead_id), datetime.fromisoformat(moment) if moment else None)

    def __str__(self) -> str:
        return f"{self.lead_id}@{self.last_inbound_at.isoformat() if self.last_inbound_at else ''}"


class Outcome(NamedTuple):
    """`leads` were changed; `missed` were not, as they are gone or have a newer message; `undo` takes it back."""

    leads: list[Lead]
    missed: int
    undo: str


def snoozed(until: datetime) -> dict:
    """The change that hides a conversation until `until`."""
    return {"unread": False, "snoozed_until": until}


def change(workspace: Workspace, seen: Iterable[Seen], fields: dict) -> Outcome:
    """Set `fields` (DONE, UNREAD or `snoozed(until)`) on those leads of `workspace` that are as `seen`."""
    asked = set(seen)
    with transaction.atomic():
        leads = _locked(workspace, asked)
        before = [
            [str(Seen.of(lead)), {name: _plain(getattr(lead, name)) for name in fields}] for lead in leads
        ]
        Lead.objects.filter(pk__in=[lead.pk for lead in leads]).update(**fields)
    token = signing.dumps([str(workspace.pk), before], salt=UNDO_SALT, compress=True)
    return Outcome(leads, len(asked) - len(leads), token)


def undo(workspace: Workspace, token: str) -> int:
    """Put back what `change` changed and return for how many leads; those with a newer message keep what they have.

    Raises django.core.signing.BadSignature for a token that is forged, older than ten minutes, or another workspace's.
    """
    workspace_id, before = signing.loads(token, salt=UNDO_SALT, max_age=UNDO_MAX_AGE_S)
    if workspace_id != str(workspace.pk):
        raise signing.BadSignature("Token of another workspace.")
    asked = {Seen.parse(text): fields for text, fields in before}
    with transaction.atomic():
        leads = _locked(workspace, asked)
        for lead in leads:
            fields = asked[Seen.of(lead)]
            Lead.objects.filter(pk=lead.pk).update(**fields)
    return len(leads)


def mark_read(lead: Lead) -> None:
    """Opening is reading, not handling: only the unread mark goes, and only for the message that was shown."""
    if lead.unread:
        Lead.objects.filter(pk=lead.pk, last_inbound_at=lead.last_inbound_at).update(unread=False)


def _locked(workspace: Workspace, seen: Iterable[Seen]) -> list[Lead]:
    known = {item.lead_id: item.last_inbound_at for item in seen}
    leads = (
        Lead.objects.select_for_update(no_key=True).filter(workspace=workspace, pk__in=known).order_by("pk")
    )
    return [lead for lead in leads if lead.last_inbound_at == known[lead.pk]]


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value
