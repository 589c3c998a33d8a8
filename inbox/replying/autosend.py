"""Sends drafts without a person. The gates judge a draft when it is written and again in the transaction of its send.
Between these two times a countdown runs, and a person can stop the send until the countdown ends.
"""

import hashlib
from datetime import datetime, timedelta
from typing import Literal

from django.db import transaction
from django.utils import timezone
from pydantic import Field

from inbox.leads import rollup
from inbox.models import Draft, GateResult, Lead, Message, OutboundSend, SendingPolicy, User, audit, locks
from inbox.replying import gates, hours, prompts, provenance, review, send_claims
from inbox.replying.draft_material import gather
from inbox.replying.prompts import model_calls
from inbox.signals import draft_changed
from integrations.openai.schema import ModelAnswer
from jobs.context import JobContext
from jobs.deadline import Deadline
from jobs.enqueue import enqueue_about
from jobs.kinds import kind_name

AUTOSEND = kind_name("reply.autosend", __name__)
AT_LEAST = timedelta(seconds=30)
Mode, Stage = SendingPolicy.Mode, GateResult.Stage
Outcome = Literal["off", "held", "shadow", "scheduled"]


class Evaluation(ModelAnswer):
    """The answer of the evaluating model. The schema is strict: every field is required."""

    safe_to_send: bool
    requires_human_review: bool
    confidence: float = Field(ge=0, le=1)
    reason: str


def evaluate(draft: Draft, message: Message, deadline: Deadline) -> None:
    """Asks the model whether the draft may go out, and stores its answer. Raises the errors of `model_calls.ask`."""
    evaluation = model_calls.ask(
        prompts.load("evaluate"),
        Evaluation,
        gather(message).render(draft=draft.text),
        workspace_id=draft.workspace_id,
        deadline=deadline,
    )
    draft.evaluation = evaluation.model_dump() | {"prompt": prompts.load("evaluate").label}
    draft.made_of = provenance.with_calls(draft.made_of)
    Draft.objects.filter(pk=draft.pk, revision=draft.revision).update(
        evaluation=draft.evaluation, made_of=draft.made_of
    )


def judge(draft: Draft, policy: SendingPolicy) -> Outcome:
    """Asks the gates about a new draft. Schedules its send if all gates pass and the policy's mode is AUTO. Returns
    "scheduled"; "shadow" if only the policy's shadow mode prevents the send; "held" if a gate fails or a person put the
    draft on hold; "off" if the policy is off.
    """
    if policy.mode == Mode.OFF:
        return "off"
    planned_at = draft.send_at or plan(draft, policy)
    with rollup.holding(draft.lead):
        results = gates.judge(draft, stage=Stage.DRAFT, planned_at=planned_at, policy=policy)
        would_send = not gates.failing(results)
        waiting = Draft.objects.filter(pk=draft.pk, status=Draft.Status.PENDING, revision=draft.revision)
        waiting.update(gate_mode=policy.mode, would_send=would_send, send_at=None)
        goes_out = would_send and policy.mode == Mode.AUTO
        if goes_out and waiting.filter(held_by_person=False).update(send_at=planned_at):
            schedule(draft, planned_at)
        elif goes_out:
            return "held"
    if not would_send:
        return "held"
    return "scheduled" if goes_out else "shadow"


def plan(draft: Draft, policy: SendingPolicy) -> datetime:
    """Returns the time (aware) at which the draft would go out: the policy's delay after the lead's message, but at
    least AT_LEAST from now, and within business hours if the policy says so. The delay is always the same for a
    message.
    """
    digest = hashlib.sha256(str(draft.trigger_message_id).encode()).digest()
    span = policy.max_delay_s - policy.min_delay_s + 1
    delay = timedelta(seconds=policy.min_delay_s + int.from_bytes(digest[:4]) % span)
    at = max(draft.trigger_message.sent_at + delay, timezone.now() + AT_LEAST)
    return hours.next_open(draft.workspace, at) if policy.business_hours_only else at


def schedule(draft: Draft, at: datetime) -> None:
    """Enqueues the job that sends this revision of the draft at the time `at`, in the caller's transaction."""
    key = f"{draft.pk}:{draft.revision}:{int(at.timestamp())}"
    enqueue_about(AUTOSEND, draft, "draft_id", key=key, run_at=at, revision=draft.revision)


def run(ctx: JobContext) -> dict[str, str]:
    """Runs the job `reply.autosend`: sends a due draft, unless it was decided or changed. If a gate fails, the draft
    waits for a person. Outside business hours, the send is postponed until the workspace opens.
    """
    drafts = Draft.objects.select_related("lead__campaign", "trigger_message__campaign", "workspace")
    draft = ctx.row(drafts, "draft_id")
    now = timezone.now()
    if draft.status != Draft.Status.PENDING or draft.revision != ctx.payload["revision"]:
        return {"outcome": "already decided"}
    if draft.send_at is None or draft.send_at > now:
        return {"outcome": "cancelled" if draft.send_at is None else "moved"}
    with ctx.fenced():
        outcome = _send(draft, now)
    return {"outcome": outcome}


def _send(draft: Draft, now: datetime) -> str:
    # Each workspace sends one automatic answer at a time, so that the daily cap holds exactly.
    locks.hold("autosend", draft.workspace_id)
    rollup.locked(draft.lead)
    policy = draft.policy
    failed = gates.failing(gates.judge(draft, stage=Stage.SEND, planned_at=now, policy=policy))
    if [gate_result.gate for gate_result in failed] == [gates.HOURS]:
        at = hours.next_open(draft.workspace, now)
        Draft.objects.filter(pk=draft.pk).update(send_at=at)
        schedule(draft, at)
        return f"moved to {at.isoformat()}"
    if failed:
        hold(draft, failed[0].evidence)
        return f"held: {failed[0].gate}"
    try:
        with transaction.atomic():
            review.approve(draft, user=None, text=draft.text)
    except send_claims.Refused as refusal:
        hold(draft, str(refusal))
        return "held: refused"
    return "sent"


def veto(send: OutboundSend, lead: Lead) -> str:
    """Returns why an answer may not go to its provider; "" if it may. For an answer that no person approved, the gates
    decide. The lead must be locked.
    """
    if not send_claims.is_automatic(send):
        return review.veto(send, lead)
    if send.draft is None:
        return "The draft was deleted."
    failed = gates.failing(gates.judge(send.draft, stage=Stage.SEND, planned_at=timezone.now()))
    return failed[0].evidence if failed else ""


def hold(draft: Draft, reason: str) -> None:
    """Cancels the draft's automatic send for `reason` (cut to 200 characters), so that it waits for a person."""
    with transaction.atomic():
        Draft.objects.filter(pk=draft.pk).update(send_at=None, status_reason=f"Held: {reason}"[:200])
        _tell_held(draft)


def _tell_held(draft: Draft) -> None:
    draft.refresh_from_db()
    draft_changed.send(Draft, draft=draft, event=f"held-{draft.revision}")


def cancel(draft: Draft, *, user: User) -> None:
    """Stops the draft's countdown on behalf of `user`. Raises AlreadyDecided if the countdown is over."""
    with transaction.atomic():
        waiting = Draft.objects.filter(
            pk=draft.pk, workspace_id=draft.workspace_id, status=Draft.Status.PENDING, send_at__isnull=False
        )
        if not waiting.update(
            send_at=None, held_by_person=True, status_reason="Someone stopped the countdown."
        ):
            raise send_claims.AlreadyDecided("The countdown has already ended.")
        _tell_held(draft)
        audit.record(draft.workspace_id, user, "draft.cancel_autosend", draft)
