"""Writes drafts for labelled replies with the product's code. Stores only the AiCall of each model call, without a
workspace; workspaces, leads and messages are never saved.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from django.db.models.signals import post_save
from django.utils import timezone

from inbox.models import Lead, Message, Workspace, WorkspaceFact
from inbox.replying import chosen_facts, drafting
from inbox.replying.draft_material import Context
from inbox.replying.evaluation.cases import Case, Company
from inbox.replying.evaluation.judging import Drafted
from inbox.replying.prompts import model_calls
from integrations.models import AiCall
from jobs.deadline import Deadline

SUBJECT = "Re: a question"


@dataclass(slots=True)
class Usage:
    """The sums over the model calls of a run. `cost_microusd` is None if the price of any call is unknown."""

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_microusd: int | None = 0

    def add(self, call: AiCall) -> None:
        self.calls += 1
        self.input_tokens += call.input_tokens
        self.output_tokens += call.output_tokens
        total, more = self.cost_microusd, call.cost_microusd
        self.cost_microusd = None if total is None or more is None else total + more


@contextmanager
def metered() -> Iterator[Usage]:
    """Yields a Usage that sums up the model calls that this process records within the `with` block."""
    usage = Usage()

    def add(instance: AiCall, **_signal: Any) -> None:
        usage.add(instance)

    post_save.connect(add, sender=AiCall)
    try:
        yield usage
    finally:
        post_save.disconnect(add, sender=AiCall)


def write(case: Case, deadline: Deadline) -> Drafted:
    """Has the model write the draft for a labelled reply. Raises the errors of `model_calls.ask`."""
    context = _context(case)
    written = drafting.compose(context, partial(model_calls.ask, workspace_id=None, deadline=deadline))
    plan = written.strategy
    return Drafted(
        text=written.text.removesuffix(case.company.signature.strip()).strip(),
        open=bool(plan.unknown) or plan.needs_human,
        problems=tuple(written.problems),
        revised=written.revised,
    )


def _context(case: Case) -> Context:
    """Returns the material for an answer, like `draft_material.gather`, but without meeting times."""
    reply, workspace = case.reply, _workspace(case.company)
    lead = Lead(workspace=workspace, first_name=reply.first_name, email="lead@example.com")
    began = timezone.now() - timedelta(days=len(reply.thread) + 1)

    def message(text: str, day: int, *, ours: bool = False) -> Message:
        return Message(
            workspace=workspace,
            lead=lead,
            channel=reply.channel,
            direction=Message.Direction.OUTBOUND if ours else Message.Direction.INBOUND,
            subject=SUBJECT if reply.channel == "email" else "",
            from_name="" if ours else reply.first_name,
            text=text,
            sent_at=began + timedelta(days=day),
        )

    earlier = [
        message(turn.text, day, ours=turn.by == "us") for day, turn in enumerate(reply.thread, start=1)
    ]
    newest = message(reply.reply, len(reply.thread) + 1)
    chosen = chosen_facts.choose(_facts(workspace, case.company), reply.reply)
    return Context(
        workspace, lead, newest, reply.channel, earlier, [], chosen, case.company.signature.strip()
    )


def _workspace(company: Company) -> Workspace:
    names = ("name", "persona_name", "tone", "service_description", "signature")
    return Workspace(**{name: getattr(company, name) for name in names})


def _facts(workspace: Workspace, company: Company) -> list[WorkspaceFact]:
    rows = [
        WorkspaceFact(workspace=workspace, kind=fact.kind, question=fact.question, answer=fact.answer)
        for fact in company.facts
    ]
    return sorted(rows, key=lambda row: chosen_facts.ORDER.index(row.kind))
