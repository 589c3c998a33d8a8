"""Marks conversations as done, snoozed or unread, and undoes such a change. A change applies only to leads that are
unchanged since the person saw them; a row lock protects the check. A newer reply is therefore never marked as done
unseen.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.core import signing
from django.db import IntegrityError, transaction
from django.db.models.functions import Greatest

from inbox.models import Lead, Workspace

UNDO_SALT = "inbox.leads.triage.undo.2"
UNDO_MAX_AGE_S = 600
DONE = {
    "needs_reply": False,
    "unread": False,
    "snoozed_until": None,
    # The lead's roll-up derives needs_reply from this. "Done" counts as an answer to every message up to now.
    "answered_at": Greatest("answered_at", "last_inbound_at"),
}
UNREAD = {"unread": True}
READ = {"unread": False}


class Seen(NamedTuple):
    lead_id: UUID
    last_inbound_at: datetime | None

    @classmethod
    def of(cls, lead: Lead) -> "Seen":
        return cls(lead.pk, lead.last_inbound_at)

    @classmethod
    def parse(cls, text: str) -> "Seen":
        """Parses the output of `str()` of a Seen. Raises ValueError for a text in another form."""
        lead_id, _, moment = text.partition("@")
        return cls(UUID(lead_id), datetime.fromisoformat(moment) if moment else None)

    def __str__(self) -> str:
        return f"{self.lead_id}@{self.last_inbound_at.isoformat() if self.last_inbound_at else ''}"


class TriageResult(NamedTuple):
    """The outcome of a change. `missed` leads have a newer reply than the person saw; `silent` leads have never
    written, although a reply was needed; `held` leads are stopped or suspected; `full` leads have no place for another
    label. `undo` is the token that undoes the change.
    """

    leads: list[Lead]
    missed: list[Lead]
    gone: int
    undo: str
    silent: Sequence[Lead] = ()
    held: Sequence[Lead] = ()
    full: Sequence[Lead] = ()


def snoozed(until: datetime) -> dict[str, Any]:
    """Returns the fields for `change` that hide a conversation until the time `until` (aware)."""
    return {"unread": False, "snoozed_until": until}


def change(workspace: Workspace, views: Iterable[Seen], fields: dict[str, Any]) -> TriageResult:
    """Saves `fields` (DONE, UNREAD, READ …) on leads without a newer reply than in `views`."""
    wanted = set(views)
    with transaction.atomic():
        leads, missed = _locked(workspace, wanted)
        before = {lead.pk: _values(lead, fields) for lead in leads}
        rows = Lead.objects.filter(pk__in=before)
        rows.update(**fields)
        changes = [
            [str(Seen.of(lead)), before[lead.pk], _values(lead, fields)]
            for lead in rows.only("last_inbound_at", *fields)
        ]
    token = signing.dumps([str(workspace.pk), changes], salt=UNDO_SALT, compress=True)
    gone = len({view.lead_id for view in wanted}) - len(leads) - len(missed)
    return TriageResult(leads, missed, gone, token)


def undo(
    workspace: Workspace, token: str, max_age_s: int | None = UNDO_MAX_AGE_S
) -> list[tuple[Lead, dict[str, Any]]]:
    """Undoes `change`, and returns the leads with the restored fields. Leads that changed later stay unchanged. Raises
    BadSignature if the token is forged, older than `max_age_s` seconds (None: any age), or of another workspace. Raises
    IntegrityError if all the members to whom the leads were assigned have left.
    """
    workspace_id, changes = signing.loads(token, salt=UNDO_SALT, max_age=max_age_s)
    if workspace_id != str(workspace.pk):
        raise signing.BadSignature("This token belongs to another workspace.")
    wanted = {Seen.parse(text): (before, after) for text, before, after in changes}
    put_back: list[tuple[Lead, dict[str, Any]]] = []
    refused: IntegrityError | None = None
    with transaction.atomic():
        for lead in _locked(workspace, wanted)[0]:
            before, after = wanted[Seen.of(lead)]
            after.pop("handed_over_at", None)  # opening a lead does not change its owner
            if _values(lead, after) != after:
                continue
            try:
                with transaction.atomic():  # a refused lead keeps the changes of other leads
                    Lead.objects.filter(pk=lead.pk).update(**before)
            except IntegrityError as error:
                refused = error
            else:
                put_back.append((lead, before))
    if refused and not put_back:
        raise refused
    return put_back


def mark_read(lead: Lead) -> None:
    """Removes the unread mark of a displayed conversation, unless a newer reply has arrived. Reading is no answer."""
    if lead.unread:
        Lead.objects.filter(pk=lead.pk, last_inbound_at=lead.last_inbound_at).update(unread=False)


def _locked(workspace: Workspace, views: Iterable[Seen]) -> tuple[list[Lead], list[Lead]]:
    replied_at = {view.lead_id: view.last_inbound_at for view in views}
    rows = Lead.objects.select_for_update(no_key=True).filter(workspace=workspace, pk__in=replied_at)
    leads: list[Lead] = list(rows.order_by("pk"))
    as_seen = [lead for lead in leads if lead.last_inbound_at == replied_at[lead.pk]]
    return as_seen, [lead for lead in leads if lead.last_inbound_at != replied_at[lead.pk]]


def _values(lead: Lead, names: Iterable[str]) -> dict[str, object]:
    return {name: _plain(getattr(lead, name)) for name in names}


def _plain(field: object) -> object:
    return field.isoformat() if isinstance(field, datetime) else field
