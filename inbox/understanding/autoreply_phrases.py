"""The words by which software and absent people answer, in the languages replies come in; matched on folded text."""

import re

CALENDAR_SUBJECT = re.compile(
    r"^(?:accepted|declined|tentative(?:ly accepted)?|(?:updated |canceled |cancelled )?(?:invitation|"
    r"event)(?: with note)?|canceled|cancelled|new event|"
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
SAYS_SO = re.compile(
    r"\bi(?:'m| am)? (?:using|use|have set up|set up) an? auto(?:matic|mated)?[- ]?(?:reply|response|responder)\b|"
    r"^\W{1,6}automat(?:ed|ic)\W{1,6}|\bthis is an automat(?:ed|ic) (?:text|sms)\b|"
    r"\bsends? (?:you )?this (?:reply|message|response|note|text)\b.{0,15}\bautomatically\b|"
    r"\bautomatically (?:sends?|replies|responds|answers)\b|"
    r"\b(?:antwort|nachricht|mail) (?:kommt|wird|wurde|geht|ist) (?:\w+ ){0,2}automati\w+|"
    r"\b(?:answer|reply|message|response|e-?mail|text|note) (?:comes|goes out|is going out|"
    r"went out) (?:to you )?automatically\b|"
    r"\b(?:reponse|message|courriel) (?:est )?(?:envoyee?|generee?) automatiquement\b|\b(?:enviad[oa]|"
    r"generad[oa]) automaticamente\b|"
    r"\b(?:inviat[oa]|generat[oa]) (?:in )?automatic\w+|\b(?:automatisk|automatiskt) (?:sendt|skickat|svar)\b|"
    r"[(\[*_~-] ?(?:this is an? )?auto(?:mated|matic)?[- ]?(?:message|reply|response|e-?mail|note|answer) ?"
    r"[)\]*_~-]|^\W*auto ?[:-]|\bthis (?:e-?mail |message |reply |response )?(?:is|was|"
    r"has been) (?:an? )?(?:auto(?:mated|matic|"
    r"-generated|-reply|-response)?(?:ally)?[- ]?(?:generated|sent|created)?)[- ]?"
    r"(?:message|reply|response|e-?mail|notification|acknowledge?ment|confirmation|responder|answer|note|"
    r"by\b|when\b|from\b|$|[.,!;-])|"
    r"\bthis (?:automatic|automated) (?:message|reply|response|e-?mail|note)\b|"
    r"\bthis is an? (?:auto(?:mated|matic|matically|-)? ?-?(?:generated |sent )?(?:message|reply|response|"
    r"responder|e-?mail|notification|acknowledge?ment))\b|"
    r"\bthis is an? auto-?(?:repl\w+|respon\w+)|\b(?:reply|message|e-?mail|response|text) (?:was|is|"
    r"has been) (?:being )?(?:sent|generated|created) automatically|"
    r"^\W*(?:sent|generated) automatically\b|\bsent automatically(?: by| from|\W*$)|^\W{0,3}(?:\[|"
    r"\()?auto(?:matic|mated)?[- ]?(?:reply|response|repl\w+)(?:\]|\)|:|\W*$)|\bautomatically generated\b|"
    r"\bthis (?:line|number|inbox|account|phone) is automated\b|"
    r"\bauto-?generated (?:message|e-?mail|reply|response)|"
    r"\bdieses? (?:ist eine )?(?:e-?mail|nachricht|mail|antwort)? ?(?:ist eine |"
    r"wurde )?automatisch\w* (?:erstellt\w*|generiert\w*|erzeugt\w*|versendet|verschickt|antwort|nachricht|"
    r"e-?mail)|"
    r"\b(?:dies|das) ist eine automatisch\w*|\bautomatisch (?:erstellte|generierte|erzeugte) (?:e-?mail|"
    r"nachricht|antwort)|"
    r"\bceci est (?:un |une )?(?:message|reponse|e-?mail|courriel) (?:automatique|genere)|"
    r"\bmessage (?:automatique|genere automatiquement)\b|\breponse automatique\b|"
    r"\b(?:este|esto) (?:es|mensaje|correo).{0,40}automatic\w*|\b(?:correo|mensaje|"
    r"respuesta) automatic[oa]\b|"
    r"\bquesta (?:e )?(?:una )?(?:risposta|e-?mail) .{0,20}automatic\w*|\b(?:messaggio|"
    r"risposta) automatic[oa]\b|\bgenerat[oa] automaticamente\b|"
    r"\b(?:esta|este) (?:e uma? )?(?:mensagem|resposta|e-?mail) (?:e |foi )?automatic\w*|\b(?:mensagem|"
    r"resposta) automatica\b|"
    r"\b(?:dit is een|deze e-?mail is|dit bericht is) automatisch\w*|\bautomatisch (?:gegenereerd|verzonden|"
    r"verstuurd)|"
    r"\b(?:wiadomosc|odpowiedz) (?:zostala )?(?:wygenerowana automatycznie|automatyczna)|"
    r"\bautomatycznie wygenerowan\w+|"
    r"\bdetta ar ett (?:automatiskt|autogenererat)|\bautomatgenererat\b|\bdette er (?:et|en) automatisk\w*|"
    r"\bautomatisk (?:generert|genereret|svar)\b|"
    r"\b(?:toto je )?automatick(?:a|y) (?:odpoved|e-?mail|zprava)|\bautomaticky (?:generovan\w+|"
    r"vytvoren\w+)|автоматическ\w+ (?:ответ|сообщение|уведомление)|"
    r"自動(?:返信|応答|送信)(?:です|メール|され)|自动(?:回复|发送)|자동 ?(?:회신|응답|발송)"
)
NO_REPLY_ASKED = re.compile(
    r"\b(?:do not|don't) (?:reply|respond|answer) (?:directly )?to this (?:e-?mail|message|mail|"
    r"text)\b|"
    r"\bbitte antworten sie nicht auf diese\b|\bmerci de ne pas (?:y )?repondre\b|"
    r"\bne pas repondre a ce\b|\bno (?:responda|conteste)n?(?: a este)?\b|\bnon rispondere a (?:questa|"
    r"questo)\b|\bnao responda a (?:esta|este)\b|"
    r"\bniet (?:te )?(?:be)?antwoorden op deze\b|\bprosimy nie odpowiadac\b|\bsvara inte pa detta\b|"
    r"\bbesvar(?:e)? ikke denne\b"
)
# People ask for this too; it counts beside another word of software.
NO_REPLY_ASKED_BRIEFLY = re.compile(
    r"\bplease (?:do not|don't) (?:reply|respond|answer)(?: to this (?:address|inbox))?\W*$"
)
WE_RECEIVED = re.compile(r"\bwe(?: have|'ve)? (?:received|got) (?:your|ur)\b")
RECEIVED = re.compile(
    r"\bwe(?: have|'ve)? (?:received|got) your (?:message|e-?mail|mail|request|enquiry|inquiry|text|note|"
    r"question|submission|application|ticket)|"
    r"\byour (?:message|e-?mail|mail|request|enquiry|inquiry|ticket|case|submission|application|"
    r"question)\b.{0,40}\b(?:has been|was|is being|have been) (?:successfully )?"
    r"(?:received|logged|created|opened|registered|forwarded|assigned|submitted|reviewed|processed|routed|"
    r"queued|added)|"
    r"\b(?:a|new|support|your) (?:support )?(?:ticket|case|request) (?:#?\S{1,20} )?(?:has been|was|"
    r"is now) (?:opened|created|registered|logged|raised|received)|"
    r"\b(?:incident|ticket|issue|job|request|case|record) #?\S{1,20} (?:has been|was|is) (?:opened|created|"
    r"logged|raised|assigned)|\bthis (?:is to )?confirm(?:s|ation)? (?:of )?(?:the )?receipt\b|"
    r"\backnowledge?(?:ment|s|d|"
    r"ing)? (?:of )?(?:the )?receipt\b|\bticket (?:number|id|no\.?|#)\s?:?|"
    r"\b(?:type|enter|write) your reply above (?:this|the) line\b|"
    r"\b(?:ihre|ihr) (?:nachricht|anfrage|e-?mail|mail|ticket|anliegen|schreiben)\b.{0,40}\b(?:erhalten|"
    r"eingegangen|registriert|erfasst|aufgenommen|weitergeleitet)\b|\bhaben ihre (?:nachricht|anfrage|"
    r"e-?mail|mail) erhalten|"
    r"\b(?:nous avons |avons )?bien recu votre (?:message|e-?mail|mail|demande|courriel)|\bvotre (?:message|"
    r"demande|e-?mail) a (?:bien )?ete (?:recu|enregistre|transmis)e?|"
    r"\bhemos recibido (?:su|tu) (?:mensaje|correo|solicitud|consulta|e-?mail)|\b(?:su|tu) (?:mensaje|"
    r"correo|solicitud|consulta) ha sido (?:recibid|registrad)[oa]|"
    r"\babbiamo ricevuto (?:il (?:suo|tuo|vostro)|la (?:sua|tua|vostra)) (?:messaggio|e-?mail|richiesta)|"
    r"\bla (?:sua|tua) richiesta e stata (?:ricevuta|registrata)|"
    r"\brecebemos (?:o )?(?:a )?(?:seu|sua) (?:mensagem|e-?mail|contato|contacto|solicitacao|pedido)|"
    r"\b(?:wij|we) hebben (?:uw|je) (?:bericht|e-?mail|mail|vraag|aanvraag) (?:goed )?ontvangen|"
    r"\botrzymalismy (?:panstwa |twoja |twoje )?(?:wiadomosc|zgloszenie)|"
    r"\bpanstwa wiadomosc zostala (?:przyjeta|zarejestrowana|odebrana)|\bvi har (?:mottagit|tagit emot|"
    r"modtaget|mottatt) (?:ditt|din|dit) |"
    r"\b(?:obdrzeli|prijali) jsme (?:vasi|vas) (?:zpravu|e-?mail|dotaz|pozadavek)|мы получили ваше|"
    r"ваше (?:обращение|письмо) (?:получено|принято|зарегистрировано)|"
    r"お問い合わせ(?:を|いただき)?.{0,20}(?:受け付け|ありがとうございます)|已收到您的"
)
WILL_ANSWER = re.compile(
    r"\b(?:we|someone|(?:a |one of |our |the )[\w' ]{2,50}?|i)(?:'ll| will| aim to| shall| strive to|"
    r" try to| usually)? ?(?:get back|be in touch|respond|reply|answer|be with you|contact you|"
    r"come back to you)\b"
    r".{0,60}\b(?:within|shortly|soon|as soon as|asap|business|working|hours?|days?|when we (?:open|reopen)|"
    r"next)\b|"
    r"\b(?:typically|usually|normally|generally) (?:repl(?:y|ies)|responds?|answers?)\b.{0,30}\b(?:within|"
    r"in|under|less)\b|\bwill (?:text|call) you back\b|\bexpected? (?:response|reply|a reply|a slow answer)|"
    r"\bresponse times?\b|\bfirst response by\b|\bmelden uns (?:innerhalb|schnellstmoglich|in kurze|"
    r"so schnell|zeitnah|umgehend)|"
    r"\brepondrons dans\b|\ble responderemos\b|\brisponderemo\b|\bresponderemos\b|\bnemen (?:zo snel|binnen|"
    r"spoedig)\b|\bodpowiemy\b|\baterkommer\b|\bvender tilbage\b|"
    r"\b(?:may|might|could) take (?:me |us )?(?:up to |a few |several )?.{0,20}(?:hours|days|"
    r"weeks?)\b.{0,20}\b(?:reply|respond|answer|get back)"
)
WE_WILL_ANSWER = re.compile(
    r"\b(?:we|our (?:\w+ )?team|someone|a (?:member|representative|"
    r"colleague)\b.{0,30})\b.{0,40}\b(?:get back|be in touch|respond|reply|replies|responds|"
    r"answer|contact you|call you|text you)\b|(?:^|& |and )(?:will|'ll) (?:get back|be in touch|respond|"
    r"reply)\b.{0,40}\b(?:asap|soon|shortly|within|as soon as)\b|"
    r"\bmelden uns\b|\bnous (?:vous )?repond|\bresponderemos\b|\brisponderemo\b|\bodpowiemy\b"
)
ASSISTANT = re.compile(
    r"\b(?:virtual|digital|ai|automated) (?:assistant|agent|receptionist)\b|\bchat ?bot\b|"
    r"\bon your behalf\b.{0,40}|\bvirtuelle\w* assistent\w*|\bassistant virtuel"
)
MEANWHILE = re.compile(
    r"\b(?:in the meantime|while you wait|meanwhile)\b|\b(?:help cent(?:er|re)|knowledge base|faqs?)\b"
)
THANKS = re.compile(
    r"^\W*(?:(?:hi|hello|hey|dear|good (?:day|morning|afternoon))\b[^.!?]{0,30}[,.!]?\s)?(?:thank you|thanks|"
    r"many thanks)(?: so much| very much)? for (?:your (?:e-?mail|message|mail|enquiry|inquiry|note|"
    r"interest|text|request|patience)|"
    r"contacting|reaching out(?: to)?|getting in touch|e-?mailing|writing(?: to| in)?|texting|messaging|"
    r"the (?:message|"
    r"e-?mail))|"
    r"(?:vielen |herzlichen |besten )?dank(?:e)? fur (?:ihre|deine|die) (?:nachricht|e-?mail|mail|anfrage|"
    r"mitteilung)|\bmerci (?:de|pour|d'avoir) (?:votre|vous etre|nous avoir|avoir) |"
    r"\bgracias por (?:su|tu|ponerse|escribir|contactar|comunicarse)|\bgrazie per (?:il (?:suo|tuo|"
    r"vostro)? ?messaggio|averci|la (?:sua|tua|vostra))|"
    r"\bobrigad[oa] p(?:elo|ela|or) (?:seu|sua|contato|contacto|mensagem|entrar|e-?mail)|"
    r"\b(?:hartelijk )?(?:dank|bedankt) voor (?:uw|je) (?:bericht|e-?mail|mail)|"
    r"\bdziekuje(?:my)? za (?:wiadomosc|kontakt|e-?mail)|"
    r"\btack for (?:ditt|din) (?:mejl|meddelande|e-?post|mail)|\b(?:tak|takk) for (?:din|dit) (?:mail|"
    r"henvendelse|e-?post|besked)|\bdekuj[ie](?:me)? za (?:zpravu|e-?mail)"
)
UNREAD = re.compile(
    r"\b(?:anything|everything|all) else (?:is|will be|gets) (?:\w+ )?(?:discarded|deleted|ignored|binned)\b|"
    r"\bthis (?:mailbox|address|inbox|account) is (?:only |reserved |used )?(?:only )?for (?:invoices|orders|"
    r"bills|billing|support|job)|"
    r"\b(?:our|my|a) new (?:e-?mail |postal |street )?address\b|"
    r"\b(?:mailbox|inbox|address|account|e-?mail(?: address)?|mail)\b.{0,30}\b(?:is |are |has been |"
    r"will be )?(?:not |no longer |un|never |isn't )(?:being )?(?:monitored|attended|checked|read|in use|"
    r"active|used|staffed)|"
    r"\b(?:messages?|e-?mails?|repl(?:y|ies)) (?:sent )?(?:to this (?:address|mailbox|inbox|"
    r"account) )?(?:are|is|will) (?:not|no longer|never)(?: be)? (?:monitored|read|answered|checked|seen)|"
    r"\b(?:mailbox|inbox|account|address) is (?:screened|handled|managed|read) by (?!me\b)|"
    r"\bunmonitored (?:mailbox|inbox|address|account)|\b(?:account|mailbox|address) (?:will be|has been|"
    r"is) (?:closed|deactivated|disabled|discontinued)|"
    r"\b(?:has|have) changed (?:its|his|her|their|my|our) e-?mail address|"
    r"\bmy (?:new )?e-?mail address (?:has changed|is now)|"
    r"\b(?:boite|adresse)\b.{0,30}\b(?:n'est plus|ne sera plus)\b|\b(?:casella|indirizzo)\b.{0,20}\bnon (?:e|"
    r"viene) (?:piu )?(?:attiv\w|"
    r"utilizzat\w|lett\w|monitorat\w|presidiat\w)|\b(?:caixa|endereco)\b.{0,20}\bnao (?:e|"
    r"esta) (?:mais )?(?:ativ\w|usad\w|monitorad\w|lid\w)|"
    r"\b(?:mailbox|adres|e-?mailadres)\b.{0,20}\bniet (?:meer )?(?:gelezen|gebruikt|actief|in gebruik)\b|"
    r"\b(?:skrzynka|adres)\b.{0,20}\bnie jest (?:juz )?(?:uzywan\w|monitorowan\w|obslugiwan\w|aktywn\w)|"
    r"\b(?:adress\w*|brevlada\w*|postkasse\w*|indbakke\w*)\b.{0,20}\b(?:inte|ikke) (?:langre|laengere|lenger)\b|"
    r"\b(?:postfach|e-?mail-?adresse|mailadresse|adresse|mailbox) (?:wird|ist) nicht (?:mehr )?(?:gelesen|"
    r"abgerufen|betreut|genutzt|verwendet|aktiv|uberwacht|"
    r"bearbeitet)|\b(?:boite|adresse) .{0,30}n'est (?:plus|pas) (?:consultee|active|utilisee|surveillee|"
    r"lue)|"
    r"\b(?:buzon|direccion|cuenta) .{0,20}(?:ya )?no (?:esta|se) (?:activ|supervis|atend|revis)\w+"
)
CHALLENGE = re.compile(
    r"\bnot (?:yet )?(?:on|in) (?:my|his|her|our|their) (?:list|contacts|address book|safe list)|\b(?:mail|"
    r"message|e-?mail) will be (?:released|delivered|let through)\b|"
    r"\b(?:inbox|mailbox|address|account) (?:is|uses) (?:protected|guarded|a spam)\b|\b(?:unconfirmed|"
    r"unverified|unapproved|unlisted) senders?\b|"
    r"\bone[- ]time (?:check|verification|step|confirmation)\b|\bmail only from (?:people|senders|addresses)\b|"
    r"\bto (?:ask to )?be let in\b|"
    r"\bprove (?:that )?you are a person\b|"
    r"\b(?:confirm|prove|show) (?:that )?you(?:'re| are) (?:not a (?:ro)?bot|a? ?human|a (?:real )?person)|"
    r"\bunknown senders (?:are|will be) (?:held|blocked|quarantined)\b|"
    r"\bverify (?:that )?(?:you(?:'re| are)|your (?:e-?mail|message|address)|yourself|(?:you are )?a human)|"
    r"\bapproved senders?\b|\bclick (?:on )?the link below (?:once )?(?:so|to)\b.{0,60}\b(?:receive|deliver|"
    r"approve|added|release|confirm)|"
    r"\bprotecting (?:myself|my inbox|itself) from (?:receiving )?(?:junk|spam)|"
    r"\bplaced in (?:a )?quarantine\b|\byour (?:e-?mail|message|mail) (?:has been|was|"
    r"is) (?:being )?(?:quarantined|held)\b|"
    r"\b(?:is|am|are) (?:holding|keeping|parking) your (?:e-?mail|message|mail)\b|\b(?:press|click|tap|use|follow) "
    r"(?:the|this) (?:button|link)\b.{0,30}\b(?:release|deliver|verify)\b|"
    r"\bcaptcha\b|\bboxbe\b|\bspam ?arrest\b|\bsender (?:verification|"
    r"confirmation) required|\bguest list\b.{0,60}\bapprove"
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
PHONE_AUTO = re.compile(
    r"\b(?:driving focus|driving mode|focus (?:mode )?(?:is )?(?:turned )?on)\b|"
    r"\b(?:i'm|i am) driving\b.{0,40}(?:do not disturb|right now|and (?:can't|cannot|will|won't))|"
    r"\bdo not disturb\b.{0,40}\bturned on\b|\bcan't (?:talk|chat|text) right now\W{1,3}i'm driving"
)
NO_INCOMING = re.compile(
    r"\b(?:this )?(?:number|line|phone|service) (?:does not|doesn't|cannot|can't|is not able to|"
    r"is unable to|is not set up to) "
    r"(?:accept|receive|take)\b.{0,30}\b(?:messages?|texts?|sms|replies)|\b(?:this )?(?:number|"
    r"line) is (?:not |un)monitored\b"
)
BUSINESS_TEXT = re.compile(
    r"\b(?:is|are) (?:only )?(?:monitored|checked|staffed|open|read) (?:once|twice|daily|weekly|monthly|rarely|"
    r"infrequently|sporadically|periodically|mon|tue|wed|"
    r"weekdays|between|from|during|\d)|"
    r"\b(?:our|business|office|opening|shop|store) hours\b|\breply stop to\b|\bhelp for help\b|"
    r"\bwhen we (?:re-?)?open\b|\bwe(?:'re| are) (?:currently )?closed\b|\b(?:msg|message|txt) ?(?:&|and|"
    r"/) ?data rates\b|\btxt stop\b"
)
BOT_SUBJECT = re.compile(
    r"\bwe(?: have|'ve)? (?:received|got) (?:your|ur) (?:text|message|e-?mail|request|enquiry|inquiry)|\b(?:request|"
    r"message|ticket|enquiry|inquiry|case|application|submission|order|booking|"
    r"contact form) (?:\S{1,20} )?(?:received|created|opened|confirmation|confirmed)\b|^thank(?:s|"
    r" you) for (?:contacting|your (?:enquiry|inquiry|message|e-?mail))|"
    r"\[ticket ?[#:]?\s?\S+\]|\[#\d{2,}\]|\bticket #?\d{3,}|\bcase \S{3,20} created|eingangsbestatigung|"
    r"accuse de reception|hemos recibido|acuse de recibo|conferma di ricezione|confirmacao de recebimento|"
    r"ontvangstbevestiging|potwierdzenie (?:otrzymania|przyjecia)|"
    r"mottagningsbekraftelse|change of e-?mail address|new e-?mail address"
)
ROLE_LOCAL = re.compile(
    r"^(?:info|office|support|help|helpdesk|service|servicedesk|hello|hi|contact|kontakt|reception|"
    r"frontdesk|admin|sales|team|tickets?|billing|intake|"
    r"customer\w*|care|mail|enquiries|inquiries|booking|bookings|apply|jobs|careers|atencion|accueil)$"
)
ROBOT_LOCAL = re.compile(
    r"(?:^|[-_.])(?:no-?reply|do-?not-?reply|donotreply|noresponse|autoreply|auto-?responder|auto-confirm|"
    r"challenge)(?:$|[-_.+])"
)

# The notices of people who read their mail at set hours.
REACHED = re.compile(r"^\W*(?:hello[,.!]? |hi[,.!]? )?you(?:'ve| have) reached\b")
RARELY_READS = re.compile(
    r"\b(?:check(?:ing)?|read(?:ing)?|answer(?:ing)?|respond(?:ing)? to|reply(?:ing)? to)\b.{0,20}"
    r"\b(?:e-?mails?|mails?|inmails?|messages?|inbox|linkedin)\b.{0,20}\b(?:once|twice|\w+ times|only|daily|"
    r"weekly|a day|"
    r"a week|between|at \d|on (?:mon|tues|wednes|thurs|fri)days?)\b|"
    r"\b(?:only|just) (?:check|read|answer)\b.{0,20}\b(?:e-?mails?|messages?|inbox|linkedin|it|this)\b"
)
SLOW = re.compile(
    r"\b(?:high|heavy|large|unusual) (?:e-?mail )?(?:volumes?|number|amount|workload)\b|"
    r"\b(?:repl(?:y|ies)|responses?|answers?)\b.{0,10}\b(?:will|may|might|could)\b.{0,10}\b(?:slow|"
    r"delayed?|longer|late)\b|\b(?:slow|slower|delay|delays)\b.{0,12}\b(?:respond\w*|response|repl\w+|"
    r"answer\w*)\b"
)
WILL_RETURN = re.compile(r"\b(?:will|'ll) (?:respond|reply|get back|answer|read|be checking|return)\b")
