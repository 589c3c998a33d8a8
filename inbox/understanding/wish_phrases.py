"""Patterns for keywords, and for answers to our question whether to stop, in many languages. They match folded text."""

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
# "STOP I am not Maria": the keyword in capitals comes first. Carriers accept only the bare word; we also accept this
# form.
SHOUTED = re.compile(
    r"^\W*(?:STOP|UNSUBSCRIBE|STOPALL)\b(?=[.,!;:-]|\W*\n|\W+(?:[Ii]|this|wrong|not|no|don'?t|dont|u|you|who|"
    r"he|"
    r"she|we|thanks|pls|please|now)\b)"
    r"[^?]*$"
)
PLEADED = re.compile(r"^\W*stop,? (?:please|pls|plz)\b[^?]*$")
# typing errors for "stop" that are no other English word
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
OFFERS = re.compile(r"\b(?:reply|answer|text|say|send|write|press|type)\b")
OFFER = re.compile(r",? or |, (?=\w+ (?:to|for|if)\b)")
ALTERNATIVE = re.compile(r",? (?:or|oder|ou|o|eller|lub|albo|czy|nebo|vagy|sau|veya|tai|vai|или|або) |, of ")
YES = re.compile(
    r"(?:yes|yep|yeah|yup|y|ok|okay|sure|please(?: do)?|i would|do (?:so|that)|ja|jawohl|gern\w*|oui|d'accord|"
    r"si|claro|"
    r"certo|sim|tak|ano|igen|da|evet|да|так|kylla|jo)\b(?: (?:please|pls|thanks|thank you|bitte|danke|"
    r"s'il vous plait|svp|merci|"
    r"por favor|gracias|per favore|grazie|obrigad[oa]|graag|alstublieft|bedankt|tack|tak|takk|prosze|prosim|"
    r"kiitos|"
    r"do|would|that would be great))*$"
)
NO = re.compile(
    r"(?:no|nope|nah|n|nein|non|nao|nee|nej|nei|nie|ne|ei|nem|nu|hayir|нет|ні)\b(?: (?:please|thanks|thank you|"
    r"thx|danke|"
    r"merci|gracias|grazie|obrigad[oa]|bedankt|tack|tak|takk|dziekuje|kiitos))*$"
)
STOPS = re.compile(
    r"\b(?:stop\w*|never|not hear|rather not|remov\w+|unsubscrib\w+|opt(?:ed)? out|off (?:my|our|the|this)\b|"
    r"delet\w+|close (?:your|the) file|"
    r"leave you|no more|aufhor\w*|loschen|aus (?:der|dem|unserer?|unserem) (?:liste|verteiler)|streichen|"
    r"austragen|"
    r"arret\w+|retir\w+|supprim\w+|desinscri\w+|cess\w+|dej\w+ de|par[ae]\w*|quit\w+|baja|borr\w+|smett\w+|"
    r"toglier\w+|cancell\w+|rimuov\w+|remover|retirar|stoppen|verwijder\w*|uitschrijv\w+|afmeld\w+|sluta|"
    r"ta bort|"
    r"fjerne?|slette?|przesta\w+|usun\w+|wypisa\w*|prestat|odhlasit|lopettaa|poistaa)\b"
)
GOES_ON = re.compile(
    r"\b(?:keep|continue|go on|still (?:ok\w*|alright|all right|fine|good|want|like)|(?:ok\w*|fine|"
    r"alright) (?:if|to)|(?:like|want) to hear (?=from|any))"
    r"\b\b.{0,30}\b(?:send\w*|writ\w+|(?:e-?)?mail\w*|gett?ing|receiv\w+|updat\w+|post(?:ed)?|hear\w*|touch|"
    r"contact\w*|text\w*|messag\w+)|"
    r"\b(?:weiter(?:hin)? (?:schreib|schick|send|informier)\w*|continu\w+ (?:a|de) (?:vous )?(?:ecri|envo)\w+|"
    r"(?:seguir|sigo|continuar|siga) (?:escrib|envi|mand|escrev)\w+|continuare a (?:scriv|mand)\w+|"
    r"blijven (?:mailen|schrijven|sturen)|fortsatta|fortsaette|fortsette)\b"
)
TAKEN_BACK = re.compile(r"\b(?:just|only) (?:kidding|joking)\b|(?:^|[.!?,] ?)(?:kidding|joking|jk|j/k)\b")
START = re.compile(
    r"^(?:(?:hi|hello|hey|sorry|oops|ok|okay|yes|please|pls|plz|my mistake|by mistake) )*"
    rf"(?:{'|'.join(sorted(CARRIER_START))}|opt in|opt me (?:back )?in)"
    r"(?: (?:please|pls|plz|thanks|thank you|thx|again|sorry|now|me))*$"
)
"""The keyword with the polite words around it. In a longer sentence, the same word is not a keyword."""
