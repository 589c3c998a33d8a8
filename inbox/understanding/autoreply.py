"""Decides whether nobody wrote a mail: automatic replies, and among them the ones that say a person is away."""

import re
from collections.abc import Callable

from inbox.understanding import absence_phrases as absence
from inbox.understanding import autoreply_phrases as phrases
from inbox.understanding import bounce
from inbox.understanding.absence import away_subject
from inbox.understanding.autoreply_marks import by_marks, marks
from inbox.understanding.autoreply_person import personal, question_to_us
from inbox.understanding.reading import ALL_CHANNELS, EMAIL, LINKEDIN, SMS, Reading, Rule


def calendar_answer(reading: Reading) -> bool:
    """An answer to an invitation: sent by a calendar, but on a person's click, so never an automatic reply."""
    if phrases.CALENDAR_SUBJECT.match(reading.raw_subject):
        return True
    return bool(phrases.CALENDAR_BODY.search(reading.folded_body[:400]))


def _judgeable(reading: Reading) -> bool:
    return not calendar_answer(reading) and not reading.is_forward


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


def _by_subject(reading: Reading) -> str | None:
    subject = reading.raw_subject
    return reading.reply.subject if phrases.AUTO_SUBJECT.match(subject) or away_subject(reading) else None


def _by_own_words(reading: Reading) -> str | None:
    quote = reading.first(phrases.SAYS_SO)
    if quote and not _asks_about_it(quote):
        return quote
    if personal(reading):
        return None
    asked = reading.first(phrases.NO_REPLY_ASKED)
    if asked is None and any(pattern.search(reading.text) for pattern in _BESIDE):
        asked = reading.first(phrases.NO_REPLY_ASKED_BRIEFLY)
    return asked


_BESIDE = (phrases.THANKS, phrases.RECEIVED, phrases.WILL_ANSWER)


def _asks_about_it(sentence: str) -> bool:
    return sentence.rstrip().endswith("?") or bool(
        re.search(r"\b(?:your|got (?:your|an)|before my|our system tags)\b.{0,60}auto", sentence.lower())
    )


def _by_acknowledgement(reading: Reading) -> str | None:
    received = reading.first(phrases.RECEIVED)
    answer = reading.first(phrases.WILL_ANSWER)
    thanks = reading.first(phrases.THANKS)
    bot = bool(phrases.BOT_SUBJECT.search(reading.raw_subject))
    robot = bool(phrases.ROBOT_LOCAL.search(reading.sender_local))
    if question_to_us(reading):
        return None
    if received and (answer or thanks or bot or robot or _many_marks(reading)):
        return received
    if answer and (bot or (thanks and _plural(reading))):
        return answer
    if bot and thanks and not reading.is_reply and not personal(reading):
        return thanks
    said_by_us = reading.is_reply and phrases.WE_RECEIVED.search(reading.text)  # people say that too
    return received if received and not said_by_us and not personal(reading) else None


def _many_marks(reading: Reading) -> bool:
    return bool(phrases.NO_REPLY_ASKED.search(reading.text) or phrases.UNREAD.search(reading.text))


def _plural(reading: Reading) -> bool:
    return bool(re.search(r"\b(?:we|our|us|team|staff|wir|nous|nosotros|noi)\b", reading.text))


def _by_unread_mailbox(reading: Reading) -> str | None:
    quote = reading.first(phrases.UNREAD)
    if quote is None or personal(reading):
        return None
    first_person = re.search(r"\b(?:i|my)\b", reading.text) and not re.search(
        r"\bmy (?:new )?e-?mail address\b", reading.text
    )
    return None if first_person and reading.is_reply and not phrases.THANKS.search(reading.text) else quote


def _by_challenge(reading: Reading) -> str | None:
    return reading.first(phrases.CHALLENGE) if not question_to_us(reading) else None


def _by_receipt(reading: Reading) -> str | None:
    low = reading.folded_body[:2000]
    if phrases.RECEIPT_SUBJECT.match(reading.raw_subject) and (
        phrases.RECEIPT.search(low) or not reading.text
    ):
        return reading.reply.subject
    return (
        reading.reply.subject
        if phrases.RECEIPT.search(low) and re.search(r"\byour message\b", low) and not personal(reading)
        else None
    )


def _by_delivery_notice(reading: Reading) -> str | None:
    if (
        not (bounce.mail_system(reading) or bounce.shared_name(reading))
        or reading.is_reply
        or not bounce.delayed(reading)
    ):
        return None
    return reading.reply.subject or ""


def _by_robot_sender(reading: Reading) -> str | None:
    return reading.reply.sender_email if phrases.ROBOT_LOCAL.search(reading.sender_local) else None


def _by_phone(reading: Reading) -> str | None:
    driving = reading.first(phrases.PHONE_AUTO) or reading.first(phrases.NO_INCOMING)
    if driving and not question_to_us(reading):
        return driving
    hours = reading.first(phrases.BUSINESS_TEXT)
    told = any(
        pattern.search(reading.text) for pattern in (phrases.THANKS, phrases.WILL_ANSWER, phrases.WE_RECEIVED)
    )
    return hours if hours and told and not question_to_us(reading) else None


def _by_provider_flag(reading: Reading) -> str | None:
    """The provider flags some people's mail too, so its flag needs words that an automatic text would use."""
    if reading.reply.automated_reply is not True or personal(reading):
        return None
    patterns = (absence.AWAY_WIDE, phrases.WILL_ANSWER, phrases.SAYS_SO)
    quote = next((quote for pattern in patterns if (quote := reading.first(pattern)) is not None), None)
    return quote or next((quote for quote in marks(reading).values() if quote), None)


def _guarded(match: Callable[[Reading], str | None]) -> Callable[[Reading], str | None]:
    return lambda reading: match(reading) if _judgeable(reading) else None


_MAIL = frozenset({EMAIL})


def _rule(
    name: str,
    description: str,
    match: Callable[[Reading], str | None],
    channels: frozenset[str] = ALL_CHANNELS,
) -> Rule:
    return Rule(f"auto_reply.{name}", "auto_reply", description, _guarded(match), channels)


RULES = (
    _rule(
        "headers",
        "The mail's own headers say so: Auto-Submitted, X-Autoreply, Precedence: auto_reply.",
        _by_headers,
        _MAIL,
    ),
    _rule(
        "delivery_notice",
        "A mail system reports a delay or a success: no address failed, nobody wrote.",
        _by_delivery_notice,
        _MAIL,
    ),
    _rule(
        "read_receipt", "A receipt: the message was displayed, read or deleted unread.", _by_receipt, _MAIL
    ),
    _rule(
        "subject",
        'The subject starts as mail systems start automatic replies ("Automatic reply:", "Abwesenheitsnotiz").',
        _by_subject,
        _MAIL,
    ),
    _rule(
        "own_words", "The text says that it is automatic, or that it must not be replied to.", _by_own_words
    ),
    _rule(
        "acknowledgement",
        "A help desk or shop confirms receipt: ticket opened, message received, answer within two days.",
        _by_acknowledgement,
    ),
    _rule(
        "unread_mailbox",
        "The mailbox is not read, the address has changed or will be closed.",
        _by_unread_mailbox,
        _MAIL,
    ),
    _rule("challenge", "A spam guard asks the sender to prove that a person writes.", _by_challenge, _MAIL),
    _rule("robot_sender", "Sent from a no-reply address.", _by_robot_sender, _MAIL),
    _rule(
        "phone",
        "A phone's driving mode, or a shop's automatic text with opening hours.",
        _by_phone,
        frozenset({SMS, LINKEDIN}),
    ),
    _rule(
        "marks",
        "Several marks of such texts at once (away, back on a day, cover, received, thanks), and no word to us.",
        by_marks,
    ),
    _rule(
        "provider_flag",
        "The provider flags the reply as automatic, and its words do not contradict.",
        _by_provider_flag,
    ),
)
