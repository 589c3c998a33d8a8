"""Reads the conversations of a context pack in a thread pool, in which one error does not stop the other threads."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import Error, transaction
from django.db.models import F, Q, QuerySet, Subquery
from django.utils import timezone

from insights import readings
from insights.models import ContextPack, ConversationInsight, PackThread
from insights.outage import Outage
from insights.pack_model_calls import Bill
from insights.readings import Claim, Conversation
from insights.schema import InsightAnswer
from integrations.errors import ProviderAuthError, ProviderError, ProviderMisconfigured
from jobs.deadline import Deadline
from jobs.errors import (
    Cancelled,
    DeadlineExceeded,
    LeaseLost,
    PermanentError,
    ShutdownRequested,
)

logger = logging.getLogger(__name__)
THREAD_ATTEMPTS = 3
STOP = (Cancelled, ShutdownRequested, LeaseLost, DeadlineExceeded, Error)


@dataclass(frozen=True)
class Unavailable:
    """The language model cannot be asked before `until`, for `reason`.

    The conversation did not cause the failure, so the attempt to read it does not count.
    """

    until: datetime
    reason: str


class Reader:
    """Makes the model read conversations of a context pack, in one round. Several threads may call `work` at once."""

    def __init__(self, deadline: Deadline, outage: Outage, source: str) -> None:
        self._deadline = deadline
        self._outage = outage
        self._source = source

    def work(self, thread: PackThread, conversation: Conversation) -> str | Unavailable | BaseException:
        """Makes the model read one conversation, and stores the reading. It never raises.

        Returns "done"; "failed" if the conversation is not tried again, or else "later"; "busy" if another worker reads
        it; or an Unavailable. If the job must stop, returns an exception.
        """
        try:
            self._deadline.check()
            return self._work(thread, conversation)
        except STOP as reason:
            return reason
        except (ProviderMisconfigured, ProviderAuthError) as error:
            return error
        except Exception as error:
            logger.exception(
                "thread failed", extra={"pack_id": str(thread.pack_id), "lead_id": str(thread.lead_id)}
            )
            return self._settle(thread, f"A bug in Holdfast: {type(error).__name__}.", final=True)

    def _work(self, thread: PackThread, conversation: Conversation) -> str | Unavailable | BaseException:
        if not conversation.ids:
            return self._settle(thread, "There’s no text to read.", final=True)
        claimed = self._outage.visit(lambda: self._claim(thread, conversation))
        if claimed is Claim.BUSY:
            return "busy"
        if claimed is Claim.KNOWN:
            return "done"
        return self._ask(thread, conversation)

    def _claim(self, thread: PackThread, conversation: Conversation) -> Claim:
        """Claims the reading of the conversation for this worker, and counts the attempt, in one transaction. If the
        same texts were read before, the context pack takes the stored reading instead.
        """
        with transaction.atomic():
            claimed, reading_id = readings.claim(
                conversation, thread.pack.workspace_id, self._source, thread.pack_id
            )
            if claimed is Claim.MINE:
                _pending(thread).update(attempts=F("attempts") + 1)
                thread.attempts += 1
            elif claimed is Claim.KNOWN:
                _end(thread, reading_id, paid=False)
        return claimed

    def _ask(self, thread: PackThread, conversation: Conversation) -> str | Unavailable | BaseException:
        bill = Bill()
        try:
            self._outage.check()
            answer = readings.read(conversation, thread.pack.workspace_id, self._deadline, bill)
        except Exception as error:
            refund = _refunded(error)
            self._outage.visit(lambda: self._abandon(thread, conversation, bill, refund))
            if not isinstance(error, ProviderError) or isinstance(error, ProviderAuthError):
                raise
            if refund:
                return Unavailable(try_again_at(error), f"{error}. Trying again.")
            final = isinstance(error, PermanentError) or thread.attempts >= THREAD_ATTEMPTS
            return self._settle(thread, reason_of(error), final=final)
        stored = self._outage.visit(lambda: self._store(thread, conversation, answer, bill))
        return "done" if stored else "busy"

    def _store(
        self, thread: PackThread, conversation: Conversation, answer: InsightAnswer, bill: Bill
    ) -> bool:
        with transaction.atomic():
            insight_id = readings.store(conversation, thread.pack_id, answer, self._source, bill.microusd)
            if insight_id is not None:
                _end(thread, insight_id, paid=True)
            _charge(thread, bill)
        return insight_id is not None

    def _abandon(self, thread: PackThread, conversation: Conversation, bill: Bill, refund: bool) -> None:
        with transaction.atomic():
            readings.release(conversation, thread.pack_id)
            if refund:
                _pending(thread).update(attempts=F("attempts") - 1)
            _charge(thread, bill)

    def _settle(self, thread: PackThread, reason: str, *, final: bool) -> str | BaseException:
        """Stores the reason why a conversation could not be read. Unless `final`, the next round tries again."""
        values = {"error": reason[:200]} | ({"status": PackThread.Status.FAILED} if final else {})
        try:
            self._outage.visit(lambda: _pending(thread).update(**values))
        except Error as error:
            return error
        return "failed" if final else "later"


def _pending(thread: PackThread) -> QuerySet[PackThread]:
    return PackThread.objects.filter(pk=thread.pk, status=PackThread.Status.PENDING)


def _end(thread: PackThread, insight_id: UUID | None, *, paid: bool) -> None:
    outcome = ConversationInsight.objects.filter(Q(pk=insight_id)).values("outcome")
    _pending(thread).update(
        status=PackThread.Status.DONE, insight_id=insight_id, outcome=Subquery(outcome), paid=paid, error=""
    )


def _charge(thread: PackThread, bill: Bill) -> None:
    if bill.microusd:
        ContextPack.objects.filter(pk=thread.pack_id).update(cost_microusd=F("cost_microusd") + bill.microusd)


def _refunded(error: Exception) -> bool:
    """Whether the attempt does not count, because no model call was made or the job was asked to stop."""
    if isinstance(error, ProviderError):
        return error.sent is False and error.code in ("circuit_open", "throttled", "own_limit")
    return isinstance(error, STOP)


def try_again_at(error: ProviderError) -> datetime:
    """Returns the time (aware) at which the provider may be called again after `error`: the time that the provider
    named, or else a second from now.
    """
    return timezone.now() + timedelta(milliseconds=error.retry_after_ms or 1_000)


def reason_of(error: BaseException) -> str:
    """Returns the error as a sentence for users, with a full stop."""
    text = str(error).strip() or type(error).__name__
    return text if text.endswith(".") else f"{text}."
