"""Rewrites a draft at a person's request. The draft gets its next revision, and the gates judge it again."""

from typing import Any

from inbox.models import Draft, SendingPolicy
from inbox.replying import autosend, drafting, policies
from inbox.replying.prompts.model_calls import NoModel
from jobs.context import JobContext
from jobs.errors import PermanentError
from jobs.models import JobStep


def run(ctx: JobContext) -> dict[str, Any]:
    """The job `draft.rewrite`. Decided or rewritten drafts stay unchanged. Raises PermanentError without a model."""
    drafts = Draft.objects.select_related("trigger_message__lead", "trigger_message__workspace")
    draft = ctx.row(drafts, "draft_id")
    asked_revision = ctx.payload["revision"]
    # If an earlier attempt died between writing and judging, the next revision belongs to this job.
    if draft.status != Draft.Status.PENDING or draft.revision not in (asked_revision, asked_revision + 1):
        return {"outcome": "decided or rewritten already"}

    def write(deadline: Any) -> dict[str, Any]:
        if draft.revision != asked_revision:
            return {"replaced": True}
        try:
            written = drafting.write(draft.trigger_message, deadline)
        except NoModel as reason:
            raise PermanentError(str(reason)) from reason
        return {"replaced": drafting.replace(draft, written)}

    outcome: dict[str, Any] = ctx.step("write", write, effect=JobStep.Effect.IDEMPOTENT)
    ctx.step("gates", lambda deadline: _judge(ctx, deadline), effect=JobStep.Effect.IDEMPOTENT)
    return outcome


def _judge(ctx: JobContext, deadline: Any) -> dict[str, str]:
    related = (
        "lead__campaign",
        "trigger_message__campaign",
        "trigger_message__lead",
        "trigger_message__workspace",
    )
    draft = Draft.objects.select_related("workspace", *related).get(pk=ctx.payload["draft_id"])
    policy = policies.of(draft.workspace, draft.trigger_message.campaign or draft.lead.campaign)
    if policy.mode == SendingPolicy.Mode.OFF or draft.status != Draft.Status.PENDING:
        return {"outcome": "off"}
    autosend.evaluate(draft, draft.trigger_message, deadline)
    return {"outcome": autosend.judge(draft, policy)}
