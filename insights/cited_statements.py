"""Prepares a pack's readings for the model, and ties every claim of its answer to messages. Others are only counted."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from inbox.replying.prompts import Prompt
from inbox.replying.prompts.sheet import Said, Sheet, sheet, theirs
from insights.conversation import cited
from insights.models import ContextPack, PackThread
from insights.pack_model_calls import Bill, ask
from insights.schema import PackAnswer
from jobs.deadline import Deadline

LIST_ITEMS = 5
MATERIAL_CHARS = 400_000
"""The most characters of input, about 100,000 tokens. 75 conversations of a pack take a third of it."""


@dataclass(frozen=True)
class Material:
    """The readings as blocks of the model's input. `ids` has our message id for each short id in them."""

    blocks: tuple[str | Said, ...]
    ids: dict[str, UUID]
    threads: int


def readable(pack: ContextPack) -> list[PackThread]:
    """The conversations of `pack` that have been read, in order, without leads who are being erased."""
    done = pack.threads.filter(status=PackThread.Status.DONE, insight__isnull=False, lead__erasing_at=None)
    return list(done.select_related("insight", "lead__campaign").order_by("position"))


def material(threads: Sequence[PackThread]) -> Material:
    """The readings as input for the model: numbered, with quotes under short message ids. The first that goes beyond
    MATERIAL_CHARS and all after it are left out. `insight` and `lead` must be loaded.
    """
    ids: dict[str, UUID] = {}
    blocks: list[str | Said] = []
    size = 0
    for number, thread in enumerate(threads, start=1):
        head, transcript = _blocks(number, thread, ids)
        size += len(head) + len(transcript.text)
        if size > MATERIAL_CHARS:
            break
        blocks += [head, transcript]
    return Material(tuple(blocks), ids, len(blocks) // 2)


def _blocks(number: int, thread: PackThread, ids: dict[str, UUID]) -> tuple[str, Said]:
    """One reading as a heading of ours and an untrusted text: it may repeat instructions of the people who wrote."""
    reading = thread.insight
    assert reading is not None  # callers pass only threads that have been read
    answer = reading.data
    campaign = thread.lead.campaign.name if thread.lead.campaign else "none"
    lines = [f"Campaign: {campaign}", f"Summary: {answer['summary']}"]
    for name in ("what_worked", "what_failed", "key_phrases"):
        if answer[name]:
            lines.append(f"{name}: " + "; ".join(answer[name][:LIST_ITEMS]))
    for answered in answer["follow_up"]["objection_responses"]:
        lines.append(
            f"Objection {answered['objection_type']}, answered “{answered['agent_response']}”: {answered['outcome']}"
        )
    for quote in answer["evidence_quotes"]:
        short = f"m{len(ids) + 1}"
        ids[short] = UUID(quote["message_id"])
        lines.append(f"[{short}] “{quote['quote']}”")
    # Each item becomes one line, so that nobody's text can begin a line with an id and look like a quote.
    text = "\n".join(" ".join(line.split()) for line in lines)
    return f"# Conversation {number}: {reading.outcome}", theirs("read by a model", text)


def answer(
    prompt: Prompt,
    schema: type[PackAnswer],
    text: str,
    threads: Sequence[PackThread],
    *,
    workspace_id: UUID,
    deadline: Deadline,
    bill: Bill,
) -> dict[str, Any]:
    """Asks the model the question `text` about the readings of `threads`. Returns its answer as it is stored. The cost
    is added to `bill`, also if it fails. Raises what `OpenAIClient.ask` raises.
    """
    shown = material(threads)
    words = ask(
        prompt, schema, question(text, shown), workspace_id=workspace_id, deadline=deadline, bill=bill
    )
    return stored(words, shown)


def question(text: str, material: Material) -> Sheet:
    """The model's input for a question about a pack: its readings, and `text`, the question."""
    return sheet(*material.blocks, f"# Question\n\n{text}")


def stored(answer: PackAnswer, material: Material) -> dict[str, Any]:
    """The model's answer in the form in which it is stored. `left_out` counts the claims that cite no message of the
    material, `unknown` the citations that were removed from the others.
    """
    counts: Counter[str] = Counter()
    claims = []
    for claim in answer.claims:
        message_ids = cited(claim.message_ids, material.ids)
        if not message_ids or not claim.text:
            counts["left_out"] += 1
            continue
        counts["unknown"] += len(set(claim.message_ids)) - len(message_ids)
        claims.append({"text": claim.text, "message_ids": message_ids})
    return {
        "answer": answer.answer,
        "claims": claims,
        "left_out": counts["left_out"],
        "unknown": max(0, counts["unknown"]),
        "threads": material.threads,
        "recommended_tests": list(getattr(answer, "recommended_tests", [])),
    }
