"""Decides by which words each language says that somebody is away, is back, is covered for, or does not read."""

import re
from dataclasses import dataclass, fields


@dataclass(frozen=True)
class _Absence:
    """Patterns on folded text. None decides alone: people say each of them too, automatic texts say several at once."""

    away: str
    back: str
    cover: str
    unread: str = r"(?!)"


_I = r"\b(?:i|we)(?:'m|'re| am| are|'ll| will| shall| have|'ve)?(?: be| been)?"
_HOUSE = (
    r"\b(?:offices?|school|shop|store|practice|company|business|studio|clinic|yard|workshop|team|farm|inn|hotel|"
    r"restaurant|kitchen|bakery|surgery|gallery|salon|firm|factory|warehouse|plant|staff|everyone|we)"
)
_LEAVE = (
    r"(?:annual|maternity|paternity|parental|sick|medical|family|bereavement|compassionate|military|study|adoption|"
    r"carer'?s|personal|unpaid|extended|long[- ]service)"
)

_ENGLISH = _Absence(
    away=(
        rf"{_I} (?:(?:currently|now|presently|temporarily|mostly|officially|all|on) )*(?:off(?! the (?:hook|record))|"
        r"out(?= (?:with|on|for|at|until|till|this|today|all)\b)|offline|off[- ]grid|away|absent|unavailable|"
        r"not available|unreachable|not (?:reachable|contactable)|abroad|"
        r"overseas|travel+ing|at sea|in (?:the )?hospital|not at (?:my|our) desks?|not in(?: the| today| this| until|"
        r" work|\b)|not (?:at )?work(?:ing)?|recover\w+|recuperat\w+)\b|"
        r"\btak(?:e|es|ing|en) (?:an? |some |my |our |its |the )?(?:\w+ ){0,2}?(?:break|leave|holidays?|vacation|"
        r"time off|days? off|weeks? off|sabbatical)\b|"
        rf"{_I} (?:\w+ )?(?:stepped (?:away|out)|gone (?:away|on|fishing|sailing|skiing|hiking|offline))\b|"
        r"\b(?:won't|will not|am not|'m not|do not|don't|cannot|can't|unable to|"
        r"neither) (?:be )?(?:\w+ )?(?:working|picking up|looking at|"
        r"work in|checking|reading|monitoring|available|reachable|online|at (?:my|our) desk|have (?:any |regular |"
        r"much )?access|access)\b|"
        rf"{_HOUSE} (?:(?:is|are|will be|will|remains?|stays?|be) )?(?:\w+ )?(?:closed|shut|shuts|closes|on holiday|"
        r"out for|off for|taking)\b|"
        rf"\b{_LEAVE} leave\b|\b(?:out|off) (?:sick|on leave|work|this week|today|all week|until|till|for the)\b|"
        r"\bgone (?:fishin|sailing|skiing|hiking|camping|surfing|hunting)\w*|\bjury (?:duty|service)\b|"
        r"\b(?:half[- ]term|honeymoon|afk|ooo|pto)\b|\bdeath in the family\b|\b(?:observ\w+|celebrat\w+|public|"
        r"bank|national|religious|federal) (?:a |the |an )?(?:holidays?|festival|sabbath|easter|"
        r"passover)\b|\bno (?:phone|laptop|signal|wi-?fi|"
        r"internet|reception|computer|bar)s?\b|\b(?:this|next|all) week i(?:'m| am)\b|"
        r"\b(?:at|in|on|attending) (?:an? |the |our |my )?(?:\w+ )?(?:off-?site|conference|convention|"
        r"trade show|trade fair|fair|expo|retreat|"
        r"training|seminar|workshop|funeral|wedding|hospital)\b|\b(?:due to|"
        r"because of) (?:an? )?(?:\w+ )?(?:illness|sickness|surgery|"
        r"operation|injury|emergency|bereavement|weather|funeral|death)\b|\b(?:left|leaving|gone) for (?:an? |"
        r"the )?\w+|\ba long weekend\b|"
        r"\bi(?:'m| am) (?:sick|ill|unwell|poorly|in bed|in \w+ for)\b|\breduced hours\b|"
        r"\bi(?:'m| am) (?:probably )?(?:somewhere|up a|under a|on a (?:boat|beach|train|plane|ship|mountain|"
        r"island|trip))\b|"
        r"\bif you(?:'re| are) (?:reading|seeing|getting) this\b"
    ),
    back=(
        r"\b(?:back|return(?:s|ing)?|resum\w+|re-?open\w*|rejoin\w*|surface|home(?: again)?|in again|see (?:you|"
        r"ya|u|y'?all)|"
        r"normal service|until|till?|thru|through|between|from)\b[^.!?\n]{0,25}(?:\d|\b(?:mon|tues?|wed|thu|fri|"
        r"sat|sun|"
        r"jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|next|tomorrow|spring|summer|autumn|fall|winter|early|mid|"
        r"late|the (?:week|new)))|\b(?:when|once|as soon as|after|until) (?:i|we)(?:'m|'re| am| are| get)? (?:back|"
        r"return|home|in again|able|resume|open|dock|land)\b|\bremainder of\b|\bfor (?:a|two|three|\d+|the) "
        r"(?:few )?(?:days?|weeks?|months?|fortnight)\b"
    ),
    cover=(
        r"\b(?:cover(?:s|ing|ed)?|looks? after|looking after|tak(?:es|ing) over|stand(?:s|ing) in|fill(?:s|ing) in|"
        r"hold(?:s|ing) the fort|deputis\w+|can (?:\w+ )?help|(?:will|'ll) help|minding|on call|has the keys)\b|"
        r"\b(?:urgent|pressing|emergenc\w+|time[- ]sensitive|immediate (?:help|assistance|attention))\b|"
        r"\bif it burns\b|"
        r"\b(?:contact|write to|call|phone|ring|dial|reach|e-?mail|ping|direct|try|ask) (?:my|our|"
        r"the) (?:\w+ )?(?:office|colleagues?|team|"
        r"assistant|manager|deputy|partner|reception|front|shop|studio|switchboard|desk|surgery|clinic|store|"
        r"main|number|landline)\b|"
        r"\b(?:contact|write to|e-?mail|direct \w+ to|mail) \S+@|\bcontact (?!me\b|us\b)\w+ (?:in the meantime|"
        r"meanwhile|instead|if|for)\b|\bask (?!me\b|us\b)\w+(?:,| at| on)|\b(?:has|"
        r"have) (?:the|my) (?:diary|keys|calendar|files)\b"
    ),
    unread=(
        r"\b(?:messages?|e-?mails?|mails?|inbox|mailbox|nothing|letters?|post)\b.{0,40}\b(?:not|n't|nothing|"
        r"never|unread|"
        r"deleted|snoozed|only|neither|get)\b.{0,30}\b(?:read|checked|looked at|forwarded|monitored|seen|"
        r"answered|opened|"
        r"deleted)\b|\b(?:repl(?:y|ies)|responses?|answers?)\b.{0,12}\b(?:delayed|slow|late|sporadic)\b|"
        r"\b(?:nothing|no mail|no e-?mails?)\b.{0,30}\b(?:read|looked at|checked|seen|answered)\b|"
        r"\b(?:messages?|e-?mails?) (?:that|which|sent|received|get)?.{0,30}\banswered (?:in|when|once|after)\b|"
        r"\b(?:will|'ll|expect to|hope to) (?:then )?(?:answer|reply|respond|read|see|look at|pick|catch up|"
        r"deal|get to|"
        r"resume|attend|work through)\b.{0,50}\b(?:when|once|after|as soon as|upon|on my|on the|in (?:jan|feb|"
        r"mar|apr|may|"
        r"jun|jul|aug|sep|oct|nov|dec)|on (?:mon|tue|wed|thu|fri))|\b(?:everything|anything|all) else (?:will|"
        r"can) (?:keep|wait)\b|"
        r"\b(?:will not|won't|cannot|can't|not) be able to (?:answer|reply|respond|read|check|get to|"
        r"come back)\b|\b(?:cannot|can't|unable to|may not|"
        r"might not) (?:answer|reply|respond|read|check)\b|\bexpect (?:an? )?(?:\w+ )?(?:answers?|repl\w+|"
        r"responses?|delays?)\b"
    ),
)

_GERMAN = _Absence(
    away=(
        r"\b(?:bin|sind|befinde mich|befinden uns|weile)\b.{0,45}\b(?:verreist|unterwegs|abwesend|krank\w*|"
        r"im krankenstand|auf (?:montage|reisen|\w*reise|\w*tour|fortbildung|schulung|\w*messe|lehrgang|seminar|"
        r"tagung|baustelle)|"
        r"in (?:\w+ )?(?:urlaub|elternzeit|kur|reha|mutterschutz|ferien|pflegezeit)|im (?:\w+ )?(?:\w*urlaub|ausland|"
        r"krankenhaus|krankenstand|mutterschutz|sabbatical)|ausser haus|offline|nicht (?:erreichbar|im|am|da|"
        r"verfugbar|"
        r"anwesend))\b|\b(?:kuriere|krankgeschrieben|zu hause)\b|\bunterwegs\b|\b(?:betriebs(?:urlaub|ferien|"
        r"ruhe)|weihnachtsferien|\w*urlaub vom|kurzurlaub)\b|"
        r"\b(?:buro\w*|kanzlei|praxis|geschaft\w*|laden|betrieb|werkstatt|firma|atelier|hofladen|wir)\b.{0,60}"
        r"\b(?:geschlossen|nicht besetzt)\b|"
        r"\bkeinen? (?:zugriff|zugang|internet)\b|\bnicht am platz\b|\bhabe(?:n)? (?:\w+ )?(?:urlaub|ferien|frei)\b|"
        r"\burlaub(?:e)? (?:vom|bis|ab)\b|\bmache\w* (?:\w+ )?(?:urlaub|ferien)\b"
    ),
    back=(
        r"\b(?:ab|am|bis|nach|erst|seit|vom)\b (?:dem |zum |einschliesslich |inkl\.? |zu |voraussichtlich |"
        r"ende |mitte |"
        r"anfang )*(?:\d|mon|die|mit|don|fre|sam|son|jan|feb|mar|apr|mai|jun|jul|aug|sep|okt|nov|dez)|"
        r"\bwieder (?:da|erreichbar|zuruck|fur|im|am|ab)\b|\b(?:zuruck|ruckkehr|danach|anschliessend|wiederkomme)\b"
    ),
    cover=(
        r"\b(?:dringend\w*|eilig\w*|eilfall\w*|notf\w+|vertret\w+|zentrale|ansprechpartner\w*|wenden sie sich|"
        r"wende dich|helfen ihnen|hilft ihnen|ubernimmt)\b"
    ),
    unread=(
        r"\b(?:eingeschrankt|sporadisch|schwer|schlecht|kaum)\b.{0,25}\b(?:erreich\w*|zugriff|mails?)\b|"
        r"\b(?:nicht|weder|erst wieder|keine|nur)\b.{0,30}\b(?:gelesen|weitergeleitet|bearbeitet|abgerufen|abrufen|"
        r"weiterleitung|lesen)\b|\b(?:bearbeite\w*|beantworte\w*|antworte\w*|lese\w*)\b.{0,40}\b(?:danach|erst|nach|"
        r"sobald|wenn ich|ab)\b"
    ),
)

_FRENCH = _Absence(
    away=(
        r"\b(?:suis|serai|serais|sommes|serons|actuellement|me trouve|absente?s?)\b.{0,35}\b(?:absent\w*|"
        r"conges?|vacances|"
        r"deplacement|formation|arret|voyage|indisponible|injoignable|hors du bureau|rtt|maladie|mission|salon)\b|"
        r"\b(?:bureaux?|cabinet|magasin|boutique|agence|atelier|entreprise|societe|etude|restaurant|ecole|"
        r"mairie)\b.{0,35}"
        r"\b(?:ferm\w+)|\bconges? (?:annuels|maternite|parental|paternite|maladie|d'ete)\b|"
        r"\bfermeture (?:annuelle|estivale|"
        r"exceptionnelle)|\b(?:pas|plus|sans|aucun) acces\b|\babsence\b|\bm'absente\b|"
        r"\bacces (?:tres )?limite\b|\ben (?:vacances|conges?|deplacement)\b"
    ),
    back=(
        r"\b(?:a partir d\w*|de retour|mon retour|notre retour|retour le|reouv\w+|reprendr\w+|reprise|"
        r"rentrer\w+|reviendr\w+|"
        r"jusqu'\w+|a compter d\w+|d'ici la|inclus)\b|\b(?:du|le) \d{1,2}\b.{0,15}\bau \d"
    ),
    cover=(
        r"\b(?:urgen\w+|mon absence|suivis? par|vous pouvez (?:joindre|contacter|appeler|ecrire|vous adresser)|"
        r"mon collegue|ma collegue|mes collegues|me remplace|prend le relais|laissez (?:un|votre) message|"
        r"assure l'interim)\b|\bcontactez\b|"
        r"\bcontacter\b"
    ),
    unread=(
        r"\b(?:ne|n')\b.{0,35}\b(?:lus?|consult\w+|relev\w+|trait\w+|transfer\w+|acces)\b|"
        r"\b(?:repondrai|prendrai connaissance|traiterai|lirai)\b"
    ),
)

_SPANISH = _Absence(
    away=(
        r"\b(?:estoy|estare|estamos|estaremos|encuentro|encontramos|encontrare)\b.{0,40}\b(?:ausente\w*|viaje|"
        r"vacaciones|"
        r"baja|fuera|permiso|licencia|dias libres|descanso|curso|formacion|excedencia|feria|congreso|hospital)\b|"
        r"\b(?:oficinas?|tienda|despacho|consulta|taller|local|empresa|clinica|bodega|escuela|restaurante)\b.{0,35}"
        r"\b(?:cerrad\w+|cerrara\w*|cierra)\b|\bcerrad[oa]s? (?:por|del|desde|hasta)\b|\bsin (?:acceso|conexion|"
        r"internet|"
        r"cobertura)\b|\bno (?:tengo|tendre|dispongo de) acceso\b|\bde vacaciones\b|\bpor vacaciones\b|\b(?:he|"
        r"hemos) tomado (?:\w+ ){0,2}(?:dias|semanas?|vacaciones)|"
        r"\bno (?:estoy|estare|estamos) (?:trabajando|en la oficina|disponible)|\bacceso limitado\b|"
        r"\bmotivos de salud\b"
    ),
    back=(
        r"\b(?:hasta el|hasta la|hasta dentro|vuelv\w+|volver\w*|volvemos|regres\w+|reincorpor\w+|retom\w+|"
        r"a partir del?|"
        r"mi vuelta|mi regreso|reabr\w+)\b|\bdel? \d{1,2}\b.{0,15}\bal? \d"
    ),
    cover=(
        r"\b(?:urgen\w+|mi companer[oa]|mis companer\w+|mi ausencia|puede\w* (?:contactar|escribir|llamar|"
        r"dirigir)\w*|"
        r"atender\w*|dirijase|dirijanse|me sustituye|contacte con|si urge|dirijan)\b"
    ),
    unread=(
        r"\bno (?:los? |las? )?(?:leo|leere|sera leid\w+|se (?:lee|reenv)\w*|revis\w+|consult\w+|podre)\b|"
        r"\b(?:contestare|respondere|leere)\b"
    ),
)

_ITALIAN = _Absence(
    away=(
        r"\b(?:sono|saro|siamo|saremo|trovo|resta|restera|rimane|rimarra)\b.{0,30}\b(?:ferie|fuori|assente|"
        r"assenti|viaggio|"
        r"trasferta|malattia|congedo|maternita|vacanza|permesso|fiera|corso|irreperibile|chius\w+)\b|"
        r"\b(?:studio|uffici\w*|negozio|azienda|bottega|laboratorio|officina|ristorante)\b.{0,30}\bchius\w+|"
        r"\bchius\w+ (?:per|dal|fino)\b|\b(?:non ho|senza) accesso\b|\bin ferie\b|\bnon (?:sono|"
        r"saro) (?:in ufficio|in sede|disponibile|al lavoro)\b|\baccesso limitato\b"
    ),
    back=(
        r"\b(?:fino a\w*|rientr\w+|ritorn\w+|torno|torniamo|torner\w+|riapr\w+|a partire da\w*|riprend\w+|"
        r"compreso)\b|"
        r"\bdal(?:l'|la)? ?\d{1,2}\b.{0,15}\bal(?:l')? ?\d"
    ),
    cover=(
        r"\b(?:urgen\w+|rivolger\w*|rivolgetevi|si rivolga|mia assenza|mi sostituisce|un collega|collega|"
        r"contattare|contattate|contatti|"
        r"chiamare)\b"
    ),
    unread=(
        r"\bnon (?:leggo|leggero|verra\w* lett\w+|controllo|saranno lett\w+|vengono lett\w+|posso leggere)\b|"
        r"\bleggo (?:la posta|le mail|le e-?mail) (?:solo|di rado)\b|\brispondero\b"
    ),
)

_PORTUGUESE = _Absence(
    away=(
        r"\b(?:estou|estarei|estaria|estamos|estaremos|encontro-me|me encontro|"
        r"encontramo-nos)\b.{0,40}\b(?:ferias|fora|"
        r"ausentes?|viagem|licenca|baixa|atestado|folga|formacao|feira|indisponivel)\b|\b(?:escritorio|loja|"
        r"consultorio|"
        r"empresa|clinica|oficina|restaurante)\b.{0,35}\b(?:fechad|encerrad)\w+|\bsem acesso\b|"
        r"\bacesso limitado\b|\b(?:entro|sigo|parto) de ferias\b|\bde ferias\b|\bnao (?:tenho|terei) acesso\b"
    ),
    back=(
        r"\b(?:ate (?:ao|a|o|dia|\d|meados)|regress\w+|retorn\w+|volto|voltar\w+|voltamos|reabr\w+|a partir d\w+)\b|"
        r"\bde \d{1,2}\b.{0,15}\ba \d"
    ),
    cover=(
        r"\b(?:urgen\w+|meu colega|minha colega|minha ausencia|contacte|contate|contatar|contactar|ligue para|"
        r"me substitui|trata dos meus)\b"
    ),
    unread=r"\bnao (?:leio|lerei|sera\w* lid\w+|vou ler|consulto)\b|\bresponderei\b",
)

_DUTCH = _Absence(
    away=(
        r"\b(?:ben|is|zijn|wegens|blijft)\b.{0,35}\b(?:afwezig\w*|vakantie|verlof|ziek\w*|reis|vrij|cursus|"
        r"beurs|training|"
        r"gesloten|niet (?:bereikbaar|aanwezig|op kantoor|aan het werk|op de zaak)|buitenland|zwangerschapsverlof)\b|"
        r"\bben ik er niet\b|\b\w*verlof\b|\b(?:met|op) vakantie\b|\bgeen toegang\b|\bgesloten (?:van|tot|wegens)\b"
    ),
    back=(
        r"\b(?:tot (?:en met|\d|ma|di|wo|do|vr|begin|eind|half)\w*|t/m|terug|weer (?:aanwezig|bereikbaar|open|"
        r"op|aan|pas)|"
        r"vanaf|daarna|heropen\w*|(?:mijn|bij) terugkomst|na mijn|er weer)\b|\bvan \d{1,2}\b.{0,15}\btot"
    ),
    cover=(
        r"\b(?:spoed\w*|dringend\w*|mijn collega\w*|neemt .{0,30}(?:over|waar)|vervang\w+|terecht bij|"
        r"contact opnemen met|"
        r"neem contact op met|voor spoed\w*)\b"
    ),
    unread=(
        r"\bniet (?:gelezen|doorgestuurd|beantwoord)\b|\blees (?:mijn |geen )(?:e-?)?mails? ?(?:pas|niet)?\b|"
        r"\b(?:beantwoord|lees|antwoord|reageer)\b.{0,30}\b(?:na|als ik|zodra|pas|daarna)\b"
    ),
)

_POLISH = _Absence(
    away=(
        r"\b(?:jestem|bede|przebywam|jestesmy|w dniach|obecnie)\b.{0,45}\b(?:urlop\w*|szkoleni\w*|zwolnieni\w*|"
        r"delegacji|"
        r"nieobecn\w+|poza biurem|podrozy|chorob\w+|wyjezdzie|konferencji|macierzynsk\w+|niedostepn\w+)|"
        r"\b(?:biuro|firma|sklep|gabinet|kancelaria|warsztat)\b.{0,30}\b(?:nieczynn\w+|zamkniet\w+)|\b(?:ograniczony|"
        r"brak|bez|nie mam) dostep\w*"
    ),
    back=r"\b(?:do \d|wrac\w+|wroc\w+|powroc\w+|powrot\w+|po powrocie|od \d)",
    cover=(
        r"\b(?:w moim zastepstwie|piln\w+|naglych|zastepuj\w+|zastepstw\w+|prosze (?:dzwonic|o kontakt z|"
        r"kontaktowac sie z|pisac do))\b"
    ),
    unread=r"\bnie (?:odczytuj\w+|czytam|sprawdzam|bede czytac)\b|\bodpisz\w+|\bodpowiem\b",
)

_NORDIC = _Absence(
    away=(
        r"\b(?:ar|er|har|haller|holder|tar)\b.{0,30}\b(?:semester\w*|\w*ferie|fri|ledig|foraldraledig\w*|"
        r"sjuk\w*|syk\w*|syg\w*|"
        r"resa|rejse|reise|kurs\w*|konferen\w*|barsel\w*|permisjon|orlov|bortrest|bortreist|utomlands|udlandet|"
        r"utlandet|"
        r"fravaerende|franvarande|stangt|lukket|stengt|ikke (?:pa|til stede|tilgjengelig)|inte (?:pa|i tjanst|"
        r"tillganglig))\b|"
        r"\bute av kontoret\b|\bledig\b|\b(?:kontoret|butiken|butikken|verkstaden|vaerkstedet|verkstedet|firman|"
        r"vi)\b.{0,25}\b(?:stangt|lukket|stengt)\b"
    ),
    back=(
        r"\b(?:till och med|til og med|t\.?o\.?m\b\.?|till den|til den|tillbaka|tilbage|tilbake|ater (?:den|pa|"
        r"i)|igen (?:den|pa)|"
        r"igjen (?:den|pa)|fra den|fran den|frem til|fram till|svar\w* igen|till \w+|til \w+dag)\b"
    ),
    cover=(
        r"\b(?:brads?k\w+|akut\w*|haster|hastesak\w*|hastende|ved behov|vid behov|i mitt stalle|i mit sted|"
        r"i mellemtiden|"
        r"i mellomtiden|vikarierar|bratt\w*|overtager|overtar|kontakta|kontakt|ring til)\b"
    ),
    unread=(
        r"\b(?:laser|leser|laeser|kollar|tjekker|sjekker) (?:\w+ )?(?:inte|ikke)\b|\b(?:svarar|svarer|"
        r"besvarar|besvarer)\b"
    ),
)

_OTHERS = _Absence(
    away=(
        r"\b(?:\w*lomalla|poissa|matkoilla|sairaslomalla|perhevapaalla|vapaalla|suljettu)\b|"
        r"\b(?:dovolen\w*|mimo kancelar|nepritomn\w+|sluzebni cest\w*|nemocensk\w+|materske|zavreno|skolen\w+)\b|"
        r"\b(?:szabadsag\w*|nem vagyok|tavol vagyok|zarva)\b|\b(?:sunt plecat\w*|concediu\w*|in afara biroului|"
        r"lipsesc|"
        r"delegatie)\b|\b(?:izinli\w*|izinde\w*|ofis disinda|yurt disinda|seyahat\w*|tatil\w*)\b|"
        r"отпуск|командировк|больничн|отсутств|нет (?:в|на) (?:офисе|месте|рабочем)|відпуст|відряджен|лікарнян|"
        r"αδεια|απουσι|εκτος γραφειου|διακοπ|חופש|מחוץ למשרד|נעדר|מילואים|إجازة|اجازة|خارج المكتب|غائب|"
        r"休暇|不在|休業|休み|休診|出張|外出|閉め|休假|年假|出差|外出|放假|病假|产假|휴가|부재|출장|휴무|휴직|병가"
    ),
    back=(
        r"\b(?:palaan|palaamme|asti|saakka)\b|\b(?:vratim|vracim|zpet v|zpatky)\b|\bterek vissza|\d-?(?:ig|an|"
        r"en|tol)\b|"
        r"\b(?:revin|ma intorc|pana (?:pe|la|in))\b|\b(?:kadar|donecegim|donuyorum|tarihleri arasinda|tarihinde)\b|"
        r"вернусь|выиду|повернусь|до (?:\d|понед|втор|сред|четв|пятн)|εως|μεχρι|επιστρ|אחזור|אשוב|עד ה|حتى|أعود|"
        r"まで|以降|戻り|復帰|恢复|返回|回来|까지|복귀|이후"
    ),
    cover=(
        r"\b(?:kiireel\w+|sijaise\w+|asiani hoitaa)\b|\b(?:nalehav\w+|nutnych|zastupuje|volejte)\b|\bsurgos|"
        r"\burgent[ea]\b|\bpentru urgente|"
        r"\bacil\b|срочн|термінов|επειγ|דחופ|עאגל|عاجل|緊急|お急ぎ|至急|紧急|急事|급한|긴급"
    ),
    unread=r"\bnectu\b|\ben lue\b|не (?:проверяю|читаю|буду)|отвечу|返信(?:でき|いた)|暂时无法",
)

_LANGUAGES = (_ENGLISH, _GERMAN, _FRENCH, _SPANISH, _ITALIAN, _PORTUGUESE, _DUTCH, _POLISH, _NORDIC, _OTHERS)


def _of_all(name: str) -> re.Pattern[str]:
    return re.compile("|".join(getattr(language, name) for language in _LANGUAGES))


AWAY_ANYWHERE, BACK, COVER, NOT_READ = (_of_all(field.name) for field in fields(_Absence))
