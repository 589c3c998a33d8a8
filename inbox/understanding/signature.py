"""Finds the line at which a person's text ends and the sign-off, signature or footer begins, and cuts there."""

import re
from functools import lru_cache
from itertools import dropwhile, takewhile

from inbox.understanding import signature_words as marks
from inbox.understanding.normalise import fold

_SHORT_LINE = 90
_TAIL_LINES = 60  # a signature with its disclaimer is shorter, and the limit keeps the search linear
_SIGNATURE_LINES = 14


def strip_signature(lines: list[str], names: frozenset[str], *, last: bool) -> list[str]:
    """Returns `lines` (unquoted lines in a row) without banners, sign-off, signature and footers.

    A P.S. below the signature stays in the text. `names` are the sender's `name_words`. `last` says whether no other
    text of the writer follows further down in the mail.
    """
    folded_of = {line: fold(line[:400]) for line in lines}
    lines = _trim(_without_banner([line for line in lines if not _is_noise(folded_of[line])]))
    folded = [folded_of[line] for line in lines]
    cut = next((index for index in range(len(lines)) if _ends_text(lines, folded, index, names)), len(lines))
    if last:
        cut = _name_cut(lines[:cut], folded[:cut], names)
    body = _without_last_footer(_trim(lines[:cut])) if last else _trim(lines[:cut])
    postscript = _postscript(lines[cut : cut + _TAIL_LINES], folded[cut : cut + _TAIL_LINES])
    return body + ([""] + postscript if postscript and body else postscript)


def _without_last_footer(lines: list[str]) -> list[str]:
    """Removes the last line if a blank line stands above it and a program seems to have written it."""
    apart = len(lines) > 2 and not lines[-2].strip()
    return _trim(lines[:-1]) if apart and marks.LAST_FOOTER.match(fold(lines[-1][:200])) else lines


def _is_noise(low: str) -> bool:
    """Whether a program added this folded line, such as a phone's signature or a placeholder for an image."""
    return bool(low) and bool(marks.NOISE.match(low) or marks.MOBILE.match(low))


def _ends_text(lines: list[str], folded: list[str], index: int, names: frozenset[str]) -> bool:
    if not folded[index]:
        return False
    if _disclaims(folded, index):
        return True
    if marks.DELIMITER.match(lines[index]):
        return _is_signature(lines, folded, index + 1, lenient=True)
    if marks.LONG_RULE.match(lines[index]):
        return _is_signature(lines, folded, index + 1)
    if _contact_block(lines, folded, index, names) and _is_signature(lines, folded, index):
        return True
    return _signs_off(lines, folded, index, names)


def _disclaims(folded: list[str], index: int) -> bool:
    low = folded[index]
    legal = marks.FOOTER.match(low) or marks.LEGAL.search(" ".join(folded[index : index + 6]))
    return bool(marks.DISCLAIMER.match(low) and legal)


def _contact_block(lines: list[str], folded: list[str], index: int, names: frozenset[str]) -> bool:
    """Whether a paragraph begins at `index` with a company's name, or with the sender's name above contact details."""
    if not index or folded[index - 1]:
        return False
    if _is_company(lines[index]):
        tail = slice(index, index + _TAIL_LINES)
        return _MOTTO not in map(_part, lines[tail], folded[tail])
    has_name = not names.isdisjoint(re.findall(r"\w+", folded[index]))
    if not has_name or marks.CONTACT.search(folded[index]):
        return False
    block = takewhile(bool, folded[index + 1 :])
    return sum(bool(marks.NUMBER_OR_ADDRESS.search(low)) for low in block) > 1


def _is_company(line: str) -> bool:
    """Whether a line is a company's name, alone or followed by an offer or a registration, and not a sentence."""
    name = marks.COMPANY.match(line)
    rest = line[name.end() :].lstrip(" .,|-") if name else ""
    low = fold(rest)
    return bool(name) and (not _is_sentence(rest) or offers(low) or bool(marks.LEGAL.search(low)))


def offers(low: str) -> bool:
    return bool(marks.OFFER.match(low)) and not marks.WRITER.search(low)


def _signs_off(lines: list[str], folded: list[str], index: int, names: frozenset[str]) -> bool:
    """Whether the line at `index` is a sign-off, with or without a name, and only a signature follows below it."""
    low = folded[index]
    if len(low) > 80 or len(lines) == 1:
        return False
    following = lines[index + 1].strip() if index + 1 < len(lines) else ""
    sign_off = low.endswith(",") and len(low.split()) <= 4 and _name_line(following, names) > 0
    return (sign_off or _is_sign_off(lines, folded, index, names)) and _is_signature(lines, folded, index + 1)


def _is_name(line: str, rest: str, names: frozenset[str], *, strict: bool) -> bool:
    words = rest.split("|")[0].split()
    if not words or len(words) > 5:
        return not rest or "|" in rest
    if strict:
        return any(word.strip(".,-") in names for word in words) or (
            len(words) == 1 and bool(_name_line(line.strip().split()[-1], names))
        )
    original = line.strip().split()[-len(words) :]
    return any(word.strip(".,") in names for word in words) or all(
        word[:1].isupper() or not word[:1].isalpha() for word in original
    )


def _is_signature(lines: list[str], folded: list[str], start: int, *, lenient: bool = False) -> bool:
    """Whether the lines from `start` can be a signature: short lines without sentences, up to a P.S. or a disclaimer.

    A motto is permitted only below another line of the signature, or anywhere if `lenient`, as below a delimiter.
    """
    count = 0
    below_contacts = False
    tail = slice(start, start + _TAIL_LINES)
    for line, low in zip(lines[tail], folded[tail], strict=True):
        part = _part(line, low)
        below_contacts |= bool(marks.NUMBER_OR_ADDRESS.search(low)) or _is_company(line)
        if part == _END:
            return True
        if part == _SKIPPED or (below_contacts and offers(low)):
            continue
        motto = lenient or (count and folded[start + count - 1] and not _WE.search(low))
        if part == _ADDRESS or (part == _MOTTO and not motto):
            return False
        count += 1
        if count > _SIGNATURE_LINES:
            return False
    return True


def closing(lines: list[str], names: frozenset[str]) -> int:
    """Returns the index of the first line that does not address the reader: a sign-off, the sender's name (of
    `name_words`), a contact block, a company's name, an offer or a disclaimer. The lines below it are not read.
    """
    folded = [fold(line[:400]) for line in lines]
    if len(lines) > 1 and _is_sign_off(lines, folded, 0, names):
        return 0
    return next((index for index in range(1, len(lines)) if _closes(lines, folded, index, names)), len(lines))


def _closes(lines: list[str], folded: list[str], index: int, names: frozenset[str]) -> bool:
    line, low = lines[index], folded[index]
    if not low:
        return False
    if marks.DELIMITER.match(line) or marks.LONG_RULE.match(line) or _name_line(line, names):
        return True
    if marks.DISCLAIMER.match(low):
        return _disclaims(folded, index)
    apart = not folded[index - 1]
    if apart and (_is_company(line) or offers(low)):
        return True
    if marks.CONTACT.search(low) and sum(word[:1].islower() for word in line.split()) < 3:
        return True
    return len(low) <= 80 and _is_sign_off(lines, folded, index, names)


def _is_sign_off(lines: list[str], folded: list[str], index: int, names: frozenset[str]) -> bool:
    """Whether the line is a sign-off, with or without a name, regardless of the signature below it."""
    line, low = lines[index], folded[index]
    following = lines[index + 1].strip() if index + 1 < len(lines) else ""
    firm = marks.FIRM_LINE.match(low.split(" / ")[-1])  # "Best regards / Mit freundlichen Grüßen"
    if firm:
        return _is_name(line, firm["rest"] or "", names, strict=False)
    soft = marks.SOFT_LINE.match(low)
    if not soft:
        return False
    if soft["rest"]:
        return _is_name(line, soft["rest"], names, strict=True)
    # "Thanks!" is a sentence of the text unless a name follows directly below it.
    return "," in soft["mark"] or bool(_name_line(following, names)) or _any_name(following)


_SKIPPED, _END, _ADDRESS, _MOTTO, _PART = range(5)


@lru_cache(maxsize=1024)
def _part(line: str, low: str) -> int:
    """Returns the role that a line below a sign-off has. `low` is the folded line. The role _ADDRESS means a sentence
    to the reader, and _MOTTO any other sentence.
    """
    if not low:
        return _SKIPPED
    if (
        marks.POSTSCRIPT.match(line)
        or marks.DISCLAIMER.match(low)
        or len(set(marks.LEGAL.findall(low))) > 1
        or marks.DELIMITER.match(line)
        or _AUTOMATIC.search(low)
    ):
        return _END
    if marks.LONG_RULE.match(line):
        return _SKIPPED
    if _is_sentence(line):
        return _ADDRESS if _SPEAKS.search(low) else _MOTTO
    return _PART


_AUTOMATIC = re.compile(
    r"\bout of (?:the )?office\b|\bautomat(?:ic|ed|ische|ique|ica)\b|\bauto-?repl|\bnicht im buro\b|"
    r"\babwesen|"
    r"\babsent[e]? du bureau\b"
)
_SPEAKS = re.compile(
    r"\?|\b(?:you|your|i|i'm|i'll|i've|i'd|let me|please|sie|ihnen|ich|bitte|vous|je|usted|le|yo|lei|voce|"
    r"eu|u|ik|pan|pani|du|jag|jeg)\b"
)
# Matches words of a person who speaks of themselves, which a motto never does.
_WE = re.compile(
    r"\b(?:we|us|me|my|wir|uns|mich|mir|nous|moi|nosotros|noi|nos|mi|wij|ons|mij|vi|oss|mig|meg)\b"
)


def _is_sentence(line: str) -> bool:
    text = re.sub(r"\([^()]{0,60}\)$", "", line.strip()).strip()  # "Hugo (on the dock, bad signal)"
    if text[:1] in "\"'“„«*" or text[-1:] in '"”»*':
        return False  # a line in quotes or asterisks is a motto
    if marks.CONTACT.search(fold(text)) and len(text) < 160:
        return False
    words = text.split()
    lower = sum(1 for word in words if word[:1].islower())
    if text.endswith("?"):
        return True
    ends = text[-1:] in ".!…" and len(words) >= 3
    return (ends and lower >= 2) or (lower >= 4 and len(words) >= 6) or len(text) > _SHORT_LINE


def _name_cut(lines: list[str], folded: list[str], names: frozenset[str]) -> int:
    """Returns the index of the sender's name that begins a signature without a sign-off; len(lines) if no name does."""
    lines = _trim(lines)
    folded = folded[: len(lines)]
    for index in range(max(1, len(lines) - _TAIL_LINES), len(lines)):
        if not folded[index]:
            continue
        strength = _name_line(lines[index], names)
        starts = strength or (not folded[index - 1] and _second_line_names(lines, folded, index, names))
        fresh = (
            not folded[index - 1]
            or lines[index - 1].rstrip()[-1:] in ".!?…)。！？"
            or index in (1, len(lines) - 1)
            or not folded[index + 1]
            or strength > 1
        )
        if starts and fresh and _is_signature(lines, folded, index):
            return index
    return len(lines)


def _second_line_names(lines: list[str], folded: list[str], index: int, names: frozenset[str]) -> bool:
    """Whether the line below `index` has the sender's name, which the line at `index` may have in another script."""
    if index + 1 >= len(lines) or not folded[index + 1] or len(folded[index].split()) > 3:
        return False
    own_script = not folded[index].isascii() and not any(c.islower() for c in lines[index])
    return own_script and bool(_name_line(lines[index + 1], names))


def _name_line(line: str, names: frozenset[str]) -> int:
    """Returns how many words of the sender's name are in a line; 0 if the line holds more than a name and titles."""
    if line.strip().endswith("?"):
        return 0
    head = re.split(r"[|·•(]|,| - | / |\s{3,}", line.strip().lstrip("-–—~*/^ "), maxsplit=1)[0].strip(" *_.")
    words = [word for word in head.split() if any(c.isalnum() for c in word)]
    if not words or len(words) > 5:
        return 0
    if len(words) > 1 and _KISSES.fullmatch(words[-1]):
        words = words[:-1]
    low = [re.sub(r"[.'-]", "", fold(word)) if len(word) < 5 else fold(word).strip(".'") for word in words]
    if (
        len(words) == 1
        and low[0] not in names
        and _short_for(words[0], low[0], names, line.strip().endswith("."))
    ):
        return 1
    if any(c > "\u2e80" for c in head):
        is_sender = any(any(word in name or name in word for name in names) for word in low)
        return int(len(head) <= 8 and is_sender and not _HIRAGANA.search(head))
    rest = [word for word, key in zip(words, low, strict=True) if key not in names]
    if not all(
        word[:1].isupper() or not word[:1].isalpha() or marks.TITLE.match(fold(word)) for word in rest
    ):
        return 0
    return sum(1 for word in low if word in names)


_HIRAGANA = re.compile("[ぁ-ん]")  # Hiragana marks inflections, so the line is a sentence and not a name
_KISSES = re.compile(r"[xX]{1,4}|[xX][oO]+")


def _short_for(word: str, low: str, names: frozenset[str], dotted: bool) -> bool:
    """Whether `word` abbreviates the sender's name: initials ("JMT", "R.") or a short form (Mitch for Mitchell)."""
    if not low.isalpha() or low in marks.NO_NICKNAMES:
        return False
    if len(low) <= 4 and (word.isupper() or (dotted and len(low) <= 2)):
        parts = {part for name in names for part in name.split("-")}
        return all(any(part.startswith(letter) for part in parts) for letter in low)
    if not word[0].isupper():
        return False
    stem = re.sub(r"(?:ie|ey|y|i)$", "", low) if len(low) > 3 else low
    return len(stem) > 1 and any(
        name.startswith(stem) or (stem[-1:] * 2 == stem[-2:] and name.startswith(stem[:-1])) for name in names
    )


def _any_name(line: str) -> bool:
    words = line.strip().strip(",").split()
    return 0 < len(words) <= 3 and all(
        re.fullmatch(r"[^\W\d_][\w'.-]*", word) and word[0].isupper() for word in words
    )


def _without_banner(lines: list[str]) -> list[str]:
    """Removes the "external sender" warning that a mail gateway puts above the text."""
    first = next((index for index, line in enumerate(lines) if line.strip()), None)
    if first is None or not marks.BANNER.match(fold(lines[first][:400])):
        return lines
    return list(dropwhile(_goes_on_banner, lines[first + 1 :]))


def _goes_on_banner(line: str) -> bool:
    return not line.strip() or bool(marks.BANNER_MORE.match(fold(line[:300])))


def _postscript(lines: list[str], folded: list[str]) -> list[str]:
    """Returns the lines of the P.S. below a signature, up to the next blank line; [] without one."""
    start = next((index for index, line in enumerate(lines) if marks.POSTSCRIPT.match(line)), len(lines))
    postscript = takewhile(
        lambda pair: pair[1] and not marks.DISCLAIMER.match(pair[1]),
        zip(lines[start:], folded[start:], strict=True),
    )
    return [line for line, _ in postscript]


def _trim(lines: list[str]) -> list[str]:
    filled = [index for index, line in enumerate(lines) if line.strip()]
    return lines[filled[0] : filled[-1] + 1] if filled else []


def name_words(sender: str) -> frozenset[str]:
    """Returns the folded words of the name and the local part in a From value, without words like "info" and "gmbh"."""
    display, _, address = sender.rpartition("<")
    local = address.rstrip("> ").split("@")[0] if "@" in address else ""
    if "@" not in address:
        display = sender
    words = re.split(r"[\s,;\"'()<>&]+", fold(display)) + re.split(r"[._+\d-]+", fold(local))
    return frozenset(
        word.strip(".") for word in words if len(word.strip(".")) > 1 and word not in marks.ROLE_WORDS
    )
