"""Converts an HTML body to lines of text, finds the parts that the mail client marked as quoted, and sanitises HTML."""

import re
from html import unescape

import nh3

from inbox.understanding.normalise import MAX_CHARS, MAX_LINES, clean
from inbox.understanding.quoting import QuotedLine

_BULK_CHARS = 2_000_000
_INLINED = re.compile(r"\bdata:[\w/+.-]{1,80};base64,[\w+/=\s]+", re.I)

_BLOCKS = frozenset(
    re.findall(
        r"\w+",
        "address article aside blockquote body center dd div dl dt fieldset figure footer form h1 h2 h3 h4 h5 h6 "
        "header hr html li main nav ol p pre section table tbody td tfoot th thead tr ul",
    )
)
_VOID = frozenset({"br", "hr", "img", "col", "wbr"})
_INLINE = frozenset(
    re.findall(r"\w+", "a b big em font i s small span strike strong sub sup u code tt label")
)
_READ_TAGS = _BLOCKS | _VOID | _INLINE
_READ_ATTRIBUTES = {"*": {"class", "id", "type", "style", "data-smartmail"}}
READABLE = nh3.Cleaner(tags=set(_READ_TAGS), attributes=_READ_ATTRIBUTES, link_rel=None)
"""The sanitiser for bodies that this module reads. It keeps only the tags and attributes needed, and closes tags."""

_QUOTE_CLASS = re.compile(
    r"\b(?:x_)?(?:gmail_attr|moz-cite-prefix|yahoo_quoted|protonmail_quote|zmail_extra|zmail_extra_hr|"
    r"OutlookMessageHeader|"
    r"tutanota_quote|quote-header|freebirdFormviewerHeaderDescription|mailmate-quote|front-blockquote)\b",
    re.I,
)
# Matches marks after which the whole rest of the body is an earlier mail. Outlook puts the earlier mail behind the
# mark, not inside it.
_QUOTE_FROM_HERE = re.compile(
    r"^(?:x_)?(?:divRplyFwdMsg|appendonsend|mail-editor-reference-message-container|stopSpelling|"
    r"OLK_SRC_BODY_SECTION)$",
    re.I,
)
_SIGNATURE = re.compile(
    r"\b(?:x_)?(?:gmail_signature|gmail_signature_prefix|moz-signature|AppleMailSignature|"
    r"ms-outlook-mobile-signature|"
    r"protonmail_signature_block|tutanota_signature|mobile_signature|yahoo-signature|Signature)\b",
    re.I,
)
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]{0,20})")
# nh3 writes tags in lower case, values in double quotes, no other "<" and no comments.
_TOKEN = re.compile(r'<(/?)([a-z][a-z0-9]*)([^>"]*(?:"[^"]*"[^>"]*)*)>|([^<]+)')
_ATTRIBUTE = re.compile(r'([^\s="]+)="([^"]*)"')
_SPACES = re.compile(r"[ \t\r\n\f]{2,}|[\t\r\n\f]")  # a single plain space needs no replacement
_MAX_DEPTH = 500  # a thread of a hundred answers nests about 300 tags, and browsers read at most 512
_HIDDEN = re.compile(r"display\s*:\s*none|mso-hide\s*:\s*all", re.I)
_TIGHT = re.compile(r"MsoNormal|margin(?:-(?:top|bottom))?\s*:\s*0", re.I)

_SHOWN_TAGS = nh3.ALLOWED_TAGS - {"img"}


class _Reader:
    """Collects the lines of HTML that nh3 has cleaned, with their quote depth. `html.parser` takes twice as long."""

    def __init__(self) -> None:
        self.lines: list[QuotedLine] = []
        self._parts: list[str] = []
        self._open: list[tuple[str, int, bool, bool]] = []
        self._depth = 0
        self._signature = False
        self._hidden = False
        self._rest_is_quoted = False

    def read(self, safe: str) -> list[QuotedLine]:
        """Returns the lines of the HTML body `safe`, which nh3 has cleaned. Stops reading after `MAX_LINES`."""
        for token in _TOKEN.finditer(safe):
            if len(self.lines) >= MAX_LINES:
                break
            closes, tag, attributes, text = token.groups()
            if text:
                self._read_text(text)
            elif closes:
                self._close_tag(tag)
            else:
                self._open_tag(tag, attributes)
        self._end_line()
        return self.lines

    def _open_tag(self, tag: str, attributes: str) -> None:
        if tag == "br":
            self._end_line(force=True)
            return
        if tag in _BLOCKS:
            self._end_line()
        if tag in _VOID:
            return
        self._open.append((tag, self._depth, self._signature, self._hidden))
        if tag == "blockquote":
            self._depth += 1
        names = {key: unescape(text) for key, text in _ATTRIBUTE.findall(attributes)} if attributes else {}
        if names:
            self._note_marks(tag, names)
        if tag == "li":
            self._parts.append("- ")
        if tag == "p" and not _TIGHT.search(names.get("class", "") + names.get("style", "")):
            self._blank_line()

    def _note_marks(self, tag: str, names: dict[str, str]) -> None:
        marks = f"{names.get('class', '')} {names.get('id', '')} {names.get('data-smartmail', '')}"
        if tag != "blockquote" and _QUOTE_CLASS.search(marks):
            self._depth += 1
        if _QUOTE_FROM_HERE.match(names.get("id", "")):
            self._rest_is_quoted = True
        self._signature = self._signature or bool(_SIGNATURE.search(marks))
        self._hidden = self._hidden or bool(_HIDDEN.search(names.get("style", "")))

    def _close_tag(self, tag: str) -> None:
        if tag in _BLOCKS:
            self._end_line()
        elif tag in {"td", "th"}:
            self._parts.append(" ")
        while self._open:
            name, self._depth, self._signature, self._hidden = self._open.pop()
            if name == tag:
                break

    def _read_text(self, text: str) -> None:
        if not self._hidden:
            self._parts.append(_SPACES.sub(" ", unescape(text)))

    def _end_line(self, force: bool = False) -> None:
        # Two spaces may meet between the texts of two elements.
        text = _SPACES.sub(" ", "".join(self._parts)).strip(" ") if self._parts else ""
        if text or force:
            depth = self._depth + (1 if self._rest_is_quoted else 0)
            self.lines.append(QuotedLine(text.strip("\u00a0"), depth, self._signature))
        self._parts.clear()

    def _blank_line(self) -> None:
        if self.lines and self.lines[-1].text:
            self.lines.append(QuotedLine("", self.lines[-1].depth, self.lines[-1].signature))


def without_bulk(html: str) -> str:
    """Returns `html` without style sheets, comments and inline images if it is longer than `MAX_CHARS`."""
    if len(html) <= MAX_CHARS:
        return html
    # These parts can be so long that the later cut to MAX_CHARS would remove the words of the letter behind them.
    html = html[:_BULK_CHARS]
    for opening, closing in (("<!--", "-->"), ("<style", "</style>"), ("<STYLE", "</STYLE>")):
        html = _without(html, opening, closing)
    return _INLINED.sub("", html)


def _without(html: str, opening: str, closing: str) -> str:
    parts, end = [], 0
    while (start := html.find(opening, end)) >= 0 and (stop := html.find(closing, start)) >= 0:
        parts.append(html[end:start])
        end = stop + len(closing)
    return "".join([*parts, html[end:]])


def html_text(html: str) -> str:
    """Converts an HTML body to plain text, one line per line of the body."""
    return "\n".join(line.text for line in html_lines(clean(html)[0]))


def html_lines(html: str) -> list[QuotedLine]:
    """Returns the first `MAX_LINES` lines of an HTML body with their quote depth. Reads only `MAX_CHARS` of it."""
    source = _shallow(html)
    return _Reader().read(READABLE.clean(source))[:MAX_LINES]


def _shallow(html: str) -> str:
    """Returns `html` cleaned, or only its text if its tags are nested too deeply for fast parsing."""
    source, _ = clean(html)
    if source.count("<") <= _MAX_DEPTH:
        return source
    depth = 0
    for match in _TAG.finditer(source):
        depth += -1 if match[1] else match[2].lower() not in _VOID
        if depth > _MAX_DEPTH:
            return re.sub(r"<[^<>]{0,1000}>", "\n", source)
    return source


def looks_like_html(text: str) -> bool:
    """Whether `text` begins with a tag of HTML. Some providers put the HTML body into the field for plain text."""
    return bool(
        re.match(
            r"\s*(?:<!doctype html|<html|<head|<body|<(?:div|p|table|span|meta)\b[^>]{0,500}>)",
            text[:2000],
            re.I,
        )
    )


def sanitize_html(html: str, *, allow_images: bool = False) -> str:
    """Returns HTML that is safe to embed in a page: without scripts, handlers, styles, forms and frames.

    Images stay only if `allow_images` is true and their address begins with https. They are off by default, because a
    remote image tells the sender that the mail was opened.
    """
    source = _shallow(html)
    tags = set(_SHOWN_TAGS)
    attributes = {tag: set(names) for tag, names in nh3.ALLOWED_ATTRIBUTES.items() if tag != "img"}
    if allow_images:
        tags.add("img")
        attributes["img"] = {"src", "alt", "width", "height"}
    return nh3.clean(
        source,
        tags=tags,
        attributes=attributes,
        attribute_filter=_keep_attribute,
        url_schemes={"http", "https", "mailto", "tel"},
        link_rel="noopener noreferrer nofollow",
    )


def _keep_attribute(tag: str, name: str, content: str) -> str | None:
    if tag == "img" and name == "src" and not content.lower().startswith("https://"):
        return None
    return content
