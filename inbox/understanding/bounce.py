"""Recognises delivery failure reports (bounces) by their sender and their structure, never by wording alone."""

import re

from inbox.understanding.cleaned import Reading, mail_rule
from inbox.understanding.normalise import ADDRESS, fold
from inbox.understanding.word_weights import weights

SURE = 0.4
"""The minimum probability at which a mail counts as a report by wording, if sender, subject or codes suggest one."""

PERHAPS = 0.8
"""The minimum probability at which any other mail is suspected to be a report. A model or a person then decides."""

_DAEMON_LOCAL = re.compile(
    r"^(?:mailer[-_.]?daemon|maildaemon|mail[-_.]?delivery.*|mailsystem|mail[-_.]system|mdaemon|"
    r"microsoftexchange[0-9a-f]{8,}|"
    r"ndr|dsn|returned[-_.]?mail|failed[-_.]?delivery|undeliver(?:ed|able)|mail[-_.]daemon|mail[-_.]?router|bounce[-_.]?handler)$"
)
# Software and people use these names: postmaster@ may be an innkeeper, and bounce@ a firm that rents out bounce houses.
_SHARED_LOCAL = re.compile(
    r"^(?:postmaster|bounces?(?:[+=._-].*)?|admin|administrator|no-?reply|do-?not-?reply|mail|system|root)$"
)
_DAEMON_NAME = re.compile(
    r"\b(?:mail delivery (?:sub)?system|mailer-?daemon|mail delivery service|internet mail delivery|"
    r"mail system)\b"
)

_FAILED = re.compile(
    r"delivery status notification \(failure\)|undeliver(?:able|ed)|mail delivery fail(?:ed|ure)|"
    r"delivery (?:has |have |to .{1,80} )?(?:failed|failure)|fail(?:ure|ed)? notice|mail failure|"
    r"returned (?:mail|to sender)|failed mail\b|deliver\w* .{0,60}\baborted|mailbox .{0,40}\bfull\b|"
    r"returning (?:your )?(?:message|mail) to sender|(?:could not|couldn't|can not|cannot|"
    r"can't) be delivered|"
    r"(?:was not|wasn't|were not) delivered|message (?:was )?not delivered|"
    r"(?:unable|wasn't able|were not able|was not able|failed) to deliver|address(?:es)? (?:not found|"
    r"(?:had|failed)\b)|"
    r"message (?:you sent )?(?:was )?blocked|has been blocked|blocked by our|(?:has|"
    r"have) not been delivered\b(?! yet)|not listed in (?:the )?\w* ?directory|"
    r"(?:recipient|sender) address rejected|user unknown|unknown user|"
    r"no such (?:user|person|mailbox|address)|mailbox (?:is )?(?:full|unavailable|not found)|"
    r"permanent (?:fatal )?errors?|"
    r"an error occurred while trying to deliver|unrouteable address|rejected your message|over quota|"
    r"unzustellbar|nicht zustellbar|"
    r"ne peut (?:pas )?etre (?:remis|distribue|delivre)|"
    r"nicht (?:\w+ ){0,3}zugestellt|zustellung .{0,60}(?:fehlgeschlagen|nicht moglich)|"
    r"zustellfehler|"
    r"(?:adresse|empfanger).{0,40}nicht gefunden|"
    r"non (?:remis|distribue|delivre)|echec de (?:la )?(?:remise|distribution|livraison)|"
    r"n'a pas (?:pu etre |ete )?(?:remis|distribue|delivre)|adresse introuvable|"
    r"no se (?:pudo|puede|ha podido|han podido) entregar|no (?:se ha |ha sido )?entregad[oa]|"
    r"error en la entrega|"
    r"direccion no encontrada|non recapitabile|recapito non riuscito|impossibile (?:recapitare|consegnare)|"
    r"mancat[oa] (?:recapito|consegna)|non (?:e stat[oa] |\w+ )?(?:recapitat|consegnat)[oa]|"
    r"consegna non riuscita|indirizzo non trovato|"
    r"nao (?:e|foi) possivel entregar|falha na entrega|nao (?:foi )?entregue|endereco nao encontrado|"
    r"niet te bezorgen|onbestelbaar|bezorging .{0,80}mislukt|(?:kan|kon) niet worden (?:bezorgd|afgeleverd)|"
    r"adres niet gevonden|"
    r"nie mozna dostarczyc|niedostarczon|dostarczanie .{0,60}nie powiodlo|nie (?:zostala|"
    r"mogla zostac) dostarczona|"
    r"(?:kan|kunde) inte levereras|gick inte att leverera|leverans.{0,60}misslyckades|oleverer|"
    r"(?:kan|kunne) ikke leveres|levering .{0,80}(?:mislykkedes|mislyktes)|ikke (?:levert|leveret)|"
    r"nedorucit|nelze dorucit|nepodarilo se (?:dorucit|odeslat)|ei voitu toimittaa|toimit(?:us|"
    r"taminen) .{0,40}epaonnistui|"
    r"kezbesithetetlen|nu a putut fi livrat|iletilemedi|teslim edilemedi|недоставлен|не доставлено|"
    r"не удалось доставить|"
    r"не может быть доставлено|配信不能|配信できません|届けられません|未送达|无法送达|"
    r"無法傳遞|退信|传递失败|投递失败|전송 실패|배달되지"
)
_REPORT_CHARS = 4_000
_SMTP_REFUSAL = re.compile(r"\b5\.\d{1,3}\.\d{1,3}\b|\b55[0-4][ :-]")
_REPORT_FIELDS = re.compile(
    r"(?:^|\n)[ \t]?(?:final-recipient|original-recipient|diagnostic-code|reporting-mta|remote-mta)\s?:", re.I
)
_ACTION_FAILED = re.compile(r"(?:^|\n) ?action\s?:\s?failed")
_OPENING = re.compile(
    r"this message was created automatically by mail delivery software|this is the (?:mail system at host|"
    r"postmaster)|"
    r"this is the qmail-send program|the original message was received at|"
    r"delivery has failed to these recipients|"
    r"i'm (?:sorry to have to inform you|afraid i wasn't able)|\*\* .{3,60} \*\*|"
    r"an error occurred while trying to deliver|sorry, we were unable to deliver|"
    r"diagnostic information for administrators|"
    r"diagnoseinformationen fur administratoren|informations de diagnostic pour les administrateurs|"
    r"reporting-mta:"
)
_DELAYED = re.compile(
    r"\bdelay(?:ed)?\b|not yet been delivered|n(?:o|')t been delivered yet|will (?:keep|"
    r"continue) (?:on )?(?:trying|to (?:try|retry|be attempted))|"
    r"will (?:be )?retr(?:y|ied)|delivery incomplete|temporary problem|attempts will continue|"
    r"warning message only|for (?:the )?past \d+ hours|no action is required on your part|"
    r"still being (?:retried|attempted)|verzogert|zustellversuch|retardee?|differee?|retrasad[oa]|"
    r"aplazad[oa]|ritardat[oa]|"
    r"atrasad[oa]|vertraag|opoznion|fordrojd|forsinket|задержан|遅延|延迟"
)
_FINAL = re.compile(
    r"action\s?:\s?failed|permanent (?:fatal )?error|(?:giving|given) up|permanently failed|"
    r"has failed to these recipients|"
    r"delivery status notification \(failure\)|mail delivery failed|(?:not|no longer) be (?:re)?(?:tried|attempted)|"
    r"no (?:further|more) (?:delivery )?attempts|gave up|endgultig|dauerhafter fehler|"
    r"keine weiteren (?:zustell)?versuche|aucune (?:autre|nouvelle) tentative|ne sera plus tentee?|abandonne|"
    r"no se (?:haran|realizaran) (?:mas|nuevos|otros) intentos|sin mas intentos|nessun (?:altro|ulteriore) tentativo|"
    r"nao (?:serao|havera) (?:feitas )?(?:mais|novas) tentativas|desistiu|geen (?:verdere|nieuwe) poging\w*|"
    r"nie bedzie(?:my)? (?:dalszych|kolejnych) prob|inga (?:fler|ytterligare) forsok"
)
_DELIVERED = re.compile(
    r"(?:^|\n) ?action\s?:\s?(?:delivered|relayed|expanded)|^(?:delivered|relayed|delivery receipt)\s?:|"
    r"\bsuccessful(?:ly)? (?:mail )?deliver(?:y|ed)\b"
)


def mail_system(reading: Reading) -> bool:
    """Whether the mail's sender is software that reports on deliveries, or is empty (the null sender of RFC 5321)."""
    if _DAEMON_LOCAL.match(reading.sender_local) or _DAEMON_NAME.search(reading.sender_name):
        return True
    return not reading.sender_local and not reading.sender_name


def shared_name(reading: Reading) -> bool:
    """Whether the name in the sender's address is used by both software and people, such as postmaster@."""
    return bool(_SHARED_LOCAL.match(reading.sender_local)) or "postmaster" in reading.sender_name


def delayed(reading: Reading) -> bool:
    """Whether a report says that delivery is still being attempted, or has succeeded, so that no address has failed."""
    low = f"{reading.raw_subject}\n{reading.folded_body[:4000]}"
    if _DELIVERED.search(low) and not _ACTION_FAILED.search(low):
        return True
    return bool(_DELAYED.search(low)) and not _FINAL.search(low)


def _failure_subject(reading: Reading) -> bool:
    return not reading.is_reply and bool(_FAILED.search(reading.raw_subject))


def _asks(reading: Reading) -> bool:
    """Whether the text contains a question, which shows that a person wrote it: a delivery report asks no questions."""
    return any(folded.endswith(("?", "？")) for _, folded in reading.sentences)


@mail_rule("bounce.report_headers", "The headers mark it as a delivery report that isn’t about a delay.")
def _by_report_headers(reading: Reading) -> str | None:
    kind = reading.headers.get("content-type", "")
    report = "multipart/report" in kind and "delivery-status" in kind
    if not (report or "x-failed-recipients" in reading.headers) or reading.once(delayed):
        return None
    return kind if report else reading.headers["x-failed-recipients"]


@mail_rule(
    "bounce.mail_system",
    "Sent by mailer-daemon or without a sender, and the subject or text reports a failed delivery.",
)
def _by_mail_system(reading: Reading) -> str | None:
    if not mail_system(reading) or reading.is_forward or reading.once(delayed):
        return None
    if _failure_subject(reading):
        return reading.reply.subject
    quote = _quote_from_body(reading, _FAILED) or _quote_from_body(reading, _SMTP_REFUSAL)
    if quote or reading.is_reply:
        return quote
    # The wording is not in our lists. But a mail system that names an address reports a failure, unless it names a
    # delay or a success.
    recipients = failed_recipients(reading.text[:_REPORT_CHARS]) if reading.text else ()
    return recipients[0] if recipients else None


@mail_rule(
    "bounce.shared_name",
    "Sent from an address that people use too (postmaster, bounce, no-reply), with the subject or format of a "
    "failure report.",
)
def _by_shared_name(reading: Reading) -> str | None:
    """Judges a mail from a name that software and people share, such as postmaster@. A question shows that a person
    wrote the mail, unless the mail has the structure of a report ("Was this helpful?").
    """
    if not shared_name(reading) or reading.is_reply or reading.once(delayed):
        return None
    low = reading.folded_body
    fields = _OPENING.search(low) or _REPORT_FIELDS.search(reading.body) or _SMTP_REFUSAL.search(low)
    if _asks(reading) and not fields:
        return None
    if _failure_subject(reading):
        return reading.reply.subject
    built = fields or any(pattern.search(reading.body[:_REPORT_CHARS]) for pattern in _RECIPIENT_PATTERNS)
    return _quote_from_body(reading, _FAILED) if built else None


@mail_rule(
    "bounce.report_build",
    "Sent from any other address, such as the lead’s, with the subject and the format or codes of a failure report.",
)
def _by_report_build(reading: Reading) -> str | None:
    if mail_system(reading) or shared_name(reading) or not _failure_subject(reading) or reading.once(delayed):
        return None
    low = reading.folded_body
    fields = _ACTION_FAILED.search(low) and _REPORT_FIELDS.search(reading.body)
    built = _OPENING.search(low[:400]) or fields or _SMTP_REFUSAL.search(low)
    return reading.reply.subject if built else None


def _probability(reading: Reading) -> float:
    system = mail_system(reading)
    if reading.is_forward or (reading.is_reply and not (reading.once(_coded) or system)):
        return 0.0
    if _asks(reading) and not system:
        return 0.0
    probability = weights("bounce").probability(reading.report_slots)
    # The search for a delay is slow. Below SURE, it is left out, because it changes no verdict there.
    return 0.0 if probability >= SURE and reading.once(delayed) else probability


def _coded(reading: Reading) -> bool:
    return bool(_SMTP_REFUSAL.search(reading.folded_body) or _REPORT_FIELDS.search(reading.body))


@mail_rule(
    "bounce.wording",
    f"The wording is at least {SURE:.0%} likely to be a failure report. The sender, a code or the subject confirms it.",
)
def _by_wording(reading: Reading) -> str | None:
    sign = reading.once(_coded) or mail_system(reading) or shared_name(reading) or _failure_subject(reading)
    sure = sign and reading.once(_probability) >= SURE
    return reading.evidence("bounce", reading.sentences) if sure else None


@mail_rule(
    "bounce.suspected",
    f"The wording alone is at least {PERHAPS:.0%} likely to be a failure report. A model or a person decides.",
    sure=False,
)
def suspicion(reading: Reading) -> str | None:
    suspected = reading.text and reading.once(_probability) >= PERHAPS
    return reading.evidence("bounce", reading.sentences) if suspected else None


def _quote_from_body(reading: Reading, pattern: re.Pattern[str]) -> str | None:
    if not pattern.search(reading.folded_body):
        return None
    lines = [line.strip() for line in reading.body[:6_000].split("\n") if line.strip()]
    return next((line for line in lines if pattern.search(fold(line[:500]))), lines[0] if lines else "")


_RECIPIENT_PATTERNS = tuple(
    re.compile(pattern, re.I)
    for pattern in (
        rf"(?:^|\n)[ \t]*original-recipient[ \t]*:[ \t]*(?:rfc822|utf-8)?[ \t]*;?[ \t]*<?({ADDRESS})",
        rf"(?:^|\n)[ \t]*final-recipient[ \t]*:[ \t]*(?:rfc822|utf-8)?[ \t]*;?[ \t]*<?({ADDRESS})",
        rf"(?:^|\n)[ \t]*x-failed-recipients[ \t]*:[ \t]*<?({ADDRESS})",
        rf"delivered to[ \t:]+<?({ADDRESS})",
        rf"(?:^|\n)[ \t]*<({ADDRESS})>[ \t]*(?::|\n|\(|$)",
        r"(?:recipients?(?: or groups)?|address(?:es|\(es\))?(?: failed)?|empfänger\w*|gruppen|groupes|"
        r"destinat\w+|grupos?|gruppi|"
        r"groepen|geadresseerden|adresat\w*|grupper|modtagere|mottagare|mottakere|příjemc\w*|betroffen|"
        r"failed)"
        rf"[^\n@]{{0,40}}:[ \t]*\n\s{{0,20}}<?({ADDRESS})",
        rf"(?:recipient|empfänger|destinataire|destinatario|destinatário|ontvanger|"
        rf"adresat)[ \t]*:[ \t]*<?({ADDRESS})",
        rf"rcpt to:[ \t]*<({ADDRESS})>",
        r"(?:message|nachricht|mensaje|messaggio|mensagem|bericht|e-?mail)"
        rf"[^\n@]{{0,60}}?\b(?:to|an|à|a|para|aan|til|till|do|l'adresse)[ \t]+<?({ADDRESS})",
    )
)
_ANY_ADDRESS = re.compile(rf"(?<![a-z0-9.])({ADDRESS})", re.I)
_OWN_HEADER = re.compile(r"(?im)^[ \t]*(?:from|return-path|sender|reply-to|x-postfix-sender)[ \t]*:.*$")
_NOT_A_LEAD = re.compile(r"^(?:mailer-?daemon|postmaster|no-?reply|abuse|support)@", re.I)


def failed_recipients(text: str, headers: dict[str, str] | None = None) -> tuple[str, ...]:
    """Returns the addresses (in lower case) to which delivery failed according to a report, the surest ones first.

    Addresses in the header `X-Failed-Recipients` come first, then those in fields of RFC 3464, then those in phrases of
    mail systems. If there are none of these, any address other than the sender's counts. Addresses such as postmaster@
    are left out.
    """
    body = text[:20_000]
    lines = [header for key, header in (headers or {}).items() if key.lower() == "x-failed-recipients"]
    addresses = [address for line in lines for address in _ANY_ADDRESS.findall(line[:2000])]
    addresses += [address for pattern in _RECIPIENT_PATTERNS for address in pattern.findall(body)]
    if not addresses:
        senders = {address for line in _OWN_HEADER.findall(body) for address in _ANY_ADDRESS.findall(line)}
        addresses = [address for address in _ANY_ADDRESS.findall(body) if address not in senders]
    lowered = (address.lower().rstrip(".") for address in addresses)
    return tuple(dict.fromkeys(address for address in lowered if not _NOT_A_LEAD.match(address)))


RULES = (
    _by_report_headers,
    _by_mail_system,
    _by_shared_name,
    _by_report_build,
    _by_wording,
)
