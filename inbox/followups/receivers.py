"""Receives the signals about a lead's events and updates its follow-ups, in the event's transaction or job step."""

from typing import Any

from django.db.models import Q

from inbox.followups import plan, responses
from inbox.followups.conditions import replied_since
from inbox.leads import rollup
from inbox.models import FollowUpInstance, FollowUpSequence, Lead, Message

Start, Status = FollowUpSequence.Start, FollowUpInstance.Status


def pause_for_reply(sender: Any, lead: Lead, message: Message, **kwargs: Any) -> dict[str, int]:
    """Pauses the lead's running follow-ups for the reply `message`, and stores the reply as the response to the newest
    step. An automatic message has neither effect. Locks the row of the lead.
    """
    with rollup.holding(lead) as locked:
        running = FollowUpInstance.objects.filter(lead=locked, status=Status.ACTIVE)
        since = running.order_by("quiet_since").values_list("quiet_since", flat=True).first()
        paused = 0
        if since is not None and replied_since(locked, since):
            paused = plan.pause_all(locked, FollowUpInstance.Pause.REPLIED)
        responses.note(locked, message)
    return {"paused": paused}


def note_response(sender: Any, lead: Lead, message: Message, tag: str, **kwargs: Any) -> None:
    """Stores `message`, which has just got the tag `tag`, as the response to the newest step before it."""
    responses.note(lead, message, tag)


def stop(sender: Any, lead: Lead, reason: str, **kwargs: Any) -> None:
    """Stops all follow-ups of `lead`, whose row must be locked."""
    plan.finish_all(lead, Status.STOPPED, reason)


def booked(sender: Any, lead: Lead, fresh: bool, **kwargs: Any) -> None:
    """Completes the follow-ups whose goal is a meeting, resumes those that a cancelled or missed meeting had paused,
    and credits the meeting to the newest step. A meeting is `fresh` if it was not moved from another time. It then also
    starts the sequences that follow a booking. The lead's row must be locked.
    """
    towards = ~Q(sequence__starts=Start.BOOKED)
    if plan.finish_all(lead, Status.COMPLETED, "A meeting is booked.", instances=towards) or fresh:
        responses.converted(lead)
    fell_through = FollowUpInstance.objects.filter(lead=lead, paused_for=FollowUpInstance.Pause.UNBOOKED)
    plan.resumed(fell_through, by_person=False)
    if not fresh:
        return
    after = FollowUpSequence.objects.filter(workspace_id=lead.workspace_id, starts=Start.BOOKED, enabled=True)
    for sequence in after.select_related("workspace"):
        plan.enrol(lead, sequence)
