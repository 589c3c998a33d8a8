"""Applies bounces and spam complaints: stops the lead to whom the mail was sent, and stores the notice once."""

from dataclasses import replace

from prometheus_client import Counter

from inbox.intake.messages import add_links, store
from inbox.intake.receipt import DeliveryVerdict, IntakeResult, Received
from inbox.leads import rollup
from inbox.models import Lead, Message
from inbox.models.lead import Tag
from inbox.understanding.arrival import Arrival, judge
from integrations import registry
from integrations.events import BounceEvent, MessageEvent, Person

spam_complaints = Counter(
    "holdfast_spam_complaints", "Reports that a lead marked our mail as spam", ["source"]
)


def handle(received: Received, event: BounceEvent) -> IntakeResult:
    """Stores a bounce that the provider reports as a separate event, and stops messages to the lead. If the event names
    no address, the address is taken from the notice.
    """
    judged = judge(event)
    if judged.failed_recipients and not event.person.email:
        person = replace(event.person, email=_intended(received, judged.failed_recipients))
        event = replace(event, person=person)
    return _store(received, event, judged)


def handle_notice(received: Received, event: MessageEvent, judged: Arrival) -> IntakeResult:
    """Stores a bounce notice or spam complaint that arrived like a reply, and stops messages to its lead."""
    person = event.person
    if judged.failed_recipients and not event.tracked:
        person = Person(email=_intended(received, judged.failed_recipients))
    source = registry.source_of(event.source).bounces or event.source
    return _store(received, replace(event, person=person, source=source, interested=False), judged)


def _intended(received: Received, addresses: tuple[str, ...]) -> str:
    """The address that we wrote to. If a mailbox forwards, the report also names the address of the destination."""
    stored = set(
        Lead.objects.filter(workspace=received.workspace, email__in=addresses).values_list("email", flat=True)
    )
    return next((address for address in addresses if address in stored), addresses[0])


def _store(received: Received, event: MessageEvent, judged: Arrival) -> IntakeResult:
    judged = replace(
        judged,
        tag=Tag.BLACKLIST,
        decided_by=judged.decided_by or "provider: bounced",
        suspected="",
        suspected_words="",
    )
    message, created = store(received, event, judged, count=False)
    if not created:
        add_links(received, event, message)  # the notice alone may not name the failed address
        if event.thread_id and not message.thread_id:
            Message.objects.filter(pk=message.pk, thread_id="").update(thread_id=event.thread_id)
    lead = message.lead
    if judged.complaint:
        if created:
            complained(lead, message)
    else:
        if not created and lead.bounced_at is None:
            lead = rollup.locked(lead)
        if created or lead.bounced_at is None:
            stop(lead, message)
    return IntakeResult(
        DeliveryVerdict.ACCEPTED if created else DeliveryVerdict.DUPLICATE,
        message=message,
        lead=lead,
    )


def stop(lead: Lead, message: Message) -> None:
    """Stops all messages to the locked `lead`, whose address is dead according to `message`. Saves the lead."""
    rollup.bounced(lead, message.sent_at)
    lead.tag_decided_by = message.tag_decided_by
    _count(lead, message)


def complained(lead: Lead, message: Message) -> None:
    """Opts the lead out because of the spam complaint `message`, and saves it. The row must be locked."""
    spam_complaints.labels(message.source).inc()
    rollup.opt_out(lead, message.sent_at)
    lead.tag_decided_by = message.tag_decided_by
    _count(lead, message)


def _count(lead: Lead, message: Message) -> None:
    """Counts the notice in the lead's row. If the notice arrived late, recomputes the row."""
    late = lead.last_message_at is not None and message.sent_at <= lead.last_message_at
    if late:
        rollup.recompute(lead)
        return
    rollup.note_last_message(lead, message)
    rollup.save(lead)
