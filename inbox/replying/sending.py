"""Calls the provider once for a send. The state of a send is stored before and after the call, and never guessed.

`called_at` is committed before the call. If a later run of the job finds it set, the earlier run died during the call,
and the send becomes `unknown`. If the provider refuses the message, the send becomes `failed`. If the request may have
left without an answer, the send becomes `unknown`. If the request never left, `called_at` is emptied, and the job tries
again. The lead's row is always locked before the send's row.
"""

import logging
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.utils import timezone

from inbox.leads import rollup
from inbox.models import Draft, Message, OutboundSend
from inbox.models.message import OWN
from inbox.replying import carrier_messages, hours, lost_time, send_claims, slots, undo
from inbox.replying.account_pauses import require_up
from inbox.signals import draft_changed
from inbox.understanding.arrival import Arrival
from integrations import registry
from integrations.carriers import Accepted, CannotSend, Post
from integrations.errors import (
    CANNOT_SEND,
    INVALID_ID,
    CallOutcome,
    CircuitOpen,
    ProviderError,
    ProviderMisconfigured,
)
from integrations.health import probes
from integrations.models import Integration
from jobs.context import JobContext
from jobs.db import drop_connection
from jobs.deadline import Deadline
from jobs.enqueue import enqueue_about
from jobs.errors import Cancelled, DeadlineExceeded, PermanentError, ShutdownRequested, Snooze, TransientError
from jobs.failures import facts_of
from jobs.kinds import kind_name
from jobs.models import BackgroundJob
from jobs.retries import full_second

logger = logging.getLogger(__name__)
State = OutboundSend.State

ATTEMPTS = 8
REFUSED = CallOutcome.REJECTED.label
CALL_LIMIT_MS = 60_000
WAIT_FOR_BREAKER = timedelta(seconds=30)
"""The time after which a message that a person approved is tried again, although the circuit breaker is open."""
RECONCILE = kind_name("send.reconcile", __name__)
TAKEN_BACK = {"state": "taken back", "reason": "A check held the draft for review."}
UNSETTLED = (State.INTENT, State.UNKNOWN)


def run(ctx: JobContext) -> dict[str, str]:
    """The job `reply.send`: sends one message. Raises the error if the request never left and a retry may help."""
    related = ("lead", "reply_to__campaign", "draft", "workspace", "followup_task")
    sends = OutboundSend.objects.select_related(*related).filter(workspace_id=ctx.workspace_id)
    send = sends.filter(pk=ctx.payload["send_id"]).first()
    if send is None:
        return TAKEN_BACK
    if send.counts_down and send.send_at is not None:
        # The job became due early, because all waiting jobs of a recovered account become due.
        raise Snooze(send.send_at, "You can take the message back until then.")
    if send.state == State.LATER and (why := undo.begin(send)):
        return TAKEN_BACK | {"reason": why}
    attempt = partial(_attempt, ctx, send)
    ended: dict[str, str] = ctx.step(
        "send", attempt, effect="send", time_limit_ms=CALL_LIMIT_MS, on_interrupted=attempt
    )
    return ended


def _attempt(ctx: JobContext, send: OutboundSend, deadline: Deadline) -> dict[str, str]:
    if send.state == State.INTENT and send.called_at is not None:
        settle_unknown(send, "The worker stopped while sending the message.")
    elif send.state == State.INTENT:
        lost_time.known_origin()
        _send(ctx, send, deadline)
    now = OutboundSend.objects.filter(pk=send.pk).values("state", "reason").first()
    return {"state": now["state"], "reason": now["reason"]} if now else TAKEN_BACK


def _send(ctx: JobContext, send: OutboundSend, deadline: Deadline) -> None:
    try:
        carrier, integration = carrier_messages.way_of(send)
        require_up(integration, send.reply_to.account_address if send.reply_to else "")
        drop_connection()
        if not ctx.payload.get("anyway") and (gone := slots.offer_problem(send, deadline)):
            raise CannotSend(gone)
        post = carrier.prepare(carrier_messages.of(send, integration), integration, deadline)
        answered = _answered(ctx, send, integration, deadline)
    except (CannotSend, ProviderMisconfigured) as refusal:
        settle_failed(send, str(refusal))
    except ProviderError as error:
        _not_sent(ctx, send, error)
    else:
        if _begin(ctx, send, answered):
            _call(ctx, send, post, deadline)


def _answered(ctx: JobContext, send: OutboundSend, integration: Integration, deadline: Deadline) -> str:
    """Returns a sentence if somebody has, or may have, answered in the provider's inbox; "" if nobody has. Raises the
    provider's error if another attempt may tell.
    """
    try:
        return carrier_messages.answer_elsewhere(send, integration, deadline)
    except ProviderError as error:
        if not isinstance(error, PermanentError) and ctx.attempt < ATTEMPTS:
            raise
        return f"{integration.label} didn’t say whether someone has {carrier_messages.ELSEWHERE}."


def _begin(ctx: JobContext, send: OutboundSend, answered: str) -> bool:
    """Commits that the call is about to start, and returns True, if the message may still go out. Otherwise takes the
    send back, or settles it as failed, or as unknown if it may have gone out in the lost time of a restored database.
    """
    with ctx.fenced():
        lead = rollup.locked(send.lead)
        origin = lost_time.known_origin()
        blocked = send_claims.blocked(lead, send.channel, besides=send)
        if why := answered or blocked or send_claims.vetoed(send, lead):
            if not send_claims.take_back(send, lead, why):
                _finish(send, State.FAILED, why, expected=(State.INTENT,))
            return False
        if lost_time.doubtful(send, origin):
            settle_unknown(send, lost_time.REASON, lost_from=origin.lost_from)
            return False
        now = timezone.now()
        claimed = OutboundSend.objects.filter(pk=send.pk, state=State.INTENT, called_at=None).update(
            called_at=now
        )
        send.called_at = now
        return bool(claimed)


def _call(ctx: JobContext, send: OutboundSend, post: Post, deadline: Deadline) -> None:
    drop_connection()
    try:
        accepted = post(deadline)
    except Exception as error:
        _broken_off(ctx, send, error)
    else:
        settle_sent(send, accepted)


def _broken_off(ctx: JobContext, send: OutboundSend, error: Exception) -> None:
    """Settles a send whose call raised an error. `error.sent` says whether the message was sent (None if unknown)."""
    sent = getattr(error, "sent", None)
    if isinstance(error, (CannotSend, ProviderMisconfigured)):
        settle_failed(send, str(error))
        return
    if not isinstance(error, (ProviderError, Cancelled, ShutdownRequested, DeadlineExceeded)):
        logger.error("send broke off", extra={"send_id": str(send.pk), **facts_of(error)})
    if sent:
        settle_sent(send)
    elif sent is None:
        cause = _told(error) if isinstance(error, ProviderError) else type(error).__name__
        settle_unknown(send, f"The result couldn’t be confirmed ({cause}).")
    else:
        _not_sent(ctx, send, error)


def _told(error: Exception) -> str:
    if not isinstance(error, ProviderError):
        return str(error)
    label = registry.spec_of(error.provider).label
    if error.code == INVALID_ID:
        return f"{label}: {REFUSED}. It doesn’t know the conversation that this answers ({INVALID_ID})"
    return label + str(error).removeprefix(error.provider)


def would_repeat(send: OutboundSend) -> bool:
    """Whether the provider refused the failed message for good, and not because of our sender."""
    return f": {REFUSED}" in send.reason and not any(code in send.reason for code in CANNOT_SEND)


def _not_sent(ctx: JobContext, send: OutboundSend, error: Exception) -> None:
    """Handles an error of a request that never left. After a final error, the send becomes failed. After any other
    error, the call is taken back and the error is raised.
    """
    if isinstance(error, PermanentError):
        settle_failed(send, f"{_told(error)}.")
        return
    if ctx.attempt >= ATTEMPTS and isinstance(error, TransientError):
        settle_failed(send, f"{_told(error)}, {ATTEMPTS} times.")
        return
    if isinstance(error, CircuitOpen) and send.approved_by_id:
        probes.enqueue_probe(carrier_messages.way_of(send)[1])  # a person waits for it
        error.run_at = min(error.run_at, full_second(timezone.now() + WAIT_FOR_BREAKER))
    waiting = f"Waiting: {_told(error)}."
    if isinstance(error, Snooze):
        waiting += f" Holdfast tries again at {error.run_at.astimezone(hours.zone(send.workspace)):%H:%M:%S}."
    OutboundSend.objects.filter(pk=send.pk, state=State.INTENT).update(called_at=None, reason=waiting[:300])
    raise error


def settle_sent(
    send: OutboundSend, accepted: Accepted | None = None, *, reason: str = "", at: datetime | None = None
) -> bool:
    """Records that `send` went out (at the time `at`, by default that of our call), stores it as a message, and claims
    the next part of a long SMS. Locks the lead's row. Returns False if the send was already settled as sent or failed.
    """
    accepted = accepted or Accepted()
    with rollup.holding_lead_of(send) as lead:
        fields: dict[str, Any] = {"called_at": at, "finished_at": at} if at else {}
        if accepted.message_id:
            fields["provider_message_id"] = accepted.message_id[:200]
        if accepted.account_id:
            fields["account_id"] = accepted.account_id[:120]
        if not _finish(send, State.SENT, reason, expected=UNSETTLED, **fields):
            return False
        message, created = Message.objects.get_or_create(
            workspace_id=send.workspace_id,
            source=OWN,
            external_id=str(send.pk),
            defaults=_message(send, accepted),
        )
        if created:
            rollup.add(lead, message, Arrival(message.text))
        if send.draft_id:
            Draft.objects.filter(pk=send.draft_id).update(status=Draft.Status.SENT, updated_at=timezone.now())
        try:
            send_claims.claim_next_part(send)
        except send_claims.Refused as refusal:
            OutboundSend.objects.filter(pk=send.pk).update(reason=f"The rest wasn’t sent. {refusal}"[:300])
    return True


def _message(send: OutboundSend, accepted: Accepted) -> dict[str, object]:
    reply_to = send.reply_to
    return {
        "lead_id": send.lead_id,
        "campaign_id": reply_to.campaign_id if reply_to else None,
        "direction": Message.Direction.OUTBOUND,
        "channel": send.channel,
        "subject": send.shown_subject,
        "text": send.text,
        "raw_text": send.text,
        "from_address": reply_to.account_address if reply_to else "",
        "recipients": send.recipients,
        "account_id": send.account_id,
        "account_address": reply_to.account_address if reply_to else "",
        "thread_id": accepted.thread_id[:200] or (reply_to.thread_id if reply_to else ""),
        "sent_at": send.called_at or timezone.now(),
        "received_at": timezone.now(),
        "draft_id": send.draft_id,
        "part": send.part,
    }


def settle_failed(send: OutboundSend, reason: str) -> bool:
    """Records that `send` certainly did not go out. Returns False if its outcome was already recorded."""
    with rollup.holding_lead_of(send):
        return _finish(send, State.FAILED, reason, expected=(State.INTENT,))


def settle_unknown(send: OutboundSend, reason: str, *, lost_from: datetime | None = None) -> bool:
    """Records that the outcome of `send` is unknown, and enqueues the reconciliation. Returns False if the outcome was
    already recorded. After a restore of the database, `lost_from` is the beginning of the lost time, and sends that
    were unknown before are reconciled again.
    """
    key, fields = f"{send.pk}:{send.tries}", {}
    expected: tuple[str, ...] = (State.INTENT,)
    if lost_from:
        key, expected = f"{key}:{timezone.now().timestamp():.0f}", UNSETTLED
        fields = {"lost_from": lost_from, "called_at": send.called_at or timezone.now(), "looked_at": None}
    with rollup.holding_lead_of(send):
        if not _finish(send, State.UNKNOWN, reason, expected=expected, **fields):
            return False
        enqueue_about(RECONCILE, send, "send_id", key=key)
    return True


def reconcile(send: OutboundSend, most: int) -> bool:
    """Enqueues the reconciliation of `send`. Returns False if a job of it waits or runs, or if it had `most` jobs."""
    key = f"{send.pk}:{send.tries}"
    jobs = BackgroundJob.objects.filter(tenant=send.workspace_id, dedupe_key__startswith=f"{RECONCILE}:{key}")
    if jobs.filter(status__in=BackgroundJob.LIVE).exists() or jobs.count() >= most:
        return False
    return enqueue_about(RECONCILE, send, "send_id", key=key, anew=True)[1]


def _finish(send: OutboundSend, state: str, reason: str, *, expected: tuple[str, ...], **fields: Any) -> bool:
    changed = OutboundSend.objects.filter(pk=send.pk, state__in=expected).update(
        **{"state": state, "reason": reason[:300], "finished_at": timezone.now()} | fields
    )
    if changed:
        send.refresh_from_db()
        if send.draft is not None:
            draft_changed.send(Draft, draft=send.draft, event=f"{state}-{send.part}-{send.tries}")
        logger.info("send settled", extra={"send_id": str(send.pk), "state": state, "channel": send.channel})
    return bool(changed)
