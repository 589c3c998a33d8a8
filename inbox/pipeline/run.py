"""Working on a reply: the table's steps in order, each recorded. A re-run after a crash goes on where it stopped."""

from functools import partial
from typing import Any

from inbox.asking import NoModel
from inbox.models import Draft
from inbox.pipeline.situation import NotNow, Situation
from inbox.pipeline.table import STEPS
from integrations.openai.errors import AnswerUnusable
from jobs.context import JobContext
from jobs.models import JobStep

UNUSABLE_ATTEMPTS = 4
"""So often a model may answer with nothing of use before the rest is done without it; catching up asks it again."""


def process(ctx: JobContext) -> dict[str, Any]:
    """The job `inbound.process`, and `inbound.catch_up`, which does again what had to be left out."""
    message_id = ctx.payload["message_id"]
    for step in STEPS:
        situation = Situation.load(message_id, ctx.workspace_id)
        reason = step.reason_to_skip(situation)
        if reason:
            ctx.skip(step.name, reason)
            continue
        try:
            ctx.step(
                step.name,
                partial(step.run, situation),
                effect=JobStep.Effect.IDEMPOTENT,
                time_limit_ms=step.seconds * 1000,
            )
        except (NotNow, NoModel) as skipped:
            ctx.skip(step.name, str(skipped))
        except AnswerUnusable:
            if ctx.attempt < UNUSABLE_ATTEMPTS:
                raise
            ctx.skip(step.name, f"The model gave no usable answer, {UNUSABLE_ATTEMPTS} times.")
    return _result(ctx, message_id)


def _result(ctx: JobContext, message_id: str) -> dict[str, Any]:
    """What the job's page says: the tag, and the draft or why there is none."""
    situation = Situation.load(message_id, ctx.workspace_id)
    result: dict[str, Any] = {"tag": situation.tag}
    draft = Draft.objects.filter(trigger_message_id=message_id, channel=situation.channel).first()
    if draft is not None:
        return result | {"draft": str(draft.pk)}
    step = JobStep.objects.filter(job=ctx.job, name="draft").first()
    return result | {"draft": None, "why": step.reason if step else ""}
