"""A message came back, or was marked as spam: the lead it was meant for is stopped, and the notice is kept, once."""

from dataclasses import replace

from prometheus_client import Counter

from inbox.intake import Outcome, Received, Verdict
from inbox.leads import rollup
from inbox.models import Lead, Message
from inbox.models.lead import Tag
from inbox.understanding.arrival import Arrival, judge
from integrations import registry
from integrations.events import BounceEvent, MessageEvent, Person

WITHOUT_NOTICE = ("mail:", "event:")
"""What an EmailBison bounce's external id begins with where no notice came with it."""
NOTICE_FIELDS = (
    "external_id",
    "subject",
    "text",
    "raw_text",
    "raw_html",
    "from_address",
    "from_name",
    "recipients",
    "automated_reply",
    "content_hash",
)


spam_complaints = Counter(
    "holdfast_spam_complaints", "Reports that a lead marked our mail as spam", ["source"]
)


def handle(received: Received, event: BounceEvent) -> Outcome:
    """The provider itself says that its mail to this lead bounced: no further evidence is needed."""
    return _store(received, event, judge(event))


def handle_notice(received: Received, event: MessageEvent, judged: Arrival) -> Outcome:
    """A bounce notice or spam complaint that came as a reply is kept on the lead that it names, where it names one."""
    person = event.person
    if judged.failed_recipients and not event.tracked:
        person = Person(email=_intended(received, judged.failed_recipients))
    source = registry.source_of(event.source).bounces or event.source
    return _store(received, replace(event, person=person, source=source, interested=False), judged)


def _intended(received: Received, addresses: tuple[str, ...]) -> str:
    """The address we wrote to: where a mailbox forwards, the report names the one behind it as well."""
    known = set(
        Lead.objects.filter(workspace=received.workspace, email__in=addresses).values_list("email", flat=True)
    )
    return next((address for address in addresses if address in known), addresses[0])


def _store(received: Received, event: MessageEvent, judged: Arrival) -> Outcome:
    from inbox.handlers.messages import add_links, store  # a message hands its bounces over to here

    judged = replace(
        judged,
        tag=Tag.BLACKLIST,
        decided_by=judged.decided_by or "provider: bounced",
        suspected="",
        suspected_words="",
    )
    message, created = store(received, event, judged, count=False)
    if not created:
        add_links(received, event, message)  # the notice alone may not have said whose address failed
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
    return Outcome(
        Verdict.ACCEPTED if created else Verdict.DUPLICATE,
        event.event_type,
        message=message,
        lead=lead,
    )


def told(lead: Lead, event: BounceEvent, message: Message) -> Message | None:
    """The bounce of the same mail that `lead` (locked) has already, under whatever id it was told; None if it is new.

    `message`: what the event would be stored as. Where it brings the notice that was missing, the row takes it, and
    its id: the notice may come by itself, too. A row of a release that did not keep which mail had come back is taken
    for this one in the same campaign, unless each has a notice of its own.
    """
    if not event.mail_id:
        return None
    bounces = list(Message.objects.filter(lead=lead, source=event.source).order_by("received_at", "pk"))
    same = [one for one in bounces if one.thread_id == event.mail_id]
    same += [one for one in bounces if _may_be(one, event, message)]
    known = next(iter(same), None)
    if known is not None:
        known.lead = lead
        if event.notice and _is_bare(known):
            _take_notice(known, message)
    return known


def _is_bare(bounce: Message) -> bool:
    return bounce.external_id.startswith(WITHOUT_NOTICE)


def _may_be(known: Message, event: BounceEvent, message: Message) -> bool:
    unsaid = not known.thread_id and known.campaign_id == message.campaign_id
    return unsaid and (_is_bare(known) or not event.notice)


def _take_notice(known: Message, message: Message) -> None:
    for name in NOTICE_FIELDS:
        setattr(known, name, getattr(message, name))
    known.save(update_fields=NOTICE_FIELDS)
    rollup.recompute(known.lead)  # it may be what the lead's row shows


def stop(lead: Lead, message: Message) -> None:
    """Nothing more goes to an address that does not exist. `lead` must be locked."""
    rollup.bounced(lead, message.sent_at)
    lead.tag_decided_by = message.tag_decided_by
    _count(lead, message)


def complained(lead: Lead, message: Message) -> None:
    """Whoever marks a mail as spam wants no more of them. `lead` must be locked."""
    spam_complaints.labels(message.source).inc()
    rollup.opt_out(lead, message.sent_at)
    lead.tag_decided_by = message.tag_decided_by
    _count(lead, message)


def _count(lead: Lead, message: Message) -> None:
    """Show the notice in the lead's row, or derive the row again where the notice came late."""
    late = lead.last_message_at is not None and message.sent_at <= lead.last_message_at
    if late:
        rollup.recompute(lead)
        return
    rollup.note_last_message(lead, message)
    rollup.save(lead)
