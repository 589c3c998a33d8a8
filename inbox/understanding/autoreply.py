"""Decides whether nobody wrote a mail: automatic replies, and among them the ones that say a person is away."""

import re
from collections.abc import Callable

from inbox.understanding import autoreply_phrases as phrases
from inbox.understanding import bounce
from inbox.understanding.reading import ALL_CHANNELS, EMAIL, LINKEDIN, SMS, Reading, Rule


def calendar_answer(reading: Reading) -> bool:
    """An answer to an invitation: sent by a calendar, but on a person's click, so never an automatic reply."""
    if phrases.CALENDAR_SUBJECT.match(reading.raw_subject):
        return True
    return bool(phrases.CALENDAR_BODY.search(reading.folded_body[:400]))


def _judgeable(reading: Reading) -> bool:
    return not calendar_answer(reading) and not reading.is_forward


def _personal(reading: Reading) -> bool:
    """Words of a person to us: a question, a wish, a date proposed. What to do in urgent cases is not one of them."""
    text = phrases.URGENT_CLAUSE.sub(" ", reading.text)
    return bool(phrases.PERSON.search(text)) or "?" in text


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
    return reading.reply.subject if phrases.AUTO_SUBJECT.match(subject) or _away_subject(reading) else None


def _away_subject(reading: Reading) -> bool:
    """An away subject that is not simply the subject of our own mail, echoed: those carry "Re:"."""
    return bool(phrases.AWAY_SUBJECT.match(reading.raw_subject))


def _by_own_words(reading: Reading) -> str | None:
    quote = reading.first(phrases.SAYS_SO)
    if quote and not _asks_about_it(quote):
        return quote
    if _personal(reading):
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
    if _question_to_us(reading):
        return None
    if received and (answer or thanks or bot or robot or _many_marks(reading)):
        return received
    if answer and (bot or (thanks and _plural(reading))):
        return answer
    if bot and thanks and not reading.is_reply and not _personal(reading):
        return thanks
    said_by_us = reading.is_reply and phrases.WE_RECEIVED.search(reading.text)  # people say that too
    return received if received and not said_by_us and not _personal(reading) else None


def _many_marks(reading: Reading) -> bool:
    return bool(phrases.NO_REPLY_ASKED.search(reading.text) or phrases.UNREAD.search(reading.text))


def _plural(reading: Reading) -> bool:
    return bool(re.search(r"\b(?:we|our|us|team|staff|wir|nous|nosotros|noi)\b", reading.text))


def _question_to_us(reading: Reading) -> bool:
    """A question that an acknowledgement would not ask ("How would you rate our support?" is one it would)."""
    asked = [low for _, low in reading.sentences if low.endswith("?")]
    return any(
        not re.search(
            r"\b(?:rate|urgent|need (?:help|more)|did you know|looking for|have you (?:checked|tried|"
            r"seen))\b",
            low,
        )
        for low in asked
    )


def _by_unread_mailbox(reading: Reading) -> str | None:
    quote = reading.first(phrases.UNREAD)
    if quote is None or _personal(reading):
        return None
    first_person = re.search(r"\b(?:i|my)\b", reading.text) and not re.search(
        r"\bmy (?:new )?e-?mail address\b", reading.text
    )
    return None if first_person and reading.is_reply and not phrases.THANKS.search(reading.text) else quote


def _by_challenge(reading: Reading) -> str | None:
    return reading.first(phrases.CHALLENGE) if not _question_to_us(reading) else None


def _by_receipt(reading: Reading) -> str | None:
    low = reading.folded_body[:2000]
    if phrases.RECEIPT_SUBJECT.match(reading.raw_subject) and (
        phrases.RECEIPT.search(low) or not reading.text
    ):
        return reading.reply.subject
    return (
        reading.reply.subject
        if phrases.RECEIPT.search(low) and re.search(r"\byour message\b", low) and not _personal(reading)
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
    if driving and not _question_to_us(reading):
        return driving
    hours = reading.first(phrases.BUSINESS_TEXT)
    told = phrases.THANKS.search(reading.text) or phrases.WILL_ANSWER.search(reading.text)
    return hours if hours and told and not _question_to_us(reading) else None


def _by_marks(reading: Reading) -> str | None:
    """Marks of software that are weak alone and strong together; a text that speaks to us has none of it to say."""
    if _personal(reading) or _question_to_us(reading):
        return None
    found = {name: reading.first(pattern) for name, pattern in _MARKS.items()}
    points = sum(_MARK_POINTS.get(name, 1.0) for name, quote in found.items() if quote)
    points += _ROLE_POINTS if phrases.ROLE_LOCAL.match(reading.sender_local) else 0
    points += 1 if phrases.BOT_SUBJECT.search(reading.raw_subject) else 0
    points -= 1 if phrases.GREETS_BY_NAME.match(reading.text) else 0
    core = next((found[name] for name in _CORE_MARKS if found[name]), None)
    return core if points >= _ENOUGH_POINTS else None


_MARKS = {
    "away": phrases.AWAY,
    "received": phrases.RECEIVED,
    "assistant": phrases.ASSISTANT,
    "unread": phrases.UNREAD,
    "no_reply": phrases.NO_REPLY_ASKED,
    "hours": phrases.BUSINESS_TEXT,
    "answer": phrases.WE_WILL_ANSWER,
    "urgent": phrases.AWAY_EXTRA,
    "thanks": phrases.THANKS,
    "out_of_reach": phrases.OUT_OF_REACH,
    "returns": phrases.WILL_RETURN,
    "until": phrases.SINCE_UNTIL,
    "meanwhile": phrases.MEANWHILE,
    "rarely": phrases.RARELY_READS,
    "reached": phrases.REACHED,
    "slow": phrases.SLOW,
}
_CORE_MARKS = ("away", "received", "assistant", "unread", "no_reply", "hours", "answer", "rarely")
_MARK_POINTS = {"until": 0.5, "returns": 0.5, "meanwhile": 0.5, "assistant": 2.0}
_ROLE_POINTS = 0.5
_ENOUGH_POINTS = 2.0


def _by_provider_flag(reading: Reading) -> str | None:
    """The provider flags some people's mail too, so its flag needs words that an automatic text would use."""
    if reading.reply.automated_reply is not True or _personal(reading):
        return None
    patterns = (
        phrases.AWAY,
        phrases.AWAY_WIDE,
        phrases.AWAY_EXTRA,
        phrases.RARELY_READS,
        phrases.REACHED,
        phrases.SLOW,
        phrases.WILL_RETURN,
        phrases.SINCE_UNTIL,
        phrases.GONE,
        phrases.UNREAD,
        phrases.RECEIVED,
        phrases.WILL_ANSWER,
        phrases.THANKS,
        phrases.SAYS_SO,
        phrases.NO_REPLY_ASKED,
    )
    return next((quote for pattern in patterns if (quote := reading.first(pattern)) is not None), None)


def _guarded(match: Callable[[Reading], str | None]) -> Callable[[Reading], str | None]:
    return lambda reading: match(reading) if _judgeable(reading) else None


def _away_quote(reading: Reading) -> str | None:
    """For a mail already known to be automatic: the words that say a person or an office is away for a time."""
    if _away_subject(reading):
        return reading.reply.subject
    if _by_delivery_notice(reading) or phrases.RECEIPT_SUBJECT.match(reading.raw_subject):
        return None
    if phrases.GONE.search(reading.text) and not _COMES_BACK.search(reading.text):
        return None
    patterns = [phrases.AWAY]
    if (
        reading.reply.channel == EMAIL
    ):  # elsewhere "until Monday" may be a pause from the network, not from work
        patterns += [phrases.AWAY_WIDE, phrases.SINCE_UNTIL]
    for pattern in patterns:
        for written, low in reading.sentences:
            if pattern.search(low) and not phrases.NOT_AWAY.search(low):
                return written
    return None


_COMES_BACK = re.compile(r"\breturn|\bback\b|\buntil\b|\bleave\b")


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
        "Two marks of such texts at once: away, received, opening hours, urgent cases, thanks for the mail.",
        _by_marks,
    ),
    _rule(
        "provider_flag",
        "The provider flags the reply as automatic, and its words do not contradict.",
        _by_provider_flag,
    ),
)

AWAY_RULE = Rule(
    "out_of_office.away",
    "out_of_office",
    "An automatic reply whose subject or text says that a person or an office is away for a time.",
    _away_quote,
)
