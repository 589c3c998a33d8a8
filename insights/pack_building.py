"""Builds a context pack: selects conversations, makes the model read new ones, and answers the pack's question.

Each context pack has one job, which writes only while its worker holds the lease. The state of each conversation is
stored, so a new run continues with the unread ones. A bounded thread pool calls the model without a database
connection.
"""

import logging
import math
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from inbox.models import Campaign, Lead, Message
from inbox.models.lead import Tag
from inbox.replying.prompts import Prompt
from insights import packs, readings
from insights.extraction import Reader, Unavailable, reason_of, try_again_at
from insights.models import ContextPack, ConversationInsight, PackQuestion, PackThread
from insights.outage import Outage
from insights.pack_model_calls import Bill, load
from insights.schema import PackAnswer, PackSynthesis
from integrations.errors import ProviderError
from jobs.context import JobContext
from jobs.db import drop_connection
from jobs.errors import DeadlineExceeded, PermanentError, Snooze, TransientError

Reason = PackThread.Reason
HIGH_SCORE = 3

RULES = {
    Reason.POSITIVE: Q(booked_at__isnull=False)
    | Q(tag__in=[Tag.MEETING_BOOKED, Tag.MEETING_REQUESTED, Tag.CALL_REQUESTED]),
    Reason.SCORE: Q(score__gte=HIGH_SCORE),
    Reason.OBJECTION: Q(tag=Tag.OBJECTION),
    Reason.STALLED: Q(answered_at__gt=F("last_inbound_at")),
    Reason.NEGATIVE: Q(tag__in=[Tag.NOT_INTERESTED, Tag.WRONG_PERSON, Tag.BLACKLIST]),
}
"""The reasons for selecting a lead, in order. A lead that matches several reasons counts for the first."""

QUOTAS = {
    Reason.POSITIVE: (30, 12),
    Reason.SCORE: (20, 8),
    Reason.OBJECTION: (10, 4),
    Reason.STALLED: (10, 4),
    Reason.NEGATIVE: (5, 2),
}
"""The most leads selected for each reason: the first number holds for a pack of one campaign or of the whole workspace,
the second for each campaign of a pack of several."""
logger = logging.getLogger(__name__)
Status = ContextPack.Status
SYNTHESIS_ATTEMPTS = 3
EARLY_MIN, EARLY_MAX, EARLY_SHARE = 10, 50, 0.25
BUSY_PAUSE_S = 0.5
LEFT_FOR_SYNTHESIS_MS = 130_000
QuestionStatus = PackQuestion.Status


def select(pack: ContextPack, campaigns: Iterable[Campaign]) -> list[PackThread]:
    """Selects the conversations that a context pack reads, by RULES and QUOTAS, from leads who wrote in the pack's
    window.

    Returns unsaved PackThread rows, one for each lead. Automatic replies, samples and leads that are being erased are
    skipped.
    """
    leads = _in_window(pack)
    scopes = [leads.filter(campaign=campaign) for campaign in campaigns] or [leads]
    several = len(scopes) > 1
    chosen: dict[UUID, str] = {}
    for scope in scopes:
        for lead_id, reason in _of_scope(scope, several, set(chosen)):
            chosen[lead_id] = reason
    return [
        PackThread(pack=pack, lead_id=lead_id, reason=reason, position=position)
        for position, (lead_id, reason) in enumerate(chosen.items())
    ]


def _in_window(pack: ContextPack) -> QuerySet[Lead]:
    replies = Message.objects.filter(
        lead=OuterRef("pk"),
        direction=Message.Direction.INBOUND,
        sent_at__gte=pack.window_from,
        sent_at__lt=pack.window_to,
    ).exclude(text="")
    return (
        Lead.objects.filter(
            workspace_id=pack.workspace_id,
            last_message_at__gte=pack.window_from,
            sample=False,
            erasing_at=None,
        )
        .exclude(tag__in=[Tag.AUTOMATED_REPLY, Tag.OUT_OF_OFFICE])
        .filter(Exists(replies))
    )


def _of_scope(scope: QuerySet[Lead], several: bool, skipped: set[UUID]) -> Iterator[tuple[UUID, str]]:
    lead_ids = set(skipped)
    for reason, rule in RULES.items():
        quota = QUOTAS[reason][several]
        rows = scope.filter(rule).exclude(pk__in=lead_ids).order_by("-last_message_at", "-pk")
        for lead_id in rows.values_list("pk", flat=True)[:quota]:
            lead_ids.add(lead_id)
            yield lead_id, reason


def build(ctx: JobContext) -> dict[str, Any]:
    """Runs the job that builds a context pack. Returns counts of the pack's conversations, or why it did nothing.
    Raises Snooze.
    """
    return Build(ctx).run()


class Build:
    def __init__(self, ctx: JobContext) -> None:
        self.ctx = ctx
        self.pack_id = UUID(ctx.payload["pack_id"])
        self.outage = Outage()
        self.pack: ContextPack

    def run(self) -> dict[str, Any]:
        """Builds the context pack as far as the time allows. Returns counts, {"skipped": reason} or {"failed": reason}.

        Raises Snooze if conversations are left for the next run. A permanent error marks the context pack as failed.
        """
        pack = self._visit(self._open)
        if pack is None:
            return {"skipped": "The build has already ended."}
        self.pack = pack
        try:
            while self._round():
                self.ctx.checkpoint()
                if self.ctx.deadline.remaining_ms() < LEFT_FOR_SYNTHESIS_MS:
                    raise Snooze(timezone.now(), "The rest will be read in the next run.")
            return self._finish()
        except DeadlineExceeded as late:
            raise Snooze(timezone.now(), "The rest will be read in the next run.") from late
        except PermanentError as error:
            reason = reason_of(error)
            self._visit(lambda: packs.fail(self.pack_id, reason))
            return {"failed": reason}

    def _visit(self, work: Callable[[], Any]) -> Any:
        drop_connection()
        return self.outage.visit(work)

    def _fenced(self, work: Callable[[], Any]) -> Any:
        def in_transaction() -> Any:
            with self.ctx.fenced():
                return work()

        return self._visit(in_transaction)

    def _open(self) -> ContextPack | None:
        """Marks the pack as running and selects its conversations. Returns None if the build has already ended."""
        with self.ctx.fenced():
            under_way = ContextPack.objects.filter(pk=self.pack_id, status__in=ContextPack.UNDER_WAY)
            pack = under_way.select_for_update(of=("self",)).first()
            if pack is None:
                return None
            if pack.selected_at is None:
                threads = select(pack, pack.campaigns.all())
                PackThread.objects.bulk_create(threads, ignore_conflicts=True)
                pack.target_threads = len(threads)
                pack.selected_at = pack.started_at = timezone.now()
            pack.status = Status.RUNNING
            pack.save(update_fields=["status", "target_threads", "selected_at", "started_at"])
            return pack

    def _round(self) -> bool:
        """Reads one batch of unread conversations. Returns False if no unread conversation is left."""
        batch = self._visit(self._batch)
        if not batch:
            return False
        reader = Reader(self.ctx.deadline, self.outage, ConversationInsight.Source.CHAT_PACK)
        with ThreadPoolExecutor(
            settings.INSIGHTS_CONTEXT_PACK_LEAD_CONCURRENCY, thread_name_prefix="insights"
        ) as pool:
            results = list(pool.map(lambda pair: reader.work(*pair), batch))
        for outcome in results:
            if isinstance(outcome, Unavailable):
                raise Snooze(outcome.until, outcome.reason)
            if isinstance(outcome, BaseException):
                raise outcome
        if all(outcome == "busy" for outcome in results):
            self.ctx.deadline.sleep_s(BUSY_PAUSE_S)
        self._visit(self._show_progress)
        self._answer_early()
        return True

    def _batch(self) -> list[tuple[PackThread, readings.Conversation]]:
        pending = self.pack.threads.filter(status=PackThread.Status.PENDING)
        threads = list(
            pending.select_related("pack").order_by("attempts", "position")[
                : settings.INSIGHTS_CONTEXT_PACK_CRON_BATCH
            ]
        )
        label = readings.prompt().label
        texts = readings.load_conversations([thread.lead_id for thread in threads], prompt_label=label)
        return [(thread, texts[thread.lead_id]) for thread in threads]

    def _show_progress(self) -> None:
        counts = self.pack.threads.aggregate(over=Count("pk", filter=~Q(status=PackThread.Status.PENDING)))
        self.ctx.progress(counts["over"], self.pack.target_threads)

    def _answer_early(self) -> None:
        """Answers the question from the first conversations. If this fails, the build continues without an early
        answer.
        """
        if self.pack.early_answer is not None:
            return
        threads = self._visit(lambda: readings.readable(self.pack))
        wanted = early_after(self.pack.target_threads)
        if not wanted <= len(threads) < self.pack.target_threads:
            return
        bill = Bill()
        try:
            early = self._ask(load("answer_pack"), PackAnswer, threads, bill)
        except ProviderError as error:
            logger.warning(
                "no early answer", extra={"pack_id": str(self.pack_id), "error_class": type(error).__name__}
            )
            early = {}
        self.pack.early_answer = early
        self._fenced(lambda: self._save(bill, early_answer=early or None, early_threads=len(threads)))

    def _finish(self) -> dict[str, Any]:
        counts: dict[str, int]
        threads, counts = self._visit(lambda: (readings.readable(self.pack), self._counts()))
        if not threads:
            raise PermanentError(self._visit(self._why_nothing))
        bill = Bill()
        prompt = load("synthesise_pack")
        self._fenced(self._count_synthesis)
        try:
            synthesis = self._ask(prompt, PackSynthesis, threads, bill)
        except ProviderError as error:
            self._fenced(lambda: self._save(bill))
            self._give_up_or_raise(error)
            raise
        self._fenced(
            lambda: self._save(
                bill,
                status=Status.COMPLETE,
                synthesis=synthesis,
                metrics=counts,
                model=prompt.model,
                prompt_version=prompt.label,
                finished_at=Now(),
                error="",
            )
        )
        return counts

    def _ask(
        self, prompt: Prompt, schema: type[PackAnswer], threads: list[PackThread], bill: Bill
    ) -> dict[str, Any]:
        return readings.answer(
            prompt,
            schema,
            self.pack.question,
            threads,
            workspace_id=self.pack.workspace_id,
            deadline=self.ctx.deadline,
            bill=bill,
        )

    def _give_up_or_raise(self, error: ProviderError) -> None:
        attempts = self.pack.synthesis_attempts
        if isinstance(error, TransientError) and not isinstance(error, PermanentError):
            # A circuit breaker or one of our own rate limits prevented the call.
            if error.sent is False and error.retry_after_ms:
                self._fenced(lambda: self._save(Bill(), synthesis_attempts=F("synthesis_attempts") - 1))
                raise Snooze(try_again_at(error), f"{error}. Trying again.") from error
            if attempts < SYNTHESIS_ATTEMPTS:
                return
        raise PermanentError(
            f"The conversations were read, but summarising them failed {attempts} times: {reason_of(error)}"
        ) from error

    def _count_synthesis(self) -> None:
        ContextPack.objects.filter(pk=self.pack_id).update(synthesis_attempts=F("synthesis_attempts") + 1)
        self.pack.refresh_from_db(fields=["synthesis_attempts"])

    def _save(self, bill: Bill, **values: Any) -> None:
        """Saves the cost and `values` to the context pack while it is being built. A stopped pack stays stopped."""
        running = ContextPack.objects.filter(pk=self.pack_id, status=Status.RUNNING)
        running.update(cost_microusd=F("cost_microusd") + bill.microusd, **values)

    def _counts(self) -> dict[str, int]:
        done = PackThread.Status.DONE
        return self.pack.threads.aggregate(
            read=Count("pk", filter=Q(status=done)),
            failed=Count("pk", filter=Q(status=PackThread.Status.FAILED)),
            paid=Count("pk", filter=Q(status=done, paid=True)),
            **{
                name: Count("pk", filter=Q(status=done, outcome=name))
                for name in ConversationInsight.Outcome.values
            },
        )

    def _why_nothing(self) -> str:
        if not self.pack.target_threads:
            return "There are no conversations with a reply in this period and these campaigns."
        failed = self.pack.threads.filter(status=PackThread.Status.FAILED)
        error = failed.exclude(error="").values_list("error", flat=True).first() or "none can be read"
        return f"None of the {self.pack.target_threads} conversations could be read: {error}"


def early_after(target_threads: int) -> int:
    """Returns how many conversations must be read before a pack of `target_threads` gets its first answer."""
    return max(EARLY_MIN, min(EARLY_MAX, math.ceil(target_threads * EARLY_SHARE)))


def answer_question(ctx: JobContext) -> dict[str, Any]:
    """Runs the job that answers a user's follow-up question. Stores the answer, or why there is none, and returns the
    question's status.

    Raises a temporary error, so that the job is retried. After the last attempt, the tick in `insights.upkeep` marks
    the question as failed.
    """
    outage = Outage()
    drop_connection()
    pending = pending_question(UUID(ctx.payload["question_id"])).select_related("pack")
    if (question := outage.visit(pending.first)) is None:
        return {"skipped": "The question has already been answered, or the pack was deleted."}
    threads = outage.visit(lambda: readings.readable(question.pack))
    prompt, bill = load("answer_pack"), Bill()
    values: dict[str, Any] = {"model": prompt.model, "prompt_version": prompt.label}
    try:
        answer = readings.answer(
            prompt,
            PackAnswer,
            question.text,
            threads,
            workspace_id=question.workspace_id,
            deadline=ctx.deadline,
            bill=bill,
        )
        values |= {"status": QuestionStatus.ANSWERED, "answer": answer, "error": ""}
    except PermanentError as error:
        values |= {"status": QuestionStatus.FAILED, "error": reason_of(error)[:300]}
    outage.visit(lambda: _store_answer(ctx, question.pk, cost_microusd=bill.microusd, **values))
    return {"status": str(values["status"])}


def _store_answer(ctx: JobContext, question_id: UUID, **values: Any) -> None:
    with ctx.fenced():
        pending_question(question_id).update(answered_at=Now(), **values)


def pending_question(question_id: UUID) -> QuerySet[PackQuestion]:
    """Returns a queryset with this follow-up question while it has no answer. The queryset is empty once the question
    is answered or failed.
    """
    return PackQuestion.objects.filter(pk=question_id, status=QuestionStatus.PENDING)
