"""Deciding a tag: every judgement is a row of its own, and the newest one that counts is on the message and the lead.

A person's word stands: no rule or model run overrides it.
"""

from django.db import transaction

from inbox import audit
from inbox.leads import rollup
from inbox.models import Lead, Message, TagDecision, User
from inbox.models.lead import Tag
from inbox.signals import lead_tagged
from inbox.understanding.model import Judgement

Kind = TagDecision.Kind
PERSON = rollup.PERSON
MODEL = "model"
"""What `tag_decided_by` begins with where a model decided."""


def record_rules(message: Message) -> TagDecision | None:
    """Keep what rules or the provider said when the message came; None where they said nothing. Idempotent."""
    if message.tag:
        kind, tag, by = Kind.RULE, message.tag, message.tag_decided_by
        if message.tag_decided_by.startswith((PERSON, MODEL)):
            return None
    elif message.provider_interested:
        kind, tag, by = Kind.PROVIDER, Tag.INTERESTED, "provider"
    else:
        return None
    decision, created = TagDecision.objects.get_or_create(
        message=message,
        kind=kind,
        by=by,
        defaults={
            "workspace_id": message.workspace_id,
            "lead_id": message.lead_id,
            "tag": tag,
            "quote": message.tag_evidence,
            "reason": "" if kind == Kind.RULE else "The provider's people marked it as interested.",
        },
    )
    if created:
        lead_tagged.send(Message, lead=message.lead, message=message, tag=tag, previous="")
    return decision


def apply_model(message: Message, judgement: Judgement, *, by: str) -> TagDecision:
    """Give `message` the tag that the model read in it, unless a person has decided meanwhile. Idempotent per `by`."""
    with transaction.atomic():
        lead = rollup.locked(message.lead)
        decision, created = TagDecision.objects.get_or_create(
            message=message,
            kind=Kind.MODEL,
            by=by,
            defaults={
                "workspace_id": message.workspace_id,
                "lead_id": lead.pk,
                "tag": judgement.tag,
                "quote": judgement.quote,
                "reason": judgement.reason,
                "confidence": judgement.confidence,
                "objection": judgement.objection,
                "follow_up_on": judgement.follow_up_on,
            },
        )
        message.refresh_from_db()
        if not message.tag_decided_by.startswith(PERSON):
            _apply(lead, message, decision, by)
        if created:
            lead_tagged.send(Message, lead=lead, message=message, tag=decision.tag, previous=lead.tag)
    return decision


def correct(message: Message, tag: str, *, user: User, reason: str = "") -> TagDecision:
    """A person says what the message really means: kept as labelled data, and in force from now on.

    Taking Blacklist back also takes back the stop that this message caused, and only that one.
    """
    with transaction.atomic():
        lead = rollup.locked(message.lead)
        message.refresh_from_db()
        was = message.tag
        decision = TagDecision.objects.create(
            workspace_id=message.workspace_id,
            lead=lead,
            message=message,
            tag=tag,
            kind=Kind.PERSON,
            by=f"{PERSON} {user.pk}",
            user=user,
            reason=reason[:300],
        )
        if tag != Tag.BLACKLIST:
            _lift_stop(lead, message)
        _apply(lead, message, decision, decision.by)
        audit.record(message.workspace_id, user, "tag.correct", message, tag=tag, was=was)
    return decision


def _lift_stop(lead: Lead, message: Message) -> None:
    if lead.opted_out_at == message.sent_at:
        lead.opted_out_at = None
    if lead.bounced_at == message.sent_at:
        lead.bounced_at = None


def _apply(lead: Lead, message: Message, decision: TagDecision, by: str) -> None:
    message.tag, message.tag_decided_by, message.tag_evidence = decision.tag, by[:80], decision.quote
    message.save(update_fields=["tag", "tag_decided_by", "tag_evidence"])
    if decision.tag == Tag.BLACKLIST:
        rollup.opt_out(lead, message.sent_at)
    if lead.last_inbound_at is None or message.sent_at >= lead.last_inbound_at:
        rollup.follow(lead, message)
    rollup.save(lead)
    message.lead = lead
