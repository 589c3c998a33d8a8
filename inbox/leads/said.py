"""What a provider's people say of a lead ("not interested"), as the tag of the reply that it was said about.

It is said of the lead and not of a reply: later than the reply, and now and then before the reply has come here. So
each word is kept with its time, and the reply that was the lead's newest at that time has it. Words and replies may
come in any order: the same words end up on the same replies. A person's tag and an opt-out stand above a word; what
rules or a model read in the reply gives way to it.
"""

from datetime import datetime

from inbox.models import Lead, Message, ProviderWord, TagDecision
from inbox.models.lead import Tag
from inbox.signals import lead_tagged
from integrations import registry

PERSON = "person"
"""What `tag_decided_by` begins with where a person corrected a tag: that stands."""
PROVIDER = "provider: "
"""What `tag_decided_by` begins with where a provider's word is the tag."""
MODEL = "model"
"""What `tag_decided_by` begins with where a model decided."""

Kind = TagDecision.Kind


def by_provider(message: Message) -> bool:
    """Whether the tag of `message` is a provider's word."""
    return message.tag_decided_by.startswith(PROVIDER)


def keep(lead: Lead, *, tag: str, by: str, at: datetime) -> ProviderWord:
    """Remember a word; `settle` gives it to its reply. `lead` must be locked. `by`: who said it, for people."""
    lead.provider_said_at = max(filter(None, (lead.provider_said_at, at)))
    return ProviderWord.objects.create(
        workspace_id=lead.workspace_id, lead=lead, tag=tag, by=f"{PROVIDER}{by}"[:80], said_at=at
    )


def is_about(lead: Lead, message: Message) -> bool:
    """Whether a word of the lead's may be about a message that has just come."""
    return lead.provider_said_at is not None and message.sent_at <= lead.provider_said_at


def newest(lead: Lead) -> ProviderWord | None:
    """The last word on the lead."""
    return lead.provider_words.order_by("-said_at", "-pk").first()


def reply_of(word: ProviderWord, replies: list[Message]) -> Message | None:
    """The newest of `replies` (oldest first) that was there when the word was said."""
    return next((reply for reply in reversed(replies) if reply.sent_at <= word.said_at), None)


def settle(lead: Lead, replies: list[Message]) -> None:
    """Give the lead's words to `replies`, all there are, oldest first. `lead` must be locked."""
    words = list(lead.provider_words.order_by("said_at", "pk"))
    about = {word.by: reply_of(word, replies) for word in words}
    for decision in TagDecision.objects.filter(lead=lead, kind=Kind.PROVIDER, by__in=about):
        reply = about[decision.by]
        if reply is None or reply.pk != decision.message_id:
            decision.delete()  # a later reply has come only now
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
    """Keep what a rule said of `message` when it came; None where none did. Idempotent."""
    if not message.tag or by_provider(message) or message.tag_decided_by.startswith((PERSON, MODEL)):
        return None
    decision, created = TagDecision.objects.get_or_create(
        message=message,
        kind=Kind.RULE,
        by=message.tag_decided_by,
        defaults={
            "workspace_id": message.workspace_id,
            "lead_id": message.lead_id,
            "tag": message.tag,
            "quote": message.tag_evidence,
        },
    )
    if created:
        lead_tagged.send(Message, lead=message.lead, message=message, tag=message.tag, previous="")
    return decision


def _mark(reply: Message, word: ProviderWord) -> None:
    if reply.tag_decided_by == word.by:
        return
    keep_rule(reply)
    TagDecision.objects.get_or_create(
        message=reply,
        kind=Kind.PROVIDER,
        by=word.by,
        defaults={
            "workspace_id": reply.workspace_id,
            "lead": reply.lead,
            "tag": word.tag,
            "reason": f"The provider's people marked it as {word.tag.lower()}.",
        },
    )
    _write(reply, word.tag, word.by, "", interested=word.tag == Tag.INTERESTED or _flagged_itself(reply))
    lead_tagged.send(Message, lead=reply.lead, message=reply, tag=word.tag, previous=reply.lead.tag)


def _unmark(reply: Message) -> None:
    """What was read in the reply counts again."""
    read = TagDecision.objects.filter(message=reply, kind__in=[Kind.RULE, Kind.MODEL]).order_by("-pk").first()
    tag, by, quote = (read.tag, read.by, read.quote) if read else ("", "", "")
    _write(reply, tag, by, quote, interested=_flagged_itself(reply))


def _flagged_itself(reply: Message) -> bool:
    """Whether the reply's own events said that it is interested, and not a word about the lead."""
    return reply.provider_interested and registry.source_of(reply.source).flags_interest


def _write(reply: Message, tag: str, by: str, evidence: str, *, interested: bool) -> None:
    reply.tag, reply.tag_decided_by, reply.tag_evidence = tag, by, evidence
    reply.provider_interested = interested
    reply.save(update_fields=["tag", "tag_decided_by", "tag_evidence", "provider_interested"])
