"""Builds the column beside a conversation: up to four numbers about the lead, the next step, short lists such as
meetings, and the phone numbers and addresses in the lead's replies, which a person can add to the lead with one click.
"""

import re
import zoneinfo
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import phonenumbers
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.dateformat import format as format_date
from phonenumbers.timezone import time_zones_for_number

from inbox.followups import plan
from inbox.leads import assigning, facts
from inbox.leads.identity import normal_email
from inbox.models import (
    Appointment,
    Draft,
    Label,
    Lead,
    LeadLabel,
    Message,
    OutboundSend,
    WebhookDelivery,
)
from inbox.models.lead import Channel, Tag
from inbox.pages.combined_query import Rows, rows
from inbox.pages.conversation.timeline import Timeline
from inbox.pages.templatetags.desk import waits
from inbox.pages.templatetags.holdfast import ago_text, until
from inbox.replying import sending

NIGHT_ENDS, NIGHT_BEGINS = 8, 20
"""The hours at which the lead's night ends and begins, for the words "by day" and "at night"."""


@dataclass(frozen=True)
class Tile:
    """One number about the lead: its label, the number, a note, and a tone (as in inbox.pages.state_marks) or ""."""

    label: str
    value: str
    note: str
    tone: str = ""


@dataclass(frozen=True)
class Rail:
    tiles: list[Tile]
    next_step: str


def rail(lead: Lead, timeline: Timeline, draft: Draft | None) -> Rail:
    """Returns the top of the column for `lead`, whose page shows `timeline` and perhaps `draft`. Makes no query."""
    tiles = [_score(lead), _their_time(lead), _waits(lead), _wrote(timeline)]
    return Rail([tile for tile in tiles if tile], next_step(lead, draft, timeline.sends))


def _score(lead: Lead) -> Tile:
    if not lead.is_understood:
        return Tile("Score", "–", "not understood yet")
    if lead.score is None:
        return Tile("Score", "–", f"not scored for {lead.tag}" if lead.tagged_by_id else "not scored yet")
    wants = lead.score_reason.partition(" (")[0]
    return Tile("Score", f"{lead.score} of 4", wants, "hot" if lead.is_hot else "")


def _their_time(lead: Lead) -> Tile | None:
    zone = zone_of_phone(lead.phone)
    if zone is None:
        return None
    local = timezone.localtime(timezone=zone)
    awake = "daytime" if NIGHT_ENDS <= local.hour < NIGHT_BEGINS else "night"
    place = zone.key.rpartition("/")[2].replace("_", " ")
    return Tile("Their time", format_date(local, "H:i"), f"{place}, {awake}")


def zone_of(lead: Lead) -> zoneinfo.ZoneInfo:
    """Returns the time zone of the lead's phone number or, if that is unknown, the time zone of the workspace."""
    return zone_of_phone(lead.phone) or zoneinfo.ZoneInfo(lead.workspace.timezone)


def zone_words(lead: Lead) -> str:
    place = zone_of(lead).key.replace("_", " ")
    whose = "their" if zone_of_phone(lead.phone) else "your workspace’s"
    return f"In {whose} time zone, {place}. Or name another: “9am ET”."


def time_words(at: datetime, lead: Lead) -> str:
    """Returns a time in the lead's zone and, if it differs there, in the active one, which is the workspace's."""
    theirs, ours = at.astimezone(zone_of(lead)), timezone.localtime(at)
    words = format_date(theirs, "D j M, H:i")
    clock = format_date(ours, "H:i" if theirs.date() == ours.date() else "D j M, H:i")
    return words if theirs.utcoffset() == ours.utcoffset() else f"{words} their time ({clock} yours)"


def zone_of_phone(phone: str) -> zoneinfo.ZoneInfo | None:
    """Returns the time zone of a phone number (E.164); None if the number is invalid or may be in several zones."""
    try:
        names = time_zones_for_number(phonenumbers.parse(phone))
        return zoneinfo.ZoneInfo(names[0]) if len(names) == 1 else None
    except (phonenumbers.NumberParseException, zoneinfo.ZoneInfoNotFoundError):
        return None


def _waits(lead: Lead) -> Tile:
    since = lead.last_inbound_at
    if not lead.needs_reply or since is None:
        return Tile("Waiting", "no", "no answer needed")
    if lead.is_snoozed:
        return Tile("Waiting", waits(since), "snoozed")
    if lead.is_over:
        return Tile("Waiting", waits(since), "overdue", "warn")
    rest = f"{until(lead.answer_by)} left" if lead.is_promised and lead.answer_by else "for an answer"
    return Tile("Waiting", waits(since), rest)


def _wrote(timeline: Timeline) -> Tile:
    theirs = [entry.at for entry in timeline.entries if not entry.outbound]
    if not theirs:
        return Tile("Replies", "none", "no reply yet")
    last = ago_text(theirs[-1])
    if len(theirs) == 1 and not timeline.earlier:
        return Tile("Replies", "1", last)
    return Tile("Replies", f"{len(theirs)}{'+' if timeline.earlier else ''}", f"last: {last}")


def next_step(lead: Lead, draft: Draft | None, sends: Sequence[OutboundSend] = ()) -> str:
    """Returns a sentence that says what a person should do next for `lead`. `sends` are our messages on the page."""
    if lead.sample:
        return "Nothing to do. This is a sample."
    if lead.is_stopped:
        return "Nothing to do. You can’t message them."
    if lead.suspected:
        return f"Decide: {lead.get_suspected_display().lower()}."
    if lead.identity_conflict:
        return "Check whether these are two people."
    return _of_sends(sends) or _of_answer(lead, draft, _failed(lead, sends))


def _of_sends(sends: Iterable[OutboundSend]) -> str:
    under_way = list(sends)
    if any(send.state == OutboundSend.State.UNKNOWN for send in under_way):
        return "Find out whether the last message was sent."
    going = [send for send in under_way if send.state == OutboundSend.State.INTENT]
    if due := [send.send_at for send in going if send.counts_down and send.send_at]:
        return f"Nothing to do. Your answer goes out at {format_date(timezone.localtime(min(due)), 'H:i:s')}."
    if later := [
        send.send_at for send in under_way if send.state == OutboundSend.State.LATER and send.send_at
    ]:
        return f"Nothing to do. A message goes out {format_date(timezone.localtime(min(later)), 'j M, H:i')}."
    return "Nothing to do. Your answer is on its way." if going else ""


def _failed(lead: Lead, sends: Iterable[OutboundSend]) -> OutboundSend | None:
    newest = max(sends, key=lambda send: send.created_at, default=None)
    if newest is None or newest.state != OutboundSend.State.FAILED:
        return None
    return newest if lead.last_inbound_at is None or newest.created_at > lead.last_inbound_at else None


def _of_answer(lead: Lead, draft: Draft | None, failed: OutboundSend | None) -> str:
    if draft and draft.send_at:
        return (
            f"Goes out automatically at {format_date(timezone.localtime(draft.send_at), 'H:i')}. Put it on "
            "hold to stop it."
        )
    if lead.is_snoozed:
        until_words = format_date(timezone.localtime(lead.snoozed_until), "j M, H:i")
        return f"Nothing to do. Snoozed until {until_words}."
    if draft:
        return "Read the draft, then send it."
    if lead.needs_reply and failed and sending.would_repeat(failed):
        return "Answer them on another channel, or at the provider, who would refuse the same message again."
    if lead.needs_reply and failed:
        return "Send it again. Your answer didn’t go out; the reason is next to it."
    if lead.needs_reply and lead.tag == Tag.NOT_INTERESTED:
        return "They said no. Say goodbye, or mark it done."
    if lead.needs_reply:
        return "Answer them."
    return "Nothing to do. " + ("You’ve answered." if lead.answered_at else "They don’t expect an answer.")


LIMIT = 5
"""The maximum number of meetings, and of deliveries, in the lists. They are the newest ones."""


def parts(lead: Lead) -> dict[str, Rows]:
    """Returns the short lists beside a conversation, by key. `context` takes the rows of each list under its key."""
    deliveries = WebhookDelivery.objects.filter(workspace=lead.workspace_id, lead=lead).order_by(
        "-received_at"
    )
    job = ("job__pk", "job__kind", "job__status", "job__snoozes", "job__created_at")
    step = ("next_step__pk", "next_step__position", "next_step__channel")
    instance = ("status", "paused_for", "due_at", "waits_for", "sequence__pk", "sequence__name", *step)
    decided = (
        LeadLabel.objects.filter(lead=lead).exclude(state=LeadLabel.State.OFF).order_by("decided_at", "pk")
    )
    meetings = lead.appointments.order_by("-starts_at", "-pk")
    return {
        "asked": rows(lead.enrichments.all(), "kind", "status", "requested_at", "answered_at"),
        "people": rows(facts.people(lead), "first_name", "last_name", "email"),
        "given": rows(assigning.assignments(lead)[:1], "data", "actor_id", "created_at"),
        "refusals": rows(lead.refusals.order_by("channel"), "channel", "code", "since", "recheck_at"),
        "labels": rows(
            decided, "state", "kind", "user_id", "reason", "label__pk", "label__name", "label__colour"
        ),
        "choices": rows(Label.objects.filter(workspace=lead.workspace_id), "name", "colour"),
        "meetings": rows(meetings[:LIMIT], "status", "starts_at", "handled_at"),
        "followups": rows(plan.live(lead), *instance),
        "sequences": rows(plan.open_to(lead), "name"),
        "suspicion": rows(_suspicious(lead)[:1], "suspected"),
        "deliveries": rows(deliveries[:LIMIT], "verdict", "event_type", "received_at", *job),
    }


def _suspicious(lead: Lead) -> QuerySet[Message]:
    """Returns the lead's replies that are under an undecided suspicion, such as a possible opt-out, newest first.

    While there is such a reply, nothing is sent to the lead automatically.
    """
    if not lead.suspected:
        return Message.objects.none()
    replies = Message.objects.inbound(lead=lead, suspected=lead.suspected, suspicion_decided_by="")
    return replies.order_by("-sent_at", "-pk")


def context(lead: Lead, lists: dict[str, list[Any]]) -> dict[str, Any]:
    """Returns the context of the column's templates, from the rows of the lists that `parts` describes.

    `suspicion` is the reply about which a person has to decide.
    """
    enquiries, people, assignments = (lists[key] for key in ("asked", "people", "given"))
    labels = [row for row in lists["labels"] if row.state == LeadLabel.State.ON]
    on = {row.label.pk for row in labels}
    return lists | {
        "facts": facts.shown(lead, enquiries, people),
        "given": assigning.how(lead, assignments),
        "labels": labels,
        "suggested": [row for row in lists["labels"] if row.state == LeadLabel.State.SUGGESTED],
        "label_choices": [(label.pk, label.name, label.pk in on) for label in lists["choices"]],
        "fell_through": Appointment.FELL_THROUGH,
        "suspicion": next(iter(lists["suspicion"]), None),
        "jobs": {row.job_id: row.job for row in lists["deliveries"] if row.job}.values(),
    }


REPLIES, CHARS, OFFERS = 10, 5_000, 3
"""How many of the newest replies are searched, how many characters of each, and how many finds are offered."""
# The pattern matches only from the start of a word: else a sender could slow the search down with a long word.
ADDRESS = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+")
WRITTEN = {
    Channel.EMAIL: "mail",
    Channel.SMS: "text",
    Channel.LINKEDIN: "message",
    Channel.ELSEWHERE: "message",
}


@dataclass(frozen=True)
class Find:
    """A contact in a reply: its column ("phone" or "email"), normal form, spelling, and source ("mail of 12 May")."""

    name: str
    value: str
    spelled: str
    where: str

    @property
    def label(self) -> str:
        return "phone" if self.name == "phone" else "address"


def finds(lead: Lead, timeline: Timeline, signatures: Iterable[str]) -> list[Find]:
    """Returns the contacts (numbers and addresses) in the newest replies that the lead does not have yet, newest first.

    Quoted text, and contacts in our own messages or in `signatures` (those of our addresses), are ignored. Makes no
    query.
    """
    workspace = lead.workspace
    texts = [workspace.signature, *signatures, workspace.service_description]
    messages = [entry.message for entry in reversed(timeline.entries) if entry.message is not None]
    theirs = [reply for reply in messages if reply.direction == Message.Direction.INBOUND]
    ours = [reply for reply in messages if reply.direction == Message.Direction.OUTBOUND]
    region, already = workspace.phone_region, {lead.phone, lead.email, lead.current_replier_email}
    already |= {*lead.alternate_phones, *lead.alternate_emails}
    for text in (*texts, *(reply.text for reply in ours)):
        already |= {contact for _, contact, _ in _contacts(text, region)}
    accounts = {row.account_address.lower().rpartition("@")[2] for row in messages if row.account_address}
    domains = accounts - {lead.email.rpartition("@")[2]}
    contacts: dict[str, Find] = {}
    for message in theirs[:REPLIES]:
        day = format_date(timezone.localtime(message.sent_at), "j F")
        for name, contact, spelled in _contacts(message.text, region):
            if contact not in already and contact.rpartition("@")[2] not in domains:
                where = f"{WRITTEN[Channel(message.channel)]} from {day}"
                contacts.setdefault(contact, Find(name, contact, spelled, where))
    return list(contacts.values())[:OFFERS]


def _contacts(text: str, region: str) -> Iterator[tuple[str, str, str]]:
    """Yields the phone numbers and addresses in `text`: the column, the normal form, and the spelling for people."""
    text = text[:CHARS]
    forms = phonenumbers.PhoneNumberFormat
    for match in phonenumbers.PhoneNumberMatcher(text, region, leniency=phonenumbers.Leniency.VALID):
        spelled = phonenumbers.format_number(match.number, forms.INTERNATIONAL)
        yield "phone", phonenumbers.format_number(match.number, forms.E164), spelled
    for address in ADDRESS.findall(text):
        if contact := normal_email(address):
            yield "email", contact, contact
