"""Decides where a person's words end and their sign-off, signature or footer begins."""

import re

from inbox.understanding.normalise import fold

_SHORT_LINE = 90
_TAIL_LINES = 60  # a signature with its disclaimer is not longer; keeps the search linear
_SIGNATURE_LINES = 14

_DELIMITER = re.compile(r"^\s*(?:-- ?|—|–|__|\*\*)\s*$")
_LONG_RULE = re.compile(r"^\s*[-_=*~]{3,}\s*$")
_POSTSCRIPT = re.compile(r"^\s*p\.? ?p?\.? ?s\b\.?\s?[:,-]?\s*\S", re.I)

# Firm sign-offs close a letter whatever follows; soft ones ("thanks") are also ordinary sentences.
_FIRM = (
    r"(?:(?:with |my )?(?:best|kind|kindest|warm|warmest|many|sincere)(?: personal)? )?(?:regards|"
    r"wishes)(?: from .{2,30})?|"
    r"best|all the best|all my best|cheers(?: mate)?|sincerely(?: yours)?|yours(?: truly| sincerely|"
    r" faithfully)?|respectfully(?: yours)?|"
    r"cordially|warmly|take care|(?:talk|speak|chat) soon|have a (?:great|good|nice|lovely|"
    r"wonderful) (?:day|one|week|weekend|evening)|"
    r"x{1,3}|xo+|xoxo|love|rgds|br|kr|brgds|b\.?rgds|tc|"
    r"(?:mit )?(?:freundlich(?:e|en|em|er)?|best(?:e|en)|herzlich(?:e|en)|lieb(?:e|en)|viel(?:e|en)|"
    r"schon(?:e|en)|sonnig(?:e|en)|"
    r"kollegial(?:e|en))(?:,? (?:herzlichen|besten|lieben|freundlichen))? (?:gruss(?:e|en)?|grusse(?:n)?|"
    r"gruessen?|gruss)(?: (?:aus|von|vom) .{2,30})?|"
    r"mfg|m\.f\.g\.?|vg|lg|bg|grusse?(?: (?:aus|von) .{2,30})?|gruss|gruesse|hochachtungsvoll|herzlichst|"
    r"servus|ihre?|dein|deine|euer|"
    r"(?:noch )?(?:einen )?schon(?:e|en|es) (?:tag|woche|abend|wochenende)(?: noch)?|"
    r"(?:bien |tres )?cordialement(?: votre)?|(?:bien )?a vous|bien a toi|cdlt|cdt|(?:sinceres|meilleures|"
    r"cordiales)? ?salutations(?: distinguees)?|"
    r"(?:bonne|belle) (?:fin de )?(?:journee|soiree|reception|continuation|semaine)(?: a vous)?|"
    r"bon week-?end|amicalement|amities|respectueusement|a bientot|"
    r"(?:un |reciba un )?(?:cordial |afectuoso )?saludos?(?: cordial(?:es)?)?|atentamente|"
    r"(?:un )?(?:fuerte )?abrazo|atte|quedo (?:atent[oa]|a la espera)(?: .{0,30})?|"
    r"(?:que tenga )?(?:un )?buen dia|"
    r"(?:cordiali|distinti|cari|tanti)? ?saluti|un (?:caro |cordiale )?saluto|cordialmente|cordialita|"
    r"buona (?:giornata|serata)|a presto|"
    r"(?:com os )?(?:melhores |meus )?cumprimentos|atenciosamente|att|abs|(?:um )?(?:grande )?abracos?|"
    r"cordialmente|"
    r"(?:met )?(?:vriendelijke|hartelijke|beste|warme) groet(?:en)?|groet(?:en|jes)?|mvg|gr|fijne (?:dag|"
    r"week|avond)|hoogachtend|"
    r"(?:serdecznie )?pozdrawiam(?: serdecznie)?|(?:serdeczne )?pozdrowienia|z (?:powazaniem|"
    r"wyrazami szacunku|pozdrowieniami)|pozdr|"
    r"(?:med |de )?(?:vanlig(?:a)?|venlig(?:e)?|vennlig|basta|bedste|beste|varma|hjertelig(?:e)?|"
    r"hjartliga) (?:halsning(?:ar)?|hils(?:en|ener|ner))|"
    r"mvh|hilsen|halsningar|vh|kh|dbh|ha det (?:bra|godt)|"
    r"s (?:pozdravem|uctou|pratelskym pozdravem)|zdravim|hezky den|terveisin|(?:ystavallisin|"
    r"parhain) terveisin|yt|"
    r"(?:udvozlettel|koszonettel|tisztelettel|udv)|cu (?:stima|respect|drag)|toate cele bune|saygilarimla|"
    r"iyi calismalar|selamlar|"
    r"с (?:уважением|наилучшими пожеланиями)|всего доброго|此致|敬礼|祝好|顺祝商祺|敬具|με εκτιμηση|lep pozdrav|"
    r"srdacan pozdrav"
)
_SOFT = (
    r"(?:many |much |with )?thanks(?: (?:so much|very much|again|in advance|a lot|a million|for your time|"
    r"and regards|& regards))?|"
    r"thank you(?: (?:so much|very much|again|in advance|for your time))?|thx|tks|ta|much appreciated|"
    r"(?:vielen |besten |herzlichen |lieben )?dank(?: (?:im voraus|vorab|und (?:viele |beste )?(?:gruss|"
    r"grusse)))?|danke(?: (?:schon|dir|ihnen|und gruss))?|"
    r"merci(?: (?:d'avance|beaucoup|bien|par avance))?|(?:muchas )?gracias(?: (?:de antemano|por todo|"
    r"y un saludo))?|"
    r"grazie(?: (?:mille|in anticipo))?|(?:muito )?obrigad[oa](?: (?:desde ja|pela atencao))?|grat[oa]|"
    r"(?:alvast )?bedankt|dank (?:je|u)(?: wel)?|dziekuje|dzieki|tack(?: (?:pa forhand|sa mycket))?|"
    r"(?:mange )?tak|(?:tusen )?takk|"
    r"dekuji|diky|kiitos|koszonom|multumesc|tesekkurler|спасибо|谢谢|감사합니다"
)
_TAIL = r"(?P<mark>[\s,.!:;~/-]*)(?P<rest>(?<=[\s,.!:;~/-]).{1,40})?$"
_FIRM_LINE = re.compile(rf"^[\s-]*(?:{_FIRM}){_TAIL}")
_SOFT_LINE = re.compile(rf"^[\s-]*(?:{_SOFT}){_TAIL}")

_DEVICE = (
    r"iphone|ipad|ipod|android|outlook|yahoo|samsung|galaxy|blackberry|mobile|phone|handy|telefon|telephone|"
    r"smartphone|proton ?mail|"
    r"huawei|xiaomi|redmi|pixel|windows|mail|gmail|superhuman|hey|aol|gmx|web\.de|mobil|device|gerat|tablet|"
    r"cellulare|celular|movil|apple|"
    r"watch|hotmail|zoho|spark|missive|front|thumbs"
)
_MOBILE = re.compile(
    rf"^(?:(?:sent|typed|written|dictated) (?:from|with|via|on|using|"
    rf"by)\b.{{0,60}}\b(?:{_DEVICE})\b.{{0,20}}|"
    r"(?:get|download|obtener|scarica|obter|obtenir|obtenez|telecharge[rz]?|hamta|hent|pobierz|ziskat|hanki|"
    r"holen sie sich|laden sie) .{0,30}outlook .{0,40}|"
    r"outlook (?:fur|pour|para|per|voor|for) (?:ios|android).{0,30}|"
    rf"(?:von|vom) (?:mein(?:em|er)|unterwegs).{{0,40}}(?:gesendet|versendet|geschickt)|"
    rf"(?:gesendet|versendet|envoye|expedie|enviado|enviada|inviato|spedito|verzonden|verstuurd|gestuurd|"
    rf"wyslane|wyslano|skickat|skickad|sendt|sent|odeslano|poslano|"
    rf"lahetetty|отправлено|trimis) .{{0,40}}\b(?:{_DEVICE}|unterwegs|iphonesta|iphone'a|iphonu|"
    rf"телефона)\b.{{0,20}}|"
    r"iphoneから送信.{0,10}|发自我的.{1,20}|從我的.{1,20}傳送|(?:나의 )?.{0,12}에서 보냄|.{0,30}(?:iphone|ipad|"
    r"telefon)(?:'?umdan|imdan) gonderildi|"
    r"please (?:excuse|forgive|pardon) (?:any |my |the )?(?:typos|brevity|typing|spelling|errors|"
    r"mistakes).{0,60}|yahoo mail: .{0,60})"
    r"[.!]?(?: ?[<(]? ?https?://\S{1,200} ?[>)]?)?$"
)
_NOISE = re.compile(
    r"^(?:\[?(?:cid:|image:|inline image|logo)[^\]]{0,120}\]?|<[^<>\s]{1,120}\.(?:xlsx?|docx?|pptx?|pdf|csv|"
    r"png|jpe?g|gif|zip|txt|ics|vcf|heic|mp4|mov)>|"
    r"\[?attachment:? .{1,120}\]?|\ufffc|obj)$"
)
_BANNER = re.compile(
    r"^\W{0,6}(?:(?:\[?external(?: e-?mail| sender| message)?\]?\W|caution\W|warning\W|\[ext\]|achtung\W|"
    r"attention\W|extern(?:e)?[ :]).{0,120}"
    r"(?:outside|external|extern|originat|unknown sender|do not click|don't click|trust|recogni[sz]e|"
    r"ausserhalb|exterieur)|"
    r"this (?:e-?mail|message) (?:originated|was sent|came|is) from (?:an? )?(?:outside|external)|"
    r"you don't often get e-?mail from|(?:sie erhalten|vous ne recevez|no suele recibir) (?:nicht oft|"
    r"pas souvent|a menudo))"
)
_BANNER_MORE = re.compile(
    r"^(?:do not|don't|never|please do not|use caution|be careful|learn (?:more|why)|offnen sie|"
    r"ne cliquez)\b.{0,160}$"
)

# What opens a legal footer. It is one only with a word of `_LEGAL` close by, for people write "Disclaimer:" too.
_DISCLAIMER = re.compile(
    r"^\W{0,6}(?:"
    r"(?:confidentiality|privacy|legal|privileged|e-?mail|important)? ?(?:and \w+ )?(?:notice|note|"
    r"statement|disclaimer|warning)\s?:|"
    r"(?:confidentiality (?:notice|statement|note)|disclaimer|confidential(?:ity)?|vertraulich\w*|"
    r"confidentialite|confidencialidad|riservatezza)\b|"
    r"(?:this|the) (?:e-?mail|message|communication|transmission|electronic mail)\b|"
    r"(?:the |any )?(?:information|contents?|views|opinions)\b.{0,60}\b(?:this|the) (?:e-?mail|message|"
    r"communication|transmission)|"
    r"if you (?:are not the intended|have received this|received this (?:e-?mail|message) (?:in error|"
    r"by mistake))|"
    r"(?:diese |die in dieser )(?:e-?mail|nachricht|information)|ce (?:message|courriel|mail|e-mail)\b|"
    r"(?:este|el presente) (?:mensaje|correo|e-?mail)\b|"
    r"(?:esta|a) (?:mensagem|e-?mail)\b|este e-?mail\b|(?:questo|il presente|questa|"
    r"la presente) (?:messaggio|e-?mail|comunicazione)\b|"
    r"(?:le )?informazioni contenute\b|(?:dit|deze|de informatie in dit) (?:bericht|e-?mail|e-mailbericht)\b|"
    r"(?:niniejsz\w+|ta|tresc tej) (?:wiadomosc|e-?mail)\w*|(?:detta|det har) (?:mejl|meddelande|e-post)\w*|"
    r"(?:denne|dette) (?:e-?mail|mail|e-post|melding|meddelelse)\w*|tento (?:e-?mail|mail)\b|"
    r"[\w&.,' -]{2,60} (?:is|are) (?:a )?(?:company |limited company )?registered in (?:england|scotland|"
    r"wales|ireland)|"
    r"registered (?:office|in england|address|company|number)|"
    # below: footers, whatever follows
    r"(?:please )?(?:consider|think of|think about|respect|spare|save).{0,40}(?:before (?:you )?print|"
    r"a tree|paper)|(?:please )?think before you print|"
    r"(?:bitte )?(?:denken|prufen) sie .{0,60}(?:umwelt|ausdruck)|(?:pensez|"
    r"avant d'imprimer).{0,60}(?:environnement|imprimer)|antes de imprimir|"
    r"(?:this|the) (?:e-?mail|message) has been (?:checked|scanned)|virus-?free\W|"
    r"diese e-?mail wurde .{0,40}(?:viren|gepruft)|"
    r"(?:l'absence de virus|cet e-?mail a ete verifie|este correo .{0,30}virus|"
    r"dit e-?mailbericht is .{0,30}virus)|"
    r"if you no longer (?:wish|want) to (?:receive|hear)|(?:to )?unsubscribe from (?:our|my|firm|the|all|"
    r"these) [\w' -]{0,40}(?:newsletter|alert|update|mailing|list|bulletin)|"
    r"to unsubscribe,? (?:please )?(?:click|visit|write|e-?mail|go to)|you(?:'re|"
    r" are) receiving this (?:e-?mail|message|because)|"
    r"(?:sitz der gesellschaft|amtsgericht|handelsregister|registergericht|geschaftsfuhrer(?:in)?|"
    r"ust-?id\S*)\b ?:? ?.{0,120}$"
    r")"
)
_FOOTER = re.compile(
    r"^\W{0,6}(?:(?:please )?(?:consider|think|respect|spare|save)\b|(?:bitte )?(?:denken|prufen)\b|pensez|"
    r"avant d'imprimer|antes de|"
    r"(?:this|the) (?:e-?mail|message) has been (?:checked|scanned)|virus|diese e-?mail wurde|l'absence|"
    r"cet e-?mail|este correo .{0,30}virus|dit e-?mailbericht|"
    r"if you no longer|(?:to )?unsubscribe|you(?:'re| are) receiving|sitz der|amtsgericht|handelsregister|"
    r"registergericht|geschaftsfuhrer|ust-?id)"
)
_LEGAL = re.compile(
    r"\b(?:confidential\w*|privileged|intended (?:only|solely|recipient|for)|recipient|addressee|"
    r"unauthori[sz]ed|disclos\w*|disseminat\w*|virus\w*|liab\w*|in error|"
    r"registered (?:in|office|number|company|no)|company (?:no|number|reg)|views .{0,40}(?:author|sender|"
    r"necessarily)|vertraulich\w*|unbefugt\w*|empfanger\w*|"
    r"confidentiel\w*|destinataire\w*|confidencial\w*|destinatari\w*|riservat\w*|confidenzial\w*|"
    r"vertrouwelijk\w*|geadresseerde|bestemd|poufn\w*|adresat\w*|"
    r"konfidentiell\w*|avsett|fortrolig\w*|beregnet|duvern\w*|vat (?:no|number|reg))\b"
)
_CONTACT = re.compile(
    r"\+?\(?\d[\d\s().·/-]{6,}\d|https?://|www\.|\S@\S+\.\w|\s[|·•]\s|^(?:t|f|m|o|p|c|tel|fon|phone|mobile|"
    r"cell|fax|mob|office|direct)\b\.?:? ?\+?[\d(]"
)
_TITLE = re.compile(
    r"^(?:[a-z]|dr|mr|mrs|ms|mx|prof|ing|dipl|mag|rev|sir|mme|mlle|m|sr|sra|dott|avv|eng|i\.? ?a|i\.? ?v|"
    r"ppa|mgr|inz|bc|jr)\.?$"
)


def strip_signature(lines: list[str], names: frozenset[str], *, last: bool) -> list[str]:
    """The writer's own lines of one unquoted stretch: without banners, sign-off, signature and footers; a P.S. stays.

    `names` are the folded words of the sender's name and address; `last` says that no own text follows this stretch.
    """
    lines = _trim(_without_banner([line for line in lines if not _is_noise(line)]))
    folded = [fold(line[:400]) for line in lines]
    cut = next((index for index in range(len(lines)) if _ends_text(lines, folded, index, names)), len(lines))
    if last:
        cut = _name_cut(lines[:cut], folded[:cut], names)
    kept = _trim(lines[:cut])
    postscript = _postscript(lines[cut : cut + _TAIL_LINES], folded[cut : cut + _TAIL_LINES])
    return kept + ([""] + postscript if postscript and kept else postscript)


def _is_noise(line: str) -> bool:
    """Lines that a client adds anywhere, also above text that goes on: a phone's signature, an image's placeholder."""
    low = fold(line[:300])
    return bool(low) and bool(_NOISE.match(low) or _MOBILE.match(low))


def _ends_text(lines: list[str], folded: list[str], index: int, names: frozenset[str]) -> bool:
    """Whether the line at `index` is the first that is not the writer's text any more."""
    low = folded[index]
    if not low:
        return False
    if _DISCLAIMER.match(low) and (_FOOTER.match(low) or _LEGAL.search(" ".join(folded[index : index + 6]))):
        return True
    if _DELIMITER.match(lines[index]):
        return _is_signature(lines, folded, index + 1, lenient=True)
    if _LONG_RULE.match(lines[index]):
        return _is_signature(lines, folded, index + 1)
    return _signs_off(lines, folded, index, names)


def _signs_off(lines: list[str], folded: list[str], index: int, names: frozenset[str]) -> bool:
    """A sign-off line, alone or with a name behind it, and nothing but a signature below."""
    low = folded[index]
    if len(low) > 80 or len(lines) == 1:
        return False
    following = lines[index + 1].strip() if index + 1 < len(lines) else ""
    named = bool(following) and _name_line(following, names)
    if named and low.endswith(",") and len(low.split()) <= 4:
        return _is_signature(lines, folded, index + 1)
    firm = _FIRM_LINE.match(low.split(" / ")[-1])  # "Best regards / Mit freundlichen Grüßen"
    if firm and _is_name(lines[index], firm["rest"] or "", names, strict=False):
        return _is_signature(lines, folded, index + 1)
    soft = _SOFT_LINE.match(low)
    if not soft or not _is_signature(lines, folded, index + 1):
        return False
    if soft["rest"]:
        return _is_name(lines[index], soft["rest"], names, strict=True)
    # "Thanks!" is a sentence of its own unless a name stands right below it.
    return "," in soft["mark"] or named or (bool(following) and _any_name(following))


def _is_name(line: str, rest: str, names: frozenset[str], *, strict: bool) -> bool:
    """Whether what follows a sign-off on its line can be a name; `strict`: only the sender's, else the addressee's."""
    words = rest.split("|")[0].split()
    if not words or len(words) > 5:
        return not rest or "|" in rest
    if strict:
        return any(word.strip(".,-") in names for word in words)
    original = line.strip().split()[-len(words) :]
    return any(word.strip(".,") in names for word in words) or all(
        word[:1].isupper() or not word[:1].isalpha() for word in original
    )


def _is_signature(lines: list[str], folded: list[str], start: int, *, lenient: bool = False) -> bool:
    """Whether the lines from `start` could be a signature: short, no sentence; a P.S. or a disclaimer ends the test.

    A company's motto right under the name is a sentence too, but it does not speak to anyone. `lenient` lets such
    sentences stand anywhere, below a delimiter that says that a signature follows.
    """
    seen = 0
    for line, low in zip(
        lines[start : start + _TAIL_LINES], folded[start : start + _TAIL_LINES], strict=True
    ):
        if not low:
            continue
        if (
            _POSTSCRIPT.match(line)
            or _DISCLAIMER.match(low)
            or _DELIMITER.match(line)
            or _AUTOMATIC.search(low)
        ):
            return True
        if _LONG_RULE.match(line):
            continue
        if _is_sentence(line) and (
            _SPEAKS.search(low) or not (lenient or (seen and folded[start + seen - 1]))
        ):
            return False
        seen += 1
        if seen > _SIGNATURE_LINES:
            return False
    return True


_AUTOMATIC = re.compile(
    r"\bout of (?:the )?office\b|\bautomat(?:ic|ed|ische|ique|ica)\b|\bauto-?repl|\bnicht im buro\b|"
    r"\babwesen|"
    r"\babsent[e]? du bureau\b"
)
_SPEAKS = re.compile(
    r"\?|\b(?:you|your|i|i'm|i'll|i've|i'd|let me|please|sie|ihnen|ich|bitte|vous|je|usted|le|yo|lei|voce|"
    r"eu|u|ik|pan|pani|du|jag|jeg)\b"
)


def _is_sentence(line: str) -> bool:
    text = re.sub(r"\([^()]{0,60}\)$", "", line.strip()).strip()  # "Hugo (on the dock, bad signal)"
    if text[:1] in "\"'“„«*" or text[-1:] in '"”»*':
        return False  # mottos
    if _CONTACT.search(fold(text)) and len(text) < 160:
        return False
    words = text.split()
    lower = sum(1 for word in words if word[:1].islower())
    if text.endswith("?"):
        return True
    ends = text[-1:] in ".!…" and len(words) >= 3
    return (ends and lower >= 2) or (lower >= 4 and len(words) >= 6) or len(text) > _SHORT_LINE


def _name_cut(lines: list[str], folded: list[str], names: frozenset[str]) -> int:
    """Cuts a signature that starts with the sender's name, without any sign-off before it."""
    lines = _trim(lines)
    folded = folded[: len(lines)]
    for index in range(max(1, len(lines) - _TAIL_LINES), len(lines)):
        if not folded[index]:
            continue
        named = _name_line(lines[index], names)
        starts = named or (not folded[index - 1] and _second_line_names(lines, folded, index, names))
        fresh = (
            not folded[index - 1]
            or lines[index - 1].rstrip()[-1:] in ".!?…)。！？"
            or index in (1, len(lines) - 1)
            or not folded[index + 1]
            or named > 1
        )
        if starts and fresh and _is_signature(lines, folded, index):
            return index
    return len(lines)


def _second_line_names(lines: list[str], folded: list[str], index: int, names: frozenset[str]) -> bool:
    """A closing paragraph whose second line carries the sender's name, as when the first is in another script."""
    if index + 1 >= len(lines) or not folded[index + 1] or len(folded[index].split()) > 3:
        return False
    own_script = not folded[index].isascii() and not any(c.islower() for c in lines[index])
    return own_script and bool(_name_line(lines[index + 1], names))


def _name_line(line: str, names: frozenset[str]) -> int:
    """How many words of the sender's name a line carries, 0 if it is anything but a name.

    His words capitalised, titles, initials ("R.", "RD") and what a signature puts behind a name; nothing of a sentence.
    """
    if line.strip().endswith("?"):
        return 0
    head = re.split(r"[|·•(]|,| - | / |\s{3,}", line.strip().lstrip("-–—~*/^ "), maxsplit=1)[0].strip(" *_.")
    words = [word for word in head.split() if any(c.isalnum() for c in word)]
    if not words or len(words) > 5:
        return 0
    low = [fold(word).strip(".'") for word in words]
    if (
        len(words) == 1
        and len(low[0]) <= 2
        and (words[0].isupper() or line.strip().endswith("."))
        and low[0] not in names
    ):
        return int(all(any(name.startswith(letter) for name in names) for letter in low[0]))
    if any(c > "\u2e80" for c in head):
        return int(
            len(head) <= 8 and any(word in names or any(word in name for name in names) for word in low)
        )
    others = [word for word, key in zip(words, low, strict=True) if key not in names]
    if not all(word[:1].isupper() or not word[:1].isalpha() or _TITLE.match(fold(word)) for word in others):
        return 0
    return sum(1 for word in low if word in names)


def _any_name(line: str) -> bool:
    """One to three capitalised words and nothing else: somebody's name, whoever it is."""
    words = line.strip().strip(",").split()
    return 0 < len(words) <= 3 and all(
        re.fullmatch(r"[^\W\d_][\w'.-]*", word) and word[0].isupper() for word in words
    )


def _without_banner(lines: list[str]) -> list[str]:
    """Drops a mail gateway's "external sender" warning above the text."""
    first = next((index for index, line in enumerate(lines) if line.strip()), None)
    if first is None or not _BANNER.match(fold(lines[first][:400])):
        return lines
    index = first + 1
    while index < len(lines) and (not lines[index].strip() or _BANNER_MORE.match(fold(lines[index][:300]))):
        index += 1
    return lines[index:]


def _postscript(lines: list[str], folded: list[str]) -> list[str]:
    """The P.S. below a signature, up to the next blank line: it is the writer's text."""
    for index, line in enumerate(lines):
        if _POSTSCRIPT.match(line):
            kept = []
            for text, low in zip(lines[index:], folded[index:], strict=True):
                if not low or _DISCLAIMER.match(low) or _MOBILE.match(low) or _DELIMITER.match(text):
                    break
                kept.append(text)
            return kept
    return []


def _trim(lines: list[str]) -> list[str]:
    start, end = 0, len(lines)
    while start < end and not lines[start].strip():
        start += 1
    while end > start and not lines[end - 1].strip():
        end -= 1
    return lines[start:end]


def name_words(sender: str) -> frozenset[str]:
    """The folded words of a From value: display name, and the local part of the address split at dots and dashes."""
    display, _, address = sender.rpartition("<")
    local = address.rstrip("> ").split("@")[0] if "@" in address else ""
    if "@" not in address:
        display = sender
    words = re.split(r"[\s,;\"'()<>&]+", fold(display)) + re.split(r"[._+\d-]+", fold(local))
    return frozenset(
        word.strip(".") for word in words if len(word.strip(".")) > 1 and word not in _ROLE_WORDS
    )


_ROLE_WORDS = frozenset(
    {
        "the",
        "and",
        "via",
        "info",
        "office",
        "sales",
        "contact",
        "hello",
        "team",
        "support",
        "admin",
        "mail",
        "post",
        "biuro",
    }
    | {"kontakt", "service", "no", "reply", "noreply", "gmbh", "ltd", "llc", "inc"}
)
