"""Checks the length of a text against its channel's limit, and splits a text into SMS parts."""

import re

from inbox.models.lead import Channel

SMS_PARTS = 3
GSM_UNITS, UCS2_UNITS = 160, 70
EMAIL_CHARS = 20_000
LINKEDIN_CHARS = 8_000
"""LinkedIn's limit for a message. Unipile's carrier checks the limits of an InMail and an invitation."""

# In GSM 03.38, a character of the first set takes one septet. A character of the second set is escaped and takes two.
GSM = set(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_ESCAPED = set("^{}\\[~]|€\f")
SPACELESS = re.compile("[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff]")
"""Matches letters of Thai, Japanese and Chinese."""
PLAIN = str.maketrans(
    {"‘": "'", "’": "'", "“": '"', "”": '"', "–": "-", "—": "-", "…": "...", "\u00a0": " ", "\t": " "}
)
"""Replaces typographic characters. A single one would reduce the limit of an SMS from 160 to 70 characters."""


def words(text: str) -> int:
    """Returns the number of words in `text`. In a script without spaces, two characters count as one word."""
    return len(text.split()) + len(SPACELESS.findall(text)) // 2


def units(text: str) -> tuple[int, int]:
    """Returns the length of `text`, and that of one SMS in the same unit: 160 septets (GSM) or 70 UTF-16 units."""
    if all(char in GSM or char in GSM_ESCAPED for char in text):
        return sum(2 if char in GSM_ESCAPED else 1 for char in text), GSM_UNITS
    return len(text.encode("utf-16-le")) // 2, UCS2_UNITS


def sms_parts(text: str) -> list[str]:
    """Returns `text` as SMS parts, split between words if possible; [] if it is empty or needs more than SMS_PARTS."""
    text = text.translate(PLAIN).strip()
    room = units(text)[1]
    parts: list[str] = []
    rest = text
    while rest and len(parts) <= SMS_PARTS:
        head = _longest(rest, room)
        parts.append(rest[:head].strip())
        rest = rest[head:].strip()
    return parts if len(parts) <= SMS_PARTS and not rest else []


def _longest(text: str, room: int) -> int:
    """Returns how many characters of `text` fit into `room` units of an SMS, up to the end of a word if possible."""
    used, end, word_end = 0, 0, 0
    for char in text:
        size = (2 if char in GSM_ESCAPED else 1) if room == GSM_UNITS else len(char.encode("utf-16-le")) // 2
        if used + size > room:
            return end if char.isspace() else word_end or end
        used += size
        end += 1
        if char.isspace():
            word_end = end
    return end


def problem(channel: str, text: str) -> str:
    """Returns why `text` cannot be sent on `channel`, as a sentence for users; "" if it can be sent."""
    if not text.strip():
        return "There’s no text to send."
    if channel == Channel.SMS and not sms_parts(text):
        room = units(text.translate(PLAIN))[1]
        why = (
            ""
            if room == GSM_UNITS
            else " because it contains an emoji or another character that takes up more space"
        )
        return f"This is too long for a text. The limit is {SMS_PARTS} messages of {room} characters{why}."
    longest_of: dict[str, int] = {Channel.EMAIL: EMAIL_CHARS, Channel.LINKEDIN: LINKEDIN_CHARS}
    longest = longest_of.get(channel)
    if longest and len(text) > longest:
        return f"This is too long. The limit on {Channel(channel).label} is {longest:,} characters."
    return ""
