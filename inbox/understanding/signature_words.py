"""Patterns for sign-offs, signatures, banners and footers in many languages. They match text without accents."""

import re

DELIMITER = re.compile(r"^\s*(?:-- ?|—|–|__|\*\*)\s*$")
LONG_RULE = re.compile(r"^\s*[-_=*~]{3,}\s*$")
POSTSCRIPT = re.compile(r"^\s*p\.? ?p?\.? ?s\b\.?\s?[:,-]?\s*\S", re.I)

# A firm sign-off ("best regards") always closes a letter. A soft sign-off ("thanks") may also be an ordinary sentence.
FIRM = (
    r"(?:(?:with |my )?(?:best|kind|kindest|warm|warmest|many|sincere)(?: personal)? )?(?:regards|"
    r"wishes)(?: from .{2,30})?|"
    r"best|all the best|all my best|cheers(?: mate)?|sincerely(?: yours)?|yours(?: truly| sincerely|"
    r" faithfully)?|respectfully(?: yours)?|"
    r"cordially|warmly|take care|(?:talk|speak|chat) soon|have a (?:great|good|nice|lovely|"
    r"wonderful) (?:day|one|week|weekend|evening)|"
    r"x{1,3}|xo+|xoxo|love|rgds|br|kr|brgds|b\.?rgds|tc|"
    r"(?:mit )?(?:freundlich(?:e|en|em|er)?|best(?:e|en)|herzlich(?:e|en)|lieb(?:e|en)|viel(?:e|en)|"
    r"schon(?:e|en)|sonnig(?:e|en)|"
    r"kollegial(?:e|en))(?:,? (?:herzlichen|besten|lieben|freundlichen))? (?:gruss(?:e|en)?|grusse(?:n)?|"
    r"gruessen?|gruss)(?: (?:aus|von|vom) .{2,30})?|"
    r"mfg|m\.f\.g\.?|vg|lg|bg|grusse?(?: (?:aus|von) .{2,30})?|gruss|gruesse|hochachtungsvoll|herzlichst|"
    r"servus|ihre?|dein|deine|euer|"
    r"(?:noch )?(?:einen )?schon(?:e|en|es) (?:tag|woche|abend|wochenende)(?: noch)?|"
    r"(?:bien |tres )?cordialement(?: votre)?|(?:bien )?a vous|bien a toi|cdlt|cdt|(?:sinceres|meilleures|"
    r"cordiales)? ?salutations(?: distinguees)?|"
    r"(?:bonne|belle) (?:fin de )?(?:journee|soiree|reception|continuation|semaine)(?: a vous)?|"
    r"bon week-?end|amicalement|amities|respectueusement|a bientot|"
    r"(?:un |reciba un )?(?:cordial |afectuoso )?saludos?(?: cordial(?:es)?)?|atentamente|"
    r"(?:un )?(?:fuerte )?abrazo|atte|quedo (?:atent[oa]|a la espera)(?: .{0,30})?|"
    r"(?:que tenga )?(?:un )?buen dia|"
    r"(?:cordiali|distinti|cari|tanti)? ?saluti|un (?:caro |cordiale )?saluto|cordialmente|cordialita|"
    r"buona (?:giornata|serata)|a presto|"
    r"(?:com os )?(?:melhores |meus )?cumprimentos|atenciosamente|att|abs|(?:um )?(?:grande )?abracos?|"
    r"cordialmente|"
    r"(?:met )?(?:vriendelijke|hartelijke|beste|warme) groet(?:en)?|groet(?:en|jes)?|mvg|gr|fijne (?:dag|"
    r"week|avond)|hoogachtend|"
    r"(?:serdecznie )?pozdrawiam(?: serdecznie)?|(?:serdeczne )?pozdrowienia|z (?:powazaniem|"
    r"wyrazami szacunku|pozdrowieniami)|pozdr|"
    r"(?:med |de )?(?:vanlig(?:a)?|venlig(?:e)?|vennlig|basta|bedste|beste|varma|hjertelig(?:e)?|"
    r"hjartliga) (?:halsning(?:ar)?|hils(?:en|ener|ner))|"
    r"mvh|hilsen|halsningar|vh|kh|dbh|ha det (?:bra|godt)|"
    r"(?:どうぞ |何卒)?よろしくお願い(?:いたし|致し|申し上げ|し)ます。?|parimat|"
    r"(?:lugupidamisega|parimate soovidega)|su pagarba|"
    r"pagarbiai|ar cienu|"
    r"i\. ?a\.|i\. ?v\.|ppa\.|im auftrag|gez\.|"
    r"s (?:pozdravem|uctou|pratelskym pozdravem)|zdravim|hezky den|terveisin|(?:ystavallisin|"
    r"parhain) terveisin|yt|"
    r"(?:udvozlettel|koszonettel|tisztelettel|udv)|cu (?:stima|respect|drag)|toate cele bune|saygilarimla|"
    r"iyi calismalar|selamlar|"
    r"с (?:уважением|наилучшими пожеланиями)|всего доброго|此致|敬礼|祝好|顺祝商祺|敬具|με εκτιμηση|lep pozdrav|"
    r"srdacan pozdrav"
)
SOFT = (
    r"(?:many |much |with )?thanks(?: (?:so much|very much|again|in advance|a lot|a million|for your time|"
    r"and regards|& regards))?|"
    r"thank you(?: (?:so much|very much|again|in advance|for your time))?|thx|tks|tx|ta|much appreciated|"
    r"(?:vielen |besten |herzlichen |lieben )?dank(?: (?:im voraus|vorab|und (?:viele |beste )?(?:gruss|"
    r"grusse)))?|danke(?: (?:schon|dir|ihnen|und gruss))?|"
    r"merci(?: (?:d'avance|beaucoup|bien|par avance))?|(?:muchas )?gracias(?: (?:de antemano|por todo|"
    r"y un saludo))?|"
    r"grazie(?: (?:mille|in anticipo))?|(?:muito )?obrigad[oa](?: (?:desde ja|pela atencao))?|grat[oa]|"
    r"(?:alvast )?bedankt|dank (?:je|u)(?: wel)?|dziekuje|dzieki|tack(?: (?:pa forhand|sa mycket))?|"
    r"(?:mange )?tak|(?:tusen )?takk|"
    r"dekuji|diky|kiitos|koszonom|multumesc|tesekkurler|спасибо|谢谢|감사합니다"
)
TAIL = r"(?P<mark>[\s,.!:;~/-]*)(?P<rest>(?<=[\s,.!:;~/-]).{1,40})?$"
FIRM_LINE = re.compile(rf"^[\s-]*(?:{FIRM}){TAIL}")
SOFT_LINE = re.compile(rf"^[\s-]*(?:{SOFT}){TAIL}")

DEVICE = (
    r"iphone|ipad|ipod|android|outlook|yahoo|samsung|galaxy|blackberry|mobile|phone|handy|telefon|telephone|"
    r"smartphone|proton ?mail|"
    r"huawei|xiaomi|redmi|pixel|windows|mail|gmail|superhuman|hey|aol|gmx|web\.de|mobil|device|gerat|tablet|"
    r"cellulare|celular|movil|apple|"
    r"watch|hotmail|zoho|spark|missive|front|thumbs"
)
MOBILE = re.compile(
    rf"^(?:(?:sent|typed|written|dictated) (?:from|with|via|on|using|"
    rf"by)\b.{{0,60}}\b(?:{DEVICE})\b.{{0,20}}|"
    r"(?:get|download|obtener|scarica|obter|obtenir|obtenez|telecharge[rz]?|hamta|hent|pobierz|ziskat|hanki|"
    r"holen sie sich|laden sie) .{0,30}outlook .{0,40}|"
    r"outlook (?:fur|pour|para|per|voor|for) (?:ios|android).{0,30}|"
    rf"(?:von|vom) (?:mein(?:em|er)|unterwegs).{{0,40}}(?:gesendet|versendet|geschickt)|"
    rf"(?:gesendet|versendet|envoye|expedie|enviado|enviada|inviato|spedito|verzonden|verstuurd|gestuurd|"
    rf"wyslane|wyslano|skickat|skickad|sendt|sent|odeslano|poslano|"
    rf"lahetetty|отправлено|trimis) .{{0,40}}\b(?:{DEVICE}|unterwegs|iphonesta|iphone'a|iphonu|"
    rf"телефона)\b.{{0,20}}|"
    r"iphoneから送信.{0,10}|发自我的.{1,20}|從我的.{1,20}傳送|(?:나의 )?.{0,12}에서 보냄|.{0,30}(?:iphone|ipad|"
    r"telefon)(?:'?umdan|imdan) gonderildi|"
    r"please (?:excuse|forgive|pardon) (?:any |my |the )?(?:typos|brevity|typing|spelling|errors|"
    r"mistakes).{0,60}|yahoo mail: .{0,60})"
    r"[.!]?(?: ?[<(]? ?https?://\S{1,200} ?[>)]?)?$"
)
# Matches a last line that a program has added below a blank line, whatever the program's name. A person's sentence may
# begin with the same words, but then contains a verb or a pronoun.
LAST_FOOTER = re.compile(
    r"^\W*(?:(?:sent|typed|written|dictated|composed) (?:from|with|by|via|on|using|but)\b"
    r"(?!.*\b(?:is|are|was|were|will|i|i'm|we|you|that|which|our|your|please call)\b).{1,50}|"
    r"from my [\w ]{3,30}|"
    r"(?:gesendet|versendet|geschrieben|envoye|enviad[oa]|inviato|scritto|verzonden|verstuurd|skickat|sendt|"
    r"lahetetty|wyslan[oea]|odeslano|poslano|kuldve|trimis|отправлено|надіслано) "
    r"(?:von|mit|aus|de|depuis|desde|do|da|dal|con|van|vanaf|met|via|fran|fra|med|z|ze|ze|din|с|из|від|"
    r"з)\b.{1,40}|"
    r"book (?:a|some) (?:time|call|slot|meeting)[^.?!]{0,20}:? ?\S+\.\S+/\S+)\W*$"
)
NOISE = re.compile(
    r"^(?:\[?(?:cid:|image:|inline image|logo)[^\]]{0,120}\]?|<[^<>\s]{1,120}\.(?:xlsx?|docx?|pptx?|pdf|csv|"
    r"png|jpe?g|gif|zip|txt|ics|vcf|heic|mp4|mov)>|"
    r"\[?attachment:? .{1,120}\]?|\ufffc|obj)$"
)
BANNER = re.compile(
    r"^\W{0,6}(?:(?:\[?external(?: e-?mail| sender| message)?\]?\W|caution\W|warning\W|\[ext\]|achtung\W|"
    r"attention\W|extern(?:e)?[ :]).{0,120}"
    r"(?:outside|external|extern|originat|unknown sender|do not click|don't click|trust|recogni[sz]e|"
    r"ausserhalb|exterieur)|"
    r"this (?:e-?mail|message) (?:originated|was sent|came|is) from (?:an? )?(?:outside|external)|"
    r"you don't often get e-?mail from|(?:sie erhalten|vous ne recevez|no suele recibir) (?:nicht oft|"
    r"pas souvent|a menudo))"
)
BANNER_MORE = re.compile(
    r"^(?:do not|don't|never|please do not|use caution|be careful|learn (?:more|why)|offnen sie|"
    r"ne cliquez)\b.{0,160}$"
)

# Matches the first words of a legal footer. They count only near a word of `LEGAL`, because people also write
# "Disclaimer:".
DISCLAIMER = re.compile(
    r"^\W{0,6}(?:"
    r"(?:confidentiality|privacy|legal|privileged|e-?mail|important)? ?(?:and \w+ )?(?:notice|note|"
    r"statement|disclaimer|warning)\s?:|"
    r"(?:confidentiality (?:notice|statement|note)|disclaimer|confidential(?:ity)?|vertraulich\w*|"
    r"confidentialite|confidencialidad|riservatezza)\b|"
    r"(?:this|the) (?:e-?mail|message|communication|transmission|electronic mail)\b|"
    r"(?:the |any )?(?:information|contents?|views|opinions)\b.{0,60}\b(?:this|the) (?:e-?mail|message|"
    r"communication|transmission)|"
    r"if you (?:are not the intended|have received this|received this (?:e-?mail|message) (?:in error|"
    r"by mistake))|"
    r"(?:diese |die in dieser )(?:e-?mail|nachricht|information)|ce (?:message|courriel|mail|e-mail)\b|"
    r"(?:este|el presente) (?:mensaje|correo|e-?mail)\b|"
    r"(?:esta|a) (?:mensagem|e-?mail)\b|este e-?mail\b|(?:questo|il presente|questa|"
    r"la presente) (?:messaggio|e-?mail|comunicazione)\b|"
    r"(?:le )?informazioni contenute\b|(?:dit|deze|de informatie in dit) (?:bericht|e-?mail|e-mailbericht)\b|"
    r"(?:niniejsz\w+|ta|tresc tej) (?:wiadomosc|e-?mail)\w*|(?:detta|det har) (?:mejl|meddelande|e-post)\w*|"
    r"(?:denne|dette) (?:e-?mail|mail|e-post|melding|meddelelse)\w*|tento (?:e-?mail|mail)\b|"
    r"[\w&.,' -]{2,60} (?:is|are) (?:a )?(?:company |limited company )?registered in (?:england|scotland|"
    r"wales|ireland)|"
    r"registered (?:office|in england|address|company|number)|"
    # The following patterns match footers regardless of the words after them.
    r"(?:please )?(?:consider|think of|think about|respect|spare|save).{0,40}(?:before (?:you )?print|"
    r"a tree|paper)|(?:please )?think before you print|"
    r"(?:bitte )?(?:denken|prufen) sie .{0,60}(?:umwelt|ausdruck)|(?:pensez|"
    r"avant d'imprimer).{0,60}(?:environnement|imprimer)|antes de imprimir|"
    r"(?:this|the) (?:e-?mail|message) has been (?:checked|scanned)|virus-?free\W|"
    r"diese e-?mail wurde .{0,40}(?:viren|gepruft)|"
    r"(?:l'absence de virus|cet e-?mail a ete verifie|este correo .{0,30}virus|"
    r"dit e-?mailbericht is .{0,30}virus)|"
    r"du (?:far|modtager|mottar) (?:det har|denne|dette) (?:mejl|mail|e-post)|"
    r"sie erhalten diese e-?mail,? weil|"
    r"vous recevez ce(?:t)? (?:mail|e-?mail|"
    r"message|courriel) (?:car|parce)|recibe este (?:correo|mensaje) porque|ricev(?:i|e) questa (?:mail|"
    r"e-?mail) perche|(?:u|je) ontvangt deze e?-?mail omdat|"
    r"if you no longer (?:wish|want) to (?:receive|hear)|(?:to )?unsubscribe from (?:our|my|firm|the|all|"
    r"these) [\w' -]{0,40}(?:newsletter|alert|update|mailing|list|bulletin)|"
    r"to unsubscribe,? (?:please )?(?:click|visit|write|e-?mail|go to)|you(?:'re|"
    r" are) receiving this (?:e-?mail|message|because)|"
    r"(?:sitz der gesellschaft|amtsgericht|handelsregister|registergericht|geschaftsfuhrer(?:in)?|"
    r"ust-?id\S*)\b ?:? ?.{0,120}$"
    r")"
)
FOOTER = re.compile(
    r"^\W{0,6}(?:(?:please )?(?:consider|think|respect|spare|save)\b|(?:bitte )?(?:denken|prufen)\b|pensez|"
    r"avant d'imprimer|antes de|"
    r"(?:this|the) (?:e-?mail|message) has been (?:checked|scanned)|virus|diese e-?mail wurde|l'absence|"
    r"cet e-?mail|este correo .{0,30}virus|dit e-?mailbericht|"
    r"du (?:far|modtager|mottar)|sie erhalten|vous recevez|recibe este|ricev|(?:u|je) ontvangt|"
    r"if you no longer|"
    r"(?:to )?unsubscribe|you(?:'re| are) receiving|sitz der|amtsgericht|handelsregister|"
    r"registergericht|geschaftsfuhrer|ust-?id)"
)
LEGAL = re.compile(
    r"\b(?:confidential\w*|privileged|intended (?:only|solely|recipient|for)|recipient|addressee|"
    r"unauthori[sz]ed|disclos\w*|disseminat\w*|virus\w*|liab\w*|in error|"
    r"registered (?:in|office|number|company|no)|company (?:no|number|reg)|views .{0,40}(?:author|sender|"
    r"necessarily)|vertraulich\w*|unbefugt\w*|empfanger\w*|"
    r"confidentiel\w*|destinataire\w*|confidencial\w*|destinatari\w*|riservat\w*|confidenzial\w*|"
    r"vertrouwelijk\w*|geadresseerde|bestemd|poufn\w*|adresat\w*|"
    r"konfidentiell\w*|avsett|fortrolig\w*|beregnet|duvern\w*|vat (?:no|number|reg)|au capital (?:social )?de)\b"
)
NUMBER_OR_ADDRESS = re.compile(r"\d(?:(?!\.\.)[\s().·/-]{0,3}\d){7,}|https?://|www\.|\S@\S+\.\w")
CONTACT = re.compile(
    r"\+?\(?\d[\d\s().·/-]{6,}\d|https?://|www\.|\S@\S+\.\w|\s[|·•]\s|^(?:t|f|m|o|p|c|tel|fon|phone|mobile|"
    r"cell|fax|mob|office|direct)\b\.?:? ?\+?[\d(]"
)
TITLE = re.compile(
    r"^(?:[a-z]|dr|mr|mrs|ms|mx|prof|ing|dipl|mag|rev|sir|mme|mlle|m|sr|sra|dott|avv|eng|i\.? ?a|i\.? ?v|"
    r"ppa|mgr|inz|bc|jr)\.?$"
)
# Matches a line that begins with a company's name and legal form.
COMPANY = re.compile(
    r"^\W{0,3}(?:(?:ООО|ТОВ|ПП|АО) \W?[А-ЯІЇЄҐ][\w-]+|"
    r"(?:[A-ZÀ-ÞĀ-ŽΑ-ΩА-Я][\w&.'’+-]*[ ,]+(?:& |und |and |et |y |e |i )?){1,6}(?:G?mbH|AG|KG|Ltd|"
    r"Limited|LLC|LLP|PLC|Inc|"
    r"S\.?A\.?(?:R\.?L\.?|S\.?|U\.?)?|S\.?r\.?l\.?|S\.?L\.?U?|S\.?p\.?A|Lda|Ltda|B\.?V\.?|N\.?V\.?|AB|A/S|ApS|"
    r"AS|Oyj?|[Ss]p\. z o\.\s?o|"
    r"s\.r\.o|a\.s|Kft|Zrt|SRL|A\.?Ş|Ltd\. Şti|ΑΕ|ΕΠΕ|ΙΚΕ|ООО|ТОВ))\b(?! (?!au capital)[a-zà-ÿ])"
)
# Matches a company's offer to its readers ("if you want to …"): the reader, and not the writer, has the wish.
OFFER = re.compile(
    r"^\W{0,6}(?:(?:(?:if|should|in case) you|do(?:n't| not) (?:you )?(?:want|wish)(?=[^.!]*\?)|would you (?:rather|"
    r"prefer)|"
    r"(?:to|click (?:here )?to) (?:unsubscribe|opt|stop|be removed|leave|manage)|"
    r"you (?:(?:can|may)(?! stop \w+ing (?:to )?(?:me|us)\b)|receive|get)|"
    r"unsubscribe (?:here|from)|"
    r"(?:falls|wenn|sofern|sollten|mochten|wollen|konnen) [^.?!]{0,40}?\bsie|sie (?:konnen|erhalten)|"
    r"zum abbest|kein interesse mehr|"
    r"si vous|vous (?:ne|pouvez|recevez)|pour (?:vous|ne plus)|si (?:no|usted|desea|quiere)|para (?:dar|cancel|"
    r"dejar|sair|deixar)|"
    r"puede|se (?:non|lei|desidera|vuole|nao|voce|deseja|quiser|nao)|per (?:cancell|disiscri|annull|non)|"
    r"non (?:vuole|desidera)|"
    r"nao (?:quer|deseja)|no quiere|(?:als|indien|wilt|wenst) (?:u|je|jij)|om u|u kunt|(?:om|vill|onskar|"
    r"onsker|hvis|vil) (?:du|ni|i)|"
    r"for att av|du kan|jos (?:et|haluat|ette)|voit |(?:jesli|jezeli|aby) |pokud |pro odhl|(?:ha|"
    r"amennyiben) (?:nem|on)|"
    r"daca nu|pentru (?:dezab|a va)|puteti|если вы|чтобы отп|вы мож|якщо ви|щоб від|ви мож|si no vol|per donar|"
    r"podeu|αν δεν|אם |إذا )"
    r"|[^.?!]{0,80}\b(?:istemiyorsan|almak istemez)\w*)"
)
WRITER = re.compile(
    r"\b(?:i|i'll|i'd|i'm|me|my|ich|mich|mir|mein\w*|je|j'\w+|moi|mon|yo|mi|mio|io|eu|meu|minha|ik|mij|mijn|"
    r"jag|mig|min|jeg|meg|"
    r"mnie|moj\w*|mne|muj|minua|minun|engem|мне|меня|мене|мені)\b"
)
NO_NICKNAMES = frozenset(
    re.findall(
        r"\w+",
        "ok no non nein nope yes yep ya ja si so do hi ha he we me my mon tue wed thu fri sat sun jan feb mar apr "
        "may jun jul aug sep oct nov dec stop end out sure fine call cool done nah now not all any can how who "
        "why what when pass deal good great",
    )
)
ROLE_WORDS = frozenset(
    re.findall(
        r"\w+",
        "the and via info office sales contact hello team support admin mail post biuro kontakt service no reply "
        "noreply gmbh ltd llc inc",
    )
)
