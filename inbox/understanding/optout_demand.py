"""Decides what is a demand without a plain "stop": a right exercised, a threat, an end wished, a list of don'ts."""

import re

from inbox.understanding.reading import Reading

# --- a right, by the name of its law ----------------------------------------------------------------------------------
_LAW = re.compile(
    r"\b(?:l\.?g\.?p\.?d|kvkk|rgpd|ds-?gvo|gdpr|avg|rodo|ccpa|pipeda|dpa|art\w*\.? ?(?:17|21))\b"
)
_ERASURE = re.compile(
    r"\b(?:delet|eras|remov|elimin|supres|suppres|supprim|oposi|opposi|oppos|cancella|efface|losch|widersp|wissen|"
    r"verwijder|bezwaar|usuni|sprzeciw|silin|vymaz|rader|slet|poista|apag|exclus|interrup|blokk|sperr|object|"
    r"forget|forgotten|vergess|oubli|olvid|oblio)\w*|\bsil\w{2,6}\b"
)
_DEMANDS = re.compile(
    r"\b(?:verlang|forder|beantrag|widersprech|request|demand|exercis|object|ejerc|exerc|solicit|exij|exig|pido|"
    r"oppose|valoir|chied|richied|esig|eserc|zada|wnosz|korzystam|verzoek|bezwaar|eis\b|begar|kraev|krev|pyyda|"
    r"vaadi|talep|"
    r"istiyor|rica|peco|invok|hereby|require|bitte|insist)\w*"
)
_ABOUT_CUSTOMERS = re.compile(
    r"\?|\b(?:our|their|unsere\w*|ihre[rn]? kunden|nos|nuestros|nuestras|nossos|nostri|onze|vara|vores|vare|naszych|"
    r"nasich) (?:\w+ )?(?:customers|clients?|users|kunden|clientes|clienti|klanten|kunder|klientow|zakazniku)\b|"
    r"\b(?:gdpr|dsgvo|rgpd|avg)[ -](?:konform|conform\w*|proof)|\b(?:compliant|compliance|tool|software)\b"
)

# --- a threat, if we write once more ----------------------------------------------------------------------------------
_ONCE_MORE = re.compile(
    r"\b(?:weiter\w+|noch (?:ein\w*|so|mal)|erneut\w*|nochmals?|nog (?:1|een\w*|zo|maar)|encore|(?:a|de) nouveau|"
    r"otr[oa]|mas|"
    r"vuelv\w+|volv\w+|de nuevo|ancora|di nuovo|un altr[oa]|un'altra|mais (?:um|uma)|outr[oa]|volt\w+ a|jeszcze|"
    r"ponownie|znowu|jeste|dalsi|znovu|(?:en|ett?|et) (?:[\w-]+ )?till?|igjen|igen|en gang|viela|daha|tekrar)\b"
)
_WRITES = re.compile(
    r"\b(?:e-?mail|mail|mejl|e-?post|nachricht|schreib|meldung|anruf|ruf|kontakt|contact|bericht|schrijf|bel|message|"
    r"ecriv|appel|relanc|mensaje|correo|escrib|messaggi|scriv|mensage|escrev|wiadomosc|pis|napis|zprav|napis|"
    r"hor(?:er)? (?:du|ni|av|dere)|skriv|ring|viesti|kirjoit|mesaj|yaz|sms)\w*"
)
_ACCUSES = re.compile(
    r"\banmal\w* (?:jag|vi) (?:er|dig|det|detta)\b|\b(?:jag|vi) anmal\w* (?:er|dig|det)\b|\b(?:melder|"
    r"anmelder) (?:jeg|"
    r"vi) (?:det|dere|jer|dig|deg)\b|\b(?:jeg|vi) (?:an)?melder (?:det|dere|jer|dig|deg)\b|"
    r"\b(?:melde|melden|zeige|erstatte) (?:ich|wir) (?:sie|das|dies|euch|es|anzeige)\b|\b(?:ich|wir) (?:melden?|"
    r"zeigen?|"
    r"erstatten?) (?:sie|das|dies|euch|es|anzeige)\b|\bmeld (?:ik|wij) (?:het|u|jullie|dit|je)\b|\b(?:ik|wij|we) "
    r"melden? (?:het|u|jullie|dit|je)\b|\b(?:klacht|aangifte|anzeige|abmahn\w*|unterlassung\w*|plainte|denuncia\w*|"
    r"denuncio|denunciar\w*|querella|reclamacion|reclamacao|sikayet\w*|stiznost|skarge|ilmoitus|polisanmal\w*|"
    r"klage|anmalan|queixa|esposto|ilmoituks\w*|(?:schalte|informiere) (?:ich|wir) (?:die|den))\b|\b(?:je|on|"
    r"nous) (?:vous|le) (?:signal|denonc)\w*\b(?! que)|\b(?:vi|la) (?:segnal|denunc)\w+\b(?=\W*$| (?:al|alla|come|"
    r"per|ai)\b)|\bzg(?:las|losz)\w+\b(?! sie)|\bnahlas\w+|\bilmoitan (?:teidat|tasta)|"
    r"\b(?:acm|konsumentverket|forbrugerombuds\w*|forbrukertilsynet|bundesnetzagentur|verbraucherzentrale|cnil|aepd|"
    r"garante|anpd|procon|uodo|uokik|datatilsynet|imy|datainspektionen|polizei|politie|policja|spam)\b"
)


_LETTER_CHARS = 800


def demands_right(reading: Reading) -> str | None:
    """E.g. "Under the LGPD we request erasure", "ejercemos el derecho de oposición (RGPD)"; not talk of compliance."""
    if not _LAW.search(reading.text):
        return None
    low = reading.text.replace("\n", " ")  # "Art. 17" ends a sentence for those who do not know the law
    named = _LAW.search(low) and _ERASURE.search(low) and _DEMANDS.search(low)
    return (
        reading.newest.text
        if named and len(low) < _LETTER_CHARS and not _ABOUT_CUSTOMERS.search(low)
        else None
    )


def threatens(reading: Reading) -> str | None:
    """E.g. "Noch eine Mail und ich melde Sie", "nog 1 mailtje en ik meld het bij de ACM"."""
    if not _ACCUSES.search(reading.text):
        return None
    for written, low in reading.sentences:
        if "?" not in low and _ACCUSES.search(low) and _ONCE_MORE.search(low) and _WRITES.search(low):
            return written
    return None


# --- an end of receiving, wished --------------------------------------------------------------------------------------
_RECEIVE = (
    r"(?:receiv\w+|get(?:ting)?(?! into| to)|hear(?:ing)?|see(?:ing)?|have|having|be(?:ing)? (?:contacted|"
    r"e-?mailed|texted|"
    r"messaged|"
    r"written to|sent|on))"
)
_THINGS = (
    r"(?:e-?mails?|mails?|inmails?|messages?|msgs?|texts?|mailings?|newsletters?|communications?|correspondence|spam|"
    r"pitches|dms?|follow[- ]?ups?|outreach|solicitations?|offers)"
)
_TAIL = (
    rf"(?: (?:\w+ ){{0,3}}?{_THINGS}\b| from (?:you|your|this|y'all)\b| (?:any |more |anything |"
    rf"any more )*(?:of )?(?:these|"
    r"this|those|them|your stuff|more|again|any ?more|further)(?=\W*$|[.,;!]| please| thanks| from you))"
)
_ENDS = re.compile(
    r"\b(?:like|want|wish|need|prefer|love|how (?:do|can|could) (?:i|we)|way(?: for \w+)?) (?:to )?(?:please |just )?"
    rf"(?:stop|quit|cease|no longer|not|never) {_RECEIVE}{_TAIL}|"
    rf"\b(?:rather|sooner|as soon|prefer|best|choose) not (?:to )?{_RECEIVE}{_TAIL}|"
    rf"\b(?:leave|keep|count) (?:me|us|my \w+|our \w+) out of (?:your|ur|any|all|these|future|the)(?: \w+){{0,2}}? "
    rf"(?:{_THINGS}|campaigns?|lists?|sequences?|blasts?|marketing)\b|"
    rf"\bbe (?:the|your) (?:very )?last (?:{_THINGS}|one)(?: that)? (?:you (?:ever )?(?:send|write)|"
    r"(?:i|we) (?:ever )?(?:get|receive|see|hear)|(?:i|we) have to (?:get|read|delete)|from you)|"
    r"\bnothing (?:further|more|else) (?:comes?|arrives?|is sent|reaches|lands)\b"
)
_STILL = re.compile(
    r"\b(?:instead|but (?:i|we)\b.{0,20}(?:like|want|love)|by (?:phone|text)|pdf|before|until|unless|today)\b"
)


def wishes_an_end(reading: Reading) -> str | None:
    """E.g. "I would like to stop receiving these", "rather not get any more messages", "leave us out of mailings"."""
    return next(
        (
            written
            for written, low in reading.sentences
            if _ENDS.search(low)
            and not _STILL.search(low)
            and not re.match(r"(?:do|does|is(?! there (?:a|any|some) way)|are|would) .*\?$", low)
        ),
        None,
    )


_DONT = re.compile(
    r"\b(?:do not|don't|dont|no|never|nor) (?:you )?(?:ever )?(e-?mail|call|text|write|mail|message|contact|dm|"
    r"visit|phone|"
    r"letter|ring)s?\b(?=\W*(?:$|[,;.!&]|and\b|or\b|nor\b|no\b|don'?t\b|do\b|me\b|us\b|here\b))"
)
_RATHER = re.compile(
    r"\b(?:just|only|instead|but|unless|before|until|yet|after|during|when|while|meeting)\b|\?"
)


_NOTE_CHARS = 300


def lists_donts(reading: Reading) -> str | None:
    """E.g. "Don't email, don't call, don't mail me": two ways forbidden at once leave none, unless one is offered."""
    low = reading.text
    if len(low) > _NOTE_CHARS or _RATHER.search(low):
        return None
    return reading.newest.text if len(set(_DONT.findall(low))) > 1 else None
