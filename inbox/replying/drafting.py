"""Has the model write an answer in steps: a plan, the text, a check and at most one revision. The reviewer sees the
problems that remain. A message has one draft per channel, so a second caller gets the existing draft.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from django.db import transaction
from django.utils import timezone

from inbox.leads import rollup
from inbox.models import Draft, Message, SendingPolicy
from inbox.models.lead import Channel
from inbox.replying import (
    autosend,
    draft_material,
    prompts,
    provenance,
    send_claims,
    slots,
    verification,
)
from inbox.replying.chosen_facts import Fact
from inbox.replying.draft_material import Context, gather
from inbox.replying.prompts import Prompt, model_calls
from inbox.replying.prompts.sheet import Sheet
from inbox.signals import draft_changed
from inbox.workspaces import accounts
from integrations.openai.schema import ModelAnswer
from jobs.context import JobContext
from jobs.deadline import Deadline
from jobs.errors import PermanentError
from jobs.models import JobStep

MAX_PROBLEMS = 10

Ask = Callable[[Prompt, type[ModelAnswer], Sheet], Any]
"""A function that asks the model with a prompt and its sheet. It returns the answer as an instance of the type."""


class Strategy(ModelAnswer):
    """The plan of an answer. The schema is strict: every field is required."""

    goal: str
    answer_points: list[str]
    next_step: str
    offer_slots: list[str]
    facts: list[str]
    unknown: list[str]
    needs_human: bool
    why: str


class Text(ModelAnswer):
    text: str


class Verification(ModelAnswer):
    problems: list[str]


@dataclass(slots=True)
class Written:
    """An answer of the model that is not stored yet. `problems` are the findings of the last check."""

    channel: str
    text: str
    strategy: Strategy
    problems: list[str] = field(default_factory=list)
    revised: bool = False
    offered: list[list[str]] = field(default_factory=list)
    made_of: dict[str, Any] = field(default_factory=dict)

    @property
    def fields(self) -> dict[str, Any]:
        prompt = prompts.load(self.channel)
        return {
            "text": self.text,
            "generated_text": self.text,
            "strategy": self.strategy.model_dump(),
            "verification": {"problems": self.problems, "revised": self.revised, "offered": self.offered},
            "status_reason": self.held_for,
            "made_of": provenance.with_calls(self.made_of),
            "model": prompt.model,
            "prompt_version": prompt.label,
        }

    @property
    def held_for(self) -> str:
        """The reason why a person must check the answer, as a sentence of up to 200 characters; "" without a reason."""
        if self.problems:
            return f"Check the draft: {self.problems[0]}"[:200]
        return f"Needs your decision: {self.strategy.why}"[:200] if self.strategy.needs_human else ""


def write(message: Message, deadline: Deadline) -> Written:
    """Has the model write an answer, which may offer free times. Stores nothing. Raises as `model_calls.ask` does."""
    context = gather(message, slots.on_offer(message.workspace, deadline))
    return compose(context, partial(model_calls.ask, workspace_id=message.workspace_id, deadline=deadline))


def compose(context: Context, ask: Ask) -> Written:
    """Has the model write an answer from `context` alone. Reads and writes no rows. Raises the errors of `ask`."""
    strategy = ask(prompts.load("strategy"), Strategy, context.render())
    used, strange = context.chosen.used(strategy.facts)
    plan = _plan(strategy, context, used)
    drafted = ask(prompts.load(context.channel), Text, context.render(plan=plan))
    text = drafted.text.strip()
    faults = _problems(ask, context, text)
    revised = bool(faults)
    if faults:
        listed = "\n".join(f"- {problem}" for problem in faults)
        again = ask(prompts.load("revise"), Text, context.render(plan=plan, draft=text, problems=listed))
        text = again.text.strip() or text
        faults = _problems(ask, context, text)
    faults = [f"The plan relies on a fact that doesn’t exist: {key[:20]}" for key in strange] + faults
    if words := draft_material.machine_orders(context.lead, context.message, context.earlier):
        faults = [draft_material.machine_reason(words), *faults]
    offered = slots.offered_in(context.slots, text)
    made_of = provenance.made_of(context, used, offered)
    problems = faults[:MAX_PROBLEMS]
    if context.channel == Channel.EMAIL:
        text = accounts.signed(text, context.signature)
    return Written(context.channel, text, strategy, problems, revised, offered, made_of)


def _problems(ask: Ask, context: Context, text: str) -> list[str]:
    """Returns the problems of `text`. Asks the model only if our own checks find nothing."""
    problems = verification.problems(text, context)
    if not problems:
        problems = ask(prompts.load("verify"), Verification, context.render(draft=text)).problems
    return [problem.strip()[:200] for problem in problems if problem.strip()][:MAX_PROBLEMS]


def _plan(strategy: Strategy, context: Context, used: list[Fact]) -> str:
    offered = [slot.words for slot in context.slots if slot.id in strategy.offer_slots]
    lines = [f"Goal: {strategy.goal}", *(f"- {point}" for point in strategy.answer_points)]
    lines += [f"Next step: {strategy.next_step}"]
    lines += [f"Facts to use: {', '.join(fact.id for fact in used)}"] if used else []
    lines += ["Offer: " + "; ".join(offered)] if offered else []
    lines += [f"Not known, do not guess: {point}" for point in strategy.unknown]
    return "\n".join(lines)


def keep(message: Message, written: Written) -> Draft | None:
    """Stores `written` as the draft for `message`, and returns the draft, or the one that already exists. Returns None
    if the lead is stopped, has written again, or has been answered in the meantime.
    """
    with rollup.holding(message.lead) as lead:
        if lead.is_stopped or (lead.last_inbound_at and lead.last_inbound_at > message.sent_at):
            return None
        if send_claims.answered_since(message):
            return None
        draft, _ = Draft.objects.get_or_create(
            trigger_message=message,
            channel=message.channel,
            defaults={
                "workspace_id": message.workspace_id,
                "lead": lead,
                "subject": _subject(message),
                **written.fields,
            },
        )
    return draft


def replace(draft: Draft, written: Written) -> bool:
    """Stores `written` as the next revision of a waiting draft, and reloads `draft`. The new revision has no evaluation
    and no automatic send yet. Returns False if the draft was decided or rewritten in the meantime.
    """
    waiting = Draft.objects.filter(pk=draft.pk, status=Draft.Status.PENDING, revision=draft.revision)
    with transaction.atomic():
        changed = waiting.update(
            **written.fields,
            revision=draft.revision + 1,
            evaluation={},
            would_send=None,
            gate_mode="",
            send_at=None,
            updated_at=timezone.now(),
        )
        draft.refresh_from_db()
        draft_changed.send(Draft, draft=draft, event="rewritten")
    return bool(changed)


def _subject(message: Message) -> str:
    if message.channel != Channel.EMAIL or not message.subject:
        return ""
    return message.subject if message.subject.lower().startswith("re:") else f"Re: {message.subject}"


def run_rewrite(ctx: JobContext) -> dict[str, Any]:
    """Runs the job `draft.rewrite`: rewrites a draft, unless it was decided or rewritten in the meantime. Raises
    PermanentError if the model does not answer.
    """
    drafts = Draft.objects.select_related("trigger_message__lead", "trigger_message__workspace")
    draft = ctx.row(drafts, "draft_id")
    asked_revision = ctx.payload["revision"]
    # If an earlier attempt of this job died after the step "write", the draft already has the next revision.
    if draft.status != Draft.Status.PENDING or draft.revision not in (asked_revision, asked_revision + 1):
        return {"outcome": "decided or rewritten already"}

    def rewrite(deadline: Deadline) -> dict[str, Any]:
        if draft.revision != asked_revision:
            return {"replaced": True}
        try:
            written = write(draft.trigger_message, deadline)
        except model_calls.NoModel as reason:
            raise PermanentError(str(reason)) from reason
        return {"replaced": replace(draft, written)}

    outcome = ctx.step("write", rewrite, effect=JobStep.Effect.IDEMPOTENT)
    ctx.step("gates", lambda deadline: _judge(ctx, deadline), effect=JobStep.Effect.IDEMPOTENT)
    return outcome


def _judge(ctx: JobContext, deadline: Deadline) -> dict[str, str]:
    related = (
        "lead__campaign",
        "trigger_message__campaign",
        "trigger_message__lead",
        "trigger_message__workspace",
    )
    draft = Draft.objects.select_related("workspace", *related).get(pk=ctx.payload["draft_id"])
    policy = draft.policy
    if policy.mode == SendingPolicy.Mode.OFF or draft.status != Draft.Status.PENDING:
        return {"outcome": "off"}
    autosend.evaluate(draft, draft.trigger_message, deadline)
    return {"outcome": autosend.judge(draft, policy)}
