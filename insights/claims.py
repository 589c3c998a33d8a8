"""Answers about a pack: what goes in, and every claim tied to its messages on the way out.

A claim that cites no message of the material is not shown as one: it is left out and counted.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from inbox.prompts.sheet import Said, Sheet, sheet, theirs
from insights.conversation import cited
from insights.models import PackThread
from insights.schema import PackAnswer

LIST_ITEMS = 5
MATERIAL_CHARS = 400_000
"""About a hundred thousand tokens: 75 conversations of a pack take a third of it."""


@dataclass(frozen=True)
class Material:
    """The readings of a pack as the model gets them; `ids`: our message id of each short one."""

    blocks: tuple[str | Said, ...]
    ids: dict[str, UUID]
    threads: int


def material(threads: Sequence[PackThread]) -> Material:
    """The readings of these threads (insight and lead loaded), numbered, with their quotes under message ids."""
    ids: dict[str, UUID] = {}
    blocks: list[str | Said] = []
    size = 0
    for number, thread in enumerate(threads, start=1):
        head, said = _blocks(number, thread, ids)
        size += len(head) + len(said.text)
        if size > MATERIAL_CHARS:
            break
        blocks += [head, said]
    return Material(tuple(blocks), ids, len(blocks) // 2)


def _blocks(number: int, thread: PackThread, ids: dict[str, UUID]) -> tuple[str, Said]:
    """A model wrote the reading from what people wrote, and may have repeated anything."""
    data = thread.insight.data
    campaign = thread.lead.campaign.name if thread.lead.campaign else "none"
    lines = [f"Campaign: {campaign}", f"Summary: {data['summary']}"]
    for name in ("what_worked", "what_failed", "key_phrases"):
        if data[name]:
            lines.append(f"{name}: " + "; ".join(data[name][:LIST_ITEMS]))
    for answered in data["follow_up"]["objection_responses"]:
        lines.append(
            f"Objection {answered['objection_type']}, answered “{answered['agent_response']}”: {answered['outcome']}"
        )
    for quote in data["evidence_quotes"]:
        short = f"m{len(ids) + 1}"
        ids[short] = UUID(quote["message_id"])
        lines.append(f"[{short}] “{quote['quote']}”")
    # Each on one line: what somebody wrote begins none with an id.
    text = "\n".join(" ".join(line.split()) for line in lines)
    return f"# Conversation {number}: {thread.insight.outcome}", theirs("read by a model", text)


def question(text: str, material: Material) -> Sheet:
    """What goes to the model with a question about a pack, which one of our own people asks."""
    return sheet(*material.blocks, f"# Question\n\n{text}")


def stored(answer: PackAnswer, material: Material) -> dict:
    """The answer as it is kept: `{answer, claims: [{text, message_ids}], left_out, threads, recommended_tests}`.

    `left_out` counts the claims that cite nothing, or nothing that was in the material; `unknown` the citations that
    were dropped from the claims that stay.
    """
    counts: Counter[str] = Counter()
    claims = []
    for claim in answer.claims:
        found = cited(claim.message_ids, material.ids)
        if not found or not claim.text:
            counts["left_out"] += 1
            continue
        counts["unknown"] += len(set(claim.message_ids)) - len(found)
        claims.append({"text": claim.text, "message_ids": found})
    return {
        "answer": answer.answer,
        "claims": claims,
        "left_out": counts["left_out"],
        "unknown": max(0, counts["unknown"]),
        "threads": material.threads,
        "recommended_tests": list(getattr(answer, "recommended_tests", [])),
    }
