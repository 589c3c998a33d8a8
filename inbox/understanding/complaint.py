"""Recognises spam complaints: reports that a person marked our mail as spam (RFC 5965, Abuse Reporting Format)."""

import re

from inbox.understanding.cleaned import Reading, mail_rule
from inbox.understanding.normalise import ADDRESS

_FIELDS = re.compile(r"(?:^|\n)[ \t]*feedback-type[ \t]*:[ \t]*[a-z-]+", re.I)
_OPENING = re.compile(
    r"\b(?:e-?mail )?(?:abuse|feedback|complaint|spam) (?:feedback )?report (?:for|from|about|regarding|on) "
    r"(?:an?|the|this|your) "
    r"(?:e-?mail|message|mail)|\b(?:has|have|was|been) (?:reported|marked|flagged|identified) (?:it |this |your "
    r"(?:e-?mail|message) )?as (?:spam|junk|abuse|unsolicited)|"
    r"\bfeedback loop\b.{0,80}\b(?:complain|report|spam|abuse)"
)
_SPOKEN_OF = re.compile(
    "spam|junk|abuse|unsolicited|complain|feedback"
)  # each _OPENING contains one of these words; most mails contain none, so the slower search is left out
_RECIPIENTS = re.compile(
    rf"(?:^|\n)[ \t]*(?:original-rcpt-to|removal-recipient)[ \t]*:[ \t]*(?:rfc822;)?[ \t]*<?({ADDRESS})",
    re.I,
)


def recipients(text: str) -> tuple[str, ...]:
    """Returns the addresses of people who marked our mail as spam; () if the report conceals them (RFC 5965, 3.2)."""
    return tuple(dict.fromkeys(address.lower() for address in _RECIPIENTS.findall(text[:20_000])))


@mail_rule(
    "complaint.report_headers",
    "The headers mark it as a feedback report: someone has reported our email as spam.",
)
def _by_report_headers(reading: Reading) -> str | None:
    kind = reading.headers.get("content-type", "")
    return kind if "multipart/report" in kind and "feedback-report" in kind else None


@mail_rule(
    "complaint.report_build",
    "It has the fields or opening of a feedback report and isn’t a reply: someone has reported our email as spam.",
)
def _by_report_build(reading: Reading) -> str | None:
    """Judges a mail by its structure. Replies and forwarded mails do not count: they may quote such a report."""
    if reading.is_reply or reading.is_forward:
        return None
    if match := _FIELDS.search(reading.body):
        return match[0]
    start = reading.folded_body[:600]
    opening = _OPENING.search(start) if _SPOKEN_OF.search(start) else None
    return opening[0] if opening else None


RULES = (
    _by_report_headers,
    _by_report_build,
)
