"""Applies all rules to a reply in a fixed order, and determines the one tag that follows from them."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any

from inbox.understanding import autoreply, bounce, complaint, one_channel, optout
from inbox.understanding.cleaned import Reading, ReplyText, Rule, RuleHit, rule
from inbox.understanding.snooze import APPLY_AT, Snooze, deferral, return_day

_BARE = re.compile(
    r"^(?:hi|hello|hey|alex|thanks|thank you)?[,.! ]*(?:no|nope|nah|non|nein|nee|nie|nej|nei)\b,? ?"
    r"(?:thanks|thank you|thx|ty|sorry|merci|danke|gracias|grazie|obrigad[oa]|dank je|tack|tak|takk|dziekuje|"
    r"(?:we(?:'re| are)?|i(?:'m| am)|im) (?:good|fine|all set))?[.! ]*$|"
    r"^(?:i'll |we'll |i will |we will |gonna )?pass(?: on this)?[,.! ]*(?:thanks|thank you|thx)?[.! ]*$"
)
_REFUSAL = re.compile(
    r"\bnot (?:at all |really |remotely )?interested\b|\bno interest\b|^(?:no|nah|nope),? (?:thanks|"
    r"thank you|thx)\b|"
    r"\b(?:we're|we are|i'm|i am) (?:all set|good|fine as we are)(?:,? (?:thanks|thank you|thx))?[.! ]*$|"
    r"\bnot (?:a|the right|a good) fit\b|\bnot for us\b|\bhard pass\b|\bit's a no\b|^respectfully,? no\b|"
    r"\b(?:no|not any|don't have (?:a|any)) need (?:for|of) (?:this|it|that)\b|\bnothing (?:here )?for you\b|"
    r"\b(?:we're|we are|i'm|i am) not looking\b(?! to)|"
    r"\bkein(?:en|e)? (?:interesse|bedarf|thema)\b|\bnicht interessiert\b|\bpas interesse\w*\b|"
    r"\bpas (?:besoin|d'interet)\b(?! de)|"
    r"\bno (?:me |nos )interesa\b|\bno (?:estoy|estamos) interesad\w+|\bnon (?:sono|siamo) interessat\w+|"
    r"\bnon (?:mi|ci) interessa\b|\bnao (?:tenho|temos|tem) interesse\b|\bsem interesse\b|\bgeen interesse\b|"
    r"\bniet geinteresseerd\b|\bnie (?:jestem|jestesmy) zainteresowan\w+|\b(?:inte|ikke) (?:intresserad|"
    r"interess)\w*|"
    r"\bnemam(?:e)? zajem\b|\bei kiinnosta\b|不需要|没有(?:这个|此)?需求|没(?:有)?兴趣|必要ありません|"
    r"興味(?:が|は)?(?:ありません|ない)|관심 ?없|не интересует|не интересно"
)
_OPEN = re.compile(
    r"\?|\b(?:but|however|although|unless|until|later|next (?:year|month|quarter|week)|in q[1-4]|not yet|"
    r"maybe|if you|"
    r"yes|send|call me|invite|let's|works for|aber|jedoch|spater|erst|mais|plus tard|pero|mas tarde|luego|"
    r"ma|piu avanti|mas|"
    r"depois|maar|ale|pozniej|men|senare|senere|not uninterested|nicht uninteressant)\b"
)
__all__ = ["RULES", "RULES_VERSION", "ReplyText", "RuleVerdict", "judge"]
RULES_VERSION = "9"
"""The version of the rules, which is stored with each decision. Increase it when the rules decide differently."""
_TAGS = {
    "complaint": "Blacklist",
    "opt_out": "Blacklist",
    "bounce": "Blacklist",
    "out_of_office": "Out of Office",
    "auto_reply": "Automated Reply",
    "not_interested": "Not Interested",
}
"""The tag of each label that has one. If a reply has several labels, the first of this order decides its tag."""


@rule(
    "not_interested.refusal",
    'A plain refusal ("not interested", "no thanks") with no question, no "but" and no later time.',
)
def refuses(reading: Reading) -> str | None:
    """Recognises a plain refusal ("Not interested. Best of luck."), but not "Not interested, but try me in May"."""
    if _OPEN.search(reading.text):
        return None
    if _BARE.match(reading.text):
        return reading.newest.text
    return next((written for written, folded in reading.sentences if _REFUSAL.search(folded)), None)


RULES: tuple[Rule, ...] = (
    *complaint.RULES,
    *bounce.RULES,
    *autoreply.RULES,
    autoreply.AWAY_RULE,
    optout.opts_in,
    one_channel.ends_one,
    *optout.RULES,
    refuses,
    bounce.suspicion,
    autoreply.suspicion,
    autoreply.AWAY_SUSPICION,
    optout.suspicion,
)
"""All rules in the order in which they are applied. The page that explains tags lists them."""


@dataclass(frozen=True)
class RuleVerdict:
    """The hits of the rules in one reply, by label (opt_out, bounce, …). If a label has no hit, the rules have not
    decided about it.

    `perhaps` holds the suspicions, the most harmful first. A suspicion does not silence a lead, but nothing goes out
    automatically until a model or a person has decided.
    """

    newest_text: str
    quoted_text: str
    opt_out: RuleHit | None = None
    opt_in: RuleHit | None = None
    one_channel: RuleHit | None = None
    complaint: RuleHit | None = None
    bounce: RuleHit | None = None
    failed_recipients: tuple[str, ...] = ()
    auto_reply: RuleHit | None = None
    out_of_office: RuleHit | None = None
    not_interested: RuleHit | None = None
    perhaps: tuple[RuleHit, ...] = ()
    snooze: Snooze | None = None
    truncated: bool = False
    rules_version: str = RULES_VERSION

    @property
    def snooze_until(self) -> datetime | None:
        """The time until which to hide the lead's conversation, if the rules are sure enough of it; otherwise None."""
        return self.snooze.until if self.snooze and self.snooze.confidence >= APPLY_AT else None

    @property
    def decided(self) -> RuleHit | None:
        """The hit that determines the reply's tag; None if the model or a person must decide."""
        return next((hit for label in _TAGS if (hit := getattr(self, label))), None)

    @property
    def tag(self) -> str | None:
        """The tag of the reply according to the rules; None if the model or a person must decide."""
        return _TAGS[self.decided.label] if self.decided else None

    def answer(self, label: str) -> bool | str:
        """Returns the rules' answer about one label, such as "opt_out": True (sure), "perhaps" or False."""
        if getattr(self, label) is not None:
            return True
        return "perhaps" if any(hit.label == label for hit in self.perhaps) else False


def judge(reply: ReplyText, tz: tzinfo = UTC) -> RuleVerdict:
    """Returns the verdict of the rules about a reply. Never raises. Dates in the text count from the reply's time of
    arrival, in the time zone `tz`.
    """
    reading = Reading(reply)
    newest = reading.newest
    labels = _of_software(reading, tz) or _of_a_person(reading, tz)
    return RuleVerdict(newest.text, newest.quoted, truncated=newest.truncated, **labels)


def _of_software(reading: Reading, tz: tzinfo) -> dict[str, Any]:
    """Returns the fields of RuleVerdict for a complaint, a bounce or an automatic reply; {} for any other reply."""
    if complained := _first(complaint.RULES, reading):
        return {"complaint": complained, "failed_recipients": complaint.recipients(reading.body)}
    if bounced := _first(bounce.RULES, reading):
        recipients = bounce.failed_recipients(reading.body, reading.reply.headers)
        return {"bounce": bounced, "failed_recipients": recipients}
    automatic = _first(autoreply.RULES, reading) if reading.once(autoreply.judgeable) else None
    if not automatic:
        return {}
    away = autoreply.AWAY_RULE.apply(reading)
    words = f"{reading.raw_subject}\n{reading.newest.text}"
    back = return_day(words, reading.received_at, tz) if away and reading.received_at else None
    return {"auto_reply": automatic, "out_of_office": away, "snooze": back}


def _of_a_person(reading: Reading, tz: tzinfo) -> dict[str, Any]:
    labels: dict[str, Any] = {}
    # Opt-ins are judged first, because the word "SUBSCRIBE" resembles an opt-out.
    if opted_in := optout.opts_in.apply(reading):
        labels["opt_in"] = opted_in
    elif elsewhere := one_channel.ends_one.apply(reading):
        labels["one_channel"] = elsewhere
    elif opted_out := _first(optout.RULES, reading):
        return {"opt_out": opted_out}
    else:
        labels["perhaps"] = _suspicions(reading)
    if not labels.get("perhaps"):
        labels["not_interested"] = refuses.apply(reading)
    if reading.received_at:
        labels["snooze"] = deferral(reading.newest.text, reading.received_at, tz)
    return labels


def _suspicions(reading: Reading) -> tuple[RuleHit, ...]:
    """Returns the suspicions about a reply, the most harmful first. A suspected absence counts as automatic too."""
    hits = [optout.suspicion.apply(reading), bounce.suspicion.apply(reading)]
    automatic = autoreply.suspicion.apply(reading) if reading.once(autoreply.judgeable) else None
    if automatic:
        hits += [autoreply.AWAY_SUSPICION.apply(reading), automatic]
    return tuple(filter(None, hits))


def _first(rules: tuple[Rule, ...], reading: Reading) -> RuleHit | None:
    return next((hit for rule in rules if (hit := rule.apply(reading))), None)
