"""Prepares a pack's readings for the model, and links the claims of its answer to messages. It counts the others."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from inbox.replying.prompts import Prompt
from inbox.replying.prompts.sheet import Said, Sheet, sheet, theirs
from insights.models import ContextPack, PackThread
from insights.pack_model_calls import Bill, ask
from insights.readings import cited
from insights.schema import PackAnswer
from jobs.deadline import Deadline

LIST_ITEMS = 5
MATERIAL_CHARS = 400_000
"""The most characters of input, about 100,000 tokens. The 75 conversations of a pack need a third of it."""


@dataclass(frozen=True)
class Material:
    """The readings as blocks of the model's input. `ids` maps each short id in them to our message id."""

    blocks: tuple[str | Said, ...]
    ids: dict[str, UUID]
    threads: int


def readable(pack: ContextPack) -> list[PackThread]:
    """Returns the conversations of `pack` that have been read, in order, except those of leads who are being erased."""
    done = pack.threads.filter(status=PackThread.Status.DONE, insight__isnull=False, lead__erasing_at=None)
    return list(done.select_related("insight", "lead__campaign").order_by("position"))


def material(threads: Sequence[PackThread]) -> Material:
    """Converts readings to input for the model: numbered, with quotes under short message ids.

    The first reading that exceeds MATERIAL_CHARS and all later ones are left out. `insight` and `lead` must be loaded.
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
    """Returns one reading as our heading and an untrusted text, because the text may repeat instructions."""
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
    # Each item is one line, so that no text can begin a line with an id and look like a quote.
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
    """Asks the model the question `text` about the readings of `threads`, and returns its answer in the stored form.

    The cost is added to `bill` even if the call fails. Raises the errors of `OpenAIClient.ask`.
    """
    shown = material(threads)
    words = ask(
        prompt, schema, question(text, shown), workspace_id=workspace_id, deadline=deadline, bill=bill
    )
    return stored(words, shown)


def question(text: str, material: Material) -> Sheet:
    """Returns the model's input for a question about a pack: the pack's readings, and `text`, the question."""
    return sheet(*material.blocks, f"# Question\n\n{text}")


def stored(answer: PackAnswer, material: Material) -> dict[str, Any]:
    """Converts the model's answer to the stored form.

    `left_out` counts the claims that cite no message of the material. `unknown` counts the citations that were removed
    from the other claims.
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
