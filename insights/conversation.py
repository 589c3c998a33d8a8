"""Prepares a conversation as input for the model, with a hash that shows whether it has changed.

The model cites messages by short ids (m1, m2, …). They need few tokens, and an invented one is recognised.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import F, Window
from django.db.models.functions import Left, RowNumber

from inbox.models import Message
from inbox.replying.prompts.sheet import Said, Sheet, sheet, theirs
from insights.schema import ITEM_CHARS, SCHEMA_VERSION

MESSAGES = 40
MESSAGE_CHARS = 2_000


@dataclass(frozen=True, slots=True)
class Conversation:
    """`ids` maps each short id to our message id. `newest_inbound` and `newest_words` are the lead's newest message
    with text. `content_hash` changes with the messages, the prompt and the schema.
    """

    lead_id: UUID
    sheet: Sheet
    ids: dict[str, UUID]
    newest_inbound: UUID | None
    newest_words: str
    content_hash: str


def load(lead_ids: Sequence[UUID], *, prompt_label: str) -> dict[UUID, Conversation]:
    """Returns the conversations of these leads, by lead id, in one query.

    Each has the newest MESSAGES messages with text, cut to MESSAGE_CHARS. It is empty for a lead without any, and for
    one who is being erased. `prompt_label` is part of the hash.
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
    """Returns our message ids for the short ids that exist, each once, in order. "[m3]" and "M3" mean m3."""
    message_ids = (ids.get(short.strip("[]#() .").lower()) for short in short_ids)
    return list(dict.fromkeys(str(message_id) for message_id in message_ids if message_id is not None))
