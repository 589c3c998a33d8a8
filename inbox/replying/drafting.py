"""Writing an answer: a plan, the text, a check, at most one revision. What is wrong after that is said to the reviewer.

The draft is unique per message and channel: whoever comes second finds the first one's.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from django.db import transaction
from django.utils import timezone

from inbox import asking, prompts
from inbox.bookings import offers, slots
from inbox.leads import rollup
from inbox.models import Draft, Message
from inbox.models.lead import Channel
from inbox.prompts import Prompt
from inbox.prompts.sheet import Sheet
from inbox.replying import claims, making, orders, verification
from inbox.replying.context import Context, gather
from inbox.replying.facts import Fact
from inbox.signals import draft_changed
from integrations.openai.schema import ModelAnswer
from jobs.deadline import Deadline

MAX_PROBLEMS = 10

Ask = Callable[[Prompt, type[ModelAnswer], Sheet], Any]
"""Puts a prompt and its sheet to the model; the answer is of the type that was asked for."""


class Strategy(ModelAnswer):
    """The plan (strict schema: every field is required)."""

    goal: str
    answer_points: list[str]
    next_step: str
    offer_slots: list[str]
    facts: list[str]
    unknown: list[str]
    needs_human: bool
    why: str


class Text(ModelAnswer):
    """The answer itself."""

    text: str


class Verification(ModelAnswer):
    """What the checking model found."""

    problems: list[str]


@dataclass(slots=True)
class Written:
    """A finished text, how it came about, and what is still wrong with it."""

    channel: str
    text: str
    strategy: Strategy
    problems: list[str] = field(default_factory=list)
    revised: bool = False
    offered: list[list[str]] = field(default_factory=list)
    made_of: dict[str, Any] = field(default_factory=dict)

    @property
    def fields(self) -> dict[str, Any]:
        """The draft's columns."""
        prompt = prompts.load(self.channel)
        return {
            "text": self.text,
            "generated_text": self.text,
            "strategy": self.strategy.model_dump(),
            "verification": {"problems": self.problems, "revised": self.revised, "offered": self.offered},
            "status_reason": self.held_for,
            "made_of": making.with_calls(self.made_of),
            "model": prompt.model,
            "prompt_version": prompt.label,
        }

    @property
    def held_for(self) -> str:
        """Why a person should look twice, as a sentence; "" where nothing is known."""
        if self.problems:
            return f"Check it: {self.problems[0]}"[:200]
        return f"A person should decide: {self.strategy.why}"[:200] if self.strategy.needs_human else ""


def write(message: Message, deadline: Deadline) -> Written:
    """An answer to `message`. Raises what `asking.ask` raises."""
    context = gather(message, slots.on_offer(message.workspace, deadline))
    return compose(context, partial(asking.ask, workspace_id=message.workspace_id, deadline=deadline))


def compose(context: Context, ask: Ask) -> Written:
    """An answer made of `context` alone; reads and writes no row of its own. Raises what `ask` raises."""
    strategy = ask(prompts.load("strategy"), Strategy, context.render())
    used, strange = context.told.used(strategy.facts)
    plan = _plan(strategy, context, used)
    drafted = ask(prompts.load(context.channel), Text, context.render(plan=plan))
    text = drafted.text.strip()
    found = _problems(ask, context, text)
    revised = bool(found)
    if found:
        listed = "\n".join(f"- {problem}" for problem in found)
        again = ask(prompts.load("revise"), Text, context.render(plan=plan, draft=text, problems=listed))
        text = again.text.strip() or text
        found = _problems(ask, context, text)
    found = [f"The plan rests on a fact that there is none of: {one[:20]}" for one in strange] + found
    if words := orders.found(context.lead, context.message, context.earlier):
        found = [orders.reason(words), *found]
    offered = offers.listed(context.slots, text)
    made_of = making.made_of(context, used, offered)
    text, problems = _signed(text, context), found[:MAX_PROBLEMS]
    return Written(context.channel, text, strategy, problems, revised, offered, made_of)


def _problems(ask: Ask, context: Context, text: str) -> list[str]:
    """Our own checks first: where they find something, the model need not be asked."""
    found = verification.problems(text, context)
    if not found:
        found = ask(prompts.load("verify"), Verification, context.render(draft=text)).problems
    return [problem.strip()[:200] for problem in found if problem.strip()][:MAX_PROBLEMS]


def _plan(strategy: Strategy, context: Context, used: list[Fact]) -> str:
    offered = [slot.words for slot in context.slots if slot.id in strategy.offer_slots]
    lines = [f"Goal: {strategy.goal}", *(f"- {point}" for point in strategy.answer_points)]
    lines += [f"Next step: {strategy.next_step}"]
    lines += [f"Facts to use: {', '.join(fact.id for fact in used)}"] if used else []
    lines += ["Offer: " + "; ".join(offered)] if offered else []
    lines += [f"Not known, do not guess: {point}" for point in strategy.unknown]
    return "\n".join(lines)


def _signed(text: str, context: Context) -> str:
    signature = context.workspace.signature.strip()
    return f"{text}\n\n{signature}" if context.channel == Channel.EMAIL and signature else text


def keep(message: Message, written: Written) -> Draft | None:
    """Store the draft of `message`, once; None where a newer reply, or an answer of ours, came while it was written."""
    with transaction.atomic():
        lead = rollup.locked(message.lead)
        if lead.is_stopped or (lead.last_inbound_at and lead.last_inbound_at > message.sent_at):
            return None
        if claims.answered_since(message):
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
    """Put a newly written text into a draft that still waits at the same revision; False where it does not."""
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
