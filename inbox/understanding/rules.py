"""Applies all rules to a reply in a fixed order, and gives the one tag that follows from them."""

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any

from inbox.understanding import autoreply, bounce, complaint, interest, one_channel, optout
from inbox.understanding.cleaned import EMAIL, LINKEDIN, SMS, Reading, ReplyText, Rule, RuleHit
from inbox.understanding.snooze import APPLY_AT, Snooze, deferral, return_day

__all__ = [
    "EMAIL",
    "LINKEDIN",
    "RULES",
    "RULES_VERSION",
    "SMS",
    "ReplyText",
    "RuleHit",
    "RuleVerdict",
    "judge",
]

RULES_VERSION = "9"
"""The version of the rules, stored with each decision. Raise it when a rule is added, removed or decides
differently.
"""

RULES: tuple[Rule, ...] = (
    *complaint.RULES,
    *bounce.RULES,
    *autoreply.RULES,
    autoreply.AWAY_RULE,
    *optout.OPT_IN_RULES,
    one_channel.ends_one,
    *optout.RULES,
    *interest.RULES,
    bounce.suspicion,
    autoreply.suspicion,
    autoreply.AWAY_SUSPICION,
    optout.suspicion,
)
"""Every rule in the order in which it is applied. The page that explains tags lists them."""


_TAGS = {
    "complaint": "Blacklist",
    "opt_out": "Blacklist",
    "bounce": "Blacklist",
    "out_of_office": "Out of Office",
    "auto_reply": "Automated Reply",
    "not_interested": "Not Interested",
}
"""The tag of each label that has one. Of several labels the first counts."""


@dataclass(frozen=True)
class RuleVerdict:
    """What the rules found in one reply, by label (opt_out, bounce, …).

    The hits in the fields of labels are sure. `perhaps` holds suspicions, the most harmful first: until a model or a
    person has decided, a suspicion does not silence the lead, and nothing goes out by itself. A label without a hit is
    undecided, not denied.
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
        """Until when the lead's conversation is to be hidden, as the reply asks, if that is sure enough; else None."""
        return self.snooze.until if self.snooze and self.snooze.confidence >= APPLY_AT else None

    @property
    def decided(self) -> RuleHit | None:
        """The hit that gives the reply its tag. None leaves the decision to the model or a person."""
        return next((hit for label in _TAGS if (hit := getattr(self, label))), None)

    @property
    def tag(self) -> str | None:
        """The tag that the rules give to the reply, by what is `decided`."""
        return _TAGS[self.decided.label] if self.decided else None

    def answer(self, label: str) -> bool | str:
        """What the rules say of one label, such as "opt_out": True (sure), "perhaps" or False."""
        if getattr(self, label) is not None:
            return True
        return "perhaps" if any(hit.label == label for hit in self.perhaps) else False


def judge(reply: ReplyText, tz: tzinfo = UTC) -> RuleVerdict:
    """Applies the rules to a reply. Never raises, whatever the reply contains. `tz` is the time zone in which the
    reply's dates are read.

    In a complaint, a bounce or an automatic reply no wishes are looked for, because no person wrote it. Without
    `received_at` no snooze is read, because every date is counted from it.
    """
    reading = Reading(reply)
    common: dict[str, Any] = {
        "newest_text": reading.newest.text,
        "quoted_text": reading.newest.quoted,
        "truncated": reading.newest.truncated,
    }
    complained = _first(complaint.RULES, reading)
    if complained:
        return RuleVerdict(
            **common, complaint=complained, failed_recipients=complaint.recipients(reading.body)
        )
    bounced = _first(bounce.RULES, reading)
    if bounced:
        return RuleVerdict(
            **common, bounce=bounced, failed_recipients=bounce.failed_recipients(reading.body, reply.headers)
        )
    received = _aware(reply.received_at)
    automatic = _first(autoreply.RULES, reading) if autoreply.judgeable(reading) else None
    if automatic:
        away = autoreply.AWAY_RULE.apply(reading)
        words = f"{reading.raw_subject}\n{reading.newest.text}"
        back = return_day(words, received, tz) if away and received else None
        return RuleVerdict(**common, auto_reply=automatic, out_of_office=away, snooze=back)
    opted_in = _first(
        optout.OPT_IN_RULES, reading
    )  # looks at the whole text, as "SUBSCRIBE" alone resembles the opposite
    elsewhere = None if opted_in else one_channel.ends_one.apply(reading)
    opted_out = None if opted_in or elsewhere else _first(optout.RULES, reading)
    if opted_out:
        return RuleVerdict(**common, opt_out=opted_out)
    perhaps = () if opted_in or elsewhere else _suspicions(reading)
    return RuleVerdict(
        **common,
        opt_in=opted_in,
        one_channel=elsewhere,
        not_interested=None if perhaps else _first(interest.RULES, reading),
        perhaps=perhaps,
        snooze=deferral(reading.newest.text, received, tz) if received else None,
    )


def _suspicions(reading: Reading) -> tuple[RuleHit, ...]:
    """What the reply may be, the most harmful first.

    If it may be an automatic reply, this also says whether it tells of an absence.
    """
    hits = [optout.suspicion.apply(reading), bounce.suspicion.apply(reading)]
    automatic = autoreply.suspicion.apply(reading) if autoreply.judgeable(reading) else None
    if automatic:
        hits += [autoreply.AWAY_SUSPICION.apply(reading), automatic]
    return tuple(hit for hit in hits if hit)


def _aware(moment: datetime | None) -> datetime | None:
    """Returns a time with a zone. Some providers send a time without one, which is taken as UTC."""
    return moment.replace(tzinfo=UTC) if moment and moment.tzinfo is None else moment


def _first(rules: tuple[Rule, ...], reading: Reading) -> RuleHit | None:
    return next((hit for rule in rules if (hit := rule.apply(reading))), None)
