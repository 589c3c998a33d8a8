"""Applies a tag that people set at a provider ("not interested") to the reply that was the lead's newest at that time,
in any order of arrival. A person's tag here and an opt-out win over it; a tag by rules or a model gives way.
"""

from datetime import datetime
from typing import Any

from inbox.models import Lead, Message, ProviderWord, TagDecision
from inbox.models.lead import Tag
from inbox.signals import lead_tagged
from integrations import registry

PERSON = "person"
"""The prefix of `tag_decided_by` for a person's correction. Such a tag stays."""
PROVIDER = "provider: "
"""The prefix of `tag_decided_by` for a tag from a provider."""
MODEL = "model"
"""The prefix of `tag_decided_by` for a model's decision."""

Kind = TagDecision.Kind


def by_provider(message: Message) -> bool:
    return message.tag_decided_by.startswith(PROVIDER)


def keep(lead: Lead, *, tag: str, by: str, at: datetime) -> ProviderWord:
    """Stores a provider's tag for the locked `lead`, which the caller saves. `by` (up to 80 characters): who set it."""
    lead.provider_said_at = max(filter(None, (lead.provider_said_at, at)))
    return ProviderWord.objects.create(
        workspace_id=lead.workspace_id, lead=lead, tag=tag, by=f"{PROVIDER}{by}"[:80], said_at=at
    )


def is_about(lead: Lead, message: Message) -> bool:
    return lead.provider_said_at is not None and message.sent_at <= lead.provider_said_at


def newest(lead: Lead) -> ProviderWord | None:
    return lead.provider_words.order_by("-said_at", "-pk").first()


def reply_of(word: ProviderWord, replies: list[Message]) -> Message | None:
    return next((reply for reply in reversed(replies) if reply.sent_at <= word.said_at), None)


def settle(lead: Lead, replies: list[Message]) -> None:
    """Sets or removes the provider's tag on each reply of the locked `lead`. A person's tag and Blacklist stay.
    `replies` must hold all replies, oldest first.
    """
    words = list(lead.provider_words.order_by("said_at", "pk"))
    about = {word.by: reply_of(word, replies) for word in words}
    for decision in TagDecision.objects.filter(lead=lead, kind=Kind.PROVIDER, by__in=about):
        reply = about[decision.by]
        if reply is None or reply.pk != decision.message_id:
            decision.delete()  # the tag belongs to another reply, which arrived late
    last = {about[word.by]: word for word in words}
    for reply in replies:
        reply.lead = lead
        if reply.tag == Tag.BLACKLIST or reply.tag_decided_by.startswith(PERSON):
            continue
        if word := last.get(reply):
            _mark(reply, word)
        elif by_provider(reply):
            _unmark(reply)


def keep_rule(message: Message) -> TagDecision | None:
    """Stores the rules' tag of `message` as a decision, once, and returns it; None if no rule decided."""
    if not message.tag or by_provider(message) or message.tag_decided_by.startswith((PERSON, MODEL)):
        return None
    decision, created = decide_once(
        message, Kind.RULE, message.tag_decided_by, tag=message.tag, quote=message.tag_evidence
    )
    if created:
        lead_tagged.send(Message, lead=message.lead, message=message, tag=message.tag, previous="")
    return decision


def decide_once(message: Message, kind: str, by: str, **fields: Any) -> tuple[TagDecision, bool]:
    """Stores a decision of this kind by `by` about `message` unless there is one. Returns it and whether it is new."""
    ids = {"workspace_id": message.workspace_id, "lead_id": message.lead_id}
    return TagDecision.objects.get_or_create(message=message, kind=kind, by=by, defaults=ids | fields)


def _mark(reply: Message, word: ProviderWord) -> None:
    if reply.tag_decided_by == word.by:
        return
    keep_rule(reply)
    why = f"Someone at the provider marked the lead as {word.tag.lower()}."
    decide_once(reply, Kind.PROVIDER, word.by, tag=word.tag, reason=why)
    interested = word.tag == Tag.INTERESTED or _flagged_itself(reply)
    reply.write(tag=word.tag, tag_decided_by=word.by, tag_evidence="", provider_interested=interested)
    lead_tagged.send(Message, lead=reply.lead, message=reply, tag=word.tag, previous=reply.lead.tag)


def _unmark(reply: Message) -> None:
    read = TagDecision.objects.filter(message=reply, kind__in=[Kind.RULE, Kind.MODEL]).order_by("-pk").first()
    tag, by, quote = (read.tag, read.by, read.quote) if read else ("", "", "")
    interested = _flagged_itself(reply)
    reply.write(tag=tag, tag_decided_by=by, tag_evidence=quote, provider_interested=interested)


def _flagged_itself(reply: Message) -> bool:
    """Whether an event about this reply marked it as interested. The tag of a lead as a whole does not count."""
    return reply.provider_interested and registry.source_of(reply.source).flags_interest
