"""Stores decisions about the tags of replies. Each decision about a tag has its own row, and the newest valid decision
sets the tag of message and lead.

A person's decision about a tag stays: no rule or model overrides it.
"""

from dataclasses import replace
from typing import Any

from inbox.intake.messages import again
from inbox.leads import provider_tags, refused_addresses, rollup, score, stops, suspicion
from inbox.leads.provider_tags import PERSON, decide_once
from inbox.leads.tags import DRAFTED, NO_ANSWER
from inbox.models import Lead, Message, TagDecision, User, WebhookDelivery, audit
from inbox.models.actor import Actor, columns
from inbox.models.lead import Suspicion, Tag
from inbox.replying.prompts.tag_answer import Judgement, quoted
from inbox.signals import lead_tagged
from inbox.understanding import one_channel
from inbox.understanding.arrival import Arrival
from inbox.understanding.rules import RULES_VERSION

Kind = TagDecision.Kind
TOGETHER = "Tagged together with similar replies."
"""The reason of a tag that a person gave to several replies at once, perhaps unread. Such a tag is no training data."""


def record_rules(message: Message) -> TagDecision | None:
    """Stores the tags that first the rules and then the provider gave to the message, as decisions. Returns the last of
    these decisions; None if there is no such tag. A second call changes nothing.

    A provider's tag of the lead as a whole is stored in `inbox.leads.provider_tags` when a message gets it.
    """
    decision = provider_tags.keep_rule(message)
    if provider_tags.by_provider(message):
        return message.tag_decisions.filter(kind=Kind.PROVIDER, by=message.tag_decided_by).first()
    if message.tag == Tag.BLACKLIST or not message.provider_interested:
        return decision
    reason = "Someone at the provider marked this reply as interested."
    decision, created = decide_once(message, Kind.PROVIDER, "provider", tag=Tag.INTERESTED, reason=reason)
    if created:
        lead_tagged.send(Message, lead=message.lead, message=message, tag=Tag.INTERESTED, previous="")
    return decision


def _by_person(message: Message, user: Actor, alike_to: Message | None, **fields: Any) -> TagDecision:
    return TagDecision.objects.create(
        workspace_id=message.workspace_id,
        lead_id=message.lead_id,
        message=message,
        kind=Kind.PERSON,
        by=f"{PERSON} {user.pk}",
        **columns(user, "user"),
        alike_to=alike_to.pk if alike_to else None,
        **fields,
    )


def apply_model(message: Message, judgement: Judgement, *, by: str) -> TagDecision:
    """Gives `message` the tag from the model's reading, unless a person or the provider has decided in the meantime.
    Returns the stored TagDecision. `by` names the model and the version of its prompt.

    The model may confirm a suspicion of our rules by quoting the suspected words. The model never denies a suspicion of
    the rules: any other tag leaves the decision to a person. Without a suspicion of the rules, a tag that silences the
    lead only becomes a suspicion. The model does not opt out a lead who leaves one channel for another. A second call
    with the same `by` changes nothing.
    """
    judgement = _believed(message, judgement)
    alone = judgement.tag in NO_ANSWER and not _confirms(message, judgement)
    with rollup.holding(message.lead) as lead:
        decision, created = decide_once(
            message,
            Kind.MODEL,
            by,
            tag=Tag.NEUTRAL if alone else judgement.tag,
            quote="" if alone else judgement.quote,
            reason=judgement.reason,
            objection=judgement.objection,
            follow_up_on=judgement.follow_up_on,
        )
        message.refresh_from_db()
        bounced = suspicion.of(message) == Suspicion.BOUNCE
        if created and alone and not message.suspected:
            message.write(suspected=suspicion.OF_TAG[judgement.tag], suspected_words=judgement.quote)
            rollup.decided(lead)
        elif decision.tag in NO_ANSWER:  # excludes a suspicion that only this model raised in an earlier run
            _settle(lead, message, by)
        # An opt-out wins over a provider's tag.
        above = PERSON if decision.tag == Tag.BLACKLIST else (PERSON, provider_tags.PROVIDER)
        if not message.tag_decided_by.startswith(above):
            _apply(lead, message, decision, by, bounced=bounced)
        if created:
            lead_tagged.send(Message, lead=lead, message=message, tag=decision.tag, previous=lead.tag)
    return decision


def _believed(message: Message, judgement: Judgement) -> Judgement:
    if judgement.tag == Tag.BLACKLIST and one_channel.refused(message.text):
        return replace(judgement, tag=Tag.NEUTRAL)
    return judgement


def _confirms(message: Message, judgement: Judgement) -> bool:
    """Whether the model agrees with the rules' suspicion, and quotes the suspected words."""
    quote, words = judgement.quote, message.suspected_words
    proven = quoted(quote, message.text) and (quoted(quote, words) or quoted(words, quote))
    return proven and suspicion.agrees(message, judgement.tag)


def rejudge(message: Message, judged: Arrival, *, before: str, after: str) -> TagDecision:
    """Decides about `message` again by today's rules, and stores the decision. `judged`: the findings of the rules.

    The earlier decision of the rules is withdrawn, with the stop that it caused, unless the lead has another stop. A
    model's tag stays if the rules now find nothing. Addresses and channels that the reply refuses are closed. `before`
    and `after` are recorded in the audit log. The lead's row must be locked in the caller's transaction.
    """
    lead, bounced = message.lead, judged.bounce
    by = judged.decided_by or f"rules {RULES_VERSION}: none"
    ruled = message.tag_decided_by.startswith("rules ")
    message.suspected, message.suspected_words = judged.suspected, judged.suspected_words
    message.suspicion_decided_by = ""
    if judged.tag != Tag.BLACKLIST and not has_another_stop(message):
        _lift_stop(lead, message)
    if judged.ended_addresses:
        refused_addresses.end(message, judged.ended_addresses)
    if judged.refuses_channel:
        stops.refuse_channel(lead, message.channel)
    reason = f"Retagged from {before or 'nothing'} to {after or 'nothing'}."
    tag = judged.tag or Tag.NEUTRAL
    decision, _ = decide_once(message, Kind.RULE, by, tag=tag, quote=judged.evidence, reason=reason)
    message.save(update_fields=["suspected", "suspected_words", "suspicion_decided_by"])
    if judged.tag:
        _apply(lead, message, decision, by, bounced=bounced)
    elif ruled:
        message.write(tag="", tag_decided_by="", tag_evidence="")
        if message.sent_at == lead.last_inbound_at:
            rollup.follow(lead, message)
        score.settle(lead)
    rollup.decided(lead)
    again(message, by)
    audit.record(message.workspace_id, None, "tag.rejudge", message, before=before, after=after)
    return decision


def correct(
    message: Message, tag: str, *, user: Actor, reason: str = "", alike_to: Message | None = None
) -> TagDecision:
    """Stores the tag that a person gives to `message`, and returns the decision. The tag counts from now on, and is
    labelled data for the rules. A correction with the reason TOGETHER is not labelled data, and causes no draft.

    If the tag was Blacklist, only the stop that this message caused is undone. `alike_to`: the message that the person
    decided about, which has the same words.
    """
    with rollup.holding(message.lead) as lead:
        message.refresh_from_db()
        message.lead = lead
        provider_tags.keep_rule(message)  # the reply's own job may not have stored the decision yet
        was, bounced = message.tag, suspicion.of(message) == Suspicion.BOUNCE
        decision = _by_person(message, user, alike_to, tag=tag, reason=reason[:300])
        if tag != Tag.BLACKLIST:
            _lift_stop(lead, message)
        _settle(lead, message, decision.by)
        _apply(lead, message, decision, decision.by, bounced=bounced)
        if reason != TOGETHER and (tag in DRAFTED or message.suspected):
            again(message, str(decision.pk))
        audit.record(message.workspace_id, user, "tag.correct", message, tag=tag, was=was)
    return decision


def decide(
    message: Message, *, is_it: bool, user: User, alike_to: Message | None = None
) -> TagDecision | None:
    """Stores a person's decision whether the rules' suspicion about `message`, such as an opt-out, is right. Returns
    the decision; None without an open suspicion.

    A confirmed suspicion sets its tag. A denied suspicion is closed, and rules and model decide the tag. `alike_to`:
    the message that the person decided about, which has the same words.
    """
    with rollup.holding(message.lead) as lead:
        message.refresh_from_db()
        suspected = suspicion.of(message)
        if not suspected:
            return None
        words = Suspicion(suspected).label.removeprefix("Possible ")
        decision = _by_person(
            message,
            user,
            alike_to,
            tag=suspicion.TAG_OF[suspected] if is_it else message.tag or Tag.NEUTRAL,
            denied="" if is_it else suspected,
            quote=message.suspected_words,
            reason=f"{'Confirmed' if is_it else 'Rejected'}: {words}.",
        )
        _settle(lead, message, decision.by)
        if is_it:
            _apply(lead, message, decision, decision.by, bounced=suspected == Suspicion.BOUNCE)
        audit.record(
            message.workspace_id, user, "suspicion.decide", message, suspected=suspected, is_it=is_it
        )
        again(message, str(decision.pk))
    return decision


def _settle(lead: Lead, message: Message, by: str) -> None:
    if suspicion.of(message):
        message.write(suspicion_decided_by=by[:80])
        rollup.decided(lead)


def has_stopped(lead: Lead, message: Message) -> bool:
    """Whether `message` is the opt-out or the bounce because of which nothing more goes to `lead`."""
    return _asked_for_it(lead, message) or lead.bounced_at == message.sent_at


def has_another_stop(message: Message) -> bool:
    """Whether something other than `message` may have stopped the lead: another reply, or a provider's event without a
    message, such as an unsubscribe. A lead stores only the time of the latest stop.
    """
    events = WebhookDelivery.objects.filter(
        lead=message.lead_id, message=None, verdict=WebhookDelivery.Verdict.ACCEPTED
    )
    wishes = Message.objects.filter(lead=message.lead_id, tag=Tag.BLACKLIST).exclude(pk=message.pk)
    return wishes.exists() or events.exists()


def _asked_for_it(lead: Lead, message: Message) -> bool:
    times = {message.sent_at, message.received_at, message.stopped_again_at}
    return lead.opted_out_at is not None and lead.opted_out_at in times


def _lift_stop(lead: Lead, message: Message) -> None:
    if _asked_for_it(lead, message):
        lead.opted_out_at, lead.opted_out_stamp = None, ""
    if lead.bounced_at == message.sent_at:
        lead.bounced_at = None


def _apply(lead: Lead, message: Message, decision: TagDecision, by: str, *, bounced: bool = False) -> None:
    message.write(tag=decision.tag, tag_decided_by=by[:80], tag_evidence=decision.quote)
    if decision.tag == Tag.BLACKLIST:
        if bounced:
            rollup.bounced(lead, message.sent_at)
        else:
            rollup.opt_out(lead, rollup.stopped_at(message), message.stamp)
    if lead.last_inbound_at is None or message.sent_at >= lead.last_inbound_at:
        rollup.follow(lead, message)
    score.settle(lead)
    rollup.save(lead)
    message.lead = lead
