"""Patterns for keywords, and for answers to our question whether to stop, in many languages, without accents."""

import re

# According to CTIA and the carriers, these words alone end a subscription. European senders announce local words.
CARRIER_STOP = frozenset(
    {"stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout", "unsub"}
    | {"alto", "baja", "pare", "parar", "sair", "arret", "stopp", "stopt", "basta", "fin", "cancelar"}
    | {"abmelden", "afmelden"}
)
CARRIER_START = frozenset({"start", "unstop", "subscribe", "resubscribe", "optin"})
CARRIER_PHRASES = frozenset(
    {"stop all", "opt out", "stop 2 end", "stop to end", "stop 2 stop", "stop 2 quit"}
)
# Matches a text that begins with the keyword in capitals: "STOP I am not Maria". Carriers accept only the bare word.
SHOUTED = re.compile(
    r"^\W*(?:STOP|UNSUBSCRIBE|STOPALL)\b(?=[.,!;:-]|\W*\n|\W+(?:[Ii]|this|wrong|not|no|don'?t|dont|u|you|who|"
    r"he|"
    r"she|we|thanks|pls|please|now)\b)"
    r"[^?]*$"
)
PLEADED = re.compile(r"^\W*stop,? (?:please|pls|plz)\b[^?]*$")
# Matches typing errors for "stop" that are not English words.
STOP_SLIP = re.compile(r"s+t+o+p+|sotp|stpo|tsop|stp|stpop|stiop|stoip")
STOP_SIGNS = re.compile(
    r"^[\s!]*(?:(?:\U0001f6d1|\U0001f6ab|\u26d4|"
    r"\U0001f645)[\U0001f3fb-\U0001f3ff\u200d\u2640\u2642\ufe0f\s!.]*)+$"
)
FILLER = (
    r"(?: (?:it|this|now|already|all|me|us|mine|please|pls|plz|thanks|thank you|today|immediately|asap|"
    r"right now|spam|emails?|mails?|msgs?|messages?|txts?|texts?|sms|"
    r"from (?:this |your |the )?(?:mailing )?list))*"
)
REFUSAL = r"(?:not in\w{5,9}|no (?:thanks?|thx|ty)|no thank you|nope|nah|wrong (?:number|person))"
KEYWORD = re.compile(
    rf"^(?:(?:hi|hello|hey|dear)(?: \w+)?[,.!]? )?(?:{REFUSAL}[,.!]* |no[,.!]? |(?:please|pls|plz|kindly|"
    rf"just) |"
    rf"i (?:want|would like|wish) to )*"
    rf"(?:(?:stop|unsubscribe|un-subscribe|unsub|remove|opt[- ]?out|optout|opting out|removed|"
    rf"delete){FILLER}[,.!\s]*)+"
    rf"(?:thanks|thank you|thx|{REFUSAL})?[.!\s]*$|"
    r"^(?:please |pls )?(?:get |take )?(?:me |us )?off (?:the |this |your |ur )?list(?: please| pls| now|"
    r" thanks)*[.! ]*$|"
    r"^(?:please |pls )?no (?:more )?(?:texts|txts|e-?mails|messages|msgs|mails|spam)(?: please| pls| thanks|"
    r" thx)*[.! ]*$|"
    r"^(?:please |pls )?no more(?:,? (?:please|pls|thanks|thank you))*[.! ]*$"
)
POLITE = re.compile(r" (?:please|pls|thanks|thank you|bitte|danke)$")
OFFERS = re.compile(
    r"\b(?:reply|answer|text|say|send|write|press|type|antworten|repondez|respond\w+|rispond\w+)\b|\b\w+ ?= ?\w"
)
OFFER = re.compile(
    r",? (?:or|oder|ou|of) |, (?=\w+ ?=|(?:\w+ )?\w+ (?:to|for|if|and|fur)\b)| and (?=\w+ (?:to|for|if)\b)"
)
ALTERNATIVE = re.compile(r",? (?:or|oder|ou|o|eller|lub|albo|czy|nebo|vagy|sau|veya|tai|vai|или|або) |, of ")
_YES = (
    r"yes|yep|yeah|yup|ya|y|ok|okay|sure|ja|jawohl|oui|d'accord|si|sim|tak|ano|igen|da|evet|да|так|kylla|jo"
)
_AGREES = (
    rf"(?:{_YES}|correct|right|exactly|absolutely|definitely|certainly|affirmative|go ahead|i (?:would|think so)|"
    r"i'd (?:appreciate|like|prefer) (?:that|it)|that would be (?:best|great)|you (?:should|can|may)|"
    r"do(?: (?:so|that|it))?|would|please|bitte|gern\w*|genau|richtig|(?:machen|tun) sie das|volontiers|"
    r"tout a fait|exactement|allez y|faites(?: le)?|s'il (?:vous|te) plait|claro|exacto|correcto|por favor|hagalo|"
    r"adelante|certo|esatto|prego|graag|klopt|doe maar)"
)
_THANKS = (
    r"(?:pls|thanks|thx|thank you|sir|danke|svp|merci|gracias|per favore|grazie|obrigad[oa]|alstublieft|bedankt|"
    r"tack|takk|prosze|prosim|kiitos)"
)
YES = re.compile(rf"(?!do\b(?! (?:so|that|it)\b)|would\b){_AGREES}\b(?: (?:{_AGREES}|{_THANKS})\b)*$")
BEGINS_WITH_YES = re.compile(rf"(?:{_YES})\b")
NOD = re.compile("[\N{THUMBS UP SIGN}\N{OK HAND SIGN}\N{WHITE HEAVY CHECK MARK}]")
NO = re.compile(
    r"(?:no|nope|nah|n|nein|non|nao|nee|nej|nei|nie|ne|ei|nem|nu|hayir|нет|ні)\b(?: (?:please|thanks|thank you|"
    r"thx|danke|"
    r"merci|gracias|grazie|obrigad[oa]|bedankt|tack|tak|takk|dziekuje|kiitos))*$"
)
_END = r"\W*$|\W*[.,;:!?)]"
_WRITING = (
    r"writ\w+|e-?mail\w*|mail\w*|text\w*|messag\w*|contact\w*|bother\w*|pester\w*|bug\w*|chas\w+|nudg\w*|"
    r"reaching out|following up|trying|sending|calling"
)
_YOU = r"you(?:r (?:name|e-?mail|address|number|contact|details|data))?\b"
_LIST = r"(?:my|our|the|this) (?:\w+ )?(?:list(?! price)|sequence|campaign)\b"
# Matches questions whether we should stop writing. "Want to stop losing clients?" is no such question.
STOPS = re.compile(
    "|".join(
        (
            rf"\b(?:(?:i|me|us|we)(?: (?:to|should|shall|will|can))?|(?:i|we)'(?:ll|d)) stop(?:ped)?\b(?={_END}"
            rf"| (?:now|then|here|please)\b| (?:{_WRITING})\b(?={_END}| (?:to )?you\b))",
            rf"(?:\bto|=) ?stop\b(?=\W*$|\W*[.,;:!)]| (?:{_WRITING})\b(?={_END}| (?:to )?(?:you|these|this)\b))"
            r"(?!\W*\?)",
            r"^\W*stop\W*$|\bunsubscrib\w+|\bopt(?:ed|ing)?[ -]?out\b",
            rf"\b(?:remov|delet)\w* {_YOU}|\b(?:tak|cross|strik)\w* {_YOU} (?:off|out)\b(?={_END})",
            rf"\b(?:off|you\w*(?: \w+)? (?:from|out of)) {_LIST}|\bleave you (?:alone|be|in peace)\b",
            r"\bclose (?:your|the) file\b",
            r"\b(?:like|prefer|want|rather)(?: to)? be (?:removed|taken off|deleted|left alone)\b",
            r"\bto be (?:removed|taken off|deleted|left alone)\b(?!\W*\?)",
            r"\b(?:rather|prefer|like|want|wish)(?: \w+)? (?:not|never|no longer)(?: to)? "
            r"(?:hear|get|receive)\w* (?:\w+ ){0,2}(?:from (?:me|us)|my|our|these)\b",
            r"\bno more (?:e-?mails|mails|messages|texts)\b|"
            r"\bnever (?:write|e-?mail|mail|text|contact|bother|message)(?: to)? you\b",
            r"\b(?:ich|wir) (?:damit )?aufhor\w*|"
            r"\baus (?:der|dem|(?:uns|mein)er?e[rm]?) \w*(?:liste|verteiler) "
            r"(?:nehm|streich|losch|entfern|(?:he)?raus)\w*",
            r"\b(?:ich|wir) (?:sie|dich|ihre (?:daten|adresse|e-?mail\S*|nummer))\b[^.?!]{0,40} "
            r"(?:streich|losch|austrag|entfern|abmeld)\w*",
            r"\b(?:streich|losch|entfern)\w* (?:ich|wir) (?:sie|dich)\b|\bkeine (?:e-?)?(?:mails|nachrichten) mehr\b",
            rf"(?:\bj'|\bje |\bnous |-je )arret\w+(?={_END})|\bvous (?:desinscri|desabonn)\w+",
            r"\b(?:arret|cess)\w+ de (?:vous |t')(?:ecri|contact|envo|relanc)\w*",
            r"(?<!-)\b(?:vous |t')(?:retir|supprim|enlev)\w+(?= de\b|\W*$)",
            r"\bdar(?:te|l[aeo]) de baja\b|\b(?:l[aeo]|te) (?:doy|damos|demos|de) de baja\b",
            r"\b(?:dejo|que deje|paro|que (?:eu )?pare|devo parar|deixo) de (?:lhe )?"
            r"(?:escrib|escrev|envi|contact|mand)\w*",
            r"\b(?:dej|par)\w+ de (?:escrib|escrev|envi|contact|mand|molest|incomod)\w+(?:[lt]e|-?l[aeo]|-lhe)\b",
            r"\b(?:l[aeo]|te) (?:quit|borr|elimin|sac)\w+ de (?:la|mi|nuestra) lista\b",
            r"\b(?:tir|remov|retir|exclu)\w*-l[oa] da (?:minha |nossa )?lista\b",
            r"\b(?:smetto|smetta|devo smettere) di (?:scriv|contatt|mand|invi)\w*",
            r"\b(?:toglier|cancellar|rimuover)(?:la|ti) dalla\b|\b(?:la|ti) (?:tolg|cancell|rimuov)\w+ dalla\b",
            rf"\bik (?:ermee )?stoppen(?={_END}| met (?:mail|schrijv|contact)\w*)",
            r"\bik (?:u|je) (?:\w+ ){0,4}(?:verwijder|uitschrijv|afmeld)\w*|"
            r"\b(?:u|je) van (?:de|mijn|onze) (?:mail)?lijst\b",
            r"\b(?:ta bort|fjerne?|slette?) (?:dig|er|deg|dere)\b",
            rf"\b(?:jag|jeg) (?:sluta|stoppe|slutte)\b(?: med)?(?: att?| a)?(?={_END}| (?:skriv|mejl|mail|kontakt))",
            r"\bmam(?:y)? przestac (?:do \w+ )?(?:pisac|wysylac)\b",
            r"\b(?:usun|wypis|skresl)\w* (?:pan[aio]\w?|cie)\b|\bpan[aio]\w? (?:usun|wypis|skresl)\w*",
            r"\bmam(?:e)? prestat (?:vam |ti )?(?:psat|posilat)\b|\b(?:vas|te) (?:\w+ )?ze seznamu\b",
            r"\blopetanko\b|\bpoista(?:nko|mmeko) (?:sinut|teidat)\b",
        )
    )
)
_SENDING = r"(?:send|writ|e-?mail|mail|text|messag|contact|updat)\w*"
_GETTING = r"(?:get(?:ting)?|receiv\w+|hear\w*)"
_GOING_ON = (
    rf"(?:keep(?: on)? {_SENDING}|keep (?:you|in) (?:posted|updated|touch)|"
    rf"(?:continue|go on) (?:to )?{_SENDING})"
)
_OURS = (
    r"(?:(?:these|this|my|our) (?:\w+ )?(?:e-?mails?|mails?|messages?|texts?|updates?|notes?|newsletters?)|"
    r"these\W*$|updates|from (?:me|us))"
)
GOES_ON = re.compile(
    r"^(?!.*\b(?:mind|objections?|problem|bad|wrong|unreasonable|trouble|don't|dont|not)\b).*?\b"
    rf"(?:(?:i|we|me|us)\b.{{0,20}}\b{_GOING_ON}|"
    rf"still (?:ok\w*|alright|all right|fine|good)\b.{{0,30}}\b{_SENDING}|"
    r"(?:(?:like|want|ok|okay|happy) to (?:keep|continue|go on)|still (?:want|like) to)\b.{0,10}\b"
    rf"{_GETTING} {_OURS}|"
    rf"(?:like|want) to {_GETTING} (?:these|from (?:me|us) (?:again|any ?more))|"
    r"(?:ich|wir) (?:\w+ ){0,3}weiter(?:hin)? (?:[\w-]+ ){0,3}(?:schreib|schick|send|informier)\w*|"
    r"weiter(?:hin)? (?:[\w-]+ ){0,2}von (?:uns|mir) (?:\w+ )?(?:hor|erhalt|bekomm)\w*|"
    r"continu\w+ (?:a|de) (?:vous (?:ecri|envo)|recevoir (?:mes|nos))\w*|"
    r"(?:(?:le|te) s(?:igo|iga) \w+ndo|(?:seguir|sigo|siga) (?:escrib|envi|mand)\w+[lt]e|siga escribiendo)|"
    r"continuare a (?:scriver|mandar)[lt][ei]|ik (?:u|je) (?:\w+ ){0,2}blijven (?:mailen|schrijven|sturen)|"
    r"(?:jag|jeg) fortsa?e?tt[ae] (?:att |a |med at )?(?:skriv|mejl|mail|send|skicka)\w*)\b"
)
TAKEN_BACK = re.compile(r"\b(?:just|only) (?:kidding|joking)\b|(?:^|[.!?,] ?)(?:kidding|joking|jk|j/k)\b")
START = re.compile(
    r"^(?:(?:hi|hello|hey|sorry|oops|ok|okay|yes|please|pls|plz|my mistake|by mistake) )*"
    rf"(?:{'|'.join(sorted(CARRIER_START))}|opt in|opt me (?:back )?in)"
    r"(?: (?:please|pls|plz|thanks|thank you|thx|again|sorry|now|me))*$"
)
"""Matches a keyword with polite words around it. In a longer sentence, the same word is not a keyword."""
