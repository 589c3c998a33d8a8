"""Turns citations into links: a stored message id becomes a link to that message in its conversation."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.urls import reverse

from inbox.models import Message
from insights.models import PackThread


@dataclass(frozen=True)
class Citation:
    """A link to a message that an answer cites as evidence."""

    url: str
    label: str
    title: str


@dataclass(frozen=True)
class ShownClaim:
    """A statement of an answer, with links to the messages that it cites. `gone` counts deleted messages."""

    text: str
    citations: list[Citation]
    gone: int


@dataclass(frozen=True)
class ShownAnswer:
    """An answer about a context pack as pages show it. `left_out` counts the claims that cited no message."""

    answer: str
    claims: list[ShownClaim]
    left_out: int
    threads: int
    recommended_tests: list[str] = field(default_factory=list)


def message_url(workspace_id: UUID, lead_id: UUID, message_id: UUID) -> str:
    """Returns the URL of the lead's conversation page at this message, even if the page hides the message at first."""
    return f"{reverse('inbox:conversation', args=[workspace_id, lead_id])}?all=1#message-{message_id}"


def citations(workspace_id: UUID, message_ids: Iterable[str]) -> dict[str, Citation]:
    """Returns links to these messages by id. Ids without a message in this workspace are left out."""
    messages = Message.objects.filter(workspace_id=workspace_id, pk__in=set(message_ids))
    cited_messages = messages.select_related("lead").only("id", "lead", "text", "direction", "sent_at")
    return {
        str(message.pk): Citation(
            message_url(workspace_id, message.lead_id, message.pk),
            message.lead.display_name
            if message.direction == Message.Direction.INBOUND
            else f"Us to {message.lead.display_name}",
            message.text[:160],
        )
        for message in cited_messages
    }


def show(workspace_id: UUID, *answers: dict[str, Any] | None) -> list[ShownAnswer | None]:
    """Adds links to the stored `answers` of a context pack, with one query; None stays None."""
    ids = [
        message_id
        for answer in answers
        if answer
        for claim in answer["claims"]
        for message_id in claim["message_ids"]
    ]
    links = citations(workspace_id, ids)
    return [_shown(answer, links) if answer else None for answer in answers]


def _shown(answer: dict[str, Any], links: dict[str, Citation]) -> ShownAnswer:
    claims = []
    for claim in answer["claims"]:
        citations = [links[message_id] for message_id in claim["message_ids"] if message_id in links]
        claims.append(ShownClaim(claim["text"], citations, len(claim["message_ids"]) - len(citations)))
    return ShownAnswer(
        answer["answer"], claims, answer["left_out"], answer["threads"], answer.get("recommended_tests", [])
    )


def quotes(workspace_id: UUID, threads: Iterable[PackThread]) -> dict[int, list[tuple[str, Citation]]]:
    """Returns pairs of a quote and a link to its message, by the PackThread's id. Deleted messages have no quote."""
    by_thread = {
        thread.pk: thread.insight.data.get("evidence_quotes", []) if thread.insight else []
        for thread in threads
    }
    links = citations(
        workspace_id, [quote["message_id"] for thread_quotes in by_thread.values() for quote in thread_quotes]
    )
    return {
        pk: [
            (quote["quote"], links[quote["message_id"]])
            for quote in thread_quotes
            if quote["message_id"] in links
        ]
        for pk, thread_quotes in by_thread.items()
    }
