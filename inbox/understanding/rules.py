"""Decides what the rules say of a reply: the order in which they speak, and the one tag they may give."""

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from inbox.understanding import autoreply, bounce, complaint, interest, one_channel, optout
from inbox.understanding.reading import EMAIL, LINKEDIN, SMS, Reading, ReplyText, Rule, RuleHit
from inbox.understanding.snooze import APPLY_AT, Snooze, deferral, return_day

__all__ = ["EMAIL", "LINKEDIN", "RULES", "RULES_VERSION", "SMS", "ReplyText", "RuleHit", "Verdict", "judge"]

RULES_VERSION = "7"
"""Stored with each decision; raised whenever a rule is added, removed or decides differently."""

RULES: tuple[Rule, ...] = (
    *complaint.RULES,
    *bounce.RULES,
    *autoreply.RULES,
    autoreply.AWAY_RULE,
    *optout.OPT_IN_RULES,
    one_channel.RULE,
    *optout.RULES,
    *interest.RULES,
    bounce.SUSPICION,
    autoreply.SUSPICION,
    autoreply.AWAY_SUSPICION,
    optout.SUSPICION,
)
"""Every rule, in the order of judgement; the page that explains tags lists these."""


@dataclass(frozen=True)
class Verdict:
    """What the rules found. A label without a hit is not denied, only not decided by a rule.

    The hits beside their labels are sure. `perhaps` holds what is only suspected, most harmful first: it silences
    nobody and lets nothing go out by itself, until a model or a person has decided.
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
    def failed_recipient(self) -> str | None:
        """The address most likely meant by a bounce or a complaint."""
        return self.failed_recipients[0] if self.failed_recipients else None

    @property
    def snooze_until(self) -> datetime | None:
        """When to wake the lead, if that is sure enough to be applied."""
        return self.snooze.until if self.snooze and self.snooze.confidence >= APPLY_AT else None

    @property
    def tag(self) -> str | None:
        """The tag the rules give, in the order of priority of tags; None leaves it to the model or a person."""
        decided = (
            ("Blacklist", self.complaint or self.opt_out or self.bounce),
            ("Out of Office", self.out_of_office),
            ("Automated Reply", self.auto_reply),
            ("Not Interested", self.not_interested),
        )
        return next((tag for tag, hit in decided if hit), None)

    @property
    def hits(self) -> tuple[RuleHit, ...]:
        """Every rule that spoke, for "Why this tag?"."""
        found = (
            self.complaint,
            self.opt_out,
            self.opt_in,
            self.one_channel,
            self.bounce,
            self.out_of_office,
            self.auto_reply,
            self.not_interested,
        )
        return (*(hit for hit in found if hit), *self.perhaps)

    def answer(self, label: str) -> bool | str:
        """What is said of a label: True (sure), "perhaps" or False."""
        if getattr(self, label) is not None:
            return True
        return "perhaps" if any(hit.label == label for hit in self.perhaps) else False


def judge(reply: ReplyText, tz: tzinfo = UTC) -> Verdict:
    """What the rules say of a reply; never raises on what it contains. `tz` is the lead's zone, for snoozes.

    Nobody wrote a bounce or an automatic reply: nothing is looked for in them that only a person can say.
    Without `received_at` no snooze is read, since every date is relative to it.
    """
    reading = Reading(reply)
    common = {
        "newest_text": reading.newest.text,
        "quoted_text": reading.newest.quoted,
        "truncated": reading.newest.truncated,
    }
    complained = _first(complaint.RULES, reading)
    if complained:
        return Verdict(**common, complaint=complained, failed_recipients=complaint.recipients(reading.body))
    bounced = _first(bounce.RULES, reading)
    if bounced:
        return Verdict(
            **common, bounce=bounced, failed_recipients=bounce.failed_recipients(reading.body, reply.headers)
        )
    received = _aware(reply.received_at)
    automatic = _first(autoreply.RULES, reading) if autoreply.judgeable(reading) else None
    if automatic:
        away = autoreply.AWAY_RULE.apply(reading)
        words = f"{reading.raw_subject}\n{reading.newest.text}"
        back = return_day(words, received, tz) if away and received else None
        return Verdict(**common, auto_reply=automatic, out_of_office=away, snooze=back)
    opted_in = _first(
        optout.OPT_IN_RULES, reading
    )  # the whole text: "SUBSCRIBE" alone sounds like its opposite
    elsewhere = None if opted_in else one_channel.RULE.apply(reading)
    opted_out = None if opted_in or elsewhere else _first(optout.RULES, reading)
    if opted_out:
        return Verdict(**common, opt_out=opted_out)
    perhaps = () if opted_in or elsewhere else _suspicions(reading)
    return Verdict(
        **common,
        opt_in=opted_in,
        one_channel=elsewhere,
        not_interested=None if perhaps else _first(interest.RULES, reading),
        perhaps=perhaps,
        snooze=deferral(reading.newest.text, received, tz) if received else None,
    )


def _suspicions(reading: Reading) -> tuple[RuleHit, ...]:
    """What a reply may be, most harmful first; of what may be software's, whether it tells of an absence too."""
    found = [optout.SUSPICION.apply(reading), bounce.SUSPICION.apply(reading)]
    automatic = autoreply.SUSPICION.apply(reading) if autoreply.judgeable(reading) else None
    if automatic:
        found += [autoreply.AWAY_SUSPICION.apply(reading), automatic]
    return tuple(hit for hit in found if hit)


def _aware(moment: datetime | None) -> datetime | None:
    """A time without a zone, as some providers send it, is taken as UTC."""
    return moment.replace(tzinfo=UTC) if moment and moment.tzinfo is None else moment


def _first(rules: tuple[Rule, ...], reading: Reading) -> RuleHit | None:
    return next((hit for rule in rules if (hit := rule.apply(reading))), None)
