"""Stores the material and the cost of a draft in `Draft.made_of`, because facts change later and old rows of model
calls are deleted. A draft's calls are those of its job (AiCall.job_id), including failed attempts, which also cost
money.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from inbox.models import Draft, WorkspaceFact
from inbox.models.lead import WRITTEN_ON
from inbox.replying.chosen_facts import Fact
from inbox.replying.draft_material import Context
from integrations.models import AiCall
from jobs.context import running_job

ASKED_FOR = ("strategy", *dict(WRITTEN_ON), "verify", "revise", "evaluate")
"""The prompts that write and evaluate a draft."""


def made_of(context: Context, used: list[Fact], offered: list[list[str]]) -> dict[str, Any]:
    """Returns the `Draft.made_of` of a draft with these facts and meeting times. Its list of model calls is empty."""
    return {
        "facts": [
            {"key": fact.key, "kind": fact.kind, "question": fact.question, "answer": fact.answer}
            for fact in used
        ],
        "slots": [words for _, words in offered],
        "messages": 1 + sum(bool(message.text.strip()) for message in context.earlier),
        "calls": [],
    }


def with_calls(made_of: dict[str, Any]) -> dict[str, Any]:
    """Returns `made_of` with the model calls that the running job has made so far. Outside a job, it is unchanged."""
    stored_calls = made_of.get("calls", [])
    job_id = running_job()
    if job_id is None:
        return made_of
    calls = AiCall.objects.filter(job_id=job_id, feature__in=ASKED_FOR).order_by("pk")
    new = [_call(call) for call in calls if str(call.pk) not in {stored["id"] for stored in stored_calls}]
    return made_of | {"calls": stored_calls + new}


def _call(call: AiCall) -> dict[str, Any]:
    return {
        "id": str(call.pk),
        "prompt": f"{call.feature} v{call.prompt_version}",
        "model": call.model,
        "input_tokens": call.input_tokens,
        "output_tokens": call.output_tokens,
        "cost_microusd": call.cost_microusd,
    }


@dataclass(frozen=True, slots=True)
class DraftMaterial:
    """The material of a draft: `facts`, each with its later change, and the number of `messages` read by the model."""

    facts: list[tuple[dict[str, str], str]]
    slots: list[str]
    messages: int
    calls: list[dict[str, Any]]

    @property
    def tokens(self) -> tuple[int, int]:
        return sum(call["input_tokens"] for call in self.calls), sum(
            call["output_tokens"] for call in self.calls
        )

    @property
    def earlier(self) -> int:
        """The number of messages before the reply that the model read."""
        return max(0, self.messages - 1)

    @property
    def priced(self) -> list[tuple[dict[str, Any], str]]:
        return [(call, dollars(call["cost_microusd"])) for call in self.calls]

    @property
    def cost(self) -> str:
        costs = [call["cost_microusd"] for call in self.calls]
        return dollars(None if not costs or None in costs else sum(costs))


def of(draft: Draft, current: Iterable[WorkspaceFact]) -> DraftMaterial | None:
    """Returns the stored material of `draft`; None if nothing is stored. `current` is the result of `facts_of`."""
    stored = draft.made_of
    if not stored:
        return None
    rows = {str(row.pk): row for row in current}
    facts = [(fact, since(fact, rows)) for fact in stored["facts"]]
    return DraftMaterial(facts, stored["slots"], stored["messages"], stored["calls"])


def stale(draft: Draft) -> str:
    """Returns the question of the draft's first fact that was changed or deleted later; "" if no fact was."""
    rows = {str(row.pk): row for row in facts_of(draft)}
    return next((fact["question"] for fact in draft.made_of.get("facts", []) if since(fact, rows)), "")


def facts_of(draft: Draft) -> QuerySet[WorkspaceFact]:
    """Returns the current rows of the draft's facts. Deleted facts are missing."""
    keys = [fact["key"] for fact in draft.made_of.get("facts", [])]
    return WorkspaceFact.objects.filter(workspace_id=draft.workspace_id, pk__in=keys)


def since(fact: dict[str, str], rows: dict[str, WorkspaceFact]) -> str:
    """Returns what happened to a stored fact later: "", "changed" or "deleted". `rows` are the current facts by key."""
    row = rows.get(fact["key"])
    if row is None:
        return "deleted"
    return "" if (row.question, row.answer) == (fact["question"], fact["answer"]) else "changed"


def dollars(microusd: int | None) -> str:
    """Returns a cost in millionths of a dollar as text, such as "$0.004"; "cost unknown" for None."""
    if microusd is None:
        return "cost unknown"
    if microusd < 1_000:
        return "under $0.001"
    return f"${microusd / 1_000_000:.{3 if microusd < 1_000_000 else 2}f}"
