"""Patterns for the subjects, senders and read receipts of software, in many languages. They match folded text."""

import re

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
# Subjects of absence. A subject that merely repeats that of our own mail begins with "Re:".
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
