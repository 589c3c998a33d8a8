"""Reads one conversation with the language model, so that an unchanged conversation is paid for only once.

A worker first claims the reading by an upsert that succeeds for one worker per text of the conversation. The claim of a
worker that dies expires.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any
from uuid import UUID

from django.db.models import F, Window
from django.db.models.functions import Left, Now, RowNumber

from inbox.models import Message
from inbox.replying.prompts import Prompt
from inbox.replying.prompts.sheet import Said, Sheet, sheet, theirs
from insights.models import ContextPack, ConversationInsight, PackThread
from insights.pack_model_calls import Bill, ask, load
from insights.schema import ITEM_CHARS, SCHEMA_VERSION, InsightAnswer, PackAnswer
from jobs.db import fetch
from jobs.deadline import Deadline
from jobs.ids import uuid7

MESSAGES = 40
MESSAGE_CHARS = 2_000
CLAIM_S = 180
"""Seconds until a claim expires. A call with all retries takes less time (TIME_LIMIT_MS)."""
TIME_LIMIT_MS = 150_000
CLAIM = """
INSERT INTO insights_conversationinsight AS i
    (id, workspace_id, lead_id, outcome, data, schema_version, prompt_version, content_hash, source, cost_microusd,
     claim_token, claim_expires_at, created_at)
VALUES (%(id)s, %(workspace)s, %(lead)s, 'UNKNOWN', '{}', '', '', '', %(source)s, 0,
    %(token)s, statement_timestamp() + %(seconds)s * interval '1 second', statement_timestamp())
ON CONFLICT (lead_id) DO UPDATE
SET claim_token = EXCLUDED.claim_token, claim_expires_at = EXCLUDED.claim_expires_at
WHERE i.content_hash <> %(hash)s AND (i.claim_expires_at IS NULL OR i.claim_expires_at < statement_timestamp()
    OR i.claim_token = EXCLUDED.claim_token)
RETURNING id
"""
LIST_ITEMS = 5
MATERIAL_CHARS = 400_000
"""The maximum number of characters of input, about 100,000 tokens. A pack's 75 conversations need a third of it."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """The model's input about one conversation. `ids` maps each short id in it to our message id. `newest_inbound` and
    `newest_words` are the id and the text of the lead's newest message with text. `content_hash` changes with the
    messages, the prompt and the schema.
    """

    lead_id: UUID
    sheet: Sheet
    ids: dict[str, UUID]
    newest_inbound: UUID | None
    newest_words: str
    content_hash: str


def load_conversations(lead_ids: Sequence[UUID], *, prompt_label: str) -> dict[UUID, Conversation]:
    """Returns the conversations of these leads by lead id, in one query.

    A conversation has its newest MESSAGES messages with text, each cut to MESSAGE_CHARS characters. The conversation of
    a lead without messages, or one that is being erased, is empty. `prompt_label` goes into `content_hash`.
    """
    rank = Window(RowNumber(), partition_by=F("lead_id"), order_by=[F("sent_at").desc(), F("id").desc()])
    rows = (
        Message.objects.filter(lead_id__in=lead_ids, lead__erasing_at=None)
        .exclude(text="")
        .annotate(rank=rank, words=Left("text", MESSAGE_CHARS))
        .filter(rank__lte=MESSAGES)
        .order_by("lead_id", "sent_at", "id")
        .values("id", "lead_id", "direction", "channel", "sent_at", "from_name", "words")
    )
    threads: defaultdict[UUID, list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        threads[row["lead_id"]].append(row)
    return {lead_id: _conversation(lead_id, threads[lead_id], prompt_label) for lead_id in lead_ids}


def _conversation(lead_id: UUID, rows: list[Mapping[str, Any]], prompt_label: str) -> Conversation:
    ids = {f"m{number}": row["id"] for number, row in enumerate(rows, start=1)}
    blocks = [block for short, row in zip(ids, rows, strict=True) for block in _blocks(short, row)]
    text = "\n\n".join(block if isinstance(block, str) else block.text for block in blocks)
    inbound = [row for row in rows if row["direction"] == Message.Direction.INBOUND]
    newest = inbound[-1] if inbound else None
    digest = hashlib.sha256(f"{SCHEMA_VERSION}\0{prompt_label}\0{text}".encode())
    for message_id in ids.values():
        digest.update(message_id.bytes)
    return Conversation(
        lead_id=lead_id,
        sheet=sheet("# Thread, oldest first", *blocks),
        ids=ids,
        newest_inbound=newest["id"] if newest else None,
        newest_words=newest["words"][:ITEM_CHARS] if newest else "",
        content_hash=digest.hexdigest(),
    )


def _blocks(short: str, row: Mapping[str, Any]) -> tuple[str, Said]:
    head = f"[{short}] {row['channel']}, {row['sent_at']:%a %Y-%m-%d %H:%M}"
    words = row["words"].strip()
    if row["direction"] == Message.Direction.OUTBOUND:
        return head, Said("by us", words)
    name = " ".join(row["from_name"].split())
    return head, theirs("by the lead", f"{name} wrote:\n{words}" if name else words)


def cited(short_ids: Iterable[str], ids: dict[str, UUID]) -> list[str]:
    """Returns our message ids for those of the model's short ids that exist, each once, in order. The model may also
    write "[m3]" or "M3" for the short id m3.
    """
    message_ids = (ids.get(short.strip("[]#() .").lower()) for short in short_ids)
    return list(dict.fromkeys(str(message_id) for message_id in message_ids if message_id is not None))


class Claim(Enum):
    """The outcome of a claim: ask the model (MINE), use the stored reading (KNOWN), or come back later (BUSY)."""

    MINE = "mine"
    KNOWN = "known"
    BUSY = "busy"


def prompt() -> Prompt:
    """Returns the prompt with which a model reads a conversation."""
    return load("read_conversation")


def claim(
    conversation: Conversation, workspace_id: UUID, source: str, owner: UUID
) -> tuple[Claim, UUID | None]:
    """Claims the reading of a conversation for CLAIM_S seconds. Returns (MINE, None), (KNOWN, id of the stored reading)
    or (BUSY, None).

    `owner` names the context pack or the job that claims the reading. The same owner may claim again at once.
    """
    values: dict[str, Any] = {
        "id": uuid7(),
        "workspace": workspace_id,
        "lead": conversation.lead_id,
        "source": source,
        "token": owner,
        "seconds": CLAIM_S,
        "hash": conversation.content_hash,
    }
    if fetch(CLAIM, values):
        return Claim.MINE, None
    readings = ConversationInsight.objects.filter(
        lead_id=conversation.lead_id, content_hash=conversation.content_hash
    )
    reading_id = readings.values_list("pk", flat=True).first()
    return (Claim.KNOWN, reading_id) if reading_id else (Claim.BUSY, None)


def read(conversation: Conversation, workspace_id: UUID, deadline: Deadline, bill: Bill) -> InsightAnswer:
    """Makes the model read a conversation within TIME_LIMIT_MS. Raises the errors of `pack_model_calls.ask`."""
    return ask(
        prompt(),
        InsightAnswer,
        conversation.sheet,
        workspace_id=workspace_id,
        deadline=deadline.within_ms(TIME_LIMIT_MS),
        bill=bill,
    )


def store(
    conversation: Conversation, owner: UUID, answer: InsightAnswer, source: str, cost_microusd: int
) -> UUID | None:
    """Stores the reading if `owner` still has the claim, and ends the claim. Returns the reading's id, or None."""
    rows = ConversationInsight.objects.filter(lead_id=conversation.lead_id, claim_token=owner)
    changed = rows.update(
        outcome=answer.outcome,
        data=data_of(answer, conversation),
        schema_version=SCHEMA_VERSION,
        prompt_version=prompt().label,
        content_hash=conversation.content_hash,
        source=source,
        cost_microusd=cost_microusd,
        read_at=Now(),
        claim_token=None,
        claim_expires_at=None,
    )
    return (
        rows.model.objects.values_list("pk", flat=True).get(lead_id=conversation.lead_id) if changed else None
    )


def release(conversation: Conversation, owner: UUID) -> None:
    """Ends the claim of `owner` on the conversation, so that another worker can claim it."""
    ConversationInsight.objects.filter(lead_id=conversation.lead_id, claim_token=owner).update(
        claim_token=None, claim_expires_at=None
    )


def data_of(answer: InsightAnswer, conversation: Conversation) -> dict[str, Any]:
    """Converts the model's answer about a conversation to the stored form. A quote without one of our message ids is
    dropped. If no quote is left, the lead's newest message is quoted, so that users can check the claims.
    """
    fields = answer.model_dump()
    quotes = []
    for quote in answer.evidence_quotes:
        message_ids = cited([quote.message_id], conversation.ids)
        if message_ids and quote.quote:
            quotes.append({"quote": quote.quote, "message_id": message_ids[0]})
    if not quotes and conversation.newest_inbound:
        quotes = [{"quote": conversation.newest_words, "message_id": str(conversation.newest_inbound)}]
    return fields | {"schema_version": SCHEMA_VERSION, "evidence_quotes": quotes}


@dataclass(frozen=True)
class Material:
    """Readings of conversations as blocks of the model's input. `ids` maps the messages' short ids to our ids."""

    blocks: tuple[str | Said, ...]
    ids: dict[str, UUID]
    threads: int


def readable(pack: ContextPack) -> list[PackThread]:
    """Returns the conversations of `pack` that the model has read, in order, without leads that are being erased."""
    done = pack.threads.filter(status=PackThread.Status.DONE, insight__isnull=False, lead__erasing_at=None)
    return list(done.select_related("insight", "lead__campaign").order_by("position"))


def material(threads: Sequence[PackThread]) -> Material:
    """Converts readings to input for the model: numbered blocks, with quotes under short message ids.

    The first reading that does not fit in MATERIAL_CHARS and all later readings are left out. The relations `insight`
    and `lead` of `threads` must be loaded.
    """
    ids: dict[str, UUID] = {}
    blocks: list[str | Said] = []
    size = 0
    for number, thread in enumerate(threads, start=1):
        head, transcript = _reading_blocks(number, thread, ids)
        size += len(head) + len(transcript.text)
        if size > MATERIAL_CHARS:
            break
        blocks += [head, transcript]
    return Material(tuple(blocks), ids, len(blocks) // 2)


def _reading_blocks(number: int, thread: PackThread, ids: dict[str, UUID]) -> tuple[str, Said]:
    """Returns one reading as a trusted heading and an untrusted text, which may repeat a lead's instructions."""
    reading = thread.insight
    assert reading is not None  # callers pass only conversations that the model has read
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
    # Each quote is one line, so that no text can begin a line with an id and look like a quote.
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

    The cost is added to `bill` even if the model call fails. Raises the errors of `OpenAIClient.ask`.
    """
    shown = material(threads)
    question = sheet(*shown.blocks, f"# Question\n\n{text}")
    words = ask(prompt, schema, question, workspace_id=workspace_id, deadline=deadline, bill=bill)
    return stored(words, shown)


def stored(answer: PackAnswer, material: Material) -> dict[str, Any]:
    """Converts the model's answer about a context pack to the stored form.

    `left_out` counts the claims that cite no message of the model's input. `unknown` counts the invalid citations that
    were removed from the other claims.
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
