"""Keeps the rules' suspicion about a reply (`Message.suspected`) until a model confirms it with a quote, or a person
decides. Until then, nothing goes out automatically. A suspected opt-out counts until a later START; any other suspicion
counts only while the reply is the newest. The caller saves the lead.
"""

from django.db.models import Q

from inbox.leads.stops import is_later
from inbox.models import Lead, Message
from inbox.models.lead import Channel, Suspicion, Tag

MACHINES = (Suspicion.BOUNCE, Suspicion.OUT_OF_OFFICE, Suspicion.AUTO_REPLY)
"""Suspicions that a machine wrote the reply. Until a decision, only work that can be started again is stopped."""

TAG_OF: dict[str, str] = {
    Suspicion.OPT_OUT: Tag.BLACKLIST,
    Suspicion.BOUNCE: Tag.BLACKLIST,
    Suspicion.OUT_OF_OFFICE: Tag.OUT_OF_OFFICE,
    Suspicion.AUTO_REPLY: Tag.AUTOMATED_REPLY,
}
"""The tag that a reply gets if the suspicion is right."""
OF_TAG = {tag: suspected for suspected, tag in TAG_OF.items() if suspected != Suspicion.BOUNCE}
"""By tag, the suspicion that a reply gets if only a model gives it the tag."""


def of(message: Message) -> str:
    """Returns the rules' open suspicion of `message`; "" if there is none."""
    return "" if message.suspicion_decided_by else message.suspected


def agrees(message: Message, tag: str) -> bool:
    """Whether the rules suspected the meaning of `tag`. The two tags for automatic messages count as one."""
    machine = (Tag.AUTOMATED_REPLY, Tag.OUT_OF_OFFICE)
    return TAG_OF.get(message.suspected) == tag or (message.suspected in MACHINES and tag in machine)


def add(lead: Lead, message: Message, *, started_again: bool) -> None:
    """Sets the suspicion by the newest reply, unless an opt-out is undecided. `started_again`: the reply says START."""
    if started_again or lead.suspected != Suspicion.OPT_OUT or _is_wish(lead, message):
        _show(lead, message)


def derive(lead: Lead, replies: list[Message]) -> None:
    """Sets the suspicion by all `replies`, oldest first: by the newest possible opt-out, else by the newest reply."""
    wishes = [reply for reply in replies if _is_wish(lead, reply)]
    _show(lead, next(reversed(wishes or replies), None))


def _is_wish(lead: Lead, message: Message) -> bool:
    """Whether `message` may be an opt-out that no later START has revoked."""
    if of(message) != Suspicion.OPT_OUT:
        return False
    started = lead.opted_in_at
    return started is None or is_later(message.sent_at, message.stamp, started, lead.opted_in_stamp)


def _show(lead: Lead, message: Message | None) -> None:
    suspected = of(message) if message else ""
    if message and suspected == Suspicion.OPT_OUT and not _is_wish(lead, message):
        suspected = ""
    lead.suspected = suspected
    lead.suspected_words = " ".join(message.suspected_words.split())[:300] if message and suspected else ""


def forget(lead: Lead) -> None:
    lead.suspected = lead.suspected_words = ""


def pause_of_texts(lead: Lead) -> str:
    """Returns why no SMS goes to the lead's number, not even from a person; "" if one may. None goes there while an SMS
    of any lead of the workspace with one of the same numbers is a suspected opt-out.
    """
    numbers = [number for number in (lead.phone, *lead.alternate_phones) if number]
    shared = Q(lead__phone__in=numbers) | Q(lead__alternate_phones__overlap=numbers)
    texts = Message.objects.filter(
        Q(lead=lead) | shared,
        workspace=lead.workspace_id,
        channel=Channel.SMS,
        suspected=Suspicion.OPT_OUT,
        suspicion_decided_by="",
        lead__suspected=Suspicion.OPT_OUT,
    )
    writers = {text.lead_id for text in texts.select_related("lead") if _is_wish(text.lead, text)}
    if not writers:
        return ""
    who, where = ("They", "") if lead.pk in writers else ("Another lead with this number", "there ")
    return f"{who} may have asked us to stop texting. First decide {where}whether they did."


def reason(lead: Lead) -> str:
    """Returns why nothing goes to `lead` without a person: a suspicion is open. Returns "" if none is open."""
    return f"{Suspicion(lead.suspected).label}: waiting for a decision." if lead.suspected else ""
