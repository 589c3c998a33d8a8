"""Going out by itself: judged when written, counted down, judged again in the transaction that claims the send."""

import hashlib
from datetime import datetime, timedelta
from typing import Literal

from django.db import transaction
from django.utils import timezone
from pydantic import Field

from inbox import asking, audit, locks, prompts
from inbox.leads import rollup
from inbox.models import Draft, GateResult, Lead, Message, OutboundSend, SendingPolicy, User
from inbox.replying import claims, gates, hours, making, policies, review
from inbox.replying.context import gather
from inbox.signals import draft_changed
from integrations.openai.schema import ModelAnswer
from jobs.context import JobContext
from jobs.deadline import Deadline
from jobs.enqueue import enqueue
from jobs.registry import kind_name

AUTOSEND = kind_name("reply.autosend", __name__)
AT_LEAST = timedelta(seconds=30)
Mode, Stage = SendingPolicy.Mode, GateResult.Stage
Outcome = Literal["off", "held", "shadow", "scheduled"]


class Evaluation(ModelAnswer):
    """The evaluating model's answer (strict schema: every field is required)."""

    safe_to_send: bool
    requires_human_review: bool
    confidence: float = Field(ge=0, le=1)
    reason: str


def evaluate(draft: Draft, message: Message, deadline: Deadline) -> None:
    """Have a model read the draft as a strict colleague would, and keep what it says. Raises as `asking.ask` does."""
    evaluation = asking.ask(
        prompts.load("evaluate"),
        Evaluation,
        gather(message).render(draft=draft.text),
        workspace_id=draft.workspace_id,
        deadline=deadline,
    )
    draft.evaluation = evaluation.model_dump() | {"prompt": prompts.load("evaluate").label}
    draft.made_of = making.with_calls(draft.made_of)
    Draft.objects.filter(pk=draft.pk, revision=draft.revision).update(
        evaluation=draft.evaluation, made_of=draft.made_of
    )


def judge(draft: Draft, policy: SendingPolicy) -> Outcome:
    """Ask the gates about a draft that has just been written, and schedule it where the policy is auto and all pass."""
    if policy.mode == Mode.OFF:
        return "off"
    planned_at = draft.send_at or plan(draft, policy)
    with transaction.atomic():
        rollup.locked(draft.lead)
        results = gates.judge(draft, stage=Stage.DRAFT, planned_at=planned_at, policy=policy)
        would_send = not gates.failing(results)
        goes_out = would_send and policy.mode == Mode.AUTO
        changed = Draft.objects.filter(
            pk=draft.pk, status=Draft.Status.PENDING, revision=draft.revision
        ).update(gate_mode=policy.mode, would_send=would_send, send_at=planned_at if goes_out else None)
        if changed and goes_out:
            schedule(draft, planned_at)
    if not would_send:
        return "held"
    return "scheduled" if goes_out else "shadow"


def plan(draft: Draft, policy: SendingPolicy) -> datetime:
    """When the answer would go out: a delay after the lead's message that depends on the message alone, at least
    AT_LEAST from now, moved into business hours where the policy keeps to them."""
    digest = hashlib.sha256(str(draft.trigger_message_id).encode()).digest()
    span = policy.max_delay_s - policy.min_delay_s + 1
    delay = timedelta(seconds=policy.min_delay_s + int.from_bytes(digest[:4]) % span)
    at = max(draft.trigger_message.sent_at + delay, timezone.now() + AT_LEAST)
    return hours.next_open(draft.workspace, at) if policy.business_hours_only else at


def schedule(draft: Draft, at: datetime) -> None:
    """Enqueue the send of this revision for `at`, in the caller's transaction."""
    enqueue(
        AUTOSEND,
        workspace_id=draft.workspace_id,
        dedupe_key=f"{AUTOSEND}:{draft.pk}:{draft.revision}:{int(at.timestamp())}",
        payload={"draft_id": str(draft.pk), "revision": draft.revision},
        run_at=at,
    )


def run(ctx: JobContext) -> dict[str, str]:
    """The job `reply.autosend`: send the draft if it is still scheduled and every gate still says yes."""
    drafts = Draft.objects.select_related("lead__campaign", "trigger_message__campaign", "workspace")
    draft = drafts.get(pk=ctx.payload["draft_id"], workspace_id=ctx.workspace_id)
    now = timezone.now()
    if draft.status != Draft.Status.PENDING or draft.revision != ctx.payload["revision"]:
        return {"outcome": "decided otherwise"}
    if draft.send_at is None or draft.send_at > now:
        return {"outcome": "cancelled" if draft.send_at is None else "moved"}
    with ctx.fenced():
        outcome = _send(draft, now)
    return {"outcome": outcome}


def _send(draft: Draft, now: datetime) -> str:
    locks.hold("autosend", draft.workspace_id)  # the daily cap holds exactly
    rollup.locked(draft.lead)
    policy = policies.of(draft.workspace, draft.trigger_message.campaign or draft.lead.campaign)
    failed = gates.failing(gates.judge(draft, stage=Stage.SEND, planned_at=now, policy=policy))
    if [result.gate for result in failed] == [gates.HOURS]:
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
    except review.Refused as refusal:
        hold(draft, str(refusal))
        return "held: refused"
    return "sent"


def veto(send: OutboundSend, lead: Lead) -> str:
    """Why an answer that nobody approved may not be called for after all: the gates once more, with the lead locked."""
    if not claims.is_automatic(send) or send.draft is None:
        return ""
    failed = gates.failing(gates.judge(send.draft, stage=Stage.SEND, planned_at=timezone.now()))
    return failed[0].evidence if failed else ""


def hold(draft: Draft, reason: str) -> None:
    """Let the draft wait for a person after all."""
    with transaction.atomic():
        Draft.objects.filter(pk=draft.pk).update(send_at=None, status_reason=f"Held: {reason}"[:200])
        _tell_held(draft)


def _tell_held(draft: Draft) -> None:
    draft.refresh_from_db()
    draft_changed.send(Draft, draft=draft, event=f"held-{draft.revision}")


def cancel(draft: Draft, *, user: User) -> None:
    """Stop the countdown: the draft waits for review. Raises AlreadyDecided where it is not counting down any more."""
    with transaction.atomic():
        waiting = Draft.objects.filter(
            pk=draft.pk, workspace_id=draft.workspace_id, status=Draft.Status.PENDING, send_at__isnull=False
        )
        if not waiting.update(send_at=None, status_reason="A person stopped the countdown."):
            raise review.AlreadyDecided("There is no countdown to stop any more.")
        _tell_held(draft)
        audit.record(draft.workspace_id, user, "draft.cancel_autosend", draft)
