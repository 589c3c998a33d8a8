"""Finds the lines of a mail that quote another mail: `>` lines, "On … wrote:" lines, header blocks, forwarded mails."""

import re
from dataclasses import dataclass
from functools import lru_cache

from inbox.understanding.normalise import fold

_DETECT_CHARS = 400  # a longer line is ordinary text, and no attribution ("On … wrote:") or header


@dataclass
class QuotedLine:
    """A line of a mail's body. `depth` is the level of quotation; it is 0 for the writer's own text.

    `signature` says whether the HTML marks the line as a signature, and `marked` whether the line had a `>`.
    """

    text: str
    depth: int = 0
    signature: bool = False
    marked: bool = False


# Some programs put the initials of the quoted person before the quote mark: "JD> text".
_PREFIX = re.compile(r"^\s{0,3}((?:[A-Z]{0,3}[>＞]\s?)+)")
_MARK = re.compile(r"[>＞]")
_BAR = re.compile(r"^\s{0,3}(?:\||--\])\s")

_VERBS = (
    r"wrote|writes|schrieb|schreibt|a ecrit|ecrit|escribio|escreveu|ha scritto|scrisse|schreef|geschreven|"
    r"napisal(?:a|\(a\))?|skrev|napsal(?:a)?|ezt irta|irta|kirjoitti|a scris|написал(?:а|и)?|пишет|пише|"
    r"pisze|написав|"
    r"yazdi|写道|寫道|님이 작성|さんのメッセージ|は書きました|εγραψε|كتب|pise|je napisao|je napisala|kirjutas"
)
_VERB = re.compile(rf"(?:\b(?:{_VERBS})\b|写道|寫道|님이 작성|は書きました)")
_VERB_AT_END = re.compile(rf"(?:{_VERBS})(?: \([^()]{{0,60}}\))?\s?[:：]$")
_VERB_LAST = re.compile(rf"\b(?:{_VERBS})\W*$")
_ADDRESS = re.compile(r"[^\s@<>()\[\]]+@[^\s@<>()\[\]]+")
_QUOTING = re.compile(r"^(?:quoting|zitat von|citation de|citando(?: a)?|citaat van|cytowanie) ")
_DATE_LINE = re.compile(
    r"^(?:\w{2,10},? )?(?:\w{3,9}\.? \d{1,2},? (?:19|20)\d\d|\d{1,2}\.? \w{3,9}\.? (?:19|20)\d\d|"
    r"\d{1,4}[./-]\d{1,2}[./-]\d{1,4})"
    r",? ?(?:at|um|a|a las|alle|om|o|kl\.?|v|,)? ?\d{1,2}[:.]\d\d(?::\d\d)?(?: ?[ap]m)?$"
)
_WRAPPED_ADDRESS = re.compile(r"(<[^\s@<>]{1,64}@[^\s@<>]{1,250})\n>:")
_BRACKETED_ADDRESS = re.compile(r"[<(\[]\s?(?:mailto:)?[^\s@<>]+@[^\s@<>]+[>)\]]")
_DATE = re.compile(
    r"\b(?:19|20)\d\d\b|(?:19|20)\d\d\s?[年년]|\b\d{1,2}[./-]\s?\d{1,2}[./-]\s?\d{2,4}\b|\b\d{1,2}[:.h]\d{2}\b"
)
_START = re.compile(
    r"^(?:on|am|le|el|il|em|op|den|dnia|w dniu|dne|a|la|pe|at|в|на|در|בתאריך|wiadomosc napisana|"
    r"mon|tue|wed|thu|fri|sat|sun|mo|di|mi|do|fr|sa|so|lun|mar|mer|jeu|ven|sam|dim|mie|jue|vie|sab|dom|gio|"
    r"seg|ter|qua|qui|sex|ma|wo|vr|za|zo|pon|wt|sr|czw|pt|sob|niedz|man|tir|ons|tor|fre|lor|son|po|ut|st|ct|"
    r"pa|"
    r"пн|вт|ср|чт|пт|сб|вс|yesterday|gestern|hier|ayer|ieri|ontem|gisteren)\b[.,]? |^\W?\d{1,4}\s?[./年년 -]"
)
_RULED_ATTRIBUTION = re.compile(rf"^-{{2,}}.{{5,300}}\b(?:{_VERBS})\b.{{0,4}}-{{2,}}$")

_SEPARATOR = re.compile(
    r"^[-_=*\s]{0,40}(?:original(?:e)? (?:message|nachricht|meddelelse|melding)|original message|"
    r"ursprungliche (?:nachricht|mail|e-mail)|weitergeleitete (?:nachricht|mail|e-mail)|"
    r"message (?:d'origine|original|transfere)|"
    r"mensaje (?:original|reenviado)|mensagem (?:original|encaminhada)|messaggio (?:originale|inoltrato)|"
    r"oorspronkelijk(?:e)? bericht|doorgestuurd bericht|wiadomosc (?:oryginalna|przekazana)|"
    r"ursprungligt meddelande|originalmeddelande|vidarebefordrat (?:meddelande|brev)|oprindelig (?:meddelelse|besked)|"
    r"opprinnelig melding|videresendt (?:meddelelse|besked|melding)|puvodni (?:zprava|e-?mail)|"
    r"preposlana zprava|"
    r"alkuperainen viesti|eredeti uzenet|mesaj original|orijinal mesaj|iletilen mesaj|исходное сообщение|"
    r"пересылаемое сообщение|пересланное сообщение|forwarded (?:message|email|by .{1,80})|原始邮件|原始郵件|转发的邮件|"
    r"轉寄郵件|"
    r"원본 메시지|元のメッセージ|転送メッセージ)[-_=*\s]{0,40}:?$"
)
_SEPARATOR_RULED = re.compile(r"^[-_=*]{2,}|[-_=*]{2,}$")
_RULE_ABOVE = re.compile(r"[-_=*]{5,}")
_BEGIN_FORWARD = re.compile(
    r"^(?:begin forwarded message|anfang der weitergeleiteten (?:nachricht|e-mail)|"
    r"debut du message (?:reexpedie|transfere)|"
    r"inicio del mensaje reenviado|inizio messaggio inoltrato|inicio da mensagem reencaminhada|"
    r"begin doorgestuurd bericht|"
    r"vidarebefordrat brev|videresendt mail|poczatek przekazywanej wiadomosci)\s?:?$"
)
_REPLY_MARKER = re.compile(
    r"(?:reply|response|antwort|reponse|respuesta).{0,20} above this line|^##-.{0,80}-##$"
)

_LABELS = {
    "from": "from|von|de|da|van|od|fra|fran|lahettaja|felado|de la|gonderen|kimden|от|от кого|发件人|發件人|寄件者|"
    "差出人|送信者|보낸 사람|보낸사람|מאת|من|απο|expeditor|odesilatel|от",
    "date": "sent|date|gesendet|datum|envoye|enviado|enviado el|enviada|enviado em|enviada em|data|inviato|verzonden|"
    "wyslano|skickat|sendt|dato|odeslano|lahetetty|elkuldve|trimis|gonderildi|σταλθηκε|"
    "ημερομηνια|tarih|gonderme tarihi|отправлено|дата|"
    "дата отправки|发送时间|日期|時間|寄件日期|送信日時|日時|보낸 날짜|날짜|נשלח|תאריך|تاريخ|fecha|kuldve|idopont",
    "to": "to|an|a|para|aan|do|til|till|komu|pro|vastaanottaja|cimzett|catre|kime|кому|收件人|收件者|宛先|"
    "받는 사람|받는사람|אל|إلى|προς",
    "subject": "subject|betreff|objet|asunto|oggetto|assunto|onderwerp|temat|amne|emne|predmet|aihe|targy|subiect|konu|"
    "тема|主题|主旨|主題|件名|제목|נושא|الموضوع|θεμα",
    "cc": "cc|kopie|copie|kopia|копия|抄送|副本|참조|con copia a|kopi",
}
_ROLE_OF = {fold(label): role for role, labels in _LABELS.items() for label in labels.split("|")}
_HEADER = re.compile(r"^[*_]{0,2}([^\W\d_][\w' -]{0,22}?)[*_]{0,2} ?[:：][*_]{0,2}\s?(.*)$")
_FLAT_HEADER = re.compile(
    r"(?:^|\s)\*?(?:From|Von|De|Da|Van|Od|Fra|Från)\*? ?: .{2,120}?\s\*?(?:Sent|Date|Gesendet|Datum|Envoyé|"
    r"Enviado(?: el)?|Enviada(?: em)?|"
    r"Inviato|Data|Verzonden|Wysłano|Sendt|Dato|Skickat)\*? ?: .{4,80}?\s\*?(?:To|An|À|A|Para|Aan|Do|Til|"
    r"Till)\*? ?: "
)
_FLAT_ATTRIBUTION = re.compile(
    r"\s((?:On|Am|Le|El|Il giorno|Em|Op|Den|"
    r"W dniu)\s[^\n<>]{6,90}<[^<>\s]{3,80}@[^<>\s]{3,80}>[^\n<>:]{0,30}:)(?=\s)"
)


def plain_lines(text: str) -> list[QuotedLine]:
    """Returns the lines of a plain body with their quote depth, without `>`. An "On … wrote:" gets its own line."""
    # If an attribution is wrapped after its address, the next line begins with ">:", which is no quote mark.
    text = _WRAPPED_ADDRESS.sub(r"\1>:", text)
    parts = [part for raw in text.split("\n") for part in _split_flattened(raw)]
    lines = [QuotedLine(part) for part in parts]
    read_marks(lines)
    _quote_barred(lines)
    _quote_wrapped(lines)
    return lines


def read_marks(lines: list[QuotedLine]) -> None:
    """Removes the quote marks (`>`) of lines whose depth is 0, and sets their depth. Changes `lines` in place."""
    for line in lines:
        if not line.depth and (match := _PREFIX.match(line.text)):
            line.text, line.marked = line.text[match.end() :], True
            line.depth = len(_MARK.findall(match[1]))
    _unquote_comparisons(lines)


def mark_quoted(lines: list[QuotedLine]) -> None:
    """Marks the lines below "On … wrote:", a header block or a separator as quoted. Changes `lines` in place."""
    folded = [fold(line.text) if len(line.text) <= _DETECT_CHARS else "" for line in lines]
    index = 0
    while index < len(lines):
        if lines[index].depth == 0 and folded[index]:
            start, after = _boundary(lines, folded, index)
            if start is not None:
                for line in lines[start:after]:
                    line.depth = max(line.depth, 1)
                index = after
                continue
        index += 1


def _boundary(lines: list[QuotedLine], folded: list[str], index: int) -> tuple[int | None, int]:
    """Returns (start, end) of the lines to mark as quoted if a quote begins at `index`; otherwise (None, 0)."""
    if not _may_bound(folded[index]):
        return None, 0
    end = len(lines)
    if _is_separator(folded[index]) or _header_block(lines, folded, index):
        return _with_rule(lines, folded, index), _marked_below(lines, folded, index) or end
    if _REPLY_MARKER.search(folded[index]) and any(line.text.strip() for line in lines[:index]):
        return index, end
    start = _attribution(lines, folded, index)
    if start is None:
        return None, 0
    return start, _quote_below(lines, index) or end


@lru_cache(maxsize=256)  # most lines of a mail occur twice, in its text and in its HTML
def _may_bound(line: str) -> bool:
    """Whether a quote may begin at a folded line, so that a slower check is needed. Most lines fail this test."""
    return (
        ":" in line
        or "@" in line
        or _is_separator(line)
        or any(pattern.search(line) for pattern in (_REPLY_MARKER, _RULED_ATTRIBUTION, _DATE_LINE))
    )


def _is_separator(line: str) -> bool:
    if _BEGIN_FORWARD.match(line):
        return True
    # A sentence may begin with "Original message". With a ruled line beside it or a colon after it, a program wrote it.
    return bool(_SEPARATOR.match(line)) and bool(_SEPARATOR_RULED.search(line) or line.endswith(":"))


def _with_rule(lines: list[QuotedLine], folded: list[str], index: int) -> int:
    """Returns the index of the ruled line that a mail client draws above the header block at `index`, else `index`."""
    above = next((place for place in reversed(range(index)) if folded[place]), index)
    return above if _RULE_ABOVE.fullmatch(folded[above]) else index


def _marked_below(lines: list[QuotedLine], folded: list[str], index: int) -> int | None:
    """Returns the index of the first `>` line right below a separator or header block; None if other text is there."""
    for position in range(index + 1, min(index + 16, len(lines))):
        if lines[position].depth:
            return position
        if folded[position] and not _role(folded[position]) and not _is_separator(folded[position]):
            return None
    return None


def _quote_below(lines: list[QuotedLine], index: int) -> int | None:
    below = range(index + 1, min(index + 7, len(lines)))
    following = next((position for position in below if lines[position].text.strip()), index)
    return following if following > index and lines[following].depth else None


def _header_block(lines: list[QuotedLine], folded: list[str], index: int) -> bool:
    """Whether a block of From/Sent/To/Subject lines with an address or a date begins at `index`, in any language."""
    low = folded[index]
    if _FLAT_HEADER.match(lines[index].text) and (_ADDRESS.search(low) or _DATE.search(low)):
        return True
    if not _role(low):
        return False
    roles: dict[str, str] = {}
    misses = 0
    for line in folded[index : index + 14]:
        role = _role(line)
        if role:
            roles.setdefault(*role)
        elif line:
            misses += 1
            if misses > 1:
                break
    if "from" not in roles or len(roles) < 2:
        return False
    return bool(_ADDRESS.search(roles["from"])) or bool(_DATE.search(roles.get("date", "")))


@lru_cache(maxsize=256)
def _role(line: str) -> tuple[str, str] | None:
    match = _HEADER.match(line)
    role = _ROLE_OF.get(match[1].strip()) if match else None
    return (role, match[2]) if match and role else None


def _attribution(lines: list[QuotedLine], folded: list[str], index: int) -> int | None:
    """Returns the first index of the attribution ("On … wrote:", up to four lines) that ends at `index`; else None."""
    if _RULED_ATTRIBUTION.match(folded[index]):
        return index
    if _DATE_LINE.match(folded[index]):
        return _name_above_date(lines, index)
    if not folded[index].endswith((":", "：")):
        return index if _reads_as_open_attribution(folded[index]) else None
    quoted_next = _quote_below(lines, index) is not None
    first = None
    joined = ""
    for start in range(index, max(index - 4, -1), -1):
        if not folded[start] or lines[start].depth:
            break
        joined = f"{folded[start]} {joined}".strip()
        if len(joined) > _DETECT_CHARS:
            break
        if _reads_as_attribution(joined, quoted_next):
            first = start if first is None or _START.match(folded[start]) else first
            if _START.match(folded[start]):
                return start
    return first


@lru_cache(maxsize=256)
def _reads_as_open_attribution(line: str) -> bool:
    """Whether a line is an attribution that lacks its colon: "On Tue, 3 Nov 2026 14:20 Alex <alex@…> wrote"."""
    return bool(
        _VERB_LAST.search(line) and _START.match(line) and _DATE.search(line) and _ADDRESS.search(line)
    )


def _name_above_date(lines: list[QuotedLine], index: int) -> int | None:
    """Returns the index of the first line of an attribution whose last line is the date at `index`; None if no quote
    follows. Postbox, for example, writes the sender's name on the line above the date.
    """
    if _quote_below(lines, index) is None:
        return None
    name = lines[index - 1].text.split() if index else []
    alone = index < 2 or not lines[index - 2].text.strip()
    is_name = alone and 0 < len(name) <= 4 and all(word[:1].isupper() for word in name)
    return index - 1 if is_name else index


@lru_cache(maxsize=256)
def _reads_as_attribution(line: str, quoted_next: bool) -> bool:
    verb = _VERB.search(line)
    dated = bool(_DATE.search(line))
    if _BRACKETED_ADDRESS.search(line) and (dated or verb or _QUOTING.match(line)):
        return True
    if verb and dated and (quoted_next or _VERB_AT_END.search(line) or _START.match(line)):
        return True
    return bool(quoted_next and _VERB_AT_END.search(line) and len(line.split()) <= 6)


def _split_flattened(line: str) -> list[str]:
    """Splits a line that contains an attribution or a header block, because some providers join all lines of a mail."""
    if "@" not in line or len(line) < 60:
        return [line]
    head = line[:20_000]
    attribution, header = _FLAT_ATTRIBUTION.search(head), _FLAT_HEADER.search(head)
    cut = header.start() if header else 0
    if attribution and not 0 < cut < attribution.start(1):
        start, end = attribution.span(1)
        return [line[:start], line[start:end], line[end:]]
    return [line[:cut], line[cut:].strip()] if cut else [line]


def _unquote_comparisons(lines: list[QuotedLine]) -> None:
    """Makes lines such as "> 50 people" ordinary text again, if all `>` lines of the body are such comparisons."""
    quoted = [line for line in lines if line.depth]
    if not quoted or not all(line.depth == 1 and re.match(r"[$€£]?\d", line.text) for line in quoted):
        return
    if any(_VERB_AT_END.search(fold(line.text)) for line in lines if len(line.text) < _DETECT_CHARS):
        return
    for line in quoted:
        line.text, line.depth, line.marked = f"> {line.text}", 0, False


def _quote_barred(lines: list[QuotedLine]) -> None:
    """Marks lines that begin with "|" or "--]" as quoted, if two or more of them follow each other and are no table."""
    barred = [
        line.text[:4].lstrip()[:1] in ("|", "-") and bool(_BAR.match(line.text)) and line.text.count("|") < 2
        for line in lines
    ]
    if not any(barred):
        return
    for index, line in enumerate(lines):
        beside = (index > 0 and barred[index - 1]) or (index + 1 < len(lines) and barred[index + 1])
        if barred[index] and beside and not line.depth:
            line.text, line.depth, line.marked = _BAR.sub("", line.text), 1, True


def _quote_wrapped(lines: list[QuotedLine]) -> None:
    """Marks the second part of a rewrapped quoted line as quoted. This part has no `>`, and begins in lower case."""
    for before, line, after in zip(lines, lines[1:], lines[2:] + [QuotedLine("")], strict=False):
        if not before.depth or line.depth or not line.text.strip():
            continue
        # Mail clients wrap at 72 to 78 columns. If no quote follows directly below, only a full line counts.
        full = len(before.text) > (55 if after.depth else 68) and before.text.rstrip()[-1:] not in ".?!:"
        if full and line.text.lstrip()[:1].islower() and (after.depth or not after.text.strip()):
            line.depth = before.depth
