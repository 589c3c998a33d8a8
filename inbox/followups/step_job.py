"""Runs a step for a lead: checks whether it may go out, renders its text and claims (reserves) its send in one
transaction, so that a killed worker leaves the step either done or not started. The number of the task's attempt is
part of the claim's name (`origin_id`), so a repeated step gets a new claim only if its previous message certainly did
not go out. Just before the provider is called, `veto` checks the stop conditions again.
"""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from inbox.followups import plan, step_text
from inbox.followups.conditions import AT_THE_CALL, AT_THE_CLAIM, GO, Case, ConditionKind, Decision, judge
from inbox.leads import rollup
from inbox.models import FollowUpInstance, FollowUpTask, Lead, Message, OutboundSend, User, audit
from inbox.models.lead import Channel
from inbox.replying import limits, send_claims, slots
from inbox.replying.draft_material import Slot
from jobs.context import JobContext
from jobs.deadline import Deadline
from jobs.enqueue import JobSpec, spec_about
from jobs.kinds import kind_name

STEP = kind_name("followup.step", __name__)
Status = FollowUpTask.Status
Origin = OutboundSend.Origin
SLOTS_FRESH = timedelta(minutes=15)
"""A text with meeting times is rendered again if it has not gone out this long after its send was claimed."""


def spec(task: FollowUpTask) -> JobSpec:
    """Returns the job that runs the step of `task`. Each attempt to send a step is a separate job."""
    return spec_about(STEP, task, "task_id", key=f"{task.pk}:{task.attempt}", attempt=task.attempt)


def run(ctx: JobContext) -> dict[str, str]:
    """Runs the job `followup.step`, which sends a step. To offer meeting times, the job first reads the calendar."""
    task = ctx.row(FollowUpTask.objects.select_related("step", "workspace", "lead"), "task_id")
    offered: list[Slot] = []
    if step_text.wants_slots(task.step.subject, task.step.text):
        offered = _slots(ctx, task)
    with ctx.fenced():
        outcome = take(task, ctx.payload["attempt"], offered)
    return {"outcome": outcome}


def _slots(ctx: JobContext, task: FollowUpTask) -> list[Slot]:
    def read(deadline: Deadline) -> list[list[str]]:
        on_offer = slots.on_offer(task.workspace, deadline)
        return [[slot.id, slot.starts_at.isoformat(), slot.words] for slot in on_offer]

    rows = ctx.step("slots", read)
    return [Slot(key, datetime.fromisoformat(at), words) for key, at, words in rows]


def take(stale: FollowUpTask, attempt: int, offered: list[Slot]) -> str:
    """Claims (reserves) a step's send, or lets the step wait for approval, in the caller's transaction. Returns the
    outcome as a word. It is "settled", and nothing changes, if the task was decided in the meantime or is no longer at
    `attempt`. `offered` are the free meeting times that the text may offer.
    """
    task, lead = locked(stale)
    instance = task.instance
    if task.status != Status.CLAIMED or task.attempt != attempt:
        return "settled"
    if instance.status != FollowUpInstance.Status.ACTIVE or instance.next_step_id != task.step_id:
        _close(task, Status.WAITING if instance.status == "paused" else Status.CANCELLED, "")
        return "not running"
    case = Case(instance, task.step, lead, task.workspace, timezone.now())
    decision = judge(case, AT_THE_CLAIM)
    if decision.kind is not ConditionKind.GO:
        apply(task, decision)
        return decision.kind
    worded = step_text.render(
        task.step.subject, task.step.text, lead=lead, workspace=task.workspace, slots=offered
    )
    if why := step_text.lack(worded.missing) or limits.problem(task.channel, worded.text):
        apply(task, Decision(ConditionKind.SKIP, why))
        return ConditionKind.SKIP
    task.subject, task.text = worded.subject, worded.text
    task.offered = slots.offered_in(offered, task.text)
    if task.step.needs_approval:
        _close(task, Status.APPROVAL, "")
        return "approval"
    return _claim(task, case, user=None)


def locked(stale: FollowUpTask, lead: Lead | None = None) -> tuple[FollowUpTask, Lead]:
    """Reads and locks the lead (unless given), the follow-up and its task, in this order, within a transaction."""
    lead = lead or rollup.locked(stale.lead)
    instance = FollowUpInstance.objects.select_for_update().get(pk=stale.instance_id)
    related = ("step__sequence", "workspace", "send")
    task = FollowUpTask.objects.select_related(*related).select_for_update(of=("self",)).get(pk=stale.pk)
    task.instance = instance
    return task, lead


def _claim(task: FollowUpTask, case: Case, *, user: User | None) -> str:
    try:
        task.send = send_claims.claim(
            case.lead,
            channel=task.channel,
            origin=Origin.FOLLOWUP,
            origin_id=f"{task.pk}:{task.attempt}",
            text=task.text,
            subject=task.subject if task.channel != Channel.EMAIL else _subject(task, case.reply_to),
            reply_to=case.reply_to,
            user=user,
        )
    except send_claims.AlreadyDecided:
        task.send = OutboundSend.objects.get(
            workspace_id=task.workspace_id,
            origin=Origin.FOLLOWUP,
            origin_id=f"{task.pk}:{task.attempt}",
            part=0,
        )
    except send_claims.SendBlocked as refusal:
        if user is not None:
            raise
        apply(task, Decision(ConditionKind.SKIP, str(refusal)))
        return ConditionKind.SKIP
    task.decided_by = user
    _close(task, Status.SENDING, "")
    return "claimed"


def _subject(task: FollowUpTask, answered: Message | None) -> str:
    if task.subject:
        return task.subject
    subject = answered.subject if answered else ""
    return subject if not subject or subject.lower().startswith("re:") else f"Re: {subject}"


def apply(task: FollowUpTask, decision: Decision) -> None:
    instance = task.instance
    if decision.kind is ConditionKind.SKIP:
        _close(task, Status.SKIPPED, decision.reason)
        plan.go_on(instance, task.step, timezone.now())
    elif decision.kind is ConditionKind.WAIT:
        assert decision.until is not None
        _close(task, Status.WAITING, decision.reason)
        instance.write(due_at=decision.until, waits_for=decision.reason[:200])
    elif decision.kind is ConditionKind.PAUSE:
        _close(task, Status.WAITING, decision.reason)
        plan.pause(instance, decision.pause)
    else:
        done = decision.kind is ConditionKind.COMPLETE
        status = FollowUpInstance.Status.COMPLETED if done else FollowUpInstance.Status.STOPPED
        _close(task, Status.CANCELLED, decision.reason)
        plan.finish(instance, status, decision.reason)


def _close(task: FollowUpTask, status: str, reason: str) -> None:
    final = status in (Status.SENT, Status.SKIPPED, Status.FAILED, Status.CANCELLED)
    task.status, task.reason = status, reason[:200]
    task.finished_at = timezone.now() if final else None
    task.save()


def veto(send: OutboundSend, lead: Lead) -> str:
    """Returns why the message `send` may not go to its provider, as a sentence; "" if it may. Updates the follow-up
    accordingly, in the transaction that records the call. The row of `lead` must be locked.
    """
    stale = getattr(send, "followup_task", None)
    if stale is None:
        return "" if send.part else "This follow-up is being replanned."
    task, _ = locked(stale, lead)
    if task.send_id != send.pk:
        return "This follow-up is being replanned."
    instance = task.instance
    if task.status == Status.FAILED:  # a person retries the failed message
        _close(task, Status.SENDING, "")
        return ""
    if task.status != Status.SENDING:
        return "This follow-up has ended."
    now, approved = timezone.now(), send.approved_by_id is not None
    decision = judge(Case(instance, task.step, lead, task.workspace, now, approved), AT_THE_CALL)
    if decision.kind is ConditionKind.GO:
        decision = _still_runs(task, send, now)
    if decision.kind is ConditionKind.GO:
        return ""
    if instance.status in FollowUpInstance.LIVE:
        task.send = None
        apply(task, decision)
    else:
        _close(task, Status.CANCELLED, decision.reason)
    return decision.reason


def _still_runs(task: FollowUpTask, send: OutboundSend, now: datetime) -> Decision:
    instance = task.instance
    if instance.status == FollowUpInstance.Status.PAUSED:
        return Decision(ConditionKind.PAUSE, instance.get_paused_for_display(), pause=instance.paused_for)
    if instance.status not in FollowUpInstance.LIVE:
        return Decision(ConditionKind.STOP, instance.finish_reason or "This follow-up has ended.")
    if task.offered and now - send.created_at > SLOTS_FRESH:
        return Decision(ConditionKind.WAIT, "The offered times are being updated.", now)
    return GO


def approve(task: FollowUpTask, *, user: User, text: str = "") -> OutboundSend:
    """Claims the send of a message that waits for approval. `text`, if any, replaces its text. Raises Refused."""
    with transaction.atomic():
        task, lead = locked(task)
        if task.status != Status.APPROVAL or task.instance.status != FollowUpInstance.Status.ACTIVE:
            raise send_claims.AlreadyDecided("This follow-up no longer needs approval.")
        case = Case(task.instance, task.step, lead, task.workspace, timezone.now(), approved=True)
        decision = judge(case, AT_THE_CLAIM)
        if decision.kind is not ConditionKind.GO:
            raise send_claims.SendBlocked(decision.reason)
        edited = bool(text.strip()) and text.strip() != task.text
        task.text = text.strip() or task.text
        _claim(task, case, user=user)
        audit.record(task.workspace_id, user, "followup.approve", task, edited=edited)
    send = task.send
    assert send is not None  # `_claim` has set this field
    return send
