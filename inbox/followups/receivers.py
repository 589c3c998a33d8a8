"""What happens to a lead reaches its follow-ups here, in the transaction (or the step) in which it happens."""

from django.db import transaction
from django.db.models import Q

from inbox.followups import plan, responses
from inbox.followups.conditions import replied_since
from inbox.leads import rollup
from inbox.models import FollowUpInstance, FollowUpSequence, Lead, Message

Start, Status = FollowUpSequence.Start, FollowUpInstance.Status


def pause_for_reply(sender, lead: Lead, message: Message, **kwargs) -> dict[str, int]:
    """A person wrote: what runs for them pauses. What a machine wrote pauses nothing."""
    with transaction.atomic():
        locked = rollup.locked(lead)
        running = FollowUpInstance.objects.filter(lead=locked, status=Status.ACTIVE)
        since = running.order_by("quiet_since").values_list("quiet_since", flat=True).first()
        paused = 0
        if since is not None and replied_since(locked, since):
            paused = plan.pause_all(locked, FollowUpInstance.Pause.REPLIED)
        responses.note(locked, message)
    return {"paused": paused}


def note_response(sender, lead: Lead, message: Message, tag: str, **kwargs) -> None:
    """What the reply means is known now: so is how the lead answered our step."""
    responses.note(lead, message, tag)


def stop(sender, lead: Lead, reason: str, **kwargs) -> None:
    plan.finish_all(lead, Status.STOPPED, reason)


def booked(sender, lead: Lead, fresh: bool, **kwargs) -> None:
    """Complete what runs towards a meeting, and resume what follows one. A new meeting starts what follows one; one
    that was moved does not."""
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
