"""Decides when a message in another language than English wants to stay: not removed, interested, on one channel."""

import re

_KEEP = re.compile(
    r"\b(?:nehm|nimm|streich|entfern|losch|trag|meld|werf)\w* (?:sie |ihr )?(?:mich|uns)\b[^.,;!?]{0,20}\bnicht\b"
    r"(?! mehr)|(?<!kann mich )(?<!konnen uns )\bnicht (?:abmelden|austragen|abbestellen|loschen|streichen)\b|"
    r"\b(?:haal|verwijder|schrap|gooi|schrijf|meld)\w* (?:u |jullie )?(?:mij|me|"
    r"ons)\b[^.,;!?]{0,25}\bniet\b(?! meer)|"
    r"(?<!kan mij )(?<!kan me )\bniet (?:uitschrijven|afmelden|verwijderen|schrappen)\b|"
    r"\b(?:ne )?(?:me|nous|m') ?(?:retir|supprim|enlev|desinscri|desabonn|ray|efface)\w* (?:surtout )?pas\b|"
    r"\bno (?:me|nos) (?:borre|elimine|quite|saque|retire|excluya|remueva|suprima|des|den?)[ns]?\b(?! \w+ado\b)|"
    r"\bnon (?:mi |ci )?(?:cancell(?:a|are|at[ei])|rimuov|tolg|togli|elimin(?:a|are|at[ei])|disiscriv)(?!\w*to\b)\w*|"
    r"\bnao (?:me |nos )?(?:remov|retir|exclu|tir|apag|elimin|descadastr)(?!aram|iram|eram)\w*|"
    r"\bnie (?:wypisyw|wykresl|skresl|usuw)(?!\w*(?:iscie|ono)\b)\w*|"
    r"\b(?:ta|tag|fjern|slet|slett|stryk|radera|meld|afmeld|avmeld|avregistrer\w*) (?:mig |meg |oss |os )?"
    r"(?:inte|ikke)\b|\b(?:inte|ikke) (?:fjern|slet|slett|ta bort|avmeld|afmeld|avregistrer)\w*|"
    r"\b(?:cikar|sil|kaldir)m[ae](?:yin|yiniz|sin)?\b|\bне (?:удаляи|убираи|исключаи|отписываи)\w*"
)
_FOREIGN_INTEREST = re.compile(
    r"\b(?:les|mag) (?:sie|das|die|es|ihre \w+)? ?(?:sehr )?gern|\bgern mit\b|\b(?:bin|sind) (?:\w+ )?(?<!nicht )"
    r"interessiert\b|\bmelden sie sich (?:bitte )?(?:im|nach|ab)\b|\brufen sie (?:mich|uns) (?:bitte )?(?:an\b|unter|"
    r"am|im|heute|morgen)|\berzahlen sie\b|\bwas kostet\b|\b(?:im|ab|nach) (?:\w+ )?gerne?\b(?! nicht| keine)|"
    r"\blees (?:ze|het|ik|jullie \w+) (?:\w+ )?graag\b|\b(?:ben|zijn) (?:wel |zeer |erg )?geinteresseerd\b|"
    r"\bbel (?:me|mij|ons)\b(?!(?: \w+){0,2} (?:niet|nooit|meer))|\bvertel (?:me |eens )*meer\b|\bwat kost\w*|"
    r"\b(?:in|na|vanaf) (?:de |het )?\w+ graag\b|"
    r"\bilgilen(?:iyoru|iri)\w*|\bbakacag\w+|\bbeni arayin\b|\bfiyat\w* (?:nedir|ne kadar)|\bokumayi sev\w+|"
    r"\b(?:beratta|fortael|fortell) (?:garna )?mere?\b|\b(?:ar|er) (?:\w+ )?(?<!inte )(?<!ikke )(?:intresserad|"
    r"interesse?re?t)\w*|\bring (?:mig|meg|oss|os|till?)\b(?! (?:inte|ikke|aldri))|\b(?:vad|hvad|hva) kostar?\w*|"
    r"\b(?:laser|leser) (?:dem|garna|gerne|gjerne)\b|"
    r"\bsuis (?:tres |bien )?interesse|\bca m'interesse(?! pas)|\baime (?:bien |beaucoup )?(?:\w+ )?lire\b|"
    r"\brappelez[- ](?:moi|nous)\b|\bdites[- ]m'en plus\b|\bcombien (?:ca )?cout|"
    r"(?<!no )\b(?:me|nos) interesa\b|\bllame(?:n)?me\b|\bcuanto (?:cuesta|vale)|\b(?:me gusta|gosto de) (?:mucho |"
    r"muito )?le(?:er|r)|\bcuenteme\b|"
    r"(?<!non )\b(?:mi|ci) interessa\b|(?<!non )\bsono interessat|\bmi chiami\b(?! piu)|\bquanto costa|\bmi piace "
    r"legg|(?<!nao )\b(?:tenho|temos) interesse\b|\bme ligue\b|\bquanto custa|"
    r"(?<!nie )\bjestem (?:\w+ )?zainteresowan|"
    r"\bchetnie\b|\bile (?:to )?kosztuje|\bkiinnostaa\b|\bmam zajem\b|\bzavolejte\b|\bkolik (?:to )?stoji"
)
# Only the way is wrong: not the mobile, but mail is fine.
_OTHER_CHANNEL = re.compile(
    r"\b(?:pdfs?|anhange?|pieces? jointes?|allegati|anexos|adjuntos|bijlagen?|zalaczni\w+|bilag\w*)\b|"
    r"\b(?:mande|mandem|envie|escreva|mandeme|envieme|escribame|escribanme|mi scriva) (?:\w+ )?(?:por|via|per) |"
    r"\b(?:e-?mail|mail|mejl|correo|e-?post|posta|sms|telefon|linkedin)(?:, das)? (?:is|er|ar|ist|est|c'est|va|"
    r"funkar|fungerer|geht|gar|reicht|jest|je|olur|si|da si|tak)\b(?! (?:nicht|niet|ikke|inte|pas|no\b))"
    r"(?= ?(?:wel |gern |sehr |helt |parfait|bien|bra|fint?|prima|goed|gut|ok|in ordnung|greit|super|bene|"
    r"lepsz|besser|beter|bedre|battre|mieux|mejor|meglio|melhor|[.!,]|$))"
)


def wants_to_stay(text: str) -> bool:
    """Whether a folded text forbids removal, shows interest, or only names a better channel."""
    return bool(_KEEP.search(text) or _FOREIGN_INTEREST.search(text) or _OTHER_CHANNEL.search(text))
