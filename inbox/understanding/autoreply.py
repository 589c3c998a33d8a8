"""Recognises automatic replies: mails that no person wrote. Some of them are notices of absence."""

import re

from inbox.understanding import bounce
from inbox.understanding.cleaned import Reading, Rule, in_a_letter, mail_rule, rule
from inbox.understanding.word_weights import count_words, features, weights

CALENDAR_SUBJECT = re.compile(
    r"^(?:accepted|declined|tentative(?:ly accepted)?|(?:updated |canceled |cancelled )?(?:invitation|"
    r"event)(?: with note)?|canceled|cancelled|new (?:event|booking|appointment|meeting)|"
    r"proposed new time|new time proposed|zugesagt|angenommen|abgelehnt|mit vorbehalt(?: zugesagt)?|"
    r"unter vorbehalt|abgesagt|accepte|refuse|decline|provisoire|"
    r"aceptad[oa]|rechazad[oa]|provisional|accettat[oa]|rifiutat[oa]|provvisori[oa]|aceit[oae]|recusad[oa]|"
    r"provisori[oa]|geaccepteerd|geweigerd|afgewezen|voorlopig|"
    r"zaakceptowan[eo]|odrzucon[eo]|wstepn[aeo]|accepterat|avbojt|prelimin\w+|accepteret|afvist|"
    r"forelobig\w*|akseptert|avslatt|prijato|odmitnuto|принято|отклонено|"
    r"承诺|已接受|已拒绝|辞退|承認)\s?[:：]"
)

CALENDAR_BODY = re.compile(
    r"\bhas (?:tentatively )?(?:accepted|declined|replied to|proposed a new time for) (?:this|the|"
    r"your) (?:invitation|event|meeting)\b|"
    r"\bhat (?:diese|die|ihre) (?:einladung|termineinladung|besprechungsanfrage)\b.{0,30}\b(?:angenommen|"
    r"abgelehnt|zugesagt)|"
    r"^invitation from (?:google )?calendar\b"
)

AUTO_SUBJECT = re.compile(
    r"^\W{0,3}(?:(?:\w+ )?(?:automa(?!tion|ting|te\b|tes\b)|otoma|avtoma|автома|αυτομα)\w*(?: \w+){1,3}\s?:|"
    r"automat(?:ic|ed) (?:reply|response|message|answer|e-?mail)|auto[- ]?(?:reply|response|"
    r"responder|respond|antwort|generated)\b|auto ?:|"
    r"automatische? (?:antwort|nachricht|e-?mail|ruckantwort)|auto ?antwort|autoantwort|"
    r"reponse (?:automatique|d'absence)|message automatique|"
    r"re(?:s)?puesta automatica|respuesta automatica|contestacion automatica|correo automatico|"
    r"risposta automatica|messaggio automatico|"
    r"resposta automatica|mensagem automatica|automatisch antwoord|automatische (?:beantwoording|reactie)|"
    r"odpowiedz automatyczna|autoodpowiedz|"
    r"automatyczna odpowiedz|auto(?:matiskt? )?svar|autosvar|automatiskt? svar|automatisk (?:besvarelse|"
    r"svarmeddelelse)|automaticka odpoved|"
    r"automaattinen vastaus|automatikus valasz|raspuns automat|otomatik yanit|автоответ\w*|"
    r"автоматический ответ|自動返信|自動応答|自动回复|自動回覆|자동 ?회신|"
    r"자동 ?응답|מענה אוטומטי|تلقائي|رد تلقائي|αυτοματη απαντηση)"
)
# Matches subjects about an absence. A reply that repeats the subject of our own mail begins with "Re:" instead.
AWAY_SUBJECT = re.compile(
    r"^\W{0,3}(?:(?:i'm |i am )?(?:currently )?out[- ]of[- ](?:the )?office|ooo\b|o\.o\.o|"
    r"on (?:vacation|holiday|leave|annual leave|"
    r"maternity leave|parental leave)\b|away from (?:the |my )?(?:office|desk)|"
    r"vacation(?: (?:reply|response|notice|message)|\s?:)|"
    r"holiday\s?:|holiday (?:reply|notice)|absence (?:notice|notification|"
    r"message)|(?:(?:annual|bereavement|maternity|paternity|parental|sick|medical|family|study|military) leave|"
    r"afk|away message|"
    r"pto|jury duty|half[- ]term)\b|(?:i'm|i am|we're|we are) (?:away|out|off|closed)\b|gone (?:fish|sail|ski|"
    r"hik|camp)\w*|"
    r"closed for\b|betriebs(?:urlaub|ferien|ruhe)|nicht am platz|(?:i'm |i am |currently )?(?:out|away|gone|"
    r"closed) (?:till?|until|thru|through|from|for the|"
    r"this week|next week|today)\b|(?:returning|back) (?:on )?(?:mon|tues?|wed|thurs?|fri|sat|sun)\w*\b|"
    r"abwesen\w*|nicht im buro|urlaub\w*|"
    r"absence\b|absent\w*|message d'absence|avis d'absence|(?:je suis )?(?:en conge|en vacances)|"
    r"fuera de (?:la )?oficina|ausencia|ausente|fuori (?:sede|ufficio)|assenza|assente|"
    r"fora d[oe] (?:escritorio)|ausencia|afwezig\w*|niet aanwezig|nieobecn\w*|poza biurem|urlop|franvaro|"
    r"ej pa plats|fravaer|ikke (?:pa kontoret|til stede)|fraver|"
    r"nepritomnost|mimo kancelar|poissa|hazon kivul|ofisten uzakta|ofis disi|отсутств\w+|вне офиса|"
    r"в отпуске|不在|休暇|外出|부재중)"
)
RECEIPT = re.compile(
    r"\bwas (?:read|deleted without being read|displayed) on\b|\bwurde (?:am .{4,60} )?gelesen\b|"
    r"\ba ete lu (?:le|par)\b|\bhas been displayed\b|\bread receipt\b|\breturn receipt\b|"
    r"\blesebestatigung\b|\baccuse de lecture\b|\bconfirmacion de lectura\b"
)
RECEIPT_SUBJECT = re.compile(
    r"^(?:read|not read|gelesen|ungelesen|nicht gelesen|lu|non lu|leido|no leido|letto|non letto|lida|"
    r"nao lida|gelezen|niet gelezen|odczytano|przeczytane|last|olast|read receipt|return receipt|"
    r"lesebestatigung)\s?[:：]"
)
ROBOT_LOCAL = re.compile(
    r"(?:^|[-_.])(?:no-?reply|do-?not-?reply|donotreply|noresponse|autoreply|auto-?responder|auto-confirm|"
    r"challenge)(?:$|[-_.+])"
)


SURE = 0.88
"""The minimum probability at which a text with a typical phrase of software counts as automatic by wording alone."""

SURE_WITH_A_SIGN = 0.05
"""The same minimum for a text with another sign, such as a provider's flag. Such a sign alone may be wrong."""

PERHAPS = 0.5
"""The minimum probability at which a text is suspected to be automatic. A model or a person then decides."""

SURE_AWAY = 0.5
"""The minimum probability at which an automatic reply with a phrase of absence counts as a notice of absence."""

ENOUGH_WORDS = 5
"""The minimum number of words for a judgement by wording. A shorter text is never judged by its wording."""


def judgeable(reading: Reading) -> bool:
    """Whether the mail may be an automatic reply. A calendar's answer is none, because a person's click caused it."""
    if reading.is_forward or CALENDAR_SUBJECT.match(reading.raw_subject):
        return False
    return not CALENDAR_BODY.search(reading.folded_body[:400])


@mail_rule("auto_reply.headers", "The email’s own headers mark it as automatic.")
def _by_headers(reading: Reading) -> str | None:
    headers = reading.headers
    submitted = headers.get("auto-submitted", "no")
    if submitted.startswith(("auto-replied", "auto-generated")):
        return f"Auto-Submitted: {submitted}"
    for name in ("x-autoreply", "x-autorespond", "x-autoresponder"):
        if headers.get(name, "no") not in ("no", ""):
            return f"{name}: {headers[name]}"
    if headers.get("precedence") in ("auto_reply", "auto-reply"):
        return f"Precedence: {headers['precedence']}"
    return None


@mail_rule(
    "auto_reply.delivery_notice",
    "The message is a mail system’s report of a delay or a delivery. No address failed, and no person wrote it.",
)
def _by_delivery_notice(reading: Reading) -> str | None:
    if (
        not (bounce.mail_system(reading) or bounce.shared_name(reading))
        or reading.is_reply
        or not reading.once(bounce.delayed)
    ):
        return None
    return reading.reply.subject or ""


@mail_rule("auto_reply.read_receipt", "A receipt: the message was displayed, read or deleted unread.")
def _by_receipt(reading: Reading) -> str | None:
    low = reading.folded_body[:2000]
    receipt = RECEIPT.search(low)
    if RECEIPT_SUBJECT.match(reading.raw_subject) and (receipt or not reading.text):
        return reading.reply.subject
    confirms = receipt and re.search(r"\byour message\b", low)
    return reading.reply.subject if confirms and reading.written_by_software >= SURE_WITH_A_SIGN else None


@mail_rule(
    "auto_reply.subject",
    'The subject starts like a mail system’s automatic reply ("Automatic reply:", "Abwesenheitsnotiz"). '
    "In an answer to our own email, the wording must also look automatic.",
)
def _by_subject(reading: Reading) -> str | None:
    subject = reading.raw_subject
    match = AUTO_SUBJECT.match(subject) or AWAY_SUBJECT.match(subject)
    # the subject of an answer in our thread may be our own, so the wording must look automatic too
    ours = reading.above and reading.newest.quoted
    if not match or (ours and weights("auto_reply").probability(features(reading.above)) < PERHAPS):
        return None
    return reading.reply.subject


@mail_rule("auto_reply.robot_sender", "Sent from a no-reply address, and the wording looks automatic.")
def _by_robot_sender(reading: Reading) -> str | None:
    robot = ROBOT_LOCAL.search(reading.sender_local)
    return reading.reply.sender_email if robot and reading.written_by_software >= SURE_WITH_A_SIGN else None


@rule(
    "auto_reply.wording",
    "A longer text with a phrase that only software uses (receipt confirmed, mailbox not monitored, away until a day). "
    f"Its wording as a whole is at least {SURE:.0%} likely to be automatic.",
)
def _by_wording(reading: Reading) -> str | None:
    sure = (
        count_words(reading.above) >= ENOUGH_WORDS
        and reading.written_by_software >= SURE
        and weights("auto_reply").express(reading.above)
    )
    return reading.evidence("auto_reply") if sure else None


@rule(
    "auto_reply.suspected",
    f"The wording is at least {PERHAPS:.0%} likely to be automatic. A model or a person decides.",
    sure=False,
)
def suspicion(reading: Reading) -> str | None:
    probability = in_a_letter(reading.written_by_software, reading.text)
    return reading.evidence("auto_reply") if reading.text and probability >= PERHAPS else None


@rule(
    "auto_reply.provider_flag",
    f"The provider flags the reply as automatic, and the wording is at least {SURE_WITH_A_SIGN:.0%} likely to be.",
)
def _by_provider_flag(reading: Reading) -> str | None:
    # providers also flag mails from people, so the wording must look automatic too
    flagged = reading.reply.automated_reply is True and reading.written_by_software >= SURE_WITH_A_SIGN
    return reading.evidence("auto_reply") if flagged else None


RULES = (
    _by_headers,
    _by_delivery_notice,
    _by_receipt,
    _by_subject,
    _by_robot_sender,
    _by_wording,
    _by_provider_flag,
)


def _away(reading: Reading) -> str | None:
    if AWAY_SUBJECT.match(reading.raw_subject):
        return reading.reply.subject
    if RECEIPT_SUBJECT.match(reading.raw_subject):
        return None
    learned = weights("out_of_office")
    away = learned.probability(reading.mail_slots) >= SURE_AWAY and learned.express(reading.above)
    return reading.evidence("out_of_office") if away else None


AWAY_RULE = Rule(
    "out_of_office.wording",
    "An automatic reply whose subject or wording says that the person is away.",
    _away,
)
AWAY_SUSPICION = Rule(
    "out_of_office.suspected",
    "A possible automatic reply whose wording suggests that the person is away for a while.",
    _away,
    sure=False,
)
