"""Finds subjects in a reply about which only a person may decide. The patterns match whole words without accents."""

import re

from inbox.replying import limits
from inbox.understanding.language import LANGUAGES, language_of
from inbox.understanding.normalise import fold

TOPICS: dict[str, dict[str, str]] = {
    "a wish for a person": {
        "en": r"(?:real|actual|live) (?:person|human)|(?:talk|speak|spoken) (?:to|with) (?:a |an |some)?(?:human|person"
        r"|one|manager|supervisor|owner)|(?:are you|is this|am i \w+ (?:to|with)) (?:a |an )?(?:\w+ or (?:a |an )?)?"
        r"(?:bot|robot|ai|human|real|machine|person|automated)",
        "de": r"mit (?:einem|einer) (?:echten |richtigen )?(?:menschen|person|mitarbeiter\w*)|sind sie (?:ein )?"
        r"(?:bot|roboter|mensch|maschine|ki)",
        "fr": r"(?:parler|discuter) (?:a|avec) (?:un|une|quelqu'un) ?(?:humain|personne|responsable)?|etes.vous un"
        r" (?:robot|humain)|une vraie personne",
        "es": r"hablar con (?:una?|alguna) (?:persona|humano|responsable)|es (?:usted )?un (?:robot|bot)|persona real",
        "it": r"parlare con (?:una?|qualcuno) ?(?:persona|umano|responsabile)?|(?:sei|e) un (?:robot|bot)|persona vera",
        "pt": r"falar com (?:uma?|alguem) ?(?:pessoa|humano|responsavel)?|(?:voce )?e um (?:robo|bot)|pessoa real",
        "nl": r"(?:spreken|praten) met (?:een )?(?:mens|persoon|medewerker)|(?:bent u|ben je) een (?:robot|bot|mens)",
        "sv": r"(?:prata|tala) med (?:en )?(?:manniska|person|riktig)|ar du en (?:robot|bot|manniska)",
        "pl": r"(?:rozmawiac|porozmawiac) z (?:czlowiekiem|osoba|kims)|czy (?:to|jestes) (?:bot|robot)\w*",
    },
    "law": {
        "en": r"lawyer|attorney|solicitor|legal|lawsuit|sue|court|cease and desist|liab\w+|gdpr|ccpa|tcpa|can-?spam"
        r"|privacy|data protection",
        "de": r"dsgvo|anwalt\w*|\w*anwalt|gericht\w*|klage\w*|datenschutz\w*|abmahn\w*|rechtlich\w*",
        "fr": r"avocat\w*|rgpd|tribunal|juridique\w*|cnil|plainte|mise en demeure",
        "es": r"abogad\w+|rgpd|tribunal\w*|juridic\w+|demanda\w*|proteccion de datos|legal\w*",
        "it": r"avvocat\w+|tribunale|legal[ei]|denunci\w+|garante|protezione dei dati",
        "pt": r"advogad\w+|rgpd|lgpd|tribunal|juridic\w+|process\w+ judicial|protecao de dados|legal",
        "nl": r"advocaat|avg|rechtbank|juridisch\w*|rechtszaak|aangifte|gegevensbescherming",
        "sv": r"advokat\w*|jurist\w*|domstol\w*|juridisk\w*|stamma|dataskydd\w*",
        "pl": r"prawnik\w*|adwokat\w*|rodo|sad\w*|pozew|prawn\w+|ochron\w+ danych",
    },
    "a contract": {
        "en": r"contract|agreement|nda|msa|terms and conditions|terms of service|sla|procurement|purchase order",
        "de": r"\w*vertrag\w*|vertrags\w*|agb|bestellung|geheimhaltung\w*",
        "fr": r"contrat\w*|accord de confidentialite|bon de commande|conditions generales",
        "es": r"contrato\w*|acuerdo\w*|orden de compra|condiciones generales",
        "it": r"contratt\w+|accordo\w*|ordine d'acquisto|condizioni generali",
        "pt": r"contrato\w*|acordo\w*|ordem de compra|termos e condicoes",
        "nl": r"contract\w*|overeenkomst\w*|inkooporder|algemene voorwaarden",
        "sv": r"\w*avtal\w*|kontrakt\w*|inkopsorder|villkor\w*",
        "pl": r"umow\w+|kontrakt\w*|zamowieni\w+|regulamin\w*",
    },
    "money": {
        "en": r"refund|invoice|chargeback|discount|negotiat\w+|billing|overcharged|owe[sd]?",
        "de": r"rabatt\w*|rechnung\w*|erstatt\w+|nachlass|skonto",
        "fr": r"rembours\w+|factur\w+|remise\w*|rabais|negoci\w+",
        "es": r"reembols\w+|factur\w+|descuento\w*|negoci\w+",
        "it": r"rimbors\w+|fattur\w+|sconto|sconti|negozi\w+",
        "pt": r"reembols\w+|fatur\w+|desconto\w*|negoci\w+",
        "nl": r"terugbetal\w+|factu\w+|korting\w*|onderhandel\w+",
        "sv": r"aterbetal\w+|faktur\w+|rabatt\w*|forhandl\w+",
        "pl": r"zwrot\w*|faktur\w+|rabat\w*|znizk\w+|negocj\w+",
    },
    "a complaint": {
        "en": r"complain\w*|unacceptable|scam|fraud|spam\w*|harass\w*|report you|angry|furious|disgust\w*|ridiculous"
        r"|waste of (?:my )?time",
        "de": r"beschwer\w*|betrug\w*|unverschamt\w*|frechheit|belastig\w+",
        "fr": r"inacceptable\w*|arnaque\w*|escroquerie|reclamation\w*|harcel\w+|scandaleux",
        "es": r"quej\w+|inaceptable\w*|estafa\w*|fraude\w*|acos\w+|verguenza",
        "it": r"reclam\w+|inaccettabil\w+|truffa\w*|frode|molest\w+|vergogn\w+",
        "pt": r"reclama\w+|inaceitavel|fraude\w*|golpe|assedi\w+|vergonha",
        "nl": r"klacht\w*|onacceptabel\w*|oplicht\w*|fraude|lastigval\w*|schandalig\w*",
        "sv": r"klagomal|oacceptabel\w*|bedrageri\w*|bluff\w*|trakasser\w+|skandal\w*",
        "pl": r"skarg\w*|reklamacj\w*|oszust\w*|niedopuszczaln\w+|nekani\w+|skandal\w*",
    },
    "illness, loss or a job": {
        "en": r"passed away|died|death|funeral|bereavement|hospital|surgery|cancer|illness|divorce|laid off|layoffs?"
        r"|fired|bankrupt\w*|insolven\w+",
        "de": r"gestorben|verstorben|krank\w*|beerdigung|trauerfall|entlassen|kundigung|insolven\w+",
        "fr": r"deced\w+|deces|malad\w+|hopital|obseques|deuil|licenci\w+|faillite",
        "es": r"fallec\w+|enferm\w+|hospital|funeral|luto|despid\w+|quiebra",
        "it": r"decedut\w+|mort[oa]|malatti\w+|malat[oa]|ospedale|funerale|lutto|licenzi\w+|fallimento",
        "pt": r"falec\w+|doen\w+|hospital|funeral|luto|demit\w+|falencia",
        "nl": r"overleden|ziek\w*|begrafenis|rouw|ontslagen|ontslag|faillissement",
        "sv": r"avlid\w+|dog|sjuk\w*|begravning|sorg|uppsagd\w*|konkurs",
        "pl": r"zmarl\w*|chor\w+|szpital\w*|pogrzeb\w*|zalob\w+|zwolnion\w+|upadlosc\w*",
    },
    "security": {
        "en": r"password|credentials|breach|hacked|phishing|bank details|iban|credit card|ssn|social security",
        "de": r"passwort\w*|kennwort|gehackt|bankverbindung|kreditkarte\w*|zugangsdaten|datenleck",
        "fr": r"mot de passe|identifiants|pirat\w+|coordonnees bancaires|carte bancaire|hameconnage",
        "es": r"contrasena\w*|credenciales|hacke\w+|datos bancarios|tarjeta de credito",
        "it": r"credenziali|hackerat\w+|coordinate bancarie|carta di credito|violazione dei dati",
        "pt": r"senha\w*|palavra-passe|credenciais|hacke\w+|dados bancarios|cartao de credito",
        "nl": r"wachtwoord\w*|inloggegevens|gehackt|bankgegevens|creditcard|datalek",
        "sv": r"losenord\w*|inloggning\w*|hackad\w*|bankuppgifter|kreditkort|dataintrang",
        "pl": r"haslo\w*|hasla|wlaman\w*|zhakowa\w+|dane bankowe|kart\w+ kredytow\w+",
    },
}
"""Patterns for the words of each subject by language, without accents. Each subject has patterns in all LANGUAGES."""
_PATTERNS = {
    (topic, language): re.compile(rf"\b(?:{words[language]})\b")
    for topic, words in TOPICS.items()
    for language in LANGUAGES
}

SHORT = 6
"""A reply with fewer words may lack the function words ("the", "and") that identify its language."""
SCHEDULER = re.compile(
    r"calendly\.com|cal\.com|savvycal\.com|meetings\.hubspot\.com|calendar\.app\.google|calendar\.google\.com"
    r"|youcanbook\.me|acuityscheduling\.com|tidycal\.com|zcal\.co|chilipiper\.com"
    r"|outlook\.office(?:365)?\.com/(?:owa/calendar|bookwithme)",
    re.IGNORECASE,
)


def escalated(text: str) -> tuple[str, str]:
    """Returns the first subject in `text` about which only a person may decide, and the folded words that matched;
    ("", "") without a match. If the language is unknown, the words of all languages count.
    """
    folded, language = fold(text), language_of(text)
    languages = (language, "en") if language else LANGUAGES
    for topic in TOPICS:
        for code in languages:
            if match := _PATTERNS[topic, code].search(folded):
                return topic, match[0]
    return "", ""


def is_readable(reply: str, answer: str) -> bool:
    """Whether we have patterns for the language of `reply` or, if the reply is very short, for that of `answer`."""
    short = limits.words(reply) < SHORT
    return bool(language_of(reply) or (short and language_of(answer)))
