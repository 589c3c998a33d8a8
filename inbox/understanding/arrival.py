"""Applies the rules to a message when it arrives, and returns the findings in the form that intake stores."""

from dataclasses import dataclass

from inbox.understanding import one_channel, rules
from inbox.understanding.cleaned import EMAIL, SMS
from inbox.understanding.html import html_text
from inbox.understanding.text import newest_text
from integrations.events import MessageEvent


@dataclass(frozen=True, slots=True)
class Arrival:
    """The findings of the rules about a message at its arrival, in the form that intake stores.

    `tag` is "" if the rules cannot decide; `evidence` holds the decisive words. `ended_addresses` are those that the
    message refuses (`one_channel.ended`). `suspected` is the value of a Suspicion, or "" if the rules are sure or
    suspect nothing.
    """

    newest_text: str
    tag: str = ""
    decided_by: str = ""
    evidence: str = ""
    opt_out: bool = False
    opt_in: bool = False
    refuses_channel: bool = False
    ended_addresses: frozenset[str] = frozenset()
    bounce: bool = False
    complaint: bool = False
    failed_recipients: tuple[str, ...] = ()
    suspected: str = ""
    suspected_words: str = ""


def judge(event: MessageEvent) -> Arrival:
    """Returns the findings of the rules about an arriving message. For our own message, finds only its newest text."""
    channel = read_as(event.channel, event.html)
    if event.direction != "inbound":
        return Arrival(newest_text(event.text, event.html, channel=channel).text)
    return read(
        rules.ReplyText(
            channel=channel,
            # In e-mail, an empty sender is evidence of a bounce. On other channels, the sender is the lead.
            sender_email=event.from_address if channel == EMAIL else event.person.email,
            sender_name=event.from_name,
            subject=event.subject,
            text=event.text,
            html=event.html,
            automated_reply=event.automated_reply,
            headers=event.headers,
            sent=_sent(event),
        ),
        event.channel,
    )


def read_as(channel: str, html: str) -> str:
    """Returns the channel whose rules apply to a message. On ELSEWHERE, a message with HTML is read as an e-mail, and
    any other as an SMS.
    """
    return channel if channel != one_channel.ELSEWHERE else EMAIL if html else SMS


def read(reply: rules.ReplyText, channel: str) -> Arrival:
    """Returns the findings of the rules about a reply on `channel`, in the form that intake stores."""
    verdict = rules.judge(reply)
    decided = verdict.decided
    suspicion = next(iter(verdict.perhaps), None)
    return Arrival(
        newest_text=verdict.newest_text,
        tag=verdict.tag or "",
        decided_by=f"rules {rules.RULES_VERSION}: {decided.rule_id}"[:80] if decided else "",
        evidence=decided.quote if decided else "",
        opt_out=verdict.opt_out is not None,
        opt_in=verdict.opt_in is not None,
        refuses_channel=verdict.one_channel is not None
        and channel in one_channel.refused(verdict.newest_text),
        ended_addresses=one_channel.ended(verdict.newest_text, reply.sender_email)
        if verdict.one_channel
        else frozenset(),
        bounce=verdict.bounce is not None,
        complaint=verdict.complaint is not None,
        failed_recipients=tuple(verdict.failed_recipients),
        suspected=suspicion.label if suspicion else "",
        suspected_words=suspicion.quote if suspicion else "",
    )


def _sent(event: MessageEvent) -> tuple[str, ...]:
    """Returns our mail that the message answers, as plain text; () if the provider does not include it."""
    text = event.sent_text or (html_text(event.sent_html) if event.sent_html else "")
    return (text,) if text else ()
