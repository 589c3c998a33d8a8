"""Answering a follow-up question from the readings of its pack. Nothing is read anew."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.db.models.functions import Now

from insights import claims
from insights.asking import Bill, ask, load
from insights.extraction import reason_of
from insights.models import PackQuestion, PackThread
from insights.outage import Outage
from insights.schema import PackAnswer
from jobs.context import JobContext
from jobs.db import drop_connection
from jobs.errors import PermanentError

Status = PackQuestion.Status


def run(ctx: JobContext) -> dict[str, Any]:
    """The handler of `packs.ANSWER`. What may pass is the job's to retry; the tick notes the last failure."""
    outage = Outage()
    drop_connection()
    found = outage.visit(lambda: _load(UUID(ctx.payload["question_id"])))
    if found is None:
        return {"skipped": "It is answered, or the pack is gone."}
    question, threads = found
    prompt, bill, material = load("answer_pack"), Bill(), claims.material(threads)
    values: dict[str, Any]
    try:
        answer = ask(
            prompt,
            PackAnswer,
            claims.question(question.text, material),
            workspace_id=question.workspace_id,
            deadline=ctx.deadline,
            bill=bill,
        )
        values = {"status": Status.ANSWERED, "answer": claims.stored(answer, material), "error": ""}
    except PermanentError as error:
        values = {"status": Status.FAILED, "error": reason_of(error)[:300]}

    def write() -> None:
        with ctx.fenced():
            pending(question.pk).update(
                answered_at=Now(),
                model=prompt.model,
                prompt_version=prompt.label,
                cost_microusd=bill.microusd,
                **values,
            )

    outage.visit(write)
    return {"status": str(values["status"])}


def pending(question_id: UUID) -> QuerySet[PackQuestion]:
    """The question, while it waits for its answer."""
    return PackQuestion.objects.filter(pk=question_id, status=Status.PENDING)


def _load(question_id: UUID) -> tuple[PackQuestion, list[PackThread]] | None:
    question = pending(question_id).select_related("pack").first()
    if question is None:
        return None
    done = question.pack.threads.filter(status=PackThread.Status.DONE, insight__isnull=False)
    return question, list(done.select_related("insight", "lead__campaign").order_by("position"))
