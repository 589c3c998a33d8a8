"""Recognises automatic replies: mails that no person wrote. Among them, it finds notices of absence."""

import re

from inbox.understanding import autoreply_phrases as phrases
from inbox.understanding import bounce
from inbox.understanding.cleaned import MAIL_ONLY, Reading, Rule, in_a_letter, rule
from inbox.understanding.word_weights import count_words, features, weights

SURE = 0.88
"""The minimum probability at which a text with a phrase of software, and no other sign, counts as automatic."""

SURE_WITH_A_SIGN = 0.05
"""The minimum probability with another sign, which alone may be wrong: a provider's flag or a no-reply sender."""

PERHAPS = 0.5
"""The minimum probability of a possibly automatic text. A model or a person then decides."""

SURE_AWAY = 0.5
"""The minimum probability at which an automatic reply with a phrase of absence counts as a notice of absence."""

ENOUGH_WORDS = 5
"""The minimum number of words for a judgement by wording. A shorter text is never judged by its wording."""


def judgeable(reading: Reading) -> bool:
    """Whether the mail may be an automatic reply. A calendar's answer is not, because a person's click caused it."""
    if reading.is_forward or phrases.CALENDAR_SUBJECT.match(reading.raw_subject):
        return False
    return not phrases.CALENDAR_BODY.search(reading.folded_body[:400])


@rule(
    "auto_reply.headers",
    "The mail's own headers call it automatic.",
    channels=MAIL_ONLY,
)
def _by_headers(reading: Reading) -> str | None:
    headers = reading.headers
    submitted = headers.get("auto-submitted", "no")
    if submitted.startswith(("auto-replied", "auto-generated")):
        return f"Auto-Submitted: {submitted}"
    for name in ("x-autoreply", "x-autorespond", "x-autoresponder"):
        if headers.get(name, "no") not in ("no", ""):
            return f"{name}: {headers[name]}"
    if headers.get("precedence") in ("auto_reply", "auto-reply"):
        return f"Precedence: {headers['precedence']}"
    return None


@rule(
    "auto_reply.delivery_notice",
    "A mail system reports a delay or a success: no address failed, nobody wrote.",
    channels=MAIL_ONLY,
)
def _by_delivery_notice(reading: Reading) -> str | None:
    if (
        not (bounce.mail_system(reading) or bounce.shared_name(reading))
        or reading.is_reply
        or not reading.once(bounce.delayed)
    ):
        return None
    return reading.reply.subject or ""


@rule(
    "auto_reply.read_receipt",
    "A receipt: the message was displayed, read or deleted unread.",
    channels=MAIL_ONLY,
)
def _by_receipt(reading: Reading) -> str | None:
    low = reading.folded_body[:2000]
    receipt = phrases.RECEIPT.search(low)
    if phrases.RECEIPT_SUBJECT.match(reading.raw_subject) and (receipt or not reading.text):
        return reading.reply.subject
    confirms = receipt and re.search(r"\byour message\b", low)
    return reading.reply.subject if confirms and reading.written_by_software >= SURE_WITH_A_SIGN else None


@rule(
    "auto_reply.subject",
    'The subject starts as mail systems start automatic replies ("Automatic reply:", "Abwesenheitsnotiz"). '
    "Behind our own thread the wording must not be a person's.",
    channels=MAIL_ONLY,
)
def _by_subject(reading: Reading) -> str | None:
    subject = reading.raw_subject
    match = phrases.AUTO_SUBJECT.match(subject) or phrases.AWAY_SUBJECT.match(subject)
    # the subject of a reply in our thread is ours, so the words must agree
    ours = reading.above and reading.newest.quoted
    if not match or (ours and weights("auto_reply").probability(features(reading.above)) < PERHAPS):
        return None
    return reading.reply.subject


@rule(
    "auto_reply.robot_sender",
    "Sent from a no-reply address, and the wording is not a person's.",
    channels=MAIL_ONLY,
)
def _by_robot_sender(reading: Reading) -> str | None:
    robot = phrases.ROBOT_LOCAL.search(reading.sender_local)
    return reading.reply.sender_email if robot and reading.written_by_software >= SURE_WITH_A_SIGN else None


@rule(
    "auto_reply.wording",
    "A text of some length that holds an expression as only software uses it (receipt confirmed, mailbox not read, "
    f"away until a day), and whose wording as a whole is at least {SURE:.0%} sure to be software's.",
)
def _by_wording(reading: Reading) -> str | None:
    sure = (
        count_words(reading.above) >= ENOUGH_WORDS
        and reading.written_by_software >= SURE
        and weights("auto_reply").express(reading.above)
    )
    return reading.evidence("auto_reply") if sure else None


@rule(
    "auto_reply.suspected",
    f"The wording is at least {PERHAPS:.0%} sure to be software's: a model or a person decides.",
    sure=False,
)
def suspicion(reading: Reading) -> str | None:
    probability = in_a_letter(reading.written_by_software, reading.text)
    return reading.evidence("auto_reply") if reading.text and probability >= PERHAPS else None


@rule(
    "auto_reply.provider_flag",
    f"The provider flags the reply as automatic, and its wording is at least {SURE_WITH_A_SIGN:.0%} sure to be.",
)
def _by_provider_flag(reading: Reading) -> str | None:
    # providers also flag mails from people, so the wording must agree
    flagged = reading.reply.automated_reply is True and reading.written_by_software >= SURE_WITH_A_SIGN
    return reading.evidence("auto_reply") if flagged else None


RULES = (
    _by_headers,
    _by_delivery_notice,
    _by_receipt,
    _by_subject,
    _by_robot_sender,
    _by_wording,
    _by_provider_flag,
)


def _away(reading: Reading) -> str | None:
    if phrases.AWAY_SUBJECT.match(reading.raw_subject):
        return reading.reply.subject
    if phrases.RECEIPT_SUBJECT.match(reading.raw_subject):
        return None
    learned = weights("out_of_office")
    away = learned.probability(reading.mail_slots) >= SURE_AWAY and learned.express(reading.above)
    return reading.evidence("out_of_office") if away else None


AWAY_RULE = Rule(
    "out_of_office.wording",
    "For an automatic reply: its subject, or its wording with an expression of absence, says that somebody is away.",
    _away,
)
AWAY_SUSPICION = Rule(
    "out_of_office.suspected",
    "For what may be an automatic reply: its wording as learned says that somebody is away for a time.",
    _away,
    sure=False,
)
