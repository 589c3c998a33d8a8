"""What a draft was made of, and what making it cost. Kept with the draft: facts change, and the ledger of calls ends.

The calls are those that the draft's job made, from the ledger (AiCall.job_id): attempts that came to nothing cost too.
"""

from dataclasses import dataclass
from typing import Any

from inbox.models import Draft, WorkspaceFact
from inbox.models.lead import Channel
from inbox.replying.context import Context
from inbox.replying.facts import Fact
from integrations.models import AiCall
from jobs.context import running_job

ASKED_FOR = ("strategy", *Channel.values, "verify", "revise", "evaluate")
"""The prompts that make a draft and judge it."""


def made_of(context: Context, used: list[Fact], offered: list[list[str]]) -> dict[str, Any]:
    """The column `Draft.made_of` of a text made of `context`. `used`: the facts that it rests on."""
    return {
        "facts": [
            {"key": one.key, "kind": one.kind, "question": one.question, "answer": one.answer} for one in used
        ],
        "slots": [words for _, words in offered],
        "messages": 1 + sum(bool(message.text.strip()) for message in context.earlier),
        "calls": [],
    }


def with_calls(made: dict[str, Any]) -> dict[str, Any]:
    """`made` with the calls that the running job has made by now."""
    known = made.get("calls", [])
    job_id = running_job()
    if job_id is None:
        return made
    calls = AiCall.objects.filter(job_id=job_id, feature__in=ASKED_FOR).order_by("pk")
    new = [_call(call) for call in calls if str(call.pk) not in {one["id"] for one in known}]
    return made | {"calls": known + new}


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
class Made:
    """A draft's making, for its page. `facts` are as they were then, each with what has become of it since."""

    facts: list[tuple[dict[str, str], str]]
    slots: list[str]
    messages: int
    calls: list[dict[str, Any]]

    @property
    def tokens(self) -> tuple[int, int]:
        """Read and written."""
        return sum(one["input_tokens"] for one in self.calls), sum(one["output_tokens"] for one in self.calls)

    @property
    def cost(self) -> str:
        costs = [one["cost_microusd"] for one in self.calls]
        return dollars(None if not costs or None in costs else sum(costs))


def of(draft: Draft) -> Made | None:
    """None where nothing is known of it: the release that wrote it kept nothing."""
    made = draft.made_of
    if not made:
        return None
    rows = _rows(draft)
    facts = [(fact, since(fact, rows)) for fact in made["facts"]]
    return Made(facts, made["slots"], made["messages"], made["calls"])


def stale(draft: Draft) -> str:
    """The question of a fact that the draft rests on and that is not any more as it was; "" where all are."""
    rows = _rows(draft)
    return next((fact["question"] for fact in draft.made_of.get("facts", []) if since(fact, rows)), "")


def _rows(draft: Draft) -> dict[str, WorkspaceFact]:
    keys = [fact["key"] for fact in draft.made_of.get("facts", [])]
    found = WorkspaceFact.objects.filter(workspace_id=draft.workspace_id, pk__in=keys) if keys else []
    return {str(row.pk): row for row in found}


def since(fact: dict[str, str], rows: dict[str, WorkspaceFact]) -> str:
    """What has become of a fact since: "", "changed" or "deleted"."""
    row = rows.get(fact["key"])
    if row is None:
        return "deleted"
    return "" if (row.question, row.answer) == (fact["question"], fact["answer"]) else "changed"


def dollars(microusd: int | None) -> str:
    """As "$0.004"; None, a price that is not known, is said so and is never 0."""
    if microusd is None:
        return "cost unknown"
    if microusd < 1_000:
        return "under $0.001"
    return f"${microusd / 1_000_000:.{3 if microusd < 1_000_000 else 2}f}"
