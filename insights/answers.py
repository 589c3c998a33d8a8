"""Answers a user's follow-up question about a pack from the pack's existing readings."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.db.models.functions import Now

from insights import cited_statements
from insights.extraction import reason_of
from insights.models import PackQuestion, PackThread
from insights.outage import Outage
from insights.pack_model_calls import Bill, load
from insights.schema import PackAnswer
from jobs.context import JobContext
from jobs.db import drop_connection
from jobs.errors import PermanentError

Status = PackQuestion.Status


def run(ctx: JobContext) -> dict[str, Any]:
    """The job that answers a follow-up question. It stores the answer, or why there is none, and returns the question's
    status.

    A temporary error is raised. After the last attempt, the tick in `insights.upkeep` marks the question as failed.
    """
    outage = Outage()
    drop_connection()
    loaded = outage.visit(lambda: _load(UUID(ctx.payload["question_id"])))
    if loaded is None:
        return {"skipped": "It’s already answered, or the pack is gone."}
    question, threads = loaded
    prompt, bill = load("answer_pack"), Bill()
    values: dict[str, Any] = {"model": prompt.model, "prompt_version": prompt.label}
    try:
        answer = cited_statements.answer(
            prompt,
            PackAnswer,
            question.text,
            threads,
            workspace_id=question.workspace_id,
            deadline=ctx.deadline,
            bill=bill,
        )
        values |= {"status": Status.ANSWERED, "answer": answer, "error": ""}
    except PermanentError as error:
        values |= {"status": Status.FAILED, "error": reason_of(error)[:300]}
    outage.visit(lambda: _store(ctx, question.pk, cost_microusd=bill.microusd, **values))
    return {"status": str(values["status"])}


def _store(ctx: JobContext, question_id: UUID, **values: Any) -> None:
    with ctx.fenced():
        pending(question_id).update(answered_at=Now(), **values)


def pending(question_id: UUID) -> QuerySet[PackQuestion]:
    """Returns a queryset with this follow-up question. It is empty once the question is answered or failed."""
    return PackQuestion.objects.filter(pk=question_id, status=Status.PENDING)


def _load(question_id: UUID) -> tuple[PackQuestion, list[PackThread]] | None:
    question = pending(question_id).select_related("pack").first()
    if question is None:
        return None
    return question, cited_statements.readable(question.pack)
