"""Stores an incoming message once, on one lead, with one job. A duplicate only repairs the job and adds late links."""

from dataclasses import replace
from datetime import timedelta
from functools import partial
from uuid import UUID

from prometheus_client import Counter

from inbox.intake import tag_decisions, texts
from inbox.intake.messages import PROCESS, add_links, again, store
from inbox.intake.receipt import DeliveryVerdict, IntakeResult, Received
from inbox.leads import identity, rollup
from inbox.models import Lead, Message
from inbox.models.lead import Suspicion, Tag, are_named_by
from inbox.replying import own_messages
from inbox.understanding.arrival import Arrival, judge
from inbox.workspaces import accounts
from integrations import registry
from integrations.events import BounceEvent, MessageEvent, MessageNotice, Person
from jobs import lanes
from jobs.enqueue import JobSpec, enqueue, enqueue_about, enqueue_many, spec_about
from jobs.kinds import kind_name
from jobs.models import BackgroundJob

READ = kind_name("message.read", __name__)
CLOCKS_APART = timedelta(seconds=2)
"""Two versions of a provider's API may report times for the same message that differ by this much."""
spam_complaints = Counter(
    "holdfast_spam_complaints", "Reports that a lead marked our mail as spam", ["source"]
)


def handle(received: Received, event: MessageEvent) -> IntakeResult:
    """Stores the message of `event` on its lead, and enqueues the job of a new inbound message. A message whose
    provider's id is already stored is a duplicate. A bounce notice or a spam complaint stops the lead instead.
    """
    if event.direction == Message.Direction.OUTBOUND and (outcome := _known(received, event)):
        return outcome
    if twin := _by_former_account(received, event):
        reason = "stored under the account’s previous ID"
        return IntakeResult(DeliveryVerdict.DUPLICATE, reason, message=twin, lead=twin.lead)
    judged = judge(texts.with_question(received.workspace, event))
    if judged.bounce or judged.complaint:
        return handle_notice(received, event, judged)
    message, created = store(received, event, judged)
    if not created:
        return _duplicate(received, event, message)
    if event.unnamed:
        notice(received, event.unnamed)
    job_id = _start(message)
    return IntakeResult(
        DeliveryVerdict.ACCEPTED,
        "ID reused for another message" if message.id_reused else "",
        message=message,
        lead=message.lead,
        job_id=job_id,
        enqueued=job_id is not None,
    )


def notice(received: Received, event: MessageNotice) -> IntakeResult:
    """Enqueues the job that reads the message at the provider (`inbox.health.backfill.read_message`)."""
    account = received.integration
    if account is None:
        return IntakeResult(DeliveryVerdict.IGNORED, "the account is no longer connected to this workspace")
    about = {name: getattr(event, name) for name in ("thread_id", "message_id", "edited")}
    job, _ = enqueue_about(READ, account, "integration_id", key=f"{account.pk}:{event.event_key}", **about)
    return IntakeResult(DeliveryVerdict.ACCEPTED, "it’s being fetched from the provider", job_id=job.pk)


def _known(received: Received, event: MessageEvent) -> IntakeResult | None:
    """Returns the outcome if our message is already stored, or if it went to somebody who is not a lead; else None."""
    duplicate = partial(IntakeResult, DeliveryVerdict.DUPLICATE)
    if ours := own_messages.find(received.workspace, event):
        return duplicate("we sent it ourselves", message=ours, lead=ours.lead)
    if twin := own_messages.by_another_id(received.workspace, event):
        return duplicate("stored under another ID", message=twin, lead=twin.lead)
    if not event.by_hand:
        return None
    names = identity.identities_of(received.workspace, event.person)
    if event.tracked or (names and identity.named_by(received.workspace, names).exists()):
        return None
    return IntakeResult(DeliveryVerdict.IGNORED, "it wasn’t sent to a lead in this workspace")


def _by_former_account(received: Received, event: MessageEvent) -> Message | None:
    """Returns the message of `event` if an earlier connection of its account stored it under another id; else None."""
    former = accounts.former_ids(received.integration) if received.integration else None
    names = identity.identities_of(received.workspace, event.person)
    if not former or not names:
        return None
    leads = Lead.objects.filter(are_named_by(names), workspace=received.workspace)
    at = event.occurred_at
    near = Message.objects.select_related("lead").filter(
        lead__in=leads, source=event.source, sent_at__range=(at - CLOCKS_APART, at + CLOCKS_APART)
    )
    return near.filter(account_id__in=former, direction=event.direction, raw_text=event.text).first()


def _spec(message: Message) -> JobSpec:
    lane = lanes.STOP if message.suspected == Suspicion.OPT_OUT else None
    return replace(spec_about(PROCESS, message, "message_id"), lane=lane)


def _start(message: Message) -> UUID | None:
    if message.direction != Message.Direction.INBOUND:
        return None
    return next(iter(enqueue_many(PROCESS, [_spec(message)])))


def _duplicate(received: Received, event: MessageEvent, message: Message) -> IntakeResult:
    """Handles a repeated message: enqueues a missing job, adds late links, and stores a mark of interest."""
    job_id = None
    inbound = message.direction == Message.Direction.INBOUND
    if inbound and message.processed_at is None:
        job_id = _repair(message)
    add_links(received, event, message)
    if event.by_hand and not message.by_hand:
        rollup.written_by_hand(message)
    return IntakeResult(
        DeliveryVerdict.DUPLICATE,
        message=message,
        lead=message.lead,
        job_id=job_id,
        enqueued=inbound,
        updated_existing=_raise_interest(event, message),
    )


def _repair(message: Message) -> UUID:
    spec = _spec(message)
    waiting = BackgroundJob.objects.filter(tenant=spec.workspace_id, dedupe_key=spec.dedupe_key)
    if job_id := waiting.values_list("pk", flat=True).first():
        return job_id
    job, _ = enqueue(PROCESS, **vars(spec))
    return job.pk


def _raise_interest(event: MessageEvent, message: Message) -> bool:
    if not event.interested or message.provider_interested or not rollup.interested(message):
        return False
    tag_decisions.record_rules(message)
    if message.processed_at is not None:
        again(message, "interested")
    return True


def handle_bounce(received: Received, event: BounceEvent) -> IntakeResult:
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
    """Returns the one of `addresses` that we wrote to. A bounce of a forwarded mail also names its final address."""
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
    """Stops all messages to the locked `lead`, whose address is dead according to `message`, and saves the lead."""
    rollup.bounced(lead, message.sent_at)
    lead.tag_decided_by = message.tag_decided_by
    _count(lead, message)


def complained(lead: Lead, message: Message) -> None:
    """Opts the lead out because of the spam complaint `message`, and saves the lead. The row must be locked."""
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
