"""What the rules can say of a message the moment it arrives, for intake: a thin view on `rules.judge`."""

from dataclasses import dataclass

from inbox.understanding import one_channel, rules
from inbox.understanding.html import html_text
from inbox.understanding.text import newest_text
from integrations.events import MessageEvent


@dataclass(frozen=True, slots=True)
class Arrival:
    """`tag` is "" where only a model can tell; `decided_by` names the rule and its version.

    `refuses_channel`: they want no more on this channel, and name another.
    `suspected`: what it may be (a Suspicion), by the sentence `suspected_words`; "" where the rules are sure or say no.
    `complaint`: the message reports that somebody marked our mail as spam; `failed_recipients` names who.
    """

    newest_text: str
    tag: str = ""
    decided_by: str = ""
    evidence: str = ""
    opt_out: bool = False
    opt_in: bool = False
    refuses_channel: bool = False
    bounce: bool = False
    complaint: bool = False
    failed_recipients: tuple[str, ...] = ()
    suspected: str = ""
    suspected_words: str = ""


def judge(event: MessageEvent) -> Arrival:
    """Judge an inbound message; an outbound one is only cleaned. When to wake the lead is read by the message's job."""
    if event.direction != "inbound":
        return Arrival(newest_text(event.text, event.html, channel=event.channel).text)
    verdict = rules.judge(
        rules.ReplyText(
            channel=event.channel,
            # An empty sender is evidence of a bounce; on other channels the person is the sender.
            sender_email=event.from_address if event.channel == "email" else event.person.email,
            sender_name=event.from_name,
            subject=event.subject,
            text=event.text,
            html=event.html,
            automated_reply=event.automated_reply,
            headers=event.headers,
            sent=_sent(event),
        )
    )
    hit = (
        verdict.complaint
        or verdict.opt_out
        or verdict.bounce
        or verdict.out_of_office
        or verdict.auto_reply
        or verdict.not_interested
    )
    decided = hit is not None and bool(verdict.tag)
    suspicion = next(iter(verdict.perhaps), None)
    return Arrival(
        newest_text=verdict.newest_text,
        tag=verdict.tag or "",
        decided_by=f"rules {rules.RULES_VERSION}: {hit.rule_id}"[:80] if decided else "",
        evidence=hit.quote if decided else "",
        opt_out=verdict.opt_out is not None,
        opt_in=verdict.opt_in is not None,
        refuses_channel=verdict.one_channel is not None
        and event.channel in one_channel.refused(verdict.newest_text),
        bounce=verdict.bounce is not None,
        complaint=verdict.complaint is not None,
        failed_recipients=tuple(verdict.failed_recipients),
        suspected=suspicion.label if suspicion else "",
        suspected_words=suspicion.quote if suspicion else "",
    )


def _sent(event: MessageEvent) -> tuple[str, ...]:
    """Our mail that the message answers, as plain text; nothing where the provider does not tell it."""
    text = event.sent_text or (html_text(event.sent_html) if event.sent_html else "")
    return (text,) if text else ()
