"""Stores a message as a row of one lead, or finds the stored row, to which a duplicate adds its campaign and ids."""

from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from inbox.intake import texts
from inbox.intake.receipt import Received
from inbox.leads import erased, identity, refused_addresses, rollup, stops
from inbox.models import Campaign, Lead, Message, Workspace, locks
from inbox.models.lead import IDENTITY_FIELDS, Channel
from inbox.replying import carrier_messages
from inbox.understanding.arrival import Arrival
from integrations import registry
from integrations.addresses import mailbox
from integrations.events import BounceEvent, CampaignRef, MessageEvent, PayloadInvalid, Person
from jobs.enqueue import JobSpec, enqueue_many, spec_about
from jobs.kinds import kind_name

PROCESS = kind_name("inbound.process", __name__)
KEY_LIMIT = 200
KNOWN = Message.objects.select_related("lead").only(
    "workspace_id",
    "source",
    "external_id",
    "direction",
    "content_hash",
    "campaign_id",
    "by_hand",
    "provider_interested",
    "sent_at",
    "processed_at",
    "suspected",
    "thread_id",
    "lead__sample",
    "lead__bounced_at",
    *(f"lead__{name}" for name in IDENTITY_FIELDS),
)
"""Messages with the columns that the handling of a duplicate reads."""
_campaigns: OrderedDict[tuple[Any, ...], UUID] = OrderedDict()
"""The ids of committed campaigns. With them, each process queries a campaign once, and not for every message."""
CAMPAIGNS_KEPT = 4096
CATCH_UP = kind_name("inbound.catch_up", __name__)
WITHOUT_NOTICE = ("mail:", "event:")
"""The prefixes of the external id of a bounce at EmailBison for which we have no text of the notice."""
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


def store(
    received: Received, event: MessageEvent, judged: Arrival, *, count: bool = True
) -> tuple[Message, bool]:
    """Stores the message of `event` on its lead, or finds the stored row. Returns the message and whether it is new.
    With `count`, the lead's row counts a new message. `judged`: the findings of the rules about the message.

    If another transaction stores the message at the same time, its row is returned. If another transaction creates the
    lead at the same time, IntegrityError is raised, and the caller runs this function again (`receipt.receive`,
    `races.settled`).

    A provider may reuse an id for another text. Then both messages are stored; the later one is flagged and gets its
    own key. A message from the provider's list (`listed`) is identified by its id alone.
    """
    fingerprint = event.content_key or _fingerprint(event, judged.newest_text)
    if event.window_s and (twin := texts.stored_text(received, event, fingerprint, judged)):
        return twin, False
    if event.listed and event.channel != Channel.SMS:
        fingerprint = ""  # a provider's list renders a mail differently, but keeps a text unchanged
    external_id = event.external_id or texts.own_id()
    message, created = _get_or_create(received, event, judged, count, external_id, content_hash=fingerprint)
    if created or event.listed or message.external_id != external_id or _same(message, event, fingerprint):
        return message, created
    key = f"{event.external_id[: KEY_LIMIT - 17]}#{fingerprint[:16]}"
    return _get_or_create(received, event, judged, count, key, content_hash=fingerprint, id_reused=True)


def _get_or_create(
    received: Received, event: MessageEvent, judged: Arrival, count: bool, external_id: str, **extra: Any
) -> tuple[Message, bool]:
    registry.source_of(event.source)  # raises UnknownSource: such a message would count as an answer
    key = {"workspace_id": received.workspace.pk, "source": event.source, "external_id": external_id}
    fields = _fields(received, event, judged) | extra
    matches: list[identity.LeadMatch] = []

    def lead() -> Lead:
        """Finds or creates the lead of a new message. A new lead's row already counts its first message."""
        matches.append(_lead(received, event, count_in if count else None))
        return matches[0].lead

    def count_in(lead: Lead) -> None:
        rollup.count(lead, Message(**key, **fields), judged)

    if isinstance(event, BounceEvent) and not KNOWN.filter(**key).exists():
        bounced = fields["lead"] = lead()
        if not matches[0].created and (row := known_bounce(bounced, event, Message(**key, **fields))):
            return row, False
    # `lead` is called only for a new message, in the savepoint of the insert.
    message, created = KNOWN.get_or_create(**key, defaults={"lead": lead} | fields)
    if created and count and not matches[0].created:
        rollup.add(message.lead, message, judged)
    if created and judged.ended_addresses:
        refused_addresses.end(message, judged.ended_addresses)
    return message, created


def gone(received: Received, event: MessageEvent) -> bool:
    """Whether the message of `event` was erased with its person, or was sent by us to an erased person.

    A provider may reuse an id. So an erased id alone is not enough, unless the event names nobody: the person, the
    sender or a recipient must be erased as well.
    """
    if received.workspace.erasure_key is None:
        return False
    ids, ours = erased.names_of_message(event.source, event.external_id), set[erased.Name]()
    if event.direction == Message.Direction.OUTBOUND:
        ids |= erased.names_of_send(received.provider, event.external_id, "")
        ours = erased.names_of_send(
            received.provider, "", carrier_messages.marked_send_id(event.html or event.text)
        )
    people = _people(received, event)
    marked = erased.marked(received.workspace, ids | ours | people) if ids or ours else set()
    if marked & ours or (marked & ids and (marked & people or not people)):
        return True
    if marked & ids:
        _inherit_id(received, event)
    return False


def _people(received: Received, event: MessageEvent) -> set[erased.Name]:
    """Returns the identities of the lead of `event` and of the sender or, for our own message, of its recipients."""
    addresses = [event.from_address]
    if event.direction == Message.Direction.OUTBOUND:
        addresses = [str(row.get("address", "")) for rows in event.recipients.values() for row in rows]
    emails = {identity.normal_email(mailbox(address).address) for address in addresses} - {""}
    identities = identity.identities_of(received.workspace, event.person)
    return {*identities.items(), *(("email", address) for address in emails)}


def _inherit_id(received: Received, event: MessageEvent) -> None:
    """Transfers an erased message's id to the same sender's message that is stored under a separate key."""
    stored = Message.objects.filter(workspace=received.workspace, source=event.source)
    key = f"{event.external_id[: KEY_LIMIT - 17]}#"
    numbered = stored.filter(
        id_reused=True, external_id__startswith=key, from_address__iexact=event.from_address
    )
    heir = numbered.order_by("pk").first()
    if heir is not None and not stored.filter(external_id=event.external_id).exists():
        numbered.filter(pk=heir.pk).update(external_id=event.external_id, id_reused=False)


def _same(message: Message, event: MessageEvent, fingerprint: str) -> bool:
    """Whether the stored text matches `fingerprint`. The stored sender may include a name beside the address.

    A message from a list has no hash: it counts as the same, unless its text was edited since.
    """
    if message.content_hash == fingerprint or not (message.content_hash or event.edited):
        return True
    sender = mailbox(message.from_address).address
    if message.content_hash and sender == message.from_address:
        return False
    words = message.text or message.raw_text or message.raw_html or message.subject
    return texts.hash_of(sender, words) == fingerprint


def _fields(received: Received, event: MessageEvent, judged: Arrival) -> dict[str, Any]:
    return {
        "campaign_id": campaign_id(received, event.campaign),
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
    """Returns a hash of the sender and the text. Markup does not count, because a retry may render it differently."""
    return texts.hash_of(event.from_address, newest_text or event.text or event.html or event.subject)


def campaign_id(received: Received, ref: CampaignRef | None) -> UUID | None:
    """Returns our id of the campaign in `ref`, which is created if it is new; None without `ref`.

    A second attempt bypasses the cache, because the campaign may have been deleted since.
    """
    if ref is None:
        return None
    provider = received.provider
    name = ref.name[:200]
    key = (received.workspace.pk, provider, ref.external_id, name)
    if received.attempt == 1 and key in _campaigns:
        return _campaigns[key]
    rows = Campaign.objects.filter(
        workspace=received.workspace, provider=provider, external_id=ref.external_id
    )
    campaign = rows.first()
    if campaign is None:  # a lost race must not be an error in PostgreSQL's log
        fresh = Campaign(
            workspace=received.workspace, provider=provider, external_id=ref.external_id, name=name
        )
        Campaign.objects.bulk_create([fresh], ignore_conflicts=True)
        campaign = rows.get()
    if name and campaign.name != name:
        Campaign.objects.filter(pk=campaign.pk).update(name=name)
    transaction.on_commit(partial(_remember, key, campaign.pk))
    return campaign.pk


def _remember(key: tuple[Any, ...], campaign_id: UUID) -> None:
    _campaigns[key] = campaign_id
    while len(_campaigns) > CAMPAIGNS_KEPT:
        _campaigns.popitem(last=False)


def _lead(
    received: Received, event: MessageEvent, complete: Callable[[Lead], None] | None
) -> identity.LeadMatch:
    def begin(lead: Lead) -> None:
        lead.sample = received.sample
        if complete is not None:
            complete(lead)

    if event.channel == Channel.LINKEDIN and event.thread_id:
        match = identity.LeadMatch(lead_of(received.workspace, event), created=False, conflict=False)
    else:
        match = identity.resolve(received.workspace, event.person, received.provider, complete=begin)
    if match.lead.sample != received.sample:
        if received.sample:
            raise PayloadInvalid({"lead": "a lead in this workspace already has the sample’s address"})
        match.lead.write(sample=False)  # a lead from a provider is never a sample
    return match


def add_links(received: Received, event: MessageEvent, message: Message) -> None:
    """Adds the event's campaign to the stored message, and the provider's ids to the message's lead. If these ids
    belong to another lead, moves the message to that lead. An event from a list also adds the lead's name. Does nothing
    for an event without the provider's lead (`tracked` is False).
    """
    if not event.tracked:
        return
    if message.campaign_id is None and event.campaign is not None:
        rollup.campaign_known(message, campaign_id(received, event.campaign))
    identities = identity.identities_of(received.workspace, event.person)
    names = event.listed and event.person.first_name and not message.lead.first_name
    if not identities or (
        not names and all(getattr(message.lead, name) == text for name, text in identities.items())
    ):
        return
    match = identity.find_or_create(received.workspace, event.person, received.provider)
    if match.lead.pk != message.lead_id:
        rollup.move(message, match.lead)
    elif match.lead.is_stopped:
        stops.stop_campaigns(match.lead)  # the id was unknown when the lead was stopped
    message.lead = match.lead


def mark_processed(message_id: UUID) -> None:
    """Records that this message's job is done, so that no new job is created after the job's row is deleted."""
    Message.objects.filter(pk=message_id, processed_at=None).update(processed_at=timezone.now())


def again(message: Message, cause: str) -> None:
    """Enqueues the job that processes `message` again, once per `cause` (an id)."""
    enqueue_many(CATCH_UP, [catch_up(message, cause)])


def catch_up(message: Message, cause: str = "", run_at: datetime | None = None) -> JobSpec:
    """Returns the job that processes `message` again, at `run_at` (aware) or now. There is one catch-up job per `cause`
    (an id). Without a `cause`, there is at most one catch-up job per hour.
    """
    key = f"{message.pk}:{cause or timezone.now().strftime('%Y-%m-%dT%H')}"
    return spec_about(CATCH_UP, message, "message_id", key=key, run_at=run_at)


def lead_of(workspace: Workspace, event: MessageEvent) -> Lead:
    """Finds or creates the lead for a message of a LinkedIn chat, and locks its row. Must run in a transaction."""
    locks.hold("chat", workspace.pk, event.source, event.thread_id)
    here = _lead_here(workspace, event)
    if not identity.identities_of(workspace, event.person):
        return here or Lead.objects.create(workspace=workspace)
    provider = registry.provider_of(event.source)
    if here is None or any(getattr(here, name) for name in IDENTITY_FIELDS):
        return identity.find_or_create(workspace, event.person, provider).lead
    return _become(workspace, here, event.person, provider)


def _lead_here(workspace: Workspace, event: MessageEvent) -> Lead | None:
    newest = (
        Message.objects.filter(workspace=workspace, source=event.source, thread_id=event.thread_id)
        .order_by("-sent_at")
        .values("lead")[:1]
    )
    return Lead.objects.select_for_update().filter(pk__in=newest).first()


def _become(workspace: Workspace, stand_in: Lead, person: Person, provider: str) -> Lead:
    """Fills a stand-in, a lead without identity, from `person`. If `person` has a lead, moves the messages to it."""
    match = identity.find(workspace, person, provider)
    if match is None:
        try:
            with transaction.atomic():
                identity.fill(stand_in, workspace, person, provider)
        except IntegrityError:  # another channel has created this lead in the meantime
            match = identity.find_or_create(workspace, person, provider)
        else:
            return stand_in
    for message in Message.objects.filter(lead=stand_in):
        rollup.move(message, match.lead)
    return match.lead


def known_bounce(lead: Lead, event: BounceEvent, message: Message) -> Message | None:
    """Returns the stored bounce of `lead` for the mail in `event`; None if it is new. The lead's row must be locked.

    `message` is the event as a row. If only the event has the notice's text, the stored row gets that text and its id.
    A row of an older release, which names no mail, matches if it has the same campaign, unless both have a notice.
    """
    if not event.mail_id:
        return None
    bounces = list(Message.objects.filter(lead=lead, source=event.source).order_by("received_at", "pk"))
    same = [row for row in bounces if row.thread_id == event.mail_id]
    same += [row for row in bounces if _may_be(row, event, message)]
    bounce = next(iter(same), None)
    if bounce is not None:
        bounce.lead = lead
        if event.notice and _is_bare(bounce):
            for name in NOTICE_FIELDS:
                setattr(bounce, name, getattr(message, name))
            bounce.save(update_fields=NOTICE_FIELDS)
            rollup.recompute(lead)  # the lead's row may show this message
    return bounce


def _is_bare(bounce: Message) -> bool:
    return bounce.external_id.startswith(WITHOUT_NOTICE)


def _may_be(bounce: Message, event: BounceEvent, message: Message) -> bool:
    unsaid = not bounce.thread_id and bounce.campaign_id == message.campaign_id
    return unsaid and (_is_bare(bounce) or not event.notice)
