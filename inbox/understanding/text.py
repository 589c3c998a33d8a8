"""Finds the newest text of a reply: the text that its writer has just written. The rest is kept as `quoted`."""

from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby, pairwise

from inbox.understanding.html import html_lines, looks_like_html, without_bulk
from inbox.understanding.normalise import clean, fold
from inbox.understanding.quoting import QuotedLine, mark_quoted, plain_lines, read_marks
from inbox.understanding.signature import name_words, strip_signature

_HINT_CHARS = 12  # shorter lines ("Hi,") may occur both in the answer and in the quote
_SENT_CHARS = 16  # a line with at least this many letters and digits does not equal one of ours by chance


@dataclass(frozen=True)
class NewestText:
    """A body in two parts: the writer's newest `text`, and the rest as `quoted`, in the order of the body.

    `cut` is the part of the rest that is not quoted: signatures and footers. `truncated` says whether the body was too
    long to be read completely.
    """

    text: str
    quoted: str = ""
    truncated: bool = False
    cut: str = ""


def newest_text(
    text: str | None,
    html: str | None,
    *,
    channel: str = "email",
    sender: str = "",
    sent: tuple[str, ...] = (),
) -> NewestText:
    """Splits a body into the newest text and the rest. Never raises. Outside e-mail, all plain text is the newest text.

    If a mail has plain text, its HTML only shows which lines are quoted. `sender` is the From value, by which a
    signature is recognised. Lines of the texts `sent` are our own, even without a quote mark. If the newest text is
    empty, the person wrote nothing; the quote must not be judged instead.
    """
    plain, truncated = clean(text)
    markup, html_truncated = clean(without_bulk(html) if isinstance(html, str) else html)
    if channel != "email":
        return NewestText(plain.strip(), "", truncated)
    if not markup.strip() and looks_like_html(plain):
        plain, markup, html_truncated = "", plain, truncated
    if plain.strip():
        lines = plain_lines(plain)
        mark_quoted(lines)
        if markup.strip():
            _apply_hints(lines, html_lines(markup))
    else:
        lines, truncated = html_lines(markup) if markup.strip() else [], html_truncated
        read_marks(lines)
        mark_quoted(lines)
    if sent:
        _take_out_sent(lines, sent)
    newest = _own_text(lines, name_words(sender))
    rest = _rest(lines, newest)
    cut = "\n".join(line.text for line in rest if not line.depth)
    quoted = "\n".join(">" * line.depth + (" " if line.depth else "") + line.text for line in rest)
    return NewestText(newest, quoted.strip("\n"), truncated, cut)


def own_lines(text: str, quoted: tuple[str, ...]) -> str:
    """Returns the unquoted lines of a mail, including its signature, without lines of the texts in `quoted`."""
    lines = plain_lines(clean(text)[0])
    mark_quoted(lines)
    if quoted:
        _take_out_sent(lines, quoted)
    return "\n".join(line.text for line in lines if not line.depth)


def _take_out_sent(lines: list[QuotedLine], sent: tuple[str, ...]) -> None:
    """Marks lines that repeat our messages (`sent`) as quoted, and lines that somebody wrote between them as unquoted.

    Only letters and digits are compared, because programs wrap a text again and put "|" or "U>" before each line.
    """
    ours = "\n".join(_letters(text) for text in sent)
    flags = [
        len(letters) >= _SENT_CHARS and letters in ours
        for letters in map(_letters, (row.text for row in lines))
    ]
    for line, is_ours in zip(lines, flags, strict=True):
        if is_ours:
            line.depth = max(line.depth, 1)
    places = [index for index, is_ours in enumerate(flags) if is_ours]
    for before, after in pairwise(places):
        between = lines[before + 1 : after]
        if any(line.text.strip() for line in between) and not any(
            _ours_in_part(line, ours) for line in between
        ):
            for line in between:
                line.depth = 0 if not line.marked else line.depth


def _ours_in_part(line: QuotedLine, ours: str) -> bool:
    """Whether a line may be part of our message: it has a quote mark, or is a short text that our message contains."""
    letters = _letters(line.text)
    return line.marked or (0 < len(letters) < _SENT_CHARS and letters in ours)


def _letters(text: str) -> str:
    return "".join(character for character in fold(text[:20_000]) if character.isalnum())


def _own_text(lines: list[QuotedLine], names: frozenset[str]) -> str:
    # If only the signature contains text, it is the answer: some people write inside their mail client's signature.
    stretches = _stretches(lines, use_signature_marks=True) or _stretches(lines, use_signature_marks=False)
    parts: list[str] = []
    for index, stretch in reversed(list(enumerate(stretches))):
        body = strip_signature(stretch, names, last=not parts)
        lone_name = index > 0 and not parts and _only_a_name(body, names)
        if any(line.strip() for line in body) and not lone_name:
            parts.insert(0, "\n".join(body))
    return "\n\n".join(parts).strip()


def _only_a_name(lines: list[str], names: frozenset[str]) -> bool:
    words = [word.strip(".,-") for line in lines for word in fold(line).split()]
    return bool(words) and len(words) <= 4 and all(word in names or len(word) == 1 for word in words)


def _stretches(lines: list[QuotedLine], *, use_signature_marks: bool) -> list[list[str]]:
    runs = [list(run) for quoted, run in groupby(lines, key=lambda line: line.depth > 0) if not quoted]
    texts = [
        [line.text.rstrip() for line in run if not (use_signature_marks and line.signature)] for run in runs
    ]
    return [text for text in texts if any(text)]


def _rest(lines: list[QuotedLine], newest: str) -> list[QuotedLine]:
    newest_lines = set(newest.split("\n"))
    return [line for line in lines if line.depth or line.text.rstrip() not in newest_lines]


def _apply_hints(lines: list[QuotedLine], marked: list[QuotedLine]) -> None:
    """Marks those of the plain `lines` that the HTML lines `marked` contain only in a quote, or only in a signature."""
    mark_quoted(marked)
    newest = {_key(line.text) for line in marked if not line.depth and not line.signature}
    quoted = {_key(line.text) for line in marked if line.depth} - newest
    signature = {_key(line.text) for line in marked if line.signature and not line.depth} - newest
    for line in lines:
        key = _key(line.text)
        if len(key) >= _HINT_CHARS and key in quoted and not line.depth:
            line.depth = 1
        elif key and key in signature:
            line.signature = True


@lru_cache(maxsize=256)  # most lines of the text also occur in the HTML
def _key(text: str) -> str:
    return "".join(fold(text[:500]).split())
