"""One step of one lead: judged, worded and claimed in one transaction, so that a kill leaves it done or not begun.

The task's attempt names the claim (`origin_id`): a step that is taken up again after a hold gets a claim of its own,
and only where the one before certainly did not go out. The call is made by `inbox.replying.sending`; just before it the
stop conditions are asked once more (`veto`).
"""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from inbox import audit
from inbox.bookings import offers, slots
from inbox.followups import plan, wording
from inbox.followups.conditions import AT_THE_CALL, AT_THE_CLAIM, Case, Decision, Kind, judge
from inbox.leads import rollup
from inbox.models import FollowUpInstance, FollowUpTask, Lead, Message, OutboundSend, User
from inbox.models.lead import Channel
from inbox.replying import claims, limits
from inbox.replying.context import Slot
from jobs.context import JobContext
from jobs.deadline import Deadline
from jobs.enqueue import JobSpec
from jobs.registry import kind_name

STEP = kind_name("followup.step", __name__)
Status = FollowUpTask.Status
Origin = OutboundSend.Origin
SLOTS_FRESH = timedelta(minutes=15)
"""A text that offers times is worded anew when it has not gone out by then."""


def spec(task: FollowUpTask) -> JobSpec:
    """The job of this attempt."""
    return JobSpec(
        dedupe_key=f"{STEP}:{task.pk}:{task.attempt}",
        workspace_id=task.workspace_id,
        payload={"task_id": str(task.pk), "attempt": task.attempt},
    )


def run(ctx: JobContext) -> dict[str, str]:
    """The job `followup.step`."""
    task = FollowUpTask.objects.select_related("step", "workspace", "lead").get(
        pk=ctx.payload["task_id"], workspace_id=ctx.workspace_id
    )
    offered: list[Slot] = []
    if wording.wants_slots(task.step.subject, task.step.text):
        offered = _slots(ctx, task)
    with ctx.fenced():
        outcome = take(task, ctx.payload["attempt"], offered)
    return {"outcome": outcome}


def _slots(ctx: JobContext, task: FollowUpTask) -> list[Slot]:
    def read(deadline: Deadline) -> list[list[str]]:
        found = slots.on_offer(task.workspace, deadline)
        return [[slot.id, slot.starts_at.isoformat(), slot.words] for slot in found]

    known = ctx.step("slots", read)
    return [Slot(key, parse_datetime(at), words) for key, at, words in known]


def take(known: FollowUpTask, attempt: int, offered: list[Slot]) -> str:
    """Do what is to be done for the step now; returns what it was. In the caller's transaction."""
    task, lead = locked(known)
    instance = task.instance
    if task.status != Status.CLAIMED or task.attempt != attempt:
        return "settled"
    if instance.status != FollowUpInstance.Status.ACTIVE or instance.next_step_id != task.step_id:
        _close(task, Status.WAITING if instance.status == "paused" else Status.CANCELLED, "")
        return "not running"
    case = Case(instance, task.step, lead, task.workspace, timezone.now())
    decision = judge(case, AT_THE_CLAIM)
    if decision.kind is not Kind.GO:
        apply(task, decision)
        return decision.kind
    worded = wording.render(
        task.step.subject, task.step.text, lead=lead, workspace=task.workspace, slots=offered
    )
    if worded.missing or (why := limits.problem(task.channel, worded.text)):
        why = str(wording.Missing(worded.missing)) if worded.missing else why
        apply(task, Decision(Kind.SKIP, why))
        return Kind.SKIP
    task.subject, task.text = worded.subject, worded.text
    task.offered = offers.listed(offered, task.text)
    if task.step.needs_approval:
        _close(task, Status.APPROVAL, "")
        return "approval"
    return _claim(task, case, user=None)


def locked(known: FollowUpTask, lead: Lead | None = None) -> tuple[FollowUpTask, Lead]:
    """The task and its instance as they are now, locked after the lead's row (`lead`, where that is locked already)."""
    lead = lead or rollup.locked(known.lead)
    instance = FollowUpInstance.objects.select_for_update().get(pk=known.instance_id)
    related = ("step__sequence", "workspace", "send")
    task = FollowUpTask.objects.select_related(*related).select_for_update(of=("self",)).get(pk=known.pk)
    task.instance = instance
    return task, lead


def _claim(task: FollowUpTask, case: Case, *, user: User | None) -> str:
    try:
        task.send = claims.claim(
            case.lead,
            channel=task.channel,
            origin=Origin.FOLLOWUP,
            origin_id=f"{task.pk}:{task.attempt}",
            text=task.text,
            subject=task.subject if task.channel != Channel.EMAIL else _subject(task, case.reply_to),
            reply_to=case.reply_to,
            user=user,
        )
    except claims.AlreadyDecided:
        task.send = OutboundSend.objects.get(
            workspace_id=task.workspace_id,
            origin=Origin.FOLLOWUP,
            origin_id=f"{task.pk}:{task.attempt}",
            part=0,
        )
    except claims.SendBlocked as refusal:
        if user is not None:
            raise
        apply(task, Decision(Kind.SKIP, str(refusal)))
        return Kind.SKIP
    task.decided_by = user
    _close(task, Status.SENDING, "")
    return "claimed"


def _subject(task: FollowUpTask, answered: Message | None) -> str:
    if task.subject:
        return task.subject
    subject = answered.subject if answered else ""
    return subject if not subject or subject.lower().startswith("re:") else f"Re: {subject}"


def apply(task: FollowUpTask, decision: Decision) -> None:
    """Let the task and its instance (both locked) be what `decision` says."""
    instance = task.instance
    if decision.kind is Kind.SKIP:
        _close(task, Status.SKIPPED, decision.reason)
        plan.go_on(instance, task.step, timezone.now())
    elif decision.kind is Kind.WAIT:
        _close(task, Status.WAITING, decision.reason)
        plan.put_off(instance, decision.until, decision.reason)
    elif decision.kind is Kind.PAUSE:
        _close(task, Status.WAITING, decision.reason)
        plan.pause(instance, decision.pause)
    else:
        done = decision.kind is Kind.COMPLETE
        status = FollowUpInstance.Status.COMPLETED if done else FollowUpInstance.Status.STOPPED
        _close(task, Status.CANCELLED, decision.reason)
        plan.finish(instance, status, decision.reason)


def _close(task: FollowUpTask, status: str, reason: str) -> None:
    final = status in (Status.SENT, Status.SKIPPED, Status.FAILED, Status.CANCELLED)
    task.status, task.reason = status, reason[:200]
    task.finished_at = timezone.now() if final else None
    task.save()


def veto(send: OutboundSend, lead: Lead) -> str:
    """Why the claimed `send` may not be called for after all, as a sentence; "" where it may.

    Runs in the transaction that commits the call, with `lead` locked; what it decides about the follow-up is in it.
    """
    known = getattr(send, "followup_task", None)
    if known is None:
        return "" if send.part else "This follow-up is planned anew."
    task, _ = locked(known, lead)
    if task.send_id != send.pk:
        return "This follow-up is planned anew."
    instance = task.instance
    if task.status == Status.FAILED:  # a person sends it again by hand
        _close(task, Status.SENDING, "")
        return ""
    if task.status != Status.SENDING:
        return "This follow-up has ended."
    case = Case(
        instance, task.step, lead, task.workspace, timezone.now(), approved=send.approved_by_id is not None
    )
    decision = judge(case, AT_THE_CALL)
    if decision.kind is Kind.GO and instance.status == FollowUpInstance.Status.PAUSED:
        decision = Decision(Kind.PAUSE, instance.get_paused_for_display(), pause=instance.paused_for)
    if decision.kind is Kind.GO and instance.status not in FollowUpInstance.LIVE:
        decision = Decision(Kind.STOP, instance.finish_reason or "This follow-up has ended.")
    if decision.kind is Kind.GO and _stale(task, send, case.now):
        decision = Decision(Kind.WAIT, "The offered times are worded anew.", case.now)
    if decision.kind is Kind.GO:
        return ""
    if instance.status in FollowUpInstance.LIVE:
        task.send = None
        apply(task, decision)
    else:
        _close(task, Status.CANCELLED, decision.reason)
    return decision.reason


def _stale(task: FollowUpTask, send: OutboundSend, now: datetime) -> bool:
    return bool(task.offered) and now - send.created_at > SLOTS_FRESH


def approve(task: FollowUpTask, *, user: User, text: str = "") -> OutboundSend:
    """A person lets the message go out, with `text` where they changed it. Raises claims.Refused with a sentence."""
    with transaction.atomic():
        task, lead = locked(task)
        if task.status != Status.APPROVAL or task.instance.status != FollowUpInstance.Status.ACTIVE:
            raise claims.AlreadyDecided("This follow-up does not wait for approval any more.")
        case = Case(task.instance, task.step, lead, task.workspace, timezone.now(), approved=True)
        decision = judge(case, AT_THE_CLAIM)
        if decision.kind is not Kind.GO:
            raise claims.SendBlocked(decision.reason)
        edited = bool(text.strip()) and text.strip() != task.text
        task.text = text.strip() or task.text
        _claim(task, case, user=user)
        audit.record(task.workspace_id, user, "followup.approve", task, edited=edited)
    return task.send
