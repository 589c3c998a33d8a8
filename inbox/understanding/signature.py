"""Decides where a person's words end and their sign-off, signature or footer begins."""

import re

from inbox.understanding.normalise import fold

_SHORT_LINE = 90

_DELIMITER = re.compile(r"^\s*(?:-- ?|—|–|__|\*\*)\s*$")
_LONG_RULE = re.compile(r"^\s*[-_=*~]{3,}\s*$")
_POSTSCRIPT = re.compile(r"^\s*p\.? ?p?\.? ?s\b\.?\s?[:,-]?\s*\S", re.I)

# Firm sign-offs close a letter whatever follows; soft ones ("thanks") are also ordinary sentences.
_FIRM = (
    r"(?:(?:with |my )?(?:best|kind|kindest|warm|warmest|many|sincere)(?: personal)? )?(?:regards|wishes)(?: from .{2,30})?|"
    r"best|all the best|all my best|cheers(?: mate)?|sincerely(?: yours)?|yours(?: truly| sincerely| faithfully)?|respectfully(?: yours)?|"
    r"cordially|warmly|take care|(?:talk|speak|chat) soon|have a (?:great|good|nice|lovely|wonderful) (?:day|one|week|weekend|evening)|"
    r"x{1,3}|xo+|xoxo|love|rgds|br|kr|brgds|b\.?rgds|tc|"
    r"(?:mit )?(?:freundlich(?:e|en|em|er)?|best(?:e|en)|herzlich(?:e|en)|lieb(?:e|en)|viel(?:e|en)|schon(?:e|en)|sonnig(?:e|en)|"
    r"kollegial(?:e|en))(?:,? (?:herzlichen|besten|lieben|freundlichen))? (?:gruss(?:e|en)?|grusse(?:n)?|gruessen?|gruss)(?: (?:aus|von|vom) .{2,30})?|"
    r"mfg|m\.f\.g\.?|vg|lg|bg|grusse?(?: (?:aus|von) .{2,30})?|gruss|gruesse|hochachtungsvoll|servus|schon(?:e|en) (?:tag|woche|abend)(?: noch)?|"
    r"(?:bien |tres )?cordialement(?: votre)?|(?:bien )?a vous|bien a toi|cdlt|cdt|(?:sinceres|meilleures|cordiales)? ?salutations(?: distinguees)?|"
    r"bonne (?:journee|soiree|reception|continuation|fin de journee)|belle journee|bon week-?end|amicalement|amities|respectueusement|a bientot|"
    r"(?:un |reciba un )?(?:cordial |afectuoso )?saludos?(?: cordial(?:es)?)?|atentamente|(?:un )?(?:fuerte )?abrazo|atte|quedo atent[oa]|"
    r"(?:cordiali|distinti|cari|tanti)? ?saluti|un (?:caro |cordiale )?saluto|cordialmente|cordialita|buona (?:giornata|serata)|a presto|"
    r"(?:com os )?(?:melhores |meus )?cumprimentos|atenciosamente|att|abs|(?:um )?(?:grande )?abracos?|cordialmente|"
    r"(?:met )?(?:vriendelijke|hartelijke|beste|warme) groet(?:en)?|groet(?:en|jes)?|mvg|gr|fijne (?:dag|week|avond)|hoogachtend|"
    r"(?:serdecznie )?pozdrawiam(?: serdecznie)?|(?:serdeczne )?pozdrowienia|z (?:powazaniem|wyrazami szacunku|pozdrowieniami)|pozdr|"
    r"(?:med )?(?:vanlig(?:a)?|venlig(?:e)?|vennlig|basta|bedste|beste|varma|hjertelig(?:e)?|hjartliga) (?:halsning(?:ar)?|hilsen(?:er)?)|"
    r"mvh|hilsen|halsningar|vh|kh|dbh|ha det (?:bra|godt)|"
    r"s (?:pozdravem|uctou|pratelskym pozdravem)|zdravim|hezky den|terveisin|(?:ystavallisin|parhain) terveisin|yt|"
    r"(?:udvozlettel|koszonettel|tisztelettel|udv)|cu (?:stima|respect|drag)|toate cele bune|saygilarimla|iyi calismalar|selamlar|"
    r"с (?:уважением|наилучшими пожеланиями)|всего доброго|此致|敬礼|祝好|顺祝商祺|敬具|με εκτιμηση|lep pozdrav|srdacan pozdrav"
)
_SOFT = (
    r"(?:many |much |with )?thanks(?: (?:so much|very much|again|in advance|a lot|a million|for your time|and regards|& regards))?|"
    r"thank you(?: (?:so much|very much|again|in advance|for your time))?|thx|tks|ta|much appreciated|"
    r"(?:vielen |besten |herzlichen |lieben )?dank(?: (?:im voraus|vorab|und (?:viele |beste )?(?:gruss|grusse)))?|danke(?: (?:schon|dir|ihnen|und gruss))?|"
    r"merci(?: (?:d'avance|beaucoup|bien|par avance))?|(?:muchas )?gracias(?: (?:de antemano|por todo|y un saludo))?|"
    r"grazie(?: (?:mille|in anticipo))?|(?:muito )?obrigad[oa](?: (?:desde ja|pela atencao))?|grat[oa]|"
    r"(?:alvast )?bedankt|dank (?:je|u)(?: wel)?|dziekuje|dzieki|tack(?: (?:pa forhand|sa mycket))?|(?:mange )?tak|(?:tusen )?takk|"
    r"dekuji|diky|kiitos|koszonom|multumesc|tesekkurler|спасибо|谢谢|감사합니다"
)
_TAIL = r"(?P<mark>[\s,.!:;~-]*)(?P<rest>(?<=[\s,.!:;~-]).{1,40})?$"
_FIRM_LINE = re.compile(rf"^[\s-]*(?:{_FIRM}){_TAIL}")
_SOFT_LINE = re.compile(rf"^[\s-]*(?:{_SOFT}){_TAIL}")

_DEVICE = (
    r"iphone|ipad|ipod|android|outlook|yahoo|samsung|galaxy|blackberry|mobile|phone|handy|telefon|telephone|smartphone|proton ?mail|"
    r"huawei|xiaomi|redmi|pixel|windows|mail|gmail|superhuman|hey|aol|gmx|web\.de|mobil|device|gerat|tablet|cellulare|celular|movil|apple|"
    r"watch|hotmail|zoho|spark|missive|front|thumbs"
)
_MOBILE = re.compile(
    rf"^(?:(?:sent|typed|written|dictated) (?:from|with|via|on|using|by)\b.{{0,60}}\b(?:{_DEVICE})|"
    r"sent with proton ?mail.{0,40}|get outlook for (?:ios|android|mac)|outlook fur (?:ios|android).{0,30}|"
    r"(?:telecharge[rz]?|obtener|scarica|obter|obtenir|download|hamta|hent|pobierz|ziskat|hanki|beziehen sie|laden sie) .{0,25}outlook .{0,40}|"
    rf"(?:von|vom) (?:mein(?:em|er)|unterwegs).{{0,40}}(?:gesendet|versendet|geschickt)|(?:gesendet|versendet) (?:von|mit|vom|uber).{{0,50}}|"
    rf"(?:envoye|expedie) (?:de|depuis|a partir|avec|a l'aide).{{0,50}}|enviado (?:desde|do|de|con|por|pelo|a partir).{{0,50}}|"
    rf"(?:inviato|spedito) (?:da|dal|con|tramite).{{0,50}}|(?:verzonden|verstuurd|gestuurd) (?:vanaf|vanuit|met|via|van|vanop).{{0,50}}|"
    rf"(?:wyslane|wyslano) (?:z|ze|za)\b.{{0,50}}|(?:skickat|skickad) (?:fran|med|via).{{0,50}}|sendt (?:fra|med|via).{{0,50}}|"
    rf"(?:odeslano|poslano) (?:z|ze|pomoci)\b.{{0,50}}|lahetetty .{{0,50}}|отправлено (?:с|из|от)\b.{{0,50}}|iphoneから送信.{{0,10}}|"
    r"发自我的.{1,20}|從我的.{1,20}傳送|(?:나의 )?.{0,12}에서 보냄|(?:trimis|enviat) de pe .{0,40}|.{0,30}(?:iphone|ipad|telefon)(?:'?umdan|imdan) gonderildi|"
    r"please (?:excuse|forgive|pardon) (?:any |my |the )?(?:typos|brevity|typing|spelling|errors|mistakes).{0,60}|yahoo mail: .{0,60}|"
    r"(?:virus-?free|virenfrei|garanti sans virus|libre de virus|sem virus)\W.{0,60})"
    r"[.!]?(?: ?[<(]?https?://\S{1,200}[>)]?)?$"
)
_NOISE = re.compile(
    r"^(?:\[?(?:cid:|image:|inline image|logo)[^\]]{0,120}\]?|<[^<>\s]{1,120}\.(?:xlsx?|docx?|pptx?|pdf|csv|png|jpe?g|gif|zip|txt|ics|vcf|heic|mp4|mov)>|"
    r"\[?attachment:? .{1,120}\]?|\ufffc|obj)$"
)
_BANNER = re.compile(
    r"^\W{0,6}(?:(?:\[?external(?: e-?mail| sender| message)?\]?\W|caution\W|warning\W|\[ext\]|achtung\W|attention\W|extern(?:e)?[ :]).{0,120}"
    r"(?:outside|external|extern|originat|unknown sender|do not click|don't click|trust|recogni[sz]e|ausserhalb|exterieur)|"
    r"this (?:e-?mail|message) (?:originated|was sent|came|is) from (?:an? )?(?:outside|external)|"
    r"you don't often get e-?mail from|(?:sie erhalten|vous ne recevez|no suele recibir) (?:nicht oft|pas souvent|a menudo))"
)
_BANNER_MORE = re.compile(
    r"^(?:do not|don't|never|please do not|use caution|be careful|learn (?:more|why)|offnen sie|ne cliquez)\b.{0,160}$"
)

_DISCLAIMER = re.compile(
    r"^\W{0,6}(?:(?:confidentiality|privacy|legal|important|privileged|email|e-mail|disclaimer)(?: and \w+)? ?(?:notice|note|statement|disclaimer|warning)?:|"
    r"(?:confidentiality notice|disclaimer|confidential)\b(?![^.]{0,60}\?)|"
    r"(?:this|the) (?:e-?mail|message|communication|transmission|electronic mail)(?: message)?(?:,? (?:and|including|together with) .{0,60})?,? ?.{0,40}"
    r"(?:confidential|privileged|intended (?:only|solely|for)|is for the|is only for|may contain|addressee)|"
    r"(?:the )?(?:information|contents?) (?:contained )?(?:in|of|transmitted in) this (?:e-?mail|message|communication|transmission)|"
    r"if you (?:are not the intended|have received this|received this (?:e-?mail|message) (?:in error|by mistake)|no longer (?:wish|want) to receive)|"
    r"(?:please )?(?:consider|think of|think about) the environment|(?:please )?think before you print|save (?:a tree|paper)|"
    r"diese (?:e-?mail|nachricht|information).{0,80}(?:vertraulich|ausschliesslich|nur fur)|(?:bitte )?denken sie an die umwelt|"
    r"ce (?:message|courriel|mail|e-mail).{0,80}(?:confidentiel|destinataire|exclusivement|etabli)|(?:pensez|avant d'imprimer).{0,40}(?:environnement|imprimer)|"
    r"(?:este|el presente) (?:mensaje|correo|e-?mail).{0,80}(?:confidencial|destinatari|dirigid|exclusiv|privilegiad)|antes de imprimir|"
    r"(?:esta|a) mensagem.{0,80}(?:confidencia|destinat)|(?:questo|il presente) (?:messaggio|e-?mail).{0,80}(?:riservat|destinat|confidenzial)|"
    r"(?:le )?informazioni contenute (?:in|nella)|(?:dit|deze) (?:bericht|e-?mail|e-mailbericht).{0,80}(?:vertrouwelijk|bestemd)|"
    r"(?:niniejsz|ta wiadomosc|tresc tej).{0,80}(?:poufn|przeznaczon|adresat)|"
    r"(?:detta|det har) (?:mejl|meddelande|e-post).{0,80}(?:konfidentiell|avsett)|(?:denne|dette) (?:e-?mail|mail|e-post|melding|meddelelse).{0,80}(?:fortrolig|beregnet)|"
    r"(?:to )?unsubscribe from (?:our|my|firm|the|all|these) [\w' -]{0,40}(?:newsletter|alert|update|mailing|list|bulletin)|"
    r"to unsubscribe,? (?:please )?(?:click|visit|write|e-?mail|go to)|you(?: a|')re receiving this|you are receiving this|"
    r".{2,60} (?:is|are) (?:a )?registered in (?:england|scotland|wales|ireland)|registered (?:office|in england|address|company|number)|"
    r"(?:sitz der gesellschaft|amtsgericht|handelsregister|registergericht|geschaftsfuhrer|ust-?id)\b.{0,120})"
)
_CONTACT = re.compile(
    r"\+?\(?\d[\d\s().·/-]{6,}\d|https?://|www\.|\S@\S+\.\w|\s[|·•]\s|^(?:t|f|m|o|p|c|tel|fon|phone|mobile|cell|fax|mob|office|direct)\b\.?:? ?\+?[\d(]"
)
_TITLE = re.compile(
    r"^(?:[a-z]|dr|mr|mrs|ms|mx|prof|ing|dipl|mag|rev|sir|mme|mlle|m|sr|sra|dott|avv|eng|i\.? ?a|i\.? ?v|ppa|mgr|inz|bc|jr)\.?$"
)


def strip_signature(lines: list[str], names: frozenset[str], *, last: bool) -> list[str]:
    """The writer's own lines of one unquoted stretch: without banners, sign-off, signature and footers; a P.S. stays.

    `names` are the folded words of the sender's name and address; `last` says that no own text follows this stretch.
    """
    lines = _without_banner([line for line in lines if not _NOISE.match(fold(line[:300]))])
    folded = [fold(line[:400]) for line in lines]
    cut = _cut(lines, folded, names, last)
    kept = lines[:cut]
    postscript = _postscript(lines[cut:], folded[cut:])
    return _trim(kept) + ([""] + postscript if postscript and _trim(kept) else postscript)


def _cut(lines: list[str], folded: list[str], names: frozenset[str], last: bool) -> int:
    """The index of the first line that is not the writer's text any more."""
    end = len(lines)
    for index in range(len(lines)):
        if _DELIMITER.match(lines[index]) or _DISCLAIMER.match(folded[index]) or _MOBILE.match(folded[index]):
            end = index
            break
        if _LONG_RULE.match(lines[index]) and _tail_is_signature(lines[index + 1 :], folded[index + 1 :]):
            end = index
            break
        if _signs_off(lines, folded, index, names):
            end = index
            break
    if last:
        end = _name_cut(lines[:end], folded[:end], names)
    return end


def _signs_off(lines: list[str], folded: list[str], index: int, names: frozenset[str]) -> bool:
    """A sign-off line, alone or with a name behind it, and nothing but a signature below."""
    line = folded[index]
    if len(line) > 70 or not line:
        return False
    tail, folded_tail = lines[index + 1 :], folded[index + 1 :]
    firm = _FIRM_LINE.match(line)
    if firm and _is_name(lines[index], firm["rest"] or "", names, strict=False):
        return _tail_is_signature(tail, folded_tail)
    soft = _SOFT_LINE.match(line)
    if not soft or not _tail_is_signature(tail, folded_tail):
        return False
    if soft["rest"]:
        return _is_name(lines[index], soft["rest"], names, strict=True)
    if "," in soft["mark"]:
        return True
    # "Thanks!" is a sentence of its own unless a name stands right below it.
    return bool(tail and (_name_line(tail[0], folded_tail[0], names) or _any_name(tail[0])))


def _is_name(line: str, rest: str, names: frozenset[str], *, strict: bool) -> bool:
    """Whether what follows a sign-off on its line can be a name. `strict`: only the sender's own (else it is the addressee)."""
    if not rest:
        return True
    words = rest.split("|")[0].split()
    if not words or len(words) > 5:
        return "|" in rest
    if strict:
        return any(word.strip(".,-") in names for word in words)
    original = line.strip().split()[-len(words) :]
    return any(word.strip(".,") in names for word in words) or all(
        word[:1].isupper() or not word[:1].isalpha() for word in original
    )


def _tail_is_signature(lines: list[str], folded: list[str]) -> bool:
    """Whether every line could stand in a signature: short, no sentence; a P.S., a disclaimer or a rule ends the test."""
    seen = 0
    for line, low in zip(lines, folded, strict=True):
        if (
            _POSTSCRIPT.match(line)
            or _DISCLAIMER.match(low)
            or _DELIMITER.match(line)
            or _AUTOMATIC.search(low)
        ):
            return True
        if not low or _LONG_RULE.match(line) or _MOBILE.match(low):
            continue
        seen += 1
        if seen > 14 or _is_sentence(line):
            return False
    return True


_AUTOMATIC = re.compile(
    r"\bout of (?:the )?office\b|\bautomat(?:ic|ed|ische|ique|ica)\b|\bauto-?repl|\bnicht im buro\b|\babwesen|\babsent[e]? du bureau\b"
)


def _is_sentence(line: str) -> bool:
    text = line.strip()
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
    end = len(lines)
    for index in range(len(lines)):
        if not folded[index] or not any(folded[:index]):
            continue
        fresh = (
            not folded[index - 1]
            or lines[index - 1].rstrip()[-1:] in ".!?…)。！？"
            or len(_trim(lines[:index])) == 1
        )
        starts = _name_line(lines[index], folded[index], names) or (
            not folded[index - 1] and _second_line_names(lines, folded, index, names)
        )
        if fresh and starts and _tail_is_signature(lines[index:], folded[index:]):
            return index
    return end


def _second_line_names(lines: list[str], folded: list[str], index: int, names: frozenset[str]) -> bool:
    """A closing paragraph whose second line carries the sender's name, as when the first is in another script."""
    if index + 1 >= len(lines) or not folded[index + 1] or len(folded[index].split()) > 3:
        return False
    own_script = not folded[index].isascii() and not any(c.islower() for c in lines[index])
    return own_script and _name_line(lines[index + 1], folded[index + 1], names)


def _name_line(line: str, folded: str, names: frozenset[str]) -> bool:
    """Whether a line is a name of the sender: his words capitalised, titles and initials allowed, nothing of a sentence."""
    head = re.split(r"[|·•(]|,| - | / |\s{3,}", line.strip().lstrip("-–—~*/ "), maxsplit=1)[0].strip(" *_.")
    words = head.split()
    if not words or len(words) > 5 or line.strip().endswith("?"):
        return False
    low = [fold(word).strip(".'") for word in words]
    if len(words) == 1 and len(low[0]) == 1:
        return words[0].isupper() and any(name.startswith(low[0]) for name in names)
    if any(c > "\u2e80" for c in head):
        return len(head) <= 8 and any(word in names or any(word in name for name in names) for word in low)
    known = sum(1 for word in low if word in names)
    others = [word for word, key in zip(words, low, strict=True) if key not in names]
    capital = all(word[:1].isupper() or not word[:1].isalpha() or _TITLE.match(fold(word)) for word in others)
    return known > 0 and capital


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
    "the and via info office sales contact hello team support admin mail post biuro kontakt service no reply noreply gmbh ltd llc inc".split()
)
