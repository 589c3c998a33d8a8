"""What the rules suspect a reply of, until a model with the lead's own words, or a person, has decided.

It is kept on the reply (`Message.suspected`) and shown on the lead, where it holds whatever would go out by itself. A
suspected opt-out counts until it is decided, or taken back by a later START; anything else only while the reply is the
lead's newest, as a later one shows that there is a person.
"""

from inbox.leads.stops import is_later
from inbox.models import Lead, Message
from inbox.models.lead import Suspicion, Tag

MACHINES = (Suspicion.BOUNCE, Suspicion.OUT_OF_OFFICE, Suspicion.AUTO_REPLY)
"""Suspicions by which nobody wrote: until they are decided, only what can be started again stops."""

TAG_OF = {
    Suspicion.OPT_OUT: Tag.BLACKLIST,
    Suspicion.BOUNCE: Tag.BLACKLIST,
    Suspicion.OUT_OF_OFFICE: Tag.OUT_OF_OFFICE,
    Suspicion.AUTO_REPLY: Tag.AUTOMATED_REPLY,
}
"""The tag of a reply that is what it was suspected of."""
OF_TAG = {tag: suspected for suspected, tag in TAG_OF.items() if suspected != Suspicion.BOUNCE}
"""What a reply is suspected of that only a model gives this tag."""


def of(message: Message) -> str:
    """What `message` is suspected of now; "" where nothing is, or it is decided."""
    return "" if message.suspicion_decided_by else message.suspected


def agrees(message: Message, tag: str) -> bool:
    """Whether the rules suspected `message` of what `tag`, one that silences, says. Machines' notices are one kind."""
    machine = (Tag.AUTOMATED_REPLY, Tag.OUT_OF_OFFICE)
    return TAG_OF.get(message.suspected) == tag or (message.suspected in MACHINES and tag in machine)


def add(lead: Lead, message: Message, *, started_again: bool) -> None:
    """Count the lead's newest reply in. `started_again`: it is a START."""
    if started_again or lead.suspected != Suspicion.OPT_OUT or _is_wish(lead, message):
        _show(lead, message)


def derive(lead: Lead, replies: list[Message]) -> None:
    """Show on the lead what its `replies` (all there are, oldest first) are suspected of."""
    wishes = [one for one in replies if _is_wish(lead, one)]
    _show(lead, next(reversed(wishes or replies), None))


def _is_wish(lead: Lead, message: Message) -> bool:
    """Whether it may ask for an end, which no later START has taken back."""
    if of(message) != Suspicion.OPT_OUT:
        return False
    started = lead.opted_in_at
    return started is None or is_later(message.sent_at, message.stamp, started, lead.opted_in_stamp)


def _show(lead: Lead, message: Message | None) -> None:
    suspected = of(message) if message else ""
    if suspected == Suspicion.OPT_OUT and not _is_wish(lead, message):
        suspected = ""
    lead.suspected = suspected
    lead.suspected_words = " ".join(message.suspected_words.split())[:300] if suspected else ""


def forget(lead: Lead) -> None:
    """Nothing more goes to the lead: there is nothing left to decide."""
    lead.suspected = lead.suspected_words = ""


def reason(lead: Lead) -> str:
    """Why nothing goes to `lead` by itself, as people read it; "" where nothing is suspected."""
    return f"{Suspicion(lead.suspected).label}: nobody has decided yet." if lead.suspected else ""
