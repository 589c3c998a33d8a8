"""Patterns for the words around a date, in many languages. They match text in lower case without accents."""

import re

from inbox.understanding.dates import MONTHS

WEEKDAYS = r"mon|tue|wed|thu|fri|monday|tuesday|wednesday|thursday|friday|montag|dienstag|mittwoch|donnerstag|freitag"
BETWEEN = (
    r"(?: (?:the|end of|ende|konca|konce|fin de|fine|final de|eind|slutet av|zum|dem|den|le|el|il|o|dia|about|around|"
    rf"mindestens|de|del|{WEEKDAYS}))*\W*$"
)
AFTER = re.compile(rf"\b(?:after|past|once|following){BETWEEN}")
FROM = re.compile(rf"\b(?:until|till|til|from|as of|starting|beginning|not before|no earlier than){BETWEEN}")
# These short words mean "after" or "until" in other languages ("do" in Polish), so they are ignored in English texts.
AFTER_ABROAD = re.compile(
    rf"\b(?:nach|nachdem|apres|despues (?:del?|de)|dopo(?: il)?|depois (?:de|do)|na|po|efter|etter|jalkeen|"
    rf"после){BETWEEN}"
)
FROM_ABROAD = re.compile(
    r"\b(?:ab|bis|a partir (?:du|de|del|do)|jusqu'?(?:au|a)|hasta(?: el)?|desde(?: el)?|fino al?|da(?:l)?|"
    r"ate(?: o)?|vanaf|tot|do|od|"
    rf"fran|fra|tills|till|til|до|с){BETWEEN}"
)
ENGLISH = re.compile(
    r"\b(?:the|can|we|we're|you|are|and|your|back|again|he|she|they|at|will|would|could|please|after|until|"
    r"i'm|i'll|it's|"
    r"this|that|with)\b"
)
PAST = re.compile(
    r"\b(?:since|ago|last|previous|was|were|wrote|sent|seit|letzte\w*|depuis|dernier\w*|desde hace|signed|"
    r"through|established|est\.)\b[^,;]{0,15}$"
)
# Matches requests to us, in the languages whose names of months `dates` knows.
ASKS = re.compile(
    r"\b(?:call|ring|phone|write|e-?mail|mail|text|ping|message|contact|reach(?: out)?|follow up|(?:check|"
    r"circle|get|come|"
    r"loop|swing) (?:back|in)|touch base|catch up|hit me|try|ask|remind|talk|speak|chat|reconnect|revisit|"
    r"resume|let'?s|"
    r"let us|wait|hold off|not before|no earlier|send|drop|bring|show|meet|schedule|book|"
    r"(?:ruf|schreib|meld|kontaktier|frag|versuch|erinner|komm|schick|send|wart)\w*(?=.*\b(?:sie|mich|uns|mir|"
    r"an|wieder|"
    r"noch ?mal|dann|bitte)\b)|"
    r"r?e?(?:appel|contact|ecri|relanc|parl|envo)\w*|revenez|reprenons|attend\w+|"
    r"(?:escrib|llam|contact|habl|env|vuelv|esper)\w+|(?:scriv|chiam|contatt|sent|risent|mand|invi|riprov)\w+|"
    r"(?:escrev|lig(?:ue|ar)|contact|fal[ae]|envi|volt)\w*|(?:schrijf|bel|mail|neem|stuur|probeer|kom)\b|"
    r"(?:skriv|ring|hor|kontakta|kontakt|mejla|send|skicka|prov|prov|vent)\w*|"
    r"(?:napis|zadzwon|skontakt|odezw|przesl|wroc)\w+|(?:napis|zavol|ozv|kontakt|posl)\w+|"
    r"(?:kirjoit|soit|ota|lahet|palaa)\w*|(?:напиш|позвон|свяж|пришл|верн)\w+)\b"
)
THEN = re.compile(
    r"\b(?:then|again|afterwards|dann|danach|wieder|alors|apres|entonces|despues|allora|dopo|entao|depois|dan|"
    r"daarna|da|"
    r"sedan|derefter|deretter|wtedy|potem|pak|potom|sitten|тогда|потом)\b"
)
MONTH = "|".join(sorted(MONTHS, key=len, reverse=True))
CLAUSE = re.compile(
    rf"[;:!?()]+|\.\s+(?!(?:{MONTH}|quartal|kvartal|kwartal)\b)|,(?!\W*(?:d?e?n? ?\d|the \d|(?:{MONTH})\b))|"
    rf"\s[-–—]+\s|"
    r"\b(?:but|and|so|aber|und|also|mais|et|pero|y|ma|e|mas|maar|en|men|och|og|ale|i|mutta|ja|но|и)\b"
)
QUARTER = re.compile(
    r"\b(?:q(?P<n>[1-4])|(?P<n2>[1-4])(?:st|nd|rd|th|\.|er|e|o|º)? ?(?:quarter|quartal|trimestre|kwartaal|"
    r"kwartal|kvartal)|(?P<word>first|second|third|fourth|last|next|nachstes|prochain|proximo|"
    r"prossimo) (?:calendar |fiscal )?(?:quarter|quartal|trimestre|kwartaal|kvartal))\b"
    r"(?: ?(?:of |/|'|in )?(?P<year>20\d\d|\d\d\b))?(?P<next> (?:of )?next year| nachsten jahres|"
    r" nachstes jahr| l'annee prochaine| del proximo ano| do proximo ano| dell'anno prossimo| volgend jaar|"
    r" nasta ar)?"
)
FISCAL = re.compile(
    r"\b(?:(?:new|next|the next|our next|our new) (?:fiscal|financial|budget) year|fy ?'?(?P<year>20\d\d|"
    r"\d\d))\b"
)
QUARTER_WORDS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "last": 4}
END = re.compile(r"\b(?:end of|late|ende|fin|finales de|fine|eind)(?: the)? ?$")
NEXT_WEEK, NEXT_MONTH, NEXT_YEAR = -1, -2, -3
VAGUE = (
    (re.compile(r"\b(?:tomorrow|tmrw|morgen|demain|manana|domani|amanha|jutro|imorgon|i morgen)\b"), 1),
    (
        re.compile(
            r"\b(?:next week|nachste\w* woche|la semaine prochaine|la (?:proxima semana|semana que viene)|"
            r"la prossima settimana|(?:na )?(?:proxima semana|semana que vem)|volgende week|"
            r"w przyszlym tygodniu|nasta vecka|naeste uge|neste uke)\b"
        ),
        NEXT_WEEK,
    ),
    (
        re.compile(
            r"\b(?:next month|nachste\w* monat|le mois prochain|el (?:proximo mes|mes que viene)|"
            r"il prossimo mese|(?:no )?proximo mes|volgende maand|w przyszlym miesiacu|nasta manad)\b"
        ),
        NEXT_MONTH,
    ),
    (
        re.compile(
            r"\b(?:next year|nachste\w* jahr|l'annee prochaine|el (?:proximo ano|ano que viene)|"
            r"l'anno prossimo|volgend jaar|nasta ar)\b"
        ),
        NEXT_YEAR,
    ),
    (re.compile(r"\bin (?:a|one|1) week\b"), 7),
    (re.compile(r"\bin (?:a|one|1) month\b"), NEXT_MONTH),
)
IN_N = re.compile(
    r"\bin (?:about |around )?(?P<n>\d{1,2}|two|three|four|five|six|zwei|drei|vier|sechs) (?P<unit>days?|"
    r"weeks?|months?|tagen|wochen|monaten)\b"
)
NUMBERS = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "zwei": 2, "drei": 3, "vier": 4, "sechs": 6}
BACK = re.compile(
    r"\b(?:back|return\w*|reopen\w*|re-open\w*|available|erreichbar|wieder|zuruck|de retour|retour|regreso|"
    r"vuelta|vuelvo|rientro|ritorno|retorno|volto|terug|powrot\w*|wracam|tillbaka|ater|tilbage|tilbake|zpet|"
    r"vratim|vracim|"
    r"takaisin)\b[^.!?\n]{0,25}$|"
    r"\b(?:ab|a partir (?:du|de|del)|as of|from)(?: (?:dem|le|el|monday|montag))?\W*$|"
    r"\b(?:respond|reply|answer)\b[^.!?\n]{0,30}\bon(?: \w{3,10}day,?)?\W*$"
)
UNTIL = re.compile(
    r"\b(?:until|till|til|bis|jusqu'?(?:au|a)?|hasta|fino|ate|tot|do|tom|t\.o\.m\.|saakka|through|thru|"
    r"до)\b[^.!?\n]{0,22}$|"
    r"\d\S{0,3} ?(?:\w{3,12} )?(?:to|au|al|ao|a|-|and|et|e|y|i|und)(?: (?:the|el|il|le))?\W*$"
)
# Matches words which mean that the named day itself is still a day off: because the text says so, because "until"
# includes the day in that language, or because the day ends a period.
LAST_DAY = re.compile(
    r"\b(?:through|thru|inclusive|including|einschliesslich|einschl|inkl|inclus|incluso|inclusive|compreso|"
    r"incluido|en met|och med|og med|tom|wlacznie|vcetne)\b|\b(?:bis|do|till|saakka|до)\b[^.!?\n]{0,22}$|"
    r"\b(?:from|vom|von|du|del|dal|de|od|fran|fra|van|between)\b.{2,40}\b(?:to|through|until|bis|au|al|ao|"
    r"tot|do|till|til|and)\b[^.!?\n]{0,22}$"
)
RANGE_BEHIND = re.compile(r"\W{0,3}(?:to|through|thru|until|till|bis|au|al|ao|tot|do|til|-)\b|\W{0,2}-")
BACK_BEHIND = re.compile(
    r".{0,12}\b(?:wieder|zuruck|back|again|weer|de retour|tilbage|tilbake|tillbaka)\b|\W?(?:以降|から|に復帰|에 복귀|"
    r"回来|返回)"
)
UNTIL_BEHIND = re.compile(r"\W?(?:saakka|asti|ig|まで|까지|为止)\b|\W?(?:まで|까지|为止)")
LAST_DAY_BEHIND = re.compile(
    r"\W{0,3}(?:inclusive|included|inclus|incluso|einschl|inkl|wlacznie|saakka|asti|ig|まで|까지|为止)"
)
