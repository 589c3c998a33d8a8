"""A message arrives: stored once, on one lead, with one job. A duplicate only repairs and adds what came late."""

import hashlib
import re
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from inbox.handlers import bounces, chats, texts
from inbox.handlers.again import again
from inbox.intake import Outcome, Received, Verdict
from inbox.kept import Kept, insert, new
from inbox.leads import identity, rollup, stops
from inbox.models import Campaign, Lead, Message
from inbox.models.lead import Channel
from inbox.pipeline import tagging
from inbox.replying import attach
from inbox.understanding.arrival import Arrival, judge
from integrations import registry
from integrations.addresses import mailbox
from integrations.events import BounceEvent, CampaignRef, MessageEvent
from jobs.enqueue import JobSpec, enqueue, enqueue_many
from jobs.models import BackgroundJob
from jobs.registry import kind_name

PROCESS = kind_name("inbound.process", __name__)
KEY_LIMIT = 200
KNOWN = Kept(
    lambda **key: (
        Message.objects.select_related("lead")
        .only(
            "workspace_id",
            "source",
            "external_id",
            "direction",
            "content_hash",
            "campaign_id",
            "provider_interested",
            "sent_at",
            "processed_at",
            "thread_id",
            "lead__bounced_at",
            *(f"lead__{name}" for name in identity.IDENTITY_FIELDS),
        )
        .filter(**key)
    )
)
"""The message of a key, with what a duplicate is asked."""
JOBS = Kept(lambda **key: BackgroundJob.objects.only("pk").filter(**key))
"""The job of a key: whether a message that waits has one."""


def handle(received: Received, event: MessageEvent) -> Outcome:
    """Store the message of `event`, or recognise it; idempotent by (workspace, source, external id)."""
    if event.direction == Message.Direction.OUTBOUND and (own := attach.find(received.workspace, event)):
        return Outcome(
            Verdict.DUPLICATE, event.event_type, "we sent it ourselves", message=own, lead=own.lead
        )
    judged = judge(event)
    if judged.bounce or judged.complaint:
        return bounces.handle_notice(received, event, judged)
    message, created = store(received, event, judged)
    if not created:
        return _duplicate(received, event, message)
    job_id = _start(message)
    return Outcome(
        Verdict.ACCEPTED,
        event.event_type,
        "id used again for another text" if message.id_reused else "",
        message=message,
        lead=message.lead,
        job_id=job_id,
        enqueued=job_id is not None,
    )


def store(
    received: Received, event: MessageEvent, judged: Arrival, *, count: bool = True
) -> tuple[Message, bool]:
    """The message of `event`, and whether it is new; then it counts in its lead's row, unless the caller does that.

    The unique constraint decides a race: for the loser it raises IntegrityError, and the caller runs it again
    (`inbox.intake.receive`, `inbox.races.settled`).

    A provider that uses an id again for another text loses nothing: both are kept, the later one flagged and under a
    key of its own. Of a message that was read from the provider's list (`listed`) the id says enough, in either order.
    """
    fingerprint = event.content_key or _fingerprint(event, judged.newest_text)
    if event.listed and event.channel != Channel.SMS:
        fingerprint = ""  # a mail is rendered anew, a text is what it is
    if event.content_key and (twin := texts.known(received, event, opt_out=judged.opt_out)):
        return twin, False
    external_id = event.external_id or texts.own_id()
    message, created = _get_or_create(received, event, judged, count, external_id, content_hash=fingerprint)
    if created or event.listed or message.external_id != external_id or _same(message, fingerprint):
        return message, created
    key = f"{event.external_id[: KEY_LIMIT - 17]}#{fingerprint[:16]}"
    return _get_or_create(received, event, judged, count, key, content_hash=fingerprint, id_reused=True)


def _get_or_create(
    received: Received, event: MessageEvent, judged: Arrival, count: bool, external_id: str, **extra
) -> tuple[Message, bool]:
    key = {"workspace": received.workspace.pk, "source": event.source, "external_id": external_id}
    for known in KNOWN.find(**key):
        return known, False
    return _create(received, event, judged, count, external_id=external_id, **extra)


def _same(message: Message, fingerprint: str) -> bool:
    """Whether the stored text is the one of `fingerprint`, also where its sender was stored with a name beside it."""
    if message.content_hash in ("", fingerprint):
        return True
    sender = mailbox(message.from_address).address
    if sender == message.from_address:
        return False
    words = message.text or message.raw_text or message.raw_html or message.subject
    return _digest(sender, words) == fingerprint


def _create(
    received: Received, event: MessageEvent, judged: Arrival, count: bool, **extra
) -> tuple[Message, bool]:
    registry.source_of(
        event.source
    )  # what nobody has declared would count as an answer, and by which account?
    message = new(
        Message,
        workspace_id=received.workspace.pk,
        source=event.source,
        campaign_id=campaign_id(received, event.campaign),
        **_fields(received, event, judged),
        **extra,
    )

    # A new lead's row is written once, its first message counted.
    def complete(lead: Lead) -> None:
        rollup.count(lead, message, judged)

    found = _lead(received, event, complete if count else None)
    bounce = isinstance(event, BounceEvent) and not found.created
    if bounce and (told := bounces.told(found.lead, event, message)):
        return told, False
    message.lead = found.lead
    insert(message)
    if count and not found.created:
        rollup.add(message.lead, message, judged)
    return message, True


def _fields(received: Received, event: MessageEvent, judged: Arrival) -> dict:
    return {
        "direction": event.direction,
        "channel": event.channel,
        "subject": event.subject[:1000],
        "text": judged.newest_text,
        "raw_text": event.text,
        "raw_html": event.html,
        "from_address": event.from_address[:320],
        "from_name": event.from_name[:200],
        "recipients": event.recipients,
        "account_id": event.account_id[:120],
        "account_address": event.account_address[:320],
        "thread_id": event.thread_id[:200],
        "attachments": event.attachments,
        "automated_reply": event.automated_reply,
        "by_hand": event.by_hand,
        "provider_interested": event.interested,
        "tag": judged.tag,
        "tag_decided_by": judged.decided_by,
        "tag_evidence": judged.evidence,
        "suspected": judged.suspected,
        "suspected_words": judged.suspected_words,
        "stamp": event.stamp[:64],
        "sent_at": event.occurred_at,
        "received_at": received.received_at,
    }


def _fingerprint(event: MessageEvent, newest_text: str) -> str:
    """What makes two texts the same: who wrote it and the words, not the markup, which a retry may render anew."""
    return _digest(event.from_address, newest_text or event.text or event.html or event.subject)


def _digest(sender: str, words: str) -> str:
    words = re.sub(r"\s+", " ", words).strip()
    return hashlib.sha256(f"{sender.lower()}\0{words}".encode()).hexdigest()


_campaigns: OrderedDict[tuple, UUID] = OrderedDict()
"""Campaigns that are known to be committed, so that a burst of one campaign asks the database once per process."""
CAMPAIGNS_KEPT = 4096


def campaign_id(received: Received, ref: CampaignRef | None) -> UUID | None:
    """The id of the campaign that `ref` names, made on first sight.

    A second attempt at a delivery does not trust what was known: the campaign may be gone since.
    """
    if ref is None:
        return None
    provider = received.provider
    name = ref.name[:200]
    key = (received.workspace.pk, provider, ref.external_id, name)
    if received.attempt == 1 and key in _campaigns:
        return _campaigns[key]
    campaign, _ = Campaign.objects.get_or_create(
        workspace=received.workspace,
        provider=provider,
        external_id=ref.external_id,
        defaults={"name": name},
    )
    if name and campaign.name != name:
        Campaign.objects.filter(pk=campaign.pk).update(name=name)
    transaction.on_commit(partial(_remember, key, campaign.pk))
    return campaign.pk


def _remember(key: tuple, campaign_id: UUID) -> None:
    _campaigns[key] = campaign_id
    while len(_campaigns) > CAMPAIGNS_KEPT:
        _campaigns.popitem(last=False)


def _lead(received: Received, event: MessageEvent, complete: Callable | None) -> identity.Found:
    if event.channel == Channel.LINKEDIN and event.thread_id:
        return identity.Found(chats.lead_of(received.workspace, event), created=False, conflict=False)
    return identity.resolve(received.workspace, event.person, received.provider, complete=complete)


def _spec(message: Message) -> JobSpec:
    return JobSpec(
        dedupe_key=f"{PROCESS}:{message.pk}",
        workspace_id=message.workspace_id,
        payload={"message_id": str(message.pk)},
    )


def _start(message: Message):
    """Enqueue the job of a new message; None for one that needs none."""
    if message.direction != Message.Direction.INBOUND:
        return None
    return next(iter(enqueue_many(PROCESS, [_spec(message)])))


def _duplicate(received: Received, event: MessageEvent, message: Message) -> Outcome:
    """Nothing is stored twice; a missing job is repaired, late links are added, and interest is never lost."""
    job_id = None
    inbound = message.direction == Message.Direction.INBOUND
    if inbound and message.processed_at is None:
        job_id = _repair(message)
    add_links(received, event, message)
    if event.by_hand and Message.objects.filter(pk=message.pk, by_hand=False).update(by_hand=True):
        rollup.written_by_hand(message)
    return Outcome(
        Verdict.DUPLICATE,
        event.event_type,
        message=message,
        lead=message.lead,
        job_id=job_id,
        enqueued=inbound,
        updated_existing=_raise_interest(event, message),
    )


def _repair(message: Message) -> UUID:
    """The job of a message that waits for one: as a rule it is there."""
    spec = _spec(message)
    for known in JOBS.find(tenant=spec.workspace_id, dedupe_key=spec.dedupe_key):
        return known.pk
    job, _ = enqueue(
        PROCESS, dedupe_key=spec.dedupe_key, workspace_id=spec.workspace_id, payload=spec.payload
    )
    return job.pk


def add_links(received: Received, event: MessageEvent, message: Message) -> None:
    """A reply that came untracked first and tracked later gets its campaign and the lead the provider names."""
    if not event.tracked:
        return
    if message.campaign_id is None and event.campaign is not None:
        message.campaign_id = campaign_id(received, event.campaign)
        Message.objects.filter(pk=message.pk, campaign=None).update(campaign_id=message.campaign_id)
        rollup.campaign_known(message)
    known = identity.identities_of(received.workspace, event.person)
    if not known or all(getattr(message.lead, name) == value for name, value in known.items()):
        return
    found = identity.find_or_create(received.workspace, event.person, received.provider)
    if found.lead.pk != message.lead_id:
        rollup.move(message, found.lead)
    elif found.lead.is_stopped:
        stops.stop_campaigns(found.lead)  # by an id that was not known when the lead was stopped
    message.lead = found.lead


def _raise_interest(event: MessageEvent, message: Message) -> bool:
    if not event.interested:
        return False
    raised = Message.objects.filter(pk=message.pk, provider_interested=False).update(provider_interested=True)
    if raised:
        message.provider_interested = True
        rollup.interested(message)
        tagging.record_rules(message)
        if message.processed_at is not None:
            again(message, "interested")
    return bool(raised)


def mark_processed(message_id) -> None:
    """Remember that the message's job was done, so that its pruned job does not count as a missing one."""
    Message.objects.filter(pk=message_id, processed_at=None).update(processed_at=timezone.now())
