"""Decides whether nobody wrote a mail: automatic replies, and among them the ones that say a person is away."""

import re

from inbox.understanding import bounce
from inbox.understanding.reading import ALL_CHANNELS, EMAIL, LINKEDIN, SMS, Reading, Rule

_CALENDAR_SUBJECT = re.compile(
    r"^(?:accepted|declined|tentative(?:ly accepted)?|(?:updated |canceled |cancelled )?(?:invitation|event)(?: with note)?|canceled|cancelled|new event|"
    r"proposed new time|new time proposed|zugesagt|angenommen|abgelehnt|mit vorbehalt(?: zugesagt)?|unter vorbehalt|abgesagt|accepte|refuse|decline|provisoire|"
    r"aceptad[oa]|rechazad[oa]|provisional|accettat[oa]|rifiutat[oa]|provvisori[oa]|aceit[oae]|recusad[oa]|provisori[oa]|geaccepteerd|geweigerd|afgewezen|voorlopig|"
    r"zaakceptowan[eo]|odrzucon[eo]|wstepn[aeo]|accepterat|avbojt|prelimin\w+|accepteret|afvist|forelobig\w*|akseptert|avslatt|prijato|odmitnuto|принято|отклонено|"
    r"承诺|已接受|已拒绝|辞退|承認)\s?[:：]"
)
_CALENDAR_BODY = re.compile(
    r"\bhas (?:tentatively )?(?:accepted|declined|replied to|proposed a new time for) (?:this|the|your) (?:invitation|event|meeting)\b|"
    r"\bhat (?:diese|die|ihre) (?:einladung|termineinladung|besprechungsanfrage)\b.{0,30}\b(?:angenommen|abgelehnt|zugesagt)|"
    r"^invitation from (?:google )?calendar\b"
)

_AUTO_SUBJECT = re.compile(
    r"^\W{0,3}(?:automat(?:ic|ed) (?:reply|response|message|answer|e-?mail)|auto[- ]?(?:reply|response|responder|respond|antwort|generated)\b|auto ?:|"
    r"automatische? (?:antwort|nachricht|e-?mail|ruckantwort)|auto ?antwort|autoantwort|reponse (?:automatique|d'absence)|message automatique|"
    r"re(?:s)?puesta automatica|respuesta automatica|contestacion automatica|correo automatico|risposta automatica|messaggio automatico|"
    r"resposta automatica|mensagem automatica|automatisch antwoord|automatische (?:beantwoording|reactie)|odpowiedz automatyczna|autoodpowiedz|"
    r"automatyczna odpowiedz|auto(?:matiskt? )?svar|autosvar|automatiskt? svar|automatisk (?:besvarelse|svarmeddelelse)|automaticka odpoved|"
    r"automaattinen vastaus|automatikus valasz|raspuns automat|otomatik yanit|автоответ\w*|автоматический ответ|自動返信|自動応答|自动回复|自動回覆|자동 ?회신|"
    r"자동 ?응답|מענה אוטומטי|تلقائي|رد تلقائي|αυτοματη απαντηση)"
)
_AWAY_SUBJECT = re.compile(
    r"^\W{0,3}(?:out[- ]of[- ](?:the )?office|ooo\b|o\.o\.o|on (?:vacation|holiday|leave|annual leave|maternity leave|parental leave)\b|away from (?:the |my )?(?:office|desk)|"
    r"vacation (?:reply|response|notice|message)|holiday (?:reply|notice)|absence (?:notice|notification|message)|abwesen\w*|nicht im buro|urlaub\w*|"
    r"absence\b|absent\w*|message d'absence|avis d'absence|(?:je suis )?(?:en conge|en vacances)|fuera de (?:la )?oficina|ausencia|ausente|fuori (?:sede|ufficio)|assenza|assente|"
    r"fora d[oe] (?:escritorio)|ausencia|afwezig\w*|niet aanwezig|nieobecn\w*|poza biurem|urlop|franvaro|ej pa plats|fravaer|ikke pa kontoret|fraver|"
    r"nepritomnost|mimo kancelar|poissa|hazon kivul|ofisten uzakta|ofis disi|отсутств\w+|вне офиса|в отпуске|不在|休暇|外出|부재중)"
)

_SAYS_SO = re.compile(
    r"\bthis (?:e-?mail |message |reply |response )?(?:is|was|has been) (?:an? )?(?:auto(?:mated|matic|-generated|-reply|-response)?(?:ally)?[- ]?(?:generated|sent|created)?)[- ]?"
    r"(?:message|reply|response|e-?mail|notification|acknowledge?ment|confirmation|responder|answer|note|by\b|when\b|from\b|$|[.,!;-])|"
    r"\bthis (?:automatic|automated) (?:message|reply|response|e-?mail|note)\b|\bthis is an? (?:auto(?:mated|matic|matically|-)? ?-?(?:generated |sent )?(?:message|reply|response|responder|e-?mail|notification|acknowledge?ment))\b|"
    r"\bthis is an? auto-?(?:repl\w+|respon\w+)|\b(?:reply|message|e-?mail|response|text) (?:was|is|has been) (?:being )?(?:sent|generated|created) automatically|"
    r"^\W*(?:sent|generated) automatically\b|\bsent automatically(?: by| from|\W*$)|^\W{0,3}(?:\[|\()?auto(?:matic|mated)?[- ]?(?:reply|response|repl\w+)(?:\]|\)|:|\W*$)|\bautomatically generated\b|"
    r"\bauto-?generated (?:message|e-?mail|reply|response)|"
    r"\bdieses? (?:ist eine )?(?:e-?mail|nachricht|mail|antwort)? ?(?:ist eine |wurde )?automatisch\w* (?:erstellt\w*|generiert\w*|erzeugt\w*|versendet|verschickt|antwort|nachricht|e-?mail)|"
    r"\b(?:dies|das) ist eine automatisch\w*|\bautomatisch (?:erstellte|generierte|erzeugte) (?:e-?mail|nachricht|antwort)|"
    r"\bceci est (?:un |une )?(?:message|reponse|e-?mail|courriel) (?:automatique|genere)|\bmessage (?:automatique|genere automatiquement)\b|\breponse automatique\b|"
    r"\b(?:este|esto) (?:es|mensaje|correo).{0,40}automatic\w*|\b(?:correo|mensaje|respuesta) automatic[oa]\b|"
    r"\bquesta (?:e )?(?:una )?(?:risposta|e-?mail) .{0,20}automatic\w*|\b(?:messaggio|risposta) automatic[oa]\b|\bgenerat[oa] automaticamente\b|"
    r"\b(?:esta|este) (?:e uma? )?(?:mensagem|resposta|e-?mail) (?:e |foi )?automatic\w*|\b(?:mensagem|resposta) automatica\b|"
    r"\b(?:dit is een|deze e-?mail is|dit bericht is) automatisch\w*|\bautomatisch (?:gegenereerd|verzonden|verstuurd)|"
    r"\b(?:wiadomosc|odpowiedz) (?:zostala )?(?:wygenerowana automatycznie|automatyczna)|\bautomatycznie wygenerowan\w+|"
    r"\bdetta ar ett (?:automatiskt|autogenererat)|\bautomatgenererat\b|\bdette er (?:et|en) automatisk\w*|\bautomatisk (?:generert|genereret|svar)\b|"
    r"\b(?:toto je )?automatick(?:a|y) (?:odpoved|e-?mail|zprava)|\bautomaticky (?:generovan\w+|vytvoren\w+)|автоматическ\w+ (?:ответ|сообщение|уведомление)|"
    r"自動(?:返信|応答|送信)(?:です|メール|され)|自动(?:回复|发送)|자동 ?(?:회신|응답|발송)"
)
_NO_REPLY_ASKED = re.compile(
    r"\b(?:please )?(?:do not|don't) (?:reply|respond|answer)(?: directly)?(?: to this (?:e-?mail|message|mail|address|text))?\W*$|"
    r"\bdo not reply (?:directly )?to this (?:e-?mail|message|mail|address)\b|\bbitte antworten sie nicht auf diese\b|\bmerci de ne pas (?:y )?repondre\b|"
    r"\bne pas repondre a ce\b|\bno (?:responda|conteste)n?(?: a este)?\b|\bnon rispondere a (?:questa|questo)\b|\bnao responda a (?:esta|este)\b|"
    r"\bniet (?:te )?(?:be)?antwoorden op deze\b|\bprosimy nie odpowiadac\b|\bsvara inte pa detta\b|\bbesvar(?:e)? ikke denne\b"
)
_RECEIVED = re.compile(
    r"\bwe(?: have|'ve)? (?:received|got) your (?:message|e-?mail|mail|request|enquiry|inquiry|text|note|question|submission|application|ticket)|"
    r"\byour (?:message|e-?mail|mail|request|enquiry|inquiry|ticket|case|submission|application|question)\b.{0,40}\b(?:has been|was|is being|have been) (?:successfully )?"
    r"(?:received|logged|created|opened|registered|forwarded|assigned|submitted|reviewed|processed|routed|queued|added)|"
    r"\b(?:a|new|support|your) (?:support )?(?:ticket|case|request) (?:#?\S{1,20} )?(?:has been|was|is now) (?:opened|created|registered|logged|raised|received)|"
    r"\bthis (?:is to )?confirm(?:s|ation)? (?:of )?(?:the )?receipt\b|\backnowledge?(?:ment|s|d|ing)? (?:of )?(?:the )?receipt\b|\bticket (?:number|id|no\.?|#)\s?:?|"
    r"\b(?:type|enter|write) your reply above (?:this|the) line\b|"
    r"\b(?:ihre|ihr) (?:nachricht|anfrage|e-?mail|mail|ticket|anliegen|schreiben)\b.{0,40}\b(?:erhalten|eingegangen|registriert|erfasst|aufgenommen|weitergeleitet)\b|\bhaben ihre (?:nachricht|anfrage|e-?mail|mail) erhalten|"
    r"\b(?:nous avons |avons )?bien recu votre (?:message|e-?mail|mail|demande|courriel)|\bvotre (?:message|demande|e-?mail) a (?:bien )?ete (?:recu|enregistre|transmis)e?|"
    r"\bhemos recibido (?:su|tu) (?:mensaje|correo|solicitud|consulta|e-?mail)|\b(?:su|tu) (?:mensaje|correo|solicitud|consulta) ha sido (?:recibid|registrad)[oa]|"
    r"\babbiamo ricevuto (?:il (?:suo|tuo|vostro)|la (?:sua|tua|vostra)) (?:messaggio|e-?mail|richiesta)|\bla (?:sua|tua) richiesta e stata (?:ricevuta|registrata)|"
    r"\brecebemos (?:o )?(?:a )?(?:seu|sua) (?:mensagem|e-?mail|contato|contacto|solicitacao|pedido)|\b(?:wij|we) hebben (?:uw|je) (?:bericht|e-?mail|mail|vraag|aanvraag) (?:goed )?ontvangen|"
    r"\botrzymalismy (?:panstwa |twoja |twoje )?(?:wiadomosc|zgloszenie)|\bpanstwa wiadomosc zostala (?:przyjeta|zarejestrowana|odebrana)|\bvi har (?:mottagit|tagit emot|modtaget|mottatt) (?:ditt|din|dit) |"
    r"\b(?:obdrzeli|prijali) jsme (?:vasi|vas) (?:zpravu|e-?mail|dotaz|pozadavek)|мы получили ваше|ваше (?:обращение|письмо) (?:получено|принято|зарегистрировано)|"
    r"お問い合わせ(?:を|いただき)?.{0,20}(?:受け付け|ありがとうございます)|已收到您的"
)
_WILL_ANSWER = re.compile(
    r"\b(?:we|someone|(?:a |one of |our |the )[\w' ]{2,50}?|i)(?:'ll| will| aim to| shall| strive to| try to| usually)? ?(?:get back|be in touch|respond|reply|answer|be with you|contact you|come back to you)\b"
    r".{0,60}\b(?:within|shortly|soon|as soon as|asap|business|working|hours?|days?|when we (?:open|reopen)|next)\b|"
    r"\bexpected? (?:response|reply|a reply|a slow answer)|\bresponse times?\b|\bfirst response by\b|\bmelden uns (?:innerhalb|schnellstmoglich|in kurze|so schnell|zeitnah|umgehend)|"
    r"\brepondrons dans\b|\ble responderemos\b|\brisponderemo\b|\bresponderemos\b|\bnemen (?:zo snel|binnen|spoedig)\b|\bodpowiemy\b|\baterkommer\b|\bvender tilbage\b|"
    r"\b(?:may|might|could) take (?:me |us )?(?:up to |a few |several )?.{0,20}(?:hours|days|weeks?)\b.{0,20}\b(?:reply|respond|answer|get back)"
)
_THANKS = re.compile(
    r"^(?:(?:hi|hello|hey|dear|good (?:day|morning|afternoon))\b[^.!?]{0,30}[,.!]?\s)?(?:thank you|thanks|many thanks)(?: so much| very much)? for (?:your (?:e-?mail|message|mail|enquiry|inquiry|note|interest|text|request|patience)|"
    r"contacting|reaching out(?: to)?|getting in touch|writing(?: to)?|texting|messaging|the (?:message|e-?mail))|"
    r"(?:vielen |herzlichen |besten )?dank(?:e)? fur (?:ihre|deine|die) (?:nachricht|e-?mail|mail|anfrage|mitteilung)|\bmerci (?:de|pour|d'avoir) (?:votre|vous etre|nous avoir|avoir) |"
    r"\bgracias por (?:su|tu|ponerse|escribir|contactar|comunicarse)|\bgrazie per (?:il (?:suo|tuo|vostro)? ?messaggio|averci|la (?:sua|tua|vostra))|"
    r"\bobrigad[oa] p(?:elo|ela|or) (?:seu|sua|contato|contacto|mensagem|entrar|e-?mail)|\b(?:hartelijk )?(?:dank|bedankt) voor (?:uw|je) (?:bericht|e-?mail|mail)|\bdziekuje(?:my)? za (?:wiadomosc|kontakt|e-?mail)|"
    r"\btack for (?:ditt|din) (?:mejl|meddelande|e-?post|mail)|\b(?:tak|takk) for (?:din|dit) (?:mail|henvendelse|e-?post|besked)|\bdekuj[ie](?:me)? za (?:zpravu|e-?mail)"
)
_UNREAD = re.compile(
    r"\b(?:mailbox|inbox|address|account|e-?mail(?: address)?|mail)\b.{0,30}\b(?:is |are |has been |will be )?(?:not |no longer |un|never |isn't )(?:being )?(?:monitored|attended|checked|read|in use|active|used|staffed)|"
    r"\b(?:messages?|e-?mails?|repl(?:y|ies)) (?:sent )?(?:to this (?:address|mailbox|inbox|account) )?(?:are|is|will) (?:not|no longer|never)(?: be)? (?:monitored|read|answered|checked|seen)|"
    r"\bunmonitored (?:mailbox|inbox|address|account)|\b(?:account|mailbox|address) (?:will be|has been|is) (?:closed|deactivated|disabled|discontinued)|"
    r"\b(?:has|have) changed (?:its|his|her|their|my|our) e-?mail address|\bmy (?:new )?e-?mail address (?:has changed|is now)|\b(?:please )?update your (?:records|address book|contacts)|"
    r"\b(?:postfach|e-?mail-?adresse|mailadresse) (?:wird|ist) nicht (?:mehr )?(?:gelesen|aktiv|uberwacht|bearbeitet)|\b(?:boite|adresse) .{0,30}n'est (?:plus|pas) (?:consultee|active|utilisee|surveillee|lue)|"
    r"\b(?:buzon|direccion|cuenta) .{0,20}(?:ya )?no (?:esta|se) (?:activ|supervis|atend|revis)\w+"
)
_GONE = re.compile(
    r"\b(?:is|am|are) no longer (?:with|at|employed|working|part of|a member of|in the employ|associated)|\bno longer (?:works?|employed)\b|\b(?:has|have) left (?:the |our |this )?(?:company|firm|organi[sz]ation|business|team|position|role|agency)|"
    r"\b(?:closed|closing) (?:its|our|their) doors|\b(?:ceased|no longer) (?:trading|taking orders|in business|operating|operations)|\bpermanently closed\b|\bhas retired\b|\bpassed away\b|"
    r"\bnicht mehr (?:fur|bei|in|im) (?:unser\w*|uns|dem|der|die|\w+) ?(?:unternehmen|firma|haus)?.{0,20}(?:tatig|beschaftigt|arbeit\w+)|\bunternehmen verlassen\b|\bausgeschieden\b|"
    r"\bne (?:fais|fait) plus partie\b|\b(?:a|ai) quitte (?:l'entreprise|la societe|ses fonctions|mes fonctions)|\bne travaille plus\b|"
    r"\bya no (?:trabajo|trabaja|forma parte|formo parte)|\bha dejado (?:la empresa|la compania)|\bnon (?:lavoro|lavora|fa|faccio) piu (?:parte|per|in|presso|qui)|"
    r"\bnao (?:faco|faz|trabalho|trabalha) mais\b|\b(?:werk|werkt) niet (?:meer|langer)\b|\bniet meer werkzaam\b|\b(?:juz )?nie (?:pracuje|pracuje juz)\b|\barbetar inte langre\b|\bslutat\b|\barbejder ikke laengere\b|\bikke lenger ansatt\b|"
    r"\b(?:jiz|uz) (?:zde |u nas )?nepracuj|больше не работает|退職|已离职"
)
_CHALLENGE = re.compile(
    r"\bverify (?:that )?(?:you(?:'re| are)|your (?:e-?mail|message|address)|yourself|(?:you are )?a human)|\bapproved senders?\b|\bclick (?:on )?the link below (?:once )?(?:so|to)\b.{0,60}\b(?:receive|deliver|approve|added|release|confirm)|"
    r"\bprotecting (?:myself|my inbox|itself) from (?:receiving )?(?:junk|spam)|\bplaced in (?:a )?quarantine\b|\bboxbe\b|\bspam ?arrest\b|\bsender (?:verification|confirmation) required|\bguest list\b.{0,60}\bapprove"
)
_RECEIPT = re.compile(
    r"\bwas (?:read|deleted without being read|displayed) on\b|\bwurde (?:am .{4,60} )?gelesen\b|\ba ete lu (?:le|par)\b|\bhas been displayed\b|\bread receipt\b|\breturn receipt\b|\blesebestatigung\b|\baccuse de lecture\b|\bconfirmacion de lectura\b"
)
_RECEIPT_SUBJECT = re.compile(
    r"^(?:read|not read|gelesen|ungelesen|nicht gelesen|lu|non lu|leido|no leido|letto|non letto|lida|nao lida|gelezen|niet gelezen|odczytano|przeczytane|last|olast|read receipt|return receipt|lesebestatigung)\s?[:：]"
)
_PHONE_AUTO = re.compile(
    r"\b(?:i'm|i am) driving\b.{0,40}(?:do not disturb|right now|and (?:can't|cannot|will|won't))|\bdo not disturb\b.{0,40}\bturned on\b|\bcan't (?:talk|chat|text) right now\W{1,3}i'm driving"
)
_BUSINESS_TEXT = re.compile(
    r"\b(?:our|business|office|opening|shop|store) hours\b|\breply stop to\b|\bhelp for help\b|\bwhen we (?:re-?)?open\b|\bmsg (?:&|and) data rates\b"
)
_BOT_SUBJECT = re.compile(
    r"\bwe(?: have|'ve)? (?:received|got) your (?:message|e-?mail|request|enquiry|inquiry)|\b(?:request|message|ticket|enquiry|inquiry|case) (?:\S{1,20} )?(?:received|created|opened)\b|^thank(?:s| you) for (?:contacting|your (?:enquiry|inquiry|message|e-?mail))|"
    r"\[ticket ?[#:]?\s?\S+\]|\[#\d{2,}\]|\bticket #?\d{3,}|\bcase \S{3,20} created|eingangsbestatigung|accuse de reception|hemos recibido|acuse de recibo|conferma di ricezione|confirmacao de recebimento|ontvangstbevestiging|potwierdzenie (?:otrzymania|przyjecia)|"
    r"mottagningsbekraftelse|change of e-?mail address|new e-?mail address"
)
_ROBOT_LOCAL = re.compile(
    r"(?:^|[-_.])(?:no-?reply|do-?not-?reply|donotreply|noresponse|autoreply|auto-?responder|auto-confirm|challenge)(?:$|[-_.+])"
)

AWAY = re.compile(
    r"\bout of (?:the |my )?office\b|\booo\b|\b(?:away|absent|out) (?:from|of) (?:the |my )?(?:office|desk|work|e-?mail|computer)\b|"
    r"\bon (?:(?:my |our |an? |a much.needed )?(?:annual|maternity|paternity|parental|sick|medical|family|bereavement|compassionate|military|extended|personal|study|pto)? ?(?:leave|vacation|holidays?|sabbatical|honeymoon|pto))\b|"
    r"\b(?:maternity|paternity|parental|annual|sick|military) leave\b|\b(?:out|off) sick\b|\bi(?:'m| am| will be| shall be)? (?:currently |now )?(?:away|travel+ing|unavailable|out)\b|\bgone fishin|"
    r"\bupon my return\b|\bwhen i (?:return|get back|am back|'m back|come back)\b|\bin my absence\b|\bduring my absence\b|\blimited (?:access|internet|connectivity|availability)\b|"
    r"\b(?:will |'ll )?(?:return|be back|am back|returning|back)(?: to| in| at)?(?: the| my)? ?(?:office|desk|work)? ?(?:on|in|by|the|from)\b|\bback (?:on )?(?:monday|tuesday|wednesday|thursday|friday|\d)|"
    r"\b(?:office|school|shop|store|practice|company|business|studio|clinic)s? (?:is|are|will be) (?:currently |now )?closed (?:for|from|until|between|on)\b|\b(?:reopens?|re-opens?|reopening)\b|\bsabbatical\b|"
    r"\bnicht im (?:buro|haus|hause)\b|\bim urlaub\b|\bin (?:elternzeit|mutterschutz|urlaub)\b|\babwesen\w*|\b(?:nicht|derzeit nicht|momentan nicht) (?:erreichbar|anwesend|am platz)\b|\bausser haus\b|\b(?:wieder|zuruck) (?:fur sie )?(?:da|erreichbar|im buro|im haus)\b|\bkrankheitsbedingt\b|\bauf dienstreise\b|\bbetriebsferien\b|"
    r"\babsent\w*\b|\ben (?:conge|conges|vacances|deplacement|arret maladie|rtt)\b|\bconge (?:maternite|paternite|parental)\b|\b(?:a|des) mon retour\b|\bde retour (?:le|au|a partir)\b|\bbureau(?:x)? (?:sera|seront|est|sont) ferme|"
    r"\bfuera de (?:la |mi )?oficina\b|\bde vacaciones\b|\bde baja\b|\b(?:permiso|licencia) de (?:maternidad|paternidad)\b|\ba mi (?:regreso|vuelta)\b|\bno estare disponible\b|\bausente\b|\bausencia\b|"
    r"\bfuori (?:ufficio|sede)\b|\bin ferie\b|\bassente\b|\bal mio (?:rientro|ritorno)\b|\bchius[oa] per ferie\b|\bin (?:maternita|congedo|malattia|vacanza)\b|"
    r"\bde ferias\b|\bfora d[oe] (?:escritorio)\b|\bde licenca\b|\bno meu (?:retorno|regresso)\b|\bretorno (?:no dia|em|ao trabalho)\b|"
    r"\bafwezig\w*|\b(?:met|op) (?:vakantie|verlof|zwangerschapsverlof)\b|\bniet (?:op kantoor|aanwezig|bereikbaar)\b|\bterug op\b|"
    r"\b(?:na|w trakcie) (?:urlopie|urlopu|zwolnieniu)\w*|\bpoza biurem\b|\bnieobecn\w*|\bprzebywam\b|\b(?:pa|har) (?:semester|ferie|barselsorlov|foraldraledig)\w*|\b(?:tjanstledig|foraldraledig|sjukskriven|ledig)\b|\binte pa (?:kontoret|plats)\b|"
    r"\bikke (?:pa|til stede pa) kontoret\b|\bpa ferie\b|\bbarsel\w*|\bforaeldreorlov\b|\btilbage (?:igen )?(?:den|pa)\b|\bdovolen\w*|\bmimo kancelar\w*|\b(?:na )?(?:materske|rodicovske|nemocenske)\b|\blomalla\b|\bpoissa\b|\bszabadsagon\b|"
    r"\bin concediu\b|\b(?:tatildeyim|izindeyim|ofis disinda)\b|в (?:отпуске|командировке|декрет)|отсутству|休暇|不在|休假|出差|부재|휴가"
)
# What away-messages say on top; one alone is what people write too.
_AWAY_EXTRA = re.compile(
    r"\b(?:if|for) (?:it(?:'s| is)|this is|your (?:matter|request|message|e-?mail) is|anything|any|all|you (?:need|require)|something|an?)?\s?(?:is )?(?:really |very |more )?(?:urgent|immediate|emergenc\w+|time.sensitive|pressing|load related|about an order)|"
    r"\burgent (?:matters?|enquir\w+|inquir\w+|issues?|requests?|needs?)\b|\burgent\?|\bplease (?:contact|reach out to|call|e-?mail|write to|get in touch with|direct|forward|speak to) (?!me\b|us\b|myself\b)|"
    r"\b(?:will|'ll) (?:respond|reply|get back|answer|read|be checking|return)\b|\b(?:not|won't|won't be|will not be|only) (?:be )?(?:check|read|monitor)\w* (?:my )?(?:e-?mail|mail|messages)|"
    r"\blimited (?:access|internet)|\bin (?:dringenden|eiligen) fallen\b|\bvertretung\b|\bwird nicht (?:weitergeleitet|gelesen|bearbeitet)\b|\b(?:en cas d'urgence|pour toute urgence)\b|\bsi es urgente\b|\ben caso de urgencia\b|"
    r"\bper urgenze\b|\bin caso di urgenza\b|\bem caso de urgencia\b|\bbij spoed\b|\bvoor dringende\b|\bw (?:pilnych|naglych) sprawach\b|\bvid (?:brads?kande|akuta)\b|\bved (?:hastesager|hastende)\b|\bv nalehavych\b|\bkiireellisi\w+"
)
_SINCE_UNTIL = re.compile(
    r"\b(?:until|till|til|thru|through|bis|jusqu'?(?:au|a)|hasta|fino al?|ate|tot|do|till|til|saakka|до)\b(?: (?:and including|einschliesslich|zum|en met|och med|og med|el|dia|o|le|the))?.{0,14}"
    r"\b(?:\d|mon|tue|wed|thu|fri|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|mitt|januar|monday)|\b(?:from|vom|du|del|dal|van|od|fran|fra) .{2,40}\b(?:to|through|until|bis|au|al|tot|do|till|til)\b .{0,20}\d|\bback \d"
)
_PERSON = re.compile(
    r"\b(?:let's|lets|can you|could you|would you|will you|do you|did you|are you|have you|what(?:'s| is| are| was| do| does| did)|how (?:much|many|do|does|did|about)|who (?:are|is|do|gave)|which|why|when can|when could)\b|"
    r"\b(?:i do want|i'd like|i would like|interested|sorry|send me|call me|ring me|ring the|try me|ping me|talk (?:then|after|soon|next)|sounds good|catch up|works for me|happy to|pricing|keep the offer|remind me|"
    r"not interested|no thanks|unsubscribe|remove me|heads up|before my auto)\b|"
    r"\b(?:melden sie sich|rufen sie|schicken sie|konnen sie|was kostet|haben sie)\b|\b(?:on s'appelle|appelez-moi|rappelez-moi|ecrivez-moi|envoyez-moi|pouvez-vous)\b|\b(?:llameme|escribame|hablamos|me interesa|puede enviar|cuanto)\b|"
    r"\b(?:mi chiami|mi scriva|sentiamoci|quanto costa)\b|\b(?:me liga|ligue-me|pode enviar|escreva-me|quanto custa)\b|\b(?:bel me|stuur me|kunt u)\b|\b(?:prosze o (?:cene|oferte))\b|\b(?:ring mig|ring meg|kontakta mig i)\b"
)


def calendar_answer(reading: Reading) -> bool:
    """An answer to an invitation: sent by a calendar, but on a person's click, so never an automatic reply."""
    if _CALENDAR_SUBJECT.match(reading.raw_subject):
        return True
    return bool(_CALENDAR_BODY.search(reading.folded_body[:400]))


def _judgeable(reading: Reading) -> bool:
    return not calendar_answer(reading) and not reading.is_forward


def _personal(reading: Reading) -> bool:
    """Words of a person to us: a question, a wish, a date proposed. Automatic texts have none of these."""
    text = reading.text
    return bool(_PERSON.search(text)) or (
        "?" in text and not re.search(r"urgent\?|dringend\?|emergency\?", text)
    )


def _sender_wording(reading: Reading) -> str:
    return reading.text or reading.folded_body


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


def _by_subject(reading: Reading) -> str | None:
    subject = reading.raw_subject
    return reading.reply.subject if _AUTO_SUBJECT.match(subject) or _away_subject(reading) else None


def _away_subject(reading: Reading) -> bool:
    """An away subject that is not simply the subject of our own mail, echoed: those carry "Re:"."""
    return bool(_AWAY_SUBJECT.match(reading.raw_subject))


def _by_own_words(reading: Reading) -> str | None:
    quote = reading.first(_SAYS_SO)
    if quote and not _asks_about_it(quote):
        return quote
    asked = reading.first(_NO_REPLY_ASKED)
    return asked if asked and not _personal(reading) else None


def _asks_about_it(sentence: str) -> bool:
    return sentence.rstrip().endswith("?") or bool(
        re.search(r"\b(?:your|got (?:your|an)|before my|our system tags)\b.{0,60}auto", sentence.lower())
    )


def _by_acknowledgement(reading: Reading) -> str | None:
    received = reading.first(_RECEIVED)
    answer = reading.first(_WILL_ANSWER)
    thanks = reading.first(_THANKS)
    bot = bool(_BOT_SUBJECT.search(reading.raw_subject))
    robot = bool(_ROBOT_LOCAL.search(reading.sender_local))
    if _question_to_us(reading):
        return None
    if received and (answer or thanks or bot or robot or _many_marks(reading)):
        return received
    if answer and (bot or (thanks and _plural(reading))):
        return answer
    return received if received and not _personal(reading) else None


def _many_marks(reading: Reading) -> bool:
    return bool(_NO_REPLY_ASKED.search(reading.text) or _UNREAD.search(reading.text))


def _plural(reading: Reading) -> bool:
    return bool(re.search(r"\b(?:we|our|us|team|staff|wir|nous|nosotros|noi)\b", reading.text))


def _question_to_us(reading: Reading) -> bool:
    """A question that an acknowledgement would not ask ("How would you rate our support?" is one it would)."""
    asked = [low for _, low in reading.sentences if low.endswith("?")]
    return any(
        not re.search(
            r"\b(?:rate|urgent|need (?:help|more)|did you know|looking for|have you (?:checked|tried|seen))\b",
            low,
        )
        for low in asked
    )


def _by_unread_mailbox(reading: Reading) -> str | None:
    quote = reading.first(_UNREAD)
    if quote is None or _personal(reading):
        return None
    first_person = re.search(r"\b(?:i|my)\b", reading.text) and not re.search(
        r"\bmy (?:new )?e-?mail address\b", reading.text
    )
    return None if first_person and reading.is_reply and not _THANKS.search(reading.text) else quote


def _by_challenge(reading: Reading) -> str | None:
    return reading.first(_CHALLENGE) if not _question_to_us(reading) else None


def _by_receipt(reading: Reading) -> str | None:
    low = reading.folded_body[:2000]
    if _RECEIPT_SUBJECT.match(reading.raw_subject) and (_RECEIPT.search(low) or not reading.text):
        return reading.reply.subject
    return (
        reading.reply.subject
        if _RECEIPT.search(low) and re.search(r"\byour message\b", low) and not _personal(reading)
        else None
    )


def _by_delivery_notice(reading: Reading) -> str | None:
    if (
        not (bounce.mail_system(reading) or bounce.shared_name(reading))
        or reading.is_reply
        or not bounce.delayed(reading)
    ):
        return None
    return reading.reply.subject or ""


def _by_robot_sender(reading: Reading) -> str | None:
    return reading.reply.sender_email if _ROBOT_LOCAL.search(reading.sender_local) else None


def _by_phone(reading: Reading) -> str | None:
    driving = reading.first(_PHONE_AUTO)
    if driving and not _question_to_us(reading):
        return driving
    hours = reading.first(_BUSINESS_TEXT)
    return hours if hours and _THANKS.search(reading.text) else None


def _by_away_message(reading: Reading) -> str | None:
    """An away-message nobody flagged: it says that the writer is away and one thing more that only such messages say."""
    away = reading.first(AWAY)
    if away is None or _personal(reading):
        return None
    thanks = bool(_THANKS.search(reading.text))
    return away if thanks or _AWAY_EXTRA.search(reading.text) else None


def _by_provider_flag(reading: Reading) -> str | None:
    """The provider flags some people's mail too, so its flag needs words that an automatic text would use."""
    if reading.reply.automated_reply is not True or _personal(reading):
        return None
    patterns = (
        AWAY,
        _AWAY_EXTRA,
        _SINCE_UNTIL,
        _GONE,
        _UNREAD,
        _RECEIVED,
        _WILL_ANSWER,
        _THANKS,
        _SAYS_SO,
        _NO_REPLY_ASKED,
    )
    return next((quote for pattern in patterns if (quote := reading.first(pattern)) is not None), None)


def _guarded(match):  # noqa: ANN001, ANN202
    return lambda reading: match(reading) if _judgeable(reading) else None


def _away_quote(reading: Reading) -> str | None:
    """For a mail already known to be automatic: the words that say a person or an office is away for a time."""
    if _away_subject(reading):
        return reading.reply.subject
    if bounce.mail_system(reading) or _RECEIPT_SUBJECT.match(reading.raw_subject):
        return None
    quote = reading.first(AWAY)
    if quote is None and reading.reply.channel == EMAIL:
        quote = reading.first(_SINCE_UNTIL)
    if (
        quote is not None
        and _GONE.search(reading.text)
        and not re.search(r"\breturn|\bback\b|\buntil\b|\bleave\b", reading.text)
    ):
        return None
    return quote


_MAIL = frozenset({EMAIL})


def _rule(name: str, description: str, match, channels: frozenset[str] = ALL_CHANNELS) -> Rule:  # noqa: ANN001
    return Rule(f"auto_reply.{name}", "auto_reply", description, _guarded(match), channels)


RULES = (
    _rule(
        "headers",
        "The mail's own headers say so: Auto-Submitted, X-Autoreply, Precedence: auto_reply.",
        _by_headers,
        _MAIL,
    ),
    _rule(
        "delivery_notice",
        "A mail system reports a delay or a success: no address failed, nobody wrote.",
        _by_delivery_notice,
        _MAIL,
    ),
    _rule(
        "read_receipt", "A receipt: the message was displayed, read or deleted unread.", _by_receipt, _MAIL
    ),
    _rule(
        "subject",
        'The subject starts as mail systems start automatic replies ("Automatic reply:", "Abwesenheitsnotiz").',
        _by_subject,
        _MAIL,
    ),
    _rule(
        "own_words", "The text says that it is automatic, or that it must not be replied to.", _by_own_words
    ),
    _rule(
        "acknowledgement",
        "A help desk or shop confirms receipt: ticket opened, message received, answer within two days.",
        _by_acknowledgement,
    ),
    _rule(
        "unread_mailbox",
        "The mailbox is not read, the address has changed or will be closed.",
        _by_unread_mailbox,
        _MAIL,
    ),
    _rule("challenge", "A spam guard asks the sender to prove that a person writes.", _by_challenge, _MAIL),
    _rule("robot_sender", "Sent from a no-reply address.", _by_robot_sender, _MAIL),
    _rule(
        "phone",
        "A phone's driving mode, or a shop's automatic text with opening hours.",
        _by_phone,
        frozenset({SMS, LINKEDIN}),
    ),
    _rule(
        "away_message",
        "Says that the writer is away and what such messages add (urgent matters, return, thanks for the mail).",
        _by_away_message,
    ),
    _rule(
        "provider_flag",
        "The provider flags the reply as automatic, and its words do not contradict.",
        _by_provider_flag,
    ),
)

AWAY_RULE = Rule(
    "out_of_office.away",
    "out_of_office",
    "An automatic reply whose subject or text says that a person or an office is away for a time.",
    _away_quote,
)
