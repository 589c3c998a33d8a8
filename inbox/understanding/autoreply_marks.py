"""Decides by marks that are weak alone and strong together whether software wrote: each is worth points."""

import re

from inbox.understanding import absence_languages as languages
from inbox.understanding import absence_phrases as absence
from inbox.understanding import autoreply_phrases as phrases
from inbox.understanding.autoreply_person import GREETS_BY_NAME, personal
from inbox.understanding.reading import EMAIL, Reading

_MAIL_NOUN = (
    r"(?:messages?|e-?mails?|mails?|notes?|enquir(?:y|ies)|inquir(?:y|ies)|query|words|letters?|texts?|requests?|"
    r"submission|form|question|correspondence|support request)"
)
ARRIVED = re.compile(
    rf"\b(?:your|the|this) (?:[\w-]+ )?{_MAIL_NOUN}(?: (?:has|have|was|were|is|are|got|just|now|safely|"
    rf"successfully|been|all|"
    r"well|already))*"
    r" (?:arrived|landed|reached (?:us|our|the)|come (?:in|through)|came (?:in|through)|received|logged|registered|"
    r"with us|made it to|in our (?:inbox|queue|system|hands)|in the (?:queue|system|right hands)|in good hands|"
    r"(?:being )?passed (?:on|to|"
    r"along)|delivered to|safe|queued|on (?:the|its) way)\b(?! .{0,12}(?:junk|spam))|"
    rf"\bwe(?:'ve| have)? (?:safely |just |now )?(?:got|received|logged|registered|recorded|have|noted) (?:your|"
    rf"the|this) "
    rf"(?:[\w-]+ )?{_MAIL_NOUN}\b|"
    r"\bit(?:'s| is| has)? (?:in|with|at|reached) (?:the|our) (?:queue|inbox|team|system|right)\b|"
    r"\bvraag is binnen\b|"
    r"\b(?:nachricht|anfrage|e-?mail|mail|anliegen|schreiben)\b.{0,40}\b(?:bekommen|eingegangen|erhalten|"
    r"angekommen|eingetroffen|"
    r"entgegengenommen|erreicht)\b|"
    r"\b(?:message|demande|mail|e-?mail|courriel)\b.{0,30}\b(?:parvenue?|recue?|enregistree?|arrivee?|"
    r"transmise?|pris en compte|"
    r"prise en compte)\b|"
    r"\b(?:mensaje|correo|consulta|solicitud|e-?mail)\b.{0,30}\b(?:recibid[oa]|registrad[oa]|llegado|atendid[oa])\b|"
    r"\b(?:e-?mail|messaggio|richiesta)\b.{0,25}\b(?:arrivat[oa]|ricevut[oa]|registrat[oa]|giunt[oa]|"
    r"pres[oa] in carico)\b|"
    r"\b(?:mensagem|e-?mail|pedido|contacto|contato|solicitacao)\b.{0,25}\b(?:recebid[oa]|registad[oa]|"
    r"registrad[oa])\b|"
    r"\b(?:bericht|mail|vraag|aanvraag|e-mail)\b.{0,25}\b(?:ontvangen|binnengekomen|aangekomen)\b|"
    r"\b(?:wiadomosc|zgloszenie|e-?mail|zapytanie)\b.{0,25}\b(?:dotarl\w+|otrzyman\w+|przyjet\w+|zarejestrowan\w+)|"
    r"\b(?:mottagit|tagit emot|fatt|modtaget|mottatt|registreret|registrert|registrerat) (?:ditt|din|dit|deres|"
    r"jeres|er)\b|"
    r"\b(?:zprav\w+|dotaz|e-?mail|pozadavek)\b.{0,25}\b(?:obdrzeli|prijali|prijat\w*|dorucen\w*)|"
    r"\b(?:viestisi|sahkopostisi) on (?:vastaanotettu|saapunut)|\bsaimme viestisi\b|\bmegkaptuk\b|"
    r"\bam primit (?:mesajul|"
    r"e-?mailul)|\b(?:mesajiniz|e-?postaniz) (?:bize ulasti|alinmistir|ulasmistir)|"
    r"(?:письмо|сообщение|обращение|заявка)\b.{0,25}\b(?:получен|принят|зарегистрирован)|受信しました|受け付けました|已收到|접수되"
)
THEY_ANSWER = re.compile(
    r"\b(?:someone|somebody|a (?:real )?(?:human|person|colleague)|one of (?:us|the|our)|(?:the|our|a|"
    r"an) (?:[\w&'-]+ ){0,3}?"
    r"(?:team|crew|staff|agents?|advis[eo]rs?|members?|colleagues?|specialists?|desk|office|committee|"
    r"representatives?|"
    r"consultants?|people|folks|department)|we|you)\b.{0,40}\b(?:be in touch|come back to|get back to|follow up|"
    r"repl(?:y|ies)|"
    r"respond|answer|write back|(?:text|call|ring) (?:you )?back|see that|reach out|look at (?:it|your)|review|"
    r"hear (?:back )?from|expect an? (?:answer|reply|response))\b|"
    r"\b(?:takes?|taking) (?:me |us )?.{0,25}\b(?:hours|days|weeks)\b.{0,15}\b(?:answer|reply|respond|get back)\b|"
    r"\b(?:replies|responses|answers) (?:usually |normally |typically )?(?:take|come|go out|within)\b|"
    r"\b(?:will|'ll) (?:call|write|phone|ring|text|hit you back|see you|be (?:right )?(?:with|"
    r"back))\b.{0,20}\b(?:soon|shortly|asap|within)\b|"
    r"\b(?:can|may|might) take (?:up to )?(?:a|one|two|three|\d+)(?: to \w+)? (?:\w+ )?(?:hours?|days?|weeks?)\b|"
    r"\b(?:usually|normally|typically|within|inside|in) (?:\w+ )?(?:one|two|three|\d+)(?: to \w+)? (?:business |"
    r"working )?"
    r"(?:hours?|days?)\b|"
    r"\b(?:unser|das) (?:\w+)?team\b|\b(?:melden|kummern) uns\b|\bwir (?:antworten|bearbeiten|kummern)\b|"
    r"\b(?:vous )?(?:repondr(?:ons|a)|reviendr(?:ons|a)|recontacter(?:ons|a))\b|"
    r"\b(?:responderemos|contestaremos|contactaremos|atenderemos)\b|\bpondremos en contacto\b|\bsera respondid|"
    r"\b(?:risponderemo|ricontatteremo|contatteremo)\b|\bentraremos em conta\w+|\bretornaremos\b|"
    r"\b(?:reageren|antwoorden|beantwoorden)\b.{0,30}\b(?:binnen|zo snel)|\bnemen .{0,30}\bcontact\b|"
    r"\b(?:odpowiemy|odpiszemy|skontaktujemy sie)\b|\b(?:aterkommer|vender tilbage|kommer tilbake|svarar|svarer)\b|"
    r"\b(?:odpovime|ozveme se)\b|\bvastaamme\b|\bvalaszolunk\b|\b(?:vom raspunde|va vom contacta)\b|"
    r"\bdonus yapacagiz\b|"
    r"ответим|свяжемся|відповімо|ご返信|回复您|답변"
)
THANKED = re.compile(
    r"^(?:[^.!?\n]{0,25}[,.!?:\n] ?)?\W*(?:thank you|thanks|thx|many thanks|cheers|"
    r"hello and thanks)\b(?: \w+){0,3}? (?:for|and)?|"
    r"\b(?:danke|dank) fur\b|\bmerci (?:de|pour|d')|\bgracias por\b|\bgrazie per\b|\bobrigad[oa] p|\b(?:bedankt|"
    r"dank) voor\b|"
    r"\bdziekuj\w+ za\b|\b(?:tack|tak|takk) for\b|\bdekuj\w+ za\b|\bkiitos\b|\bkoszonjuk\b|\bmultumi|\btesekkur|"
    r"спасибо за|дякуємо|ありがとうございます|感谢|감사합니다"
)
_NO_NAME = re.compile(
    r"^\W*(?:dear|hello|hi|liebe[rs]?|beste?r?|gentile|estimad[oa](?:/a)?|sehr geehrte|tisztelt|cher|prezad[oa]|"
    r"caro) (?:sender|senders|friend|customer|"
    r"guest|visitor|afzender|mittente|remitente|absender|damen|felado|client|cliente|all|correspondent|remetente)\b"
)
_ADDRESS = re.compile(r"\b\S+@\S+\.\w|\+?\(?\d{2,4}[-) /]+\d{2,4}[- ]?\d{3,}|\b\d{3} \d{3} \d{3}\b")
_SUBJECT_OF_ROBOTS = re.compile(
    r"^(?:oof\b|got it|support request|sender approval|accuse de reception|confirmacion|conferma|bevestiging|"
    r"bekraeftelse|"
    r"bestatigung|message received|received\b|we(?:'ve| have)? (?:got|received|have|logged)\b|thank(?:s|"
    r" you) for (?:writing|your|"
    r"contacting|getting|reaching|the)|your (?:message|request|enquiry|inquiry|e-?mail|submission|ticket|case|"
    r"booking)\b|"
    r"ihre anfrage|votre (?:demande|message)|su (?:consulta|mensaje|solicitud)|la sua richiesta|uw (?:vraag|bericht)|"
    r"gracias por|grazie per|merci (?:de|pour)|obrigad[oa] p|bedankt|dziekujemy|confirmation of receipt|"
    r"ticket\b|case\b|"
    r"away\b|closed\b|holiday\b)"
)

# name: (points, patterns). A core mark says what such a text is for; the others only accompany it.
_MARKS = {
    "away": (1.0, (absence.AWAY, languages.AWAY_ANYWHERE)),
    "received": (1.0, (phrases.RECEIVED, ARRIVED)),
    "assistant": (2.0, (phrases.ASSISTANT,)),
    "unread": (1.0, (phrases.UNREAD,)),
    "no_reply": (1.0, (phrases.NO_REPLY_ASKED,)),
    "hours": (1.0, (phrases.BUSINESS_TEXT,)),
    "answer": (1.0, (phrases.WE_WILL_ANSWER, THEY_ANSWER)),
    "rarely": (1.0, (phrases.RARELY_READS,)),
    "urgent": (1.0, (absence.AWAY_EXTRA, languages.COVER)),
    "thanks": (1.0, (phrases.THANKS, THANKED)),
    "later": (1.0, (absence.OUT_OF_REACH, languages.NOT_READ)),
    "returns": (0.5, (phrases.WILL_RETURN,)),
    "back": (1.0, (absence.SINCE_UNTIL, languages.BACK)),
    "meanwhile": (0.5, (phrases.MEANWHILE,)),
    "reached": (1.0, (phrases.REACHED,)),
    "slow": (1.0, (phrases.SLOW,)),
    "gone": (1.0, (absence.GONE,)),
    "address": (0.5, (_ADDRESS,)),
}
_CORE_MARKS = ("away", "received", "assistant", "unread", "no_reply", "hours", "answer", "rarely", "gone")
_ROLE_POINTS = 0.5
_OWN_SUBJECT_POINTS = 1.0
_NO_NAME_POINTS = 0.5
_DENIED_POINTS = 0.5  # the provider looked, and took it for a person's
_ENOUGH_POINTS = 2.0
_LONGEST_NOTICE = 3_000  # a longer one that no header, subject or word gives away has not been seen


def by_marks(reading: Reading) -> str | None:
    """Marks of software that are weak alone and strong together; a text that speaks to us has none of it to say."""
    if not 0 < len(reading.text) <= _LONGEST_NOTICE or personal(reading):
        return None
    found = marks(reading)
    chat = (
        reading.reply.channel != EMAIL and not found["thanks"]
    )  # "out of town, back thurs" is what people text
    cores = _CORE_MARKS[1:] if chat else _CORE_MARKS
    core = next((found[name] for name in cores if found[name]), None)
    if core is None:
        return None
    points = sum(_MARKS[name][0] for name, quote in found.items() if quote)
    return core if points + _circumstances(reading) >= _ENOUGH_POINTS else None


def marks(reading: Reading) -> dict[str, str | None]:
    """For each mark the sentence that carries it."""
    return {name: _first(reading, patterns) for name, (_, patterns) in _MARKS.items()}


def _first(reading: Reading, patterns: tuple[re.Pattern[str], ...]) -> str | None:
    return next((quote for pattern in patterns if (quote := reading.first(pattern))), None)


def _circumstances(reading: Reading) -> float:
    """Points for what stands around the text: who sent it, under which subject, and whom it greets."""
    points = _ROLE_POINTS if phrases.ROLE_LOCAL.match(reading.sender_local) else 0.0
    if reading.reply.channel == EMAIL and not reading.is_reply:
        robots = phrases.BOT_SUBJECT.search(reading.raw_subject) or _SUBJECT_OF_ROBOTS.match(
            reading.raw_subject
        )
        points += _OWN_SUBJECT_POINTS if robots else _ROLE_POINTS
    if reading.is_reply and reading.reply.automated_reply is False:
        points -= _DENIED_POINTS
    if _NO_NAME.match(reading.text):
        points += _NO_NAME_POINTS
    elif GREETS_BY_NAME.match(reading.text):
        points -= 1.0
    return points
