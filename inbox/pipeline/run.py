"""Processes a reply: runs the steps of the table in order and records each step. After a crash, the job continues with
the next step. While a configured model cannot be reached, the job runs all other steps, and then waits. When the model
answers again, the steps that depend on its reading, from `sentiment` on, run again.
"""

from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db.models import CharField, Exists, F, OuterRef, QuerySet
from django.db.models.fields.json import KT
from django.db.models.functions import Cast
from django.utils import timezone

from inbox.intake.messages import CATCH_UP, PROCESS, catch_up
from inbox.models import Draft, Message
from inbox.pipeline import skip_conditions as when
from inbox.pipeline.situation import NotNow, Situation
from inbox.pipeline.table import STEPS, Step
from inbox.replying.prompts import model_calls
from inbox.replying.prompts.model_calls import UNUSABLE, UNUSABLE_ATTEMPTS, ModelAway, NoModel
from integrations import registry
from integrations.http.breaker import breakers
from integrations.openai.errors import AnswerUnusable
from jobs.context import JobContext
from jobs.deadline import Deadline
from jobs.enqueue import enqueue_many
from jobs.errors import Snooze
from jobs.kinds import policy_of
from jobs.models import BackgroundJob, JobStep

PATIENCE = 10
"""After this number of waits without a usable answer, a job asks the model only hourly: its reply may be the cause."""
NAMES = [step.name for step in STEPS]
READ_ANEW = NAMES[NAMES.index("sentiment") :]
OLDEST = timedelta(days=30)
AT_ONCE = 200
"""The maximum number of replies per tick, so that new replies do not wait behind many old ones."""


def process(ctx: JobContext) -> dict[str, Any]:
    """Runs the job `inbound.process` (all steps) or `inbound.catch_up` (the steps that were impossible before). Returns
    the reply's tag, and its draft or why there is none. Raises Snooze while the model cannot be reached.
    """
    try:
        return _process(ctx, ctx.payload["message_id"])
    except Message.DoesNotExist:  # a sample was removed in the meantime
        return {"gone": ctx.payload["message_id"]}


def _process(ctx: JobContext, message_id: str) -> dict[str, Any]:
    if ctx.job.snoozes and (why := model_calls.tried_since(ctx.job.run_at)):
        if why == UNUSABLE:  # another reply without a usable answer is no reason to doubt this one
            jobs = BackgroundJob.objects.filter(pk=ctx.job.pk, workspace=ctx.workspace_id)
            why = jobs.values_list("last_error", flat=True).get()
        raise Snooze(model_calls.next_minute(), why)
    if ctx.job.snoozes and ctx.recorded(NAMES[-1]):
        ctx.forget(READ_ANEW)
    away = ""
    situation = None
    if not ctx.recorded(NAMES[0]):
        situation = Situation.load(message_id, ctx.workspace_id)
        breakers.heard(registry.provider_of(situation.message.source), ctx.workspace_id)
    for step in STEPS:
        if ctx.recorded(step.name):
            continue
        situation = situation or Situation.load(message_id, ctx.workspace_id)
        reason = step.reason_to_skip(situation) or (away if when.NO_MODEL in step.skipped_for else "")
        if reason:
            ctx.skip(step.name, reason)
            continue
        if step.lane and not away:
            ctx.move_to(step.lane)
        away = _run(ctx, step, situation) or away
        situation = None  # read it again, because the step has changed it or has taken long
    if away:
        ctx.leave_for(policy_of(ctx.job.kind).lane)  # the next run must read the reply before it answers
        raise Snooze(_next_try(ctx, away), away)
    return _result(ctx, message_id)


def _run(ctx: JobContext, step: Step, situation: Situation) -> str:
    """Runs the step, or records why it was skipped. Returns why the model could not be used; otherwise ""."""
    try:
        ctx.step(
            step.name,
            partial(step.run, situation),
            effect=JobStep.Effect.IDEMPOTENT,
            time_limit_ms=step.seconds * 1000,
        )
    except ModelAway as error:
        ctx.skip(step.name, str(error))
        return str(error)
    except (NotNow, NoModel) as skipped:
        ctx.skip(step.name, str(skipped))
    except AnswerUnusable:
        if ctx.attempt < UNUSABLE_ATTEMPTS:
            raise
        model_calls.note_away(UNUSABLE)
        ctx.skip(step.name, UNUSABLE)
        return UNUSABLE
    return ""


def _next_try(ctx: JobContext, why: str) -> datetime:
    at = model_calls.next_minute()
    if why == UNUSABLE and ctx.job.snoozes >= PATIENCE:
        return at.replace(minute=0) + timedelta(hours=1)
    return at


def _result(ctx: JobContext, message_id: str) -> dict[str, Any]:
    situation = Situation.load(message_id, ctx.workspace_id)
    outcome: dict[str, Any] = {"tag": situation.tag}
    draft = Draft.objects.filter(trigger_message=situation.message, channel=situation.channel).first()
    if draft is not None:
        return outcome | {"draft": str(draft.pk)}
    step = JobStep.objects.filter(job=ctx.job, name="draft").first()
    return outcome | {"draft": None, "why": step.reason if step else ""}


def catch_up_tick(_deadline: Deadline) -> dict[str, int]:
    """Runs the tick `catch-up`: if a model is ready, enqueues the replies that wait for one, at most once an hour."""
    if not model_calls.ready():
        return {"enqueued": 0, "left": 0}
    # Jobs created in the same millisecond have no order. The group of jobs is defined by the jobs' due times, which lie
    # just in the past.
    start = timezone.now() - timedelta(minutes=1)
    specs = [
        catch_up(message, run_at=start + timedelta(milliseconds=number))
        for number, message in enumerate(waiting()[:AT_ONCE])
    ]
    enqueued = len(enqueue_many(CATCH_UP, specs))
    return {"enqueued": enqueued, "left": waiting().count() if len(specs) == AT_ONCE else 0}


def waiting() -> QuerySet[Message]:
    """Returns the newest reply of each lead who waits for a model, oldest first. Replies that have a job or are older
    than 30 days are left out.
    """
    live = BackgroundJob.objects.annotate(about=KT("payload__message_id")).filter(
        workspace=OuterRef("workspace"),
        kind__in=[PROCESS, CATCH_UP],
        status__in=BackgroundJob.LIVE,
        about=Cast(OuterRef("pk"), CharField()),
    )
    newest = Message.objects.inbound(
        ~Exists(live),
        lead__awaiting_model=True,
        processed_at__isnull=False,
        received_at__gt=timezone.now() - OLDEST,
        sent_at=F("lead__last_inbound_at"),
    )
    return newest.order_by("sent_at", "pk")
