"""Patterns for refusing one channel or address and asking for another. They match folded text."""

import re

REFUSES = re.compile(
    r"\b(?:stop|stopp\w*|quit|cease|don'?t|dont|do not|no more|no|not|never|kein\w*|nicht|hor\w* auf|arretez|"
    r"plus de"
    r"|pas de|pas|dej[ae]n? de|no me|basta|smett\w+|non|geen|niet|pare[mn]?|nao)\b"
)
PREFERS = re.compile(
    r"\b(?:instead|rather|only|just|better|best|prefer\w*|fine|ok|okay|works|easier|lieber|stattdessen|"
    r"bitte per"
    r"|besser|nur|plutot|mieux|uniquement|mejor|solo|meglio|invece|liever|alleen|beter|melhor|so por|prefiro|"
    r"prefiero"
    r"|preferisco)\b"
)
RATHER_THAN = re.compile(
    r"\b(?:instead of|rather than|not (?:by|via|on|over|through)|statt|au lieu de|en vez de)\b"
)
CLAUSE = re.compile(r"[.,;:!?\n()]+|\s[-–—]\s|\b(?:but|and|aber|sondern|und|mais|et|pero|sino|ma|maar|mas)\b")
WIDER = re.compile(
    r"\b(?:unsubscribe|remove|delete|list|spam|report\w*|legal|lawyer|attorney|sue|gdpr|dsgvo|rgpd|harass\w*|"
    r"police"
    r"|everything|anything|anymore at all|at all|ever again|altogether|completely)\b"
)
OLD = re.compile(
    r"\b(?:old|other|former|previous|alte|andere|ancienne?|autre|antigu?[ao]|otr[ao]|vecchi[ao]|"
    r"altr[ao]|outr[ao]|"
    r"oude|gamla|gamle|star\w+|vanha)\w* (?:e-?mail |work )?(?:address|number|inbox|mailbox|phone|adress\w*|"
    r"nummer|numero|"
    r"direccion|correo|indirizzo|endereco|telefo\w*|adres\w*|osoite\w*)"
)
ENDS = re.compile(
    r"\b(?:remov\w+|delet\w+|drop|unsubscrib\w+|take\b.*\boff|(?:streich|losch|entfern)\w*|nehm\w*\b.*\baus|retir\w+|"
    r"supprim\w+|enlev\w+|quit[ea]\w*|borr\w+|elimin\w+|tolg\w+|togli\w*|cancell\w+|rimuov\w+|haal|verwijder\w*|"
    r"ta bort|fjern\w*|slet\w*|usun\w*|smaz\w*|vymaz\w*|poist\w+|torol\w*|sterg\w*|sil\w*|удал\w*|видал\w*)\b"
)
NAMED = re.compile(r"[\w.+-]+@(?:[\w-]+(?:\.[\w-]+)+)?|\+?\d[\d ()/.-]{7,}\d")
_WRITE = (
    r"\b(?:use|write|e-?mail|mail|reach|contact|send|text|call|reply|schreib\w*|nehmen|nutz\w*|mailen|ecri\w*|"
    r"utilis\w*|"
    r"contact\w*|escrib\w*|us[ea]\w*|scriv\w*|escrev\w*|schrijf|stuur|skriv\w*|brug|bruk|pisac|pisz\w*|pist?e|"
    r"psat|"
    r"kirjoit\w*|irj\w*|scri\w*|yaz\w*|пиш\w*)\b"
)
WRITE = re.compile(_WRITE)
HERE = re.compile(
    rf"{_WRITE}[^.!?\n]{{0,25}}"
    r"\b(?:here|directly|this (?:one|address|number)|"
    r"my own|private|hier(?:her)?|direkt|diese\w*|"
    r"ici|directement|celle-ci|aqui|directamente|esta|este|diretamente|qui|direttamente|quest[oa]|hier|"
    r"rechtstreeks|dit|"
    r"hit|hertil|hit|denne|den har|tutaj|bezposrednio|ten|sem|primo|tanne|suoraan|ide|aici|buraya|сюда|сюди)\b"
)
