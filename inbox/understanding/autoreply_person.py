"""Decides whether words speak to us, as people do and software does not: questions, wishes, views of our offer."""

import re

from inbox.understanding import interest
from inbox.understanding.reading import Reading

# Software does not know whom it answers: "Hi Alex," is a person's beginning.
GREETS_BY_NAME = re.compile(
    r"^(?:hi|hello|hey|dear|hallo|guten tag|bonjour|hola|ciao|ola|hoi|hej|liebe[rs]?|"
    r"sehr geehrter?)(?: (?:mr|mrs|ms|herr|frau))?\.? "
    r"(?!(?:there|absender|kunden|kollegen|clients?|clientes|mittente|afzender|remitente|correspondent|"
    r"visitors?|guests?|sender|all|sir|madam|team|customer|friend|everyone|valued|zusammen|a todos|tutti|damen|"
    r"und)\b)[^\W\d_]{2,20}[,:!]"
)
URGENT_CLAUSE = re.compile(
    r"\b(?:if|for|in|should|pour|per|para|bei|voor|bij|em|en|w|ved|vid|v|si|wenn|"
    r"falls)\b[^.!?\n]{0,50}\b(?:urgent\w*|emergenc\w+|immediate\w*|pressing|urgence|"
    r"dringend\w*|urgente|urgenz\w+|spoed)\b[^.!?\n]{0,200}|"
    r"\b(?:urgent|emergency|dringend)\?"
)
# Words of a person to us. "Sorry, I was out of office last week" is one: automatic texts speak of now and later.
PERSON = re.compile(
    r"^(?:yes|yep|yeah|yup|sure|no|nope|ok|okay)\b(?=[,.!: -])|"
    r"\b(?:let's|lets|can you|could you|would you|will you|do you|did you|are you|have you|what(?:'s| is|"
    r" are| was| do| does| did)|how (?:much|many|do|does|did|about)|"
    r"who (?:are|is|do|gave)|when can|when could)\b|"
    r"\b(?:i do want|i'd like|i would like|(?<!if )(?:i'm|i am|we're|we are|yes,?|very|not) interested|"
    r"interested in (?:this|your|talking|hearing|learning)|send me|call me|"
    r"ring me|ring the|try me|ping me|talk (?:then|after|soon|next)|sounds good|catch up|works for me|"
    r"happy to (?:talk|chat|meet|look|hear)|keep the offer|remind me|"
    r"no thanks|unsubscribe me|remove me|heads up|before my auto)\b|"
    r"\b(?:i|we) (?:was|were) (?:\w+ )?(?:out|away|off|on|in|travel+ing)\b|\b(?:just|got) back\b|"
    r"(?<!when )(?<!once )(?<!until )(?<!till )(?<!as )\bi(?:'m| am) back\b|"
    r"\b(?:melden sie sich|rufen sie|schicken sie|konnen sie|was kostet|haben sie)\b|"
    r"\b(?:on s'appelle|appelez-moi|rappelez-moi|ecrivez-moi|envoyez-moi|pouvez-vous)\b|\b(?:llameme|"
    r"escribame|hablamos|me interesa|puede enviar|cuanto)\b|"
    r"\b(?:mi chiami|mi scriva|sentiamoci|quanto costa)\b|\b(?:me liga|ligue-me|pode enviar|escreva-me|"
    r"quanto custa)\b|\b(?:bel me|stuur me|kunt u)\b|"
    r"\b(?:prosze o (?:cene|oferte))\b|\b(?:ring mig|ring meg|kontakta mig i)\b"
)

_PERSON_MORE = re.compile(
    r"\b(?:text|hit|nudge|remind|show|give|tell|bug|catch|get back to|follow up with|circle back with|"
    r"check back with|"
    r"check in with|loop) (?:me|us)\b|"
    r"\b(?:try|call|ring|ask|write|e-?mail|message|reach out)(?: to)? (?:me|us)? ?(?:again|back|then|after|"
    r"on the|in (?:a|the|"
    r"jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|spring|summer|fall|winter)\w*)\b(?! .{0,20}\bi(?:'m| am) back)|"
    r"^(?:call|try|ask|ring) (?:me|us)\b|"
    r"\b(?:this|it|that|yours|your (?:offer|idea|pitch|proposal|product|service|tool|note)) (?:would(?:n't)?|"
    r"could|sounds?|"
    r"looks?|seems?|has to|will have to|can wait|made me)\b|"
    r"\bbut (?:yes|sure|this|still|curious|keen|interested|happy|let|i(?:'m| am) (?:interested|curious|keen)|"
    r"i(?:'d| would))\b|"
    r"\b(?:we'll|we will|we can|we could|we should|let us|i could|i can) (?:speak|talk|chat|meet|discuss|do|hop|"
    r"jump|find)\b|"
    r"\b(?:he|she|they)(?:'s| is|'re| are) (?:on|out|away|off)\b|"
    r"\b(?:morning|afternoon|evening|noon|day|week|(?:mon|tues|wednes|thurs|fri|satur|sun)day|"
    r"then)\b.{0,15}\b(?:suits|works|is (?:good|fine|"
    r"ok|better|open|free)|would (?:suit|work))\b|\bi(?:'m| am) free\b|\bi(?:'d| would) (?:listen|like|love|"
    r"be)\b|\bi like (?:it|this|the)\b|"
    r"\b(?:nobody|no one)(?:'s| is) (?:buying|biting)\b|\b(?:disons|sagen wir|digamos|diciamo)\b|\bhor gar?na\b|"
    r"\bbut (?:i |we )?(?:can|could)\b|\bso (?:please )?(?:send|call|ring|let's)\b|\b(?:go ahead|send it|"
    r"call (?:him|her|them)|write (?:him|her)|ring (?:him|her))\b|"
    r"\b(?:he|she|they)(?:'d| would) (?:want|like|love)\b|\binteresse habe ich\b|\bmelde mich\b|"
    r"\b(?:graag een (?:belletje|telefoontje)|"
    r"telefonieren wir|appelle-moi)\b|"
    r"\b(?:please|pls|kindly) (?:ensure|make sure|remove|delete|stop)\b|\bif (?:there's|there is|it's|it is|"
    r"we have|we see) (?:an? )?(?:interest|fit|need|match)|\botherwise i(?:'m| am)\b|\b(?:is|this) spam\b|"
    r"\b(?:call|text|"
    r"ring|try) (?:mon|tues?|wed|thurs?|fri|sat|sun|tomorrow|tmrw|after|"
    r"around)\b|"
    r"\bkeep it (?:short|brief)\b|\b(?:no interest|no thank|we(?:'re| are) (?:fine|good|all set|not (?:looking|"
    r"taking|"
    r"hiring|in the market))|pass on|not (?:for us|a fit)|curious|nosy|keen on|intrigu\w+)\b|"
    r"\bsorry (?:for|about) (?:the|my|being) (?:\w+ )?(?:slow|late|delay|silence)\w*|\b(?:junk|spam) (?:folder|"
    r"filter|box)\b|"
    r"\bi(?:'ll| will| want to| need to) (?:discuss|talk|think|ask|check with|show|run (?:it|this))\b|"
    r"\b(?:she|he|they) (?:handles?|decides?|makes?|runs?|does|do|looks? after) (?:this|that|these|it|all)\b|"
    r"\b(?:konnen wir|konnten wir|ruf (?:mich|doch)|meld dich|melde dich|schreib mir|sprechen wir|lassen sie uns|"
    r"klingt|kein (?:interesse|bedarf))\b|"
    r"\b(?:rappelez|appelez|rappelle|appelle|ecrivez|envoyez|recontactez|relancez)[- ](?:moi|nous)\b|"
    r"\bon en (?:re)?parle\b|"
    r"\b(?:ca m'interesse|pas interesse\w*|combien)\b|"
    r"\b(?:ll[aá]m[ea]\w*me|llamame|escribame|escribeme|mandeme|mandame|envieme|contacteme|contactame|podemos|"
    r"podriamos|"
    r"hablemos|nos interesa|no nos interesa)\b|"
    r"\b(?:mi (?:richiami|scriva|mandi|contatti|invii)|richiamami|scrivimi|ne parliamo|ci sentiamo|possiamo|"
    r"non ci interessa|"
    r"mi interessa)\b|"
    r"\b(?:me (?:ligue|manda|mande|chama|chame|escreva)|falamos|podemos falar|tenho interesse|sem interesse)\b|"
    r"\b(?:mag je me|kun je|laten we|stuur maar|geen interesse|klinkt)\b|"
    r"\b(?:prosze o kontakt po|prosze (?:zadzwonic|napisac|odezwac sie) (?:po|w)|porozmawiajmy|"
    r"nie jestem zainteresowan\w+)|"
    r"\b(?:horas av|hors av|ta kontakt med meg|tag kontakt til mig|skriv til meg|later bra|lyder godt|hores bra)\b"
)
_UNANSWERED = re.compile(r"\bif you (?:don't|do not|haven't|have not) hear[^.!?]{0,60}")
# What an automatic text asks without wanting an answer: "Urgent? Call Pete", "Have you seen our timetable?".
_RHETORICAL = re.compile(
    r"^(?:want|need|fancy|prefer) (?:our|to (?:book|order|talk|chat|speak)|help|it|us|a (?:table|quote))\b|"
    r"\b(?:don't want|no longer want|not you|too many) (?:these|this|our|to)\b|"
    r"\b(?:urgent|urgence|urgente|urgenze|urgencia|emergency|emergenc\w+|dringend|eilig|spoed|haster|"
    r"brads?kande|hurry|sooner|"
    r"faster|can't wait|cannot wait|rate|need (?:help|more|an?|to)|did you know|looking for|have you (?:checked|"
    r"tried|seen|"
    r"visited|read)|want to (?:book|order|know|see|read)|questions|order|booking|notfall|pressing)\b"
)


def personal(reading: Reading) -> bool:
    """Words of a person to us: a question, a wish, a date proposed. What to do in urgent cases is not one of them."""
    told = "\n".join(
        low for _, low in reading.sentences if not (_RHETORICAL.search(low) and low.endswith("?"))
    )
    text = URGENT_CLAUSE.sub(" ", _UNANSWERED.sub(" ", told))
    if any(rule.match(reading) for rule in interest.RULES):
        return True
    return bool(PERSON.search(text) or _PERSON_MORE.search(text)) or question_to_us(reading)


def question_to_us(reading: Reading) -> bool:
    """A question that no automatic text asks; "Urgent?" and "How would you rate our support?" are ones it does."""
    asked = [low for _, low in reading.sentences if low.endswith(("?", "？"))]
    return any(not _RHETORICAL.search(low) for low in asked)
