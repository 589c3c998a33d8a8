"""Reading one conversation: known already, or claimed, asked of the model once, and stored.

The claim is one upsert that succeeds for exactly one caller per text: two jobs, two packs or a page that want the
same unchanged thread at once make one model call. A caller that dies leaves a claim that runs out.
"""

from enum import Enum
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models.functions import Now

from insights.asking import Bill, ask, load
from insights.conversation import Conversation, cited
from insights.models import ConversationInsight
from insights.schema import SCHEMA_VERSION, InsightAnswer
from jobs.deadline import Deadline
from jobs.ids import uuid7

CLAIM_S = 180
"""Longer than one call with all its retries may take (TIME_LIMIT_MS)."""
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


class Claim(Enum):
    """What a caller may do now."""

    MINE = "mine"
    KNOWN = "known"
    BUSY = "busy"


def prompt():
    """The prompt that conversations are read with."""
    return load("read_conversation")


def claim(
    conversation: Conversation, workspace_id: UUID, source: str, owner: UUID
) -> tuple[Claim, UUID | None]:
    """(MINE, None): ask and store. (KNOWN, insight's id): read before. (BUSY, None): somebody else is asking.

    `owner` is the pack or job that asks. Its own claim, left by a run that was cut short, it takes again at once.
    """
    values = {
        "id": uuid7(),
        "workspace": workspace_id,
        "lead": conversation.lead_id,
        "source": source,
        "token": owner,
        "seconds": CLAIM_S,
        "hash": conversation.content_hash,
    }
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, values)
        if cursor.fetchone():
            return Claim.MINE, None
    known = ConversationInsight.objects.filter(
        lead_id=conversation.lead_id, content_hash=conversation.content_hash
    )
    found = known.values_list("pk", flat=True).first()
    return (Claim.KNOWN, found) if found else (Claim.BUSY, None)


def read(conversation: Conversation, workspace_id: UUID, deadline: Deadline, bill: Bill) -> InsightAnswer:
    """Ask the model. No connection is held. Raises what `ask` raises."""
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
    """Keep the reading, in one statement. Its id; None where the claim ran out and is somebody else's now."""
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
    """Give a claim back: the call failed."""
    ConversationInsight.objects.filter(lead_id=conversation.lead_id, claim_token=owner).update(
        claim_token=None, claim_expires_at=None
    )


def data_of(answer: InsightAnswer, conversation: Conversation) -> dict[str, Any]:
    """The answer as it is stored: quotes under our message ids, those that cite no message of the thread left out.

    A reading without a usable quote stands on the lead's newest message, so that whatever is claimed from it can be
    looked up.
    """
    data = answer.model_dump()
    quotes = []
    for quote in answer.evidence_quotes:
        found = cited([quote.message_id], conversation.ids)
        if found and quote.quote:
            quotes.append({"quote": quote.quote, "message_id": found[0]})
    if not quotes and conversation.newest_inbound:
        quotes = [{"quote": conversation.newest_words, "message_id": str(conversation.newest_inbound)}]
    return data | {"schema_version": SCHEMA_VERSION, "evidence_quotes": quotes}
