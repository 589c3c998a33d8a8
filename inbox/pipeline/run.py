"""Working on a reply: the table's steps in order, each recorded. A re-run after a crash goes on where it stopped.

Where a model is configured and cannot be had, everything else is done, and the job waits for the model. Then all that a
model's reading may change is done again, and so every step from SENTIMENT on may be run twice.
"""

from datetime import datetime, timedelta
from functools import partial
from typing import Any

from inbox import asking
from inbox.asking import ModelAway, NoModel
from inbox.models import Draft
from inbox.pipeline import conditions as when
from inbox.pipeline.situation import NotNow, Situation
from inbox.pipeline.table import STEPS, Step
from integrations.openai.errors import AnswerUnusable
from jobs.context import JobContext
from jobs.errors import Snooze
from jobs.models import JobStep

UNUSABLE_ATTEMPTS = 4
"""So often a model may answer with nothing of use before the rest is done without it."""
UNUSABLE = f"The model gave no usable answer, {UNUSABLE_ATTEMPTS} times."
PATIENCE = 10
"""A job that got no usable answer after it has waited so often asks once an hour: it may be this very text."""
NAMES = [step.name for step in STEPS]
READ_ANEW = NAMES[NAMES.index("sentiment") :]


def process(ctx: JobContext) -> dict[str, Any]:
    """The job `inbound.process`, and `inbound.catch_up`, which does again what had to be left out."""
    message_id = ctx.payload["message_id"]
    if ctx.job.snoozes and (why := asking.tried_since(ctx.job.run_at)):
        raise Snooze(asking.next_minute(), why)
    if ctx.job.snoozes and ctx.recorded(NAMES[-1]):
        ctx.forget(READ_ANEW)
    away = ""
    for step in STEPS:
        situation = Situation.load(message_id, ctx.workspace_id)
        reason = step.reason_to_skip(situation) or (away if when.NO_MODEL in step.skipped_for else "")
        if reason:
            ctx.skip(step.name, reason)
        else:
            away = _run(ctx, step, situation) or away
    if away:
        raise Snooze(_next_try(ctx, away), away)
    return _result(ctx, message_id)


def _run(ctx: JobContext, step: Step, situation: Situation) -> str:
    """Do the step, or record why not; returns why the model cannot be had, as far as it was asked in vain."""
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
        asking.note_away(UNUSABLE)
        ctx.skip(step.name, UNUSABLE)
        return UNUSABLE
    return ""


def _next_try(ctx: JobContext, why: str) -> datetime:
    at = asking.next_minute()
    if why == UNUSABLE and ctx.job.snoozes >= PATIENCE:
        return at.replace(minute=0) + timedelta(hours=1)
    return at


def _result(ctx: JobContext, message_id: str) -> dict[str, Any]:
    """What the job's page says: the tag, and the draft or why there is none."""
    situation = Situation.load(message_id, ctx.workspace_id)
    result: dict[str, Any] = {"tag": situation.tag}
    draft = Draft.objects.filter(trigger_message_id=message_id, channel=situation.channel).first()
    if draft is not None:
        return result | {"draft": str(draft.pk)}
    step = JobStep.objects.filter(job=ctx.job, name="draft").first()
    return result | {"draft": None, "why": step.reason if step else ""}
