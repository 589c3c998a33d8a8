"""Builds the events of a message's arrival: each request of a provider, the lead, and the tag of the message."""

from collections.abc import Iterator
from datetime import timedelta

from django.template.defaultfilters import filesizeformat

from inbox.models import Lead, Message, TagDecision, WebhookDelivery
from inbox.models.lead import Channel, Tag
from inbox.trace.events import Event, Item, link_to, provider_label, sender_of
from inbox.trace.records import Records
from integrations import registry
from integrations.events import BACKFILL, IMPORT

Verdict = WebhookDelivery.Verdict
LISTED = (BACKFILL, IMPORT)
TONES = {Verdict.ACCEPTED: "ok", Verdict.DUPLICATE: "", Verdict.IGNORED: ""}
STOP = "All drafts, follow-ups and campaigns for this lead are stopped."


def events(records: Records) -> Iterator[Event]:
    """Yields the events of the messages' arrival, in no particular order."""
    for delivery in records.deliveries:
        yield called(delivery)
    for message in records.messages:
        yield from _stored(records, message)
    for bounce in records.bounces:
        yield came_back(bounce)


def called(delivery: WebhookDelivery) -> Event:
    """Returns the event that a provider sent a webhook request, with the verdict on the request and its reason."""
    who = sender_of(delivery.source)
    branch, why = verdict(delivery)
    if delivery.replay_of_id:
        what = "The stored request was replayed"
    elif delivery.event_type in LISTED:
        what = f"Found in {who}’s message list"
    else:
        what = f"{who} sent a webhook"
    account = (
        f", for {delivery.integration.name}" if delivery.integration and delivery.integration.name else ""
    )
    return Event(
        at=delivery.received_at,
        icon="plug",
        tone=TONES.get(Verdict(delivery.verdict), "bad"),
        what=what,
        detail=f"{delivery.event_type or 'Unreadable event'}{account}, {filesizeformat(delivery.body_bytes)}.",
        branch=branch,
        why=why,
        ms=delivery.duration_ms,
        links=(link_to(delivery),),
        items=tuple(Item(f"{name} {text}", tone="bad") for name, text in delivery.error_fields.items()),
        items_label="Problem",
        quotes=("items",),
    )


def verdict(delivery: WebhookDelivery) -> tuple[str, str]:
    """Returns the verdict on a webhook request and the reason for it, as two texts for users."""
    sentence = _sentence(delivery.reason)
    if delivery.verdict == Verdict.ACCEPTED:
        listed = delivery.event_type in LISTED
        branch = "Accepted, although no webhook delivered it" if listed else "New, not a duplicate"
        return branch, f"This was new. {sentence}".strip()
    used = "Holdfast doesn’t use this kind of event."
    missing = delivery.reason or "required fields are missing"
    outage = f"{sentence} The request is kept, so you can replay it once the bug is fixed."
    return {
        Verdict.DUPLICATE: (
            "A duplicate, so nothing was stored twice",
            sentence or "The provider’s ID was already stored.",
        ),
        Verdict.IGNORED: ("Not used", sentence or used),
        Verdict.MISMATCH: (
            "Refused",
            "The key belongs to this workspace, but the request is for another one.",
        ),
        Verdict.REJECTED: ("Refused", f"The request is unusable: {missing}. The provider got an error."),
        Verdict.FAILED: ("Failed on our side", outage.strip()),
    }[Verdict(delivery.verdict)]


def _sentence(text: str) -> str:
    text = text.strip()
    return f"{text[0].upper()}{text[1:].rstrip('.')}." if text else ""


def _stored(records: Records, message: Message) -> Iterator[Event]:
    first = next((delivery for delivery in records.deliveries if delivery.message_id == message.pk), None)
    if first is None:
        yield Event(
            message.received_at,
            "plug",
            "The message was stored",
            branch="The original request is gone",
            why="The message came from the provider’s history, or the request is past its retention period.",
            links=(link_to(message),),
        )
    if message.direction != Message.Direction.INBOUND:
        return
    yield matched(message, first)
    if is_bounce(message):
        yield came_back(message)
        return
    yield from understood(message, records.decisions.get(message.pk, []))


def matched(message: Message, first: WebhookDelivery | None) -> Event:
    """Returns the event that a message's lead was created or found. `first` is the message's webhook request."""
    lead = message.lead
    since = first.received_at if first else message.received_at
    within = timedelta(milliseconds=first.duration_ms) if first else timedelta(seconds=1)
    if since <= lead.created_at <= since + within:
        branch, why = "New", "No lead in this workspace had this address, number or ID."
    else:
        branch, why = "Already known", known_by(message, lead)
    if lead.identity_conflict:
        why = f"{why} Some events also match another lead. Check whether both leads are the same person."
    return Event(
        at=max(message.received_at, lead.created_at) if branch == "New" else message.received_at,
        icon="user",
        what="A new lead was created" if branch == "New" else "The lead was found",
        tone="ok",
        branch=branch,
        why=why,
        links=(link_to(lead), link_to(message)),
    )


def known_by(message: Message, lead: Lead) -> str:
    """Returns a sentence that says by which address, number or id the message's lead was recognised."""
    wrote = message.from_address.lower()
    if wrote and wrote == lead.email:
        return "By the sender’s email address."
    if wrote and wrote in lead.alternate_emails:
        return "By another of their addresses."
    if message.channel == Channel.LINKEDIN:
        return "By their LinkedIn profile or chat."
    if message.channel == Channel.SMS and not lead.ghl_contact_id:
        return "By one of their phone numbers."
    ids = {"EmailBison": lead.emailbison_lead_id, "GoHighLevel": lead.ghl_contact_id}
    declared = message.source in registry.message_sources()
    label = provider_label(registry.provider_of(message.source)) if declared else ""
    return f"By the lead’s {label} ID." if ids.get(label) else "By the address from the provider."


def is_bounce(message: Message) -> bool:
    return message.tag == Tag.BLACKLIST and "bounce" in message.tag_decided_by


def came_back(message: Message) -> Event:
    """Returns the event that one of our mails bounced, as `message` reports."""
    return Event(
        message.received_at,
        "fail",
        "The email bounced",
        tone="bad",
        branch="Bounced",
        why=f"The address doesn’t work. {STOP}",
        said=message.tag_evidence,
        links=(link_to(message),),
    )


def understood(message: Message, decisions: list[TagDecision]) -> Iterator[Event]:
    """Yields an event for each decision about a reply's tag, by rules, provider, model or person, with its reason."""
    at = message.received_at
    if message.suspected:
        decided = "The suspicion has since been resolved."
        yield Event(
            at,
            "pause",
            message.get_suspected_display(),
            tone="warn",
            branch="The rules weren’t sure",
            why=decided
            if message.suspicion_decided_by
            else "Nothing goes out automatically until someone decides.",
            said=message.suspected_words,
        )
    yield from map(_decided, decisions)
    if not decisions and message.tag:
        what, by = f"Understood: {message.get_tag_display()}", message.tag_decided_by or "the rules"
        why, quote = f"Decided by {by}.", message.tag_evidence
        yield Event(at, "filter", what, tone="ok", branch="On arrival", why=why, said=quote)
    if message.tag == Tag.BLACKLIST and message.lead.opted_out_at is not None:
        branch = "The lead asked not to be contacted"
        yield Event(at, "off", "Everything was stopped", tone="warn", branch=branch, why=STOP)
    elif message.direction == Message.Direction.INBOUND and not message.tag and not message.suspected:
        branch, why = "No rule matches these words", "The reply is waiting for the model or a person."
        yield Event(at, "clock", "Not understood yet", tone="warn", branch=branch, why=why)


WHO = {
    TagDecision.Kind.RULE: "By a rule, without the model",
    TagDecision.Kind.MODEL: "By the model",
    TagDecision.Kind.PROVIDER: "By someone at the provider",
    TagDecision.Kind.PERSON: "By a person",
}


def _decided(decision: TagDecision) -> Event:
    by = str(decision.user or "A person") if decision.kind == TagDecision.Kind.PERSON else decision.by
    if decision.denied:
        what, why = "A suspicion was rejected", f"{by} decided."
    else:
        what, why = f"Understood: {decision.get_tag_display()}", f"{by}."
    words = " ".join(filter(None, (decision.quote, decision.reason)))
    return Event(
        decision.created_at,
        "filter",
        what,
        tone="ok",
        branch=WHO[TagDecision.Kind(decision.kind)],
        why=why,
        said=words,
    )
