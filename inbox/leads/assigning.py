"""Assigns conversations to members of their workspace. The database refuses any owner who is not a member, and
unassigns the leads of a member who leaves.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from inbox.leads import own_notices, triage
from inbox.leads.triage import Seen, TriageResult
from inbox.models import AuditEntry, Lead, Membership, User, Workspace, audit
from inbox.models.actor import Actor

GIVEN = "lead.assigned"
BY_PERSON, IN_TURN, AWAY = "person", "turn", "away"
SLICE = 200


class NotAMember(ValueError):
    """The receiver of conversations is not, or no longer, a member of the workspace."""


@dataclass(frozen=True)
class Handover:
    """The assignment of a lead to its owner. `by_user_id`: the person who assigned the lead; None for the rotation.
    `away`: whether the lead was handed over because that person is away.
    """

    by_user_id: int | None
    at: datetime
    away: bool = False


def receiver(workspace: Workspace, membership_id: int | None, by: str = "pk") -> Membership | None:
    """Returns the member who may receive conversations; None if `membership_id` is None, which means nobody. If `by` is
    "user", it is the id of a user. Raises NotAMember if there is no such member, or if the member is a viewer.
    """
    if membership_id is None:
        return None
    rows = Membership.objects.filter(workspace=workspace, **{by: membership_id}).select_related("user")
    membership = rows.first()
    if membership is None or not membership.at_least(Membership.Role.MEMBER):
        raise NotAMember(f"Choose a member who can answer in {workspace}.")
    return membership


def present(workspace_id: UUID) -> QuerySet[Membership]:
    """Returns the active members of a workspace who are not away."""
    here = Q(away_until=None) | Q(away_until__lte=timezone.now())
    return Membership.objects.filter(here, workspace_id=workspace_id, user__is_active=True)


def give(workspace: Workspace, by: Actor, views: Iterable[Seen], to: Membership | None) -> TriageResult:
    """Assigns the unchanged leads in `views` to `to` (None: to nobody). Raises NotAMember if that member has left."""
    user_id = to.user_id if to else None
    notified = user_id if user_id != by.pk else None
    try:
        with transaction.atomic():
            outcome = triage.change(workspace, views, {"assigned_to_id": user_id} | _handed(notified))
            _expect_look(workspace.pk, outcome.leads, notified)
            audit.record_all(workspace.pk, by, GIVEN, outcome.leads, to=user_id, how=BY_PERSON)
    except IntegrityError as error:
        raise NotAMember("That person is no longer in this workspace.") from error
    return outcome


def _handed(user_id: int | None) -> dict[str, Any]:
    return {"handed_over_at": Now() if user_id else None}


def _expect_look(workspace_id: UUID, leads: Iterable[Lead], user_id: int | None) -> None:
    lead_ids = [lead.pk for lead in leads]
    if user_id and lead_ids:
        own_notices.expect(workspace_id, Q(user=user_id), lead_ids)


def handed_to(workspaces: Collection[UUID], user_id: int) -> QuerySet[Lead]:
    return Lead.objects.filter(workspace__in=workspaces, assigned_to=user_id, handed_over_at__isnull=False)


def given_to(user_id: int) -> "ExpressionWrapper[Q]":
    """Returns an expression for leads: whether the lead was given to this user, who has not opened it since."""
    return ExpressionWrapper(
        Q(assigned_to__isnull=False, assigned_to=user_id, handed_over_at__isnull=False),
        output_field=BooleanField(),
    )


def mark_seen(workspace_id: UUID, user: User, leads: Collection[UUID]) -> int:
    return handed_to([workspace_id], user.pk).filter(pk__in=leads).update(handed_over_at=None)


def undo(
    workspace: Workspace, by: User, token: str, max_age_s: int | None = triage.UNDO_MAX_AGE_S
) -> list[Lead]:
    """Undoes, for `by`, the change that `token` stands for. Returns its leads. Raises the errors of `triage.undo`."""
    with transaction.atomic():
        put_back = triage.undo(workspace, token, max_age_s)
        for lead, fields in put_back:
            if "assigned_to_id" in fields:
                to = fields["assigned_to_id"]
                audit.record_all(workspace.pk, by, GIVEN, [lead], to=to, how=BY_PERSON)
    return [lead for lead, _ in put_back]


def assignments(lead: Lead) -> QuerySet[AuditEntry]:
    entries = AuditEntry.objects.filter(
        workspace_id=lead.workspace_id, object_type="lead", object_id=str(lead.pk), action=GIVEN
    )
    return entries.order_by("-created_at", "-pk")


def how(lead: Lead, entries: Iterable[AuditEntry]) -> Handover | None:
    """Returns how the lead came to its owner; None if unknown. `entries`: the result of `assignments`."""
    newest = next(iter(entries), None)
    if lead.assigned_to_id is None or newest is None or newest.data.get("to") != lead.assigned_to_id:
        return None
    return Handover(newest.actor_id, newest.created_at, away=newest.data.get("how") == AWAY)


def hand_over(member: Membership, to: Membership | None) -> int:
    """Hands the waiting conversations of `member`, who is away, over to `to` (None: to nobody), and returns their
    number. Returns 0 if `to` and `member` are the same. Raises NotAMember if the member `to` has left. Each slice of
    leads is handed over in a separate transaction.
    """
    user_id, done = to.user_id if to else None, 0
    if user_id == member.user_id:
        return 0  # The conversations would wait for the same member again and again.
    waiting = Lead.objects.filter(
        workspace_id=member.workspace_id, assigned_to_id=member.user_id, needs_reply=True
    )
    while True:
        try:
            with transaction.atomic():
                leads = list(waiting.select_for_update(no_key=True).order_by("pk")[:SLICE])
                rows = Lead.objects.filter(pk__in=[lead.pk for lead in leads])
                rows.update(assigned_to=user_id, **_handed(user_id))
                _expect_look(member.workspace_id, leads, user_id)
                audit.record_all(member.workspace_id, member.user, GIVEN, leads, to=user_id, how=AWAY)
        except IntegrityError as error:
            raise NotAMember("That person is no longer in this workspace.") from error
        done += len(leads)
        if len(leads) < SLICE:
            return done
