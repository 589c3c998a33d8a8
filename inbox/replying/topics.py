"""Finds subjects that a person always decides, by the words of the newest reply. Patterns match whole words, folded."""

import re

from inbox.understanding.normalise import fold

TOPICS = {
    "a wish for a person": (
        r"(?:real|actual|live) (?:person|human)",
        r"(?:talk|speak|spoken) (?:to|with) (?:a |an |some)?(?:human|person|one|manager|supervisor|owner)",
        r"are you (?:a |an )?(?:bot|robot|ai|human|real)",
        r"is this (?:a |an )?(?:bot|robot|ai|automated)",
    ),
    "law": (
        r"lawyer|attorney|solicitor|legal|lawsuit|sue|court|cease and desist|liab\w+",
        r"gdpr|ccpa|tcpa|can-?spam|dsgvo|privacy|data protection|anwalt|abogado|avocat",
    ),
    "a contract": (
        r"contract|agreement|nda|msa|terms and conditions|terms of service|sla|procurement|purchase order",
        r"vertrag|contrato|contrat",
    ),
    "money": (
        r"refund|invoice|chargeback|discount|negotiat\w+|billing|overcharged|owe[sd]?",
        r"rabatt|rechnung|remboursement|reembolso",
    ),
    "a complaint": (
        r"complain\w*|unacceptable|scam|fraud|spam\w*|harass\w*|report you|angry|furious|disgust\w*",
        r"ridiculous|waste of (?:my )?time|beschwerde|betrug",
    ),
    "illness, loss or a job": (
        r"passed away|died|death|funeral|bereavement|hospital|surgery|cancer|illness|divorce",
        r"laid off|layoffs?|fired|bankrupt\w*|insolven\w+|gestorben|krank\w*",
    ),
    "security": (
        r"password|credentials|breach|hacked|phishing|bank details|iban|credit card|ssn|social security",
    ),
}
_PATTERNS = {topic: re.compile(rf"\b(?:{'|'.join(words)})\b") for topic, words in TOPICS.items()}

SCHEDULER = re.compile(
    r"calendly\.com|cal\.com|savvycal\.com|meetings\.hubspot\.com|calendar\.app\.google|calendar\.google\.com"
    r"|youcanbook\.me|acuityscheduling\.com|tidycal\.com|zcal\.co|chilipiper\.com"
    r"|outlook\.office(?:365)?\.com/(?:owa/calendar|bookwithme)",
    re.IGNORECASE,
)


def escalated(text: str) -> tuple[str, str]:
    """The subject in `text`, a reply or a draft, that a person must decide about, and the folded word that shows it;
    ("", "") if there is none.
    """
    folded = fold(text)
    for topic, pattern in _PATTERNS.items():
        if found := pattern.search(folded):
            return topic, found[0]
    return "", ""


def scheduling_link(text: str) -> str:
    """The host of a scheduling page (such as "calendly.com") that stands in `text`; "" if none does."""
    found = SCHEDULER.search(text)
    return found[0].lower() if found else ""
