"""Decides how people opt out in German, Dutch and the Nordic languages, each on one folded sentence."""

from inbox.understanding.optout_wish import Removal, wish

WISHES = (
    wish(
        "german",
        "German",
        (
            r"^(?:bitte )?(?:abmelden|abbestellen|austragen|streichen|entfernen|rausnehmen|stopp?|loschen|"
            r"keine (?:mails?|werbung|spam)(?: mehr)?)(?: bitte)?[.! ]*$",
            r"\b(?:nehmen|nimm|streichen|streich|entfernen|entfern|entferne|loschen|losche|tragen|trag|"
            r"melden|meld|werfen|schmeissen)\b(?: sie| ihr)?(?: \w+)?(?: (?:mich|uns|(?:mein|unser|"
            r"diese)\w* (?:e-?mail-?)?(?:adresse|daten|"
            r"mailadresse|nummer)|meiner))(?: [\w-]+){0,5} (?:aus|von|in)? ?(?:ihre\w*|eure\w*|deine\w*|dem|"
            r"der|"
            r"den|allen|diesem|dieser)?(?: [\w-]+){0,2}? ?(?:verteiler\w*|liste\w*|mailingliste\w*|"
            r"datenbank\w*|adressliste\w*|system\w*|datei\w*|daten|adress\w*|newsletter\w*|kartei)",
            r"\b(?:aus|von) (?:ihr|eur|dein|dem|der|diese)\w*(?: [\w-]+)?? (?:verteiler\w*|"
            r"mailingliste\w*|adressliste\w*)\b.{0,40}\b(?:nehmen|streichen|entfernen|loschen|"
            r"austragen|genommen|gestrichen|entfernt|geloscht|ausgetragen|raus)\b",
            r"\b(?:losche[nt]?|entferne[nt]?) (?:sie |ihr )?(?:bitte |umgehend |sofort )*(?:meine|unsere|"
            r"alle|samtliche) .{0,30}(?:daten|adresse|mailadresse|e-mail-adresse|kontaktdaten|nummer)\b",
            r"\b(?:bitte um|um|fordere|verlange|beantrage) (?:die |umgehende |sofortige )*(?:loschung|"
            r"austragung|abmeldung|entfernung|streichung)\b",
            r"\b(?:meine|unsere) (?:daten|adresse|e-?mail-?adresse|mailadresse|"
            r"nummer) .{0,30}(?:zu )?(?:loschen|entfernen|geloscht|entfernt)\b",
            r"\b(?:tragen|melden|trag|meld) (?:sie |ihr )?(?:mich|uns) .{0,20}\b(?:aus|ab)\b",
            r"\b(?:keine[nr]?|kein) (?:weiteren?|weiterer|mehr) (?:e-?mails?|mails?|nachrichten|werbung|"
            r"kontakt\w*|anrufe|kontaktaufnahme\w*|anfragen|angebote|zuschriften|zusendungen|post|"
            r"newsletter)\b",
            r"\bkeine (?:e-?mails?|mails?|nachrichten|werbung|sms|anrufe|werbemails?|"
            r"kontakt\w*)\b.{0,25}\b(?:mehr|"
            r"erhalten|zusenden|schicken|senden|wunsch\w*|bekommen)\b",
            r"\b(?:nicht mehr|nie wieder|niemals wieder|nie mehr) .{0,40}(?:kontaktier\w*|anschreib\w*|"
            r"angeschrieben|anzuschreiben|schreib\w*|mailen|anrufen|anzurufen|belastig\w*|kontakt\w*|melden|"
            r"an)\b",
            r"\b(?:schreiben|schreibt|schreib|mailen|mail|kontaktieren|kontaktiere|rufen|belastigen|senden|"
            r"schicken) (?:sie |ihr )?(?:mich|mir|uns) .{0,20}(?:nicht mehr|nie wieder|nie mehr|"
            r"keine .{0,20}mehr)\b",
            r"\b(?:unterlassen|unterlasst|untersag\w*|verbitte|verbiete)\b.{0,60}\b(?:kontakt\w*|e-?mails?|"
            r"mails?|nachrichten|werbung|zusendung\w*|anrufe|schreiben|belastig\w*|weitere\w*)\b",
            r"\b(?:horen|hort|hor) (?:sie |ihr )?(?:bitte |endlich )*(?:auf|damit auf),? (?:mir|mich|uns|"
            r"mit).{0,30}(?:schreiben|mailen|kontaktieren|belastigen|schicken|senden|mails|anzurufen|"
            r"anrufen|nachrichten)",
            r"\b(?:schick|send|schreib|mail)\w* (?:sie |ihr )?(?:mir|uns) (?:\w+ )?nichts mehr\b|"
            r"\bnie (?:angemeldet|eingewilligt|abonniert)\b.{0,40}\b(?:loschen|austragen|abmelden|entfernen)\b|"
            r"\bsehen sie\b.{0,20}\bvon (?:\w+ )?(?:werbung|e-?mails?|mails|weiter\w*|kontakt\w*|nachrichten|"
            r"zusendung\w*|angeboten|anfragen)\b.{0,30}\bab\b|"
            r"\bverschon\w* (?:sie |ihr )?(?:mich|uns)\b|\bunterlass\w* (?:sie |ihr )?(?:das|dies|es|solche\w*|"
            r"so etwas)\b|\b(?:setz\w*|nehm\w*|"
            r"trag\w*) (?:sie |ihr )?(?:mich|uns|\w+ adresse)\b"
            r".{0,30}\b(?:sperrliste|blacklist|robinson\w*|sperrdatei|blockliste)\b|"
            r"\bwiderspr(?:eche|uch)\b.{0,60}\b(?:verarbeitung|nutzung|daten|werbung|zusendung|kontakt)",
            r"\blass(?:en|t)? (?:sie |ihr )?(?:mich|uns) (?:bitte |endlich )?in ruhe\b|\bverpiss|"
            r"\bmochte ich (?:mich |hiermit )?(?:abmelden|austragen)|"
            r"\bich mochte (?:mich )?.{0,30}\b(?:abmelden|ausgetragen werden|abbestellen)\b",
            r"\b(?:ich|wir) (?:mochte|mochten|will|wollen|wunsche|wunschen) (?:\w+ ){0,3}(?:keine|nichts|"
            r"nicht)\b"
            r".{0,40}\b(?:mehr|weiter\w*)\b.{0,40}\b(?:erhalten|bekommen|horen|empfangen|kontaktiert|"
            r"angeschrieben|angerufen|"
            r"mails?|e-?mails?|nachrichten|werbung|anfragen|anrufe)\b",
            r"\b(?:mocht|will|woll|wunsch)\w* (?:\w+ ){0,2}?nicht,? dass (?:sie|ihr|"
            r"du) (?:\w+ ){0,3}?(?:noch ?(?:ein)?mals?|"
            r"wieder|weiter\w*|erneut|mehr)\b.{0,30}\b(?:schreib|kontaktier|anruf|mail|meld|send|schick)\w*",
            r"\b(?:erwart|verlang)\w*,? (?:\w+ )?dass (?:das|dies|es|diese \w+) (?:\w+ )?(?:aufhor|unterbleib|"
            r"endet|ende)\w*|"
            r"^(?:bitte |mich |uns )*aus (?:der|ihrer|eurer|dem|ihrem|eurem|deiner) (?:\w+ )?(?:liste|verteiler|"
            r"datenbank|kartei)"
            r"(?: bitte)? (?:raus ?|heraus ?)?(?:nehmen|streichen|loschen|entfernen|austragen|werfen)\b",
            r"^(?:danke|nein|kein\w* \w+|nicht interessiert)[,.;!]? (?:und )?bitte (?:loschen|streichen|austragen|"
            r"entfernen)\W*$",
            r"\bvon weiteren\b.{3,40}\b(?:absehen|abzusehen|abstand)\b",
            r"\bsehen sie (?:bitte )?von weiteren .{3,40} ab\b|\bvon weiteren \w+ (?:an mich |"
            r"an uns )?abzusehen\b",
            r"\b(?:losch|entfern|streich)\w* (?:sie )?(?:mich|uns)\W*(?:bitte\W*)?$",
            r"\b(?:stopp?|schluss|ende|genug|aufhoren|hort auf|hor auf|"
            r"horen sie auf) (?:\w+ )?mit\b.{0,20}\b(?:nachrichten|mails?|e-?mails?|"
            r"werbung|spam|anrufe\w*|nachfassen|schreiben)\b|\b(?:nehm\w*|nimm|lass\w*|streich\w*|schmeiss\w*|"
            r"werf\w*|wirf) (?:sie |ihr )?"
            r"(?:mich|uns)\b.{0,20}\b(?:raus|heraus|runter|draussen)\b|\bwoher haben sie\b.{0,40}\b(?:adresse|"
            r"nummer|mail|daten)\b|"
            r"^(?:dann |also |und |bitte )*(?:losch|entfern|vergess)\w* (?:sie )?(?:sie|ihn|diese|es|das)"
            r"(?: (?:bitte|umgehend|sofort|jetzt|endlich))*\W*$|"
            r"\bnewsletter (?:abbestellen|abmelden)\b|\bwerde? (?:das|sie|dies) als spam (?:melden|"
            r"markieren)|\bals spam gemeldet\b",
        ),
        r"\b(?:mussen|muss|brauchen|brauchst|sollen) (?:sie |du |ihr )?(?:mich|uns|"
        r"mir)? ?(?:\w+ ){0,3}nicht\b|\bnicht notig\b|\bin (?:den|ihren|euren|deinen|die|"
        r"ihre) (?:\w+ )?(?:verteiler|liste|newsletter)\b|\bhor\w* (?:sie |ihr )?(?:\w+ )?nicht auf\b|\b(?:vor|nach|"
        r"zwischen) \d|\bunser\w* (?:kunden|"
        r"newsletter|verteiler)\b|\bvor (?:dem|der|ende|januar|februar|marz|april|mai|juni|juli|august|"
        r"september|oktober|november|dezember)\b|\b(?:angebots|termin|gaste|warte|preis|bestell)liste\b|"
        r"\bam wochenende\b|\b(?:montag|dienstag|mittwoch|donnerstag|"
        r"freitag|morgen|abend|vormittag)s\b|\banhang\w*|\bstattdessen\b|\bsondern\b",
        removal=Removal(
            verbs="nehm|nimm|streich|entfern|losch|trag|meld|werf|austrag|genommen|gestrichen|geloscht|ausgetragen",
            from_="aus|von",
            lists=r"kampagnen?|mailings?|crm|akquise\w*|kontakt\w*|verteiler|liste|mailingliste|adressliste|datenbank|kartei|datei|mailing|system",
            self_=(
                r"mich|uns|(?:mein|unser)\w* (?:\w+ )?(?:firma|unternehmen|betrieb|praxis|domain|"
                r"adresse|e-?mail\S*|mailadresse|daten|namen?|"
                r"kontakt\w*|nummer)|diese (?:e-?mail-?)?adresse"
            ),
        ),
    ),
    wish(
        "dutch",
        "Dutch",
        (
            r"^(?:graag |aub |gelieve )?(?:afmelden|uitschrijven|stop(?:pen)?|verwijderen|schrijf me uit|"
            r"meld me af)(?: (?:aub|graag|alstublieft|alsjeblieft|svp|a\.?u\.?b\.?))*[.! ]*$",
            r"\b(?:schrijf|schrijven|meld|melden) (?:u |jullie )?(?:mij|me|ons) .{0,30}\b(?:uit|af)\b|"
            r"\b(?:mij|me|ons) (?:\w+ ){0,4}(?:uit te schrijven|uitschrijven|af te melden|afmelden|"
            r"uitgeschreven|afgemeld)\b|\b(?:wil|willen|wens|wensen) (?:\w+ ){0,4}(?:afmelden|uitschrijven|"
            r"afgemeld|uitgeschreven)",
            r"\b(?:haal|halen|verwijder|verwijderen|schrap|schrappen|wis|wissen|gooi)\b(?: \w+)? ?(?:mij|me|"
            r"ons|mijn|onze|dit|deze)\b.{0,50}\b(?:lijst\w*|bestand\w*|database|mailing\w*|adressenlijst|"
            r"verzendlijst|systeem|gegevens|adres\w*|nummer|mailadres)\b",
            r"\b(?:mijn|onze|dit|deze|mij|me|ons) .{0,50}\b(?:lijst\w*|bestand\w*|database|mailing\w*|"
            r"systeem)\b.{0,20}\b(?:verwijder\w*|halen|haalt|schrappen|te verwijderen|verwijderd|gehaald)\b|"
            r"\b(?:mijn|onze) (?:gegevens|adres|e-?mailadres|nummer) (?:\w+ ){0,3}(?:te )?(?:verwijder\w*|"
            r"wissen|verwijderd)\b",
            r"\b(?:stop|stoppen|hou|houd|houdt) (?:\w+ )?(?:alsjeblieft |aub )?(?:met|op met|eens op met|"
            r"het) (?:\w+ ){0,3}(?:mailen|mails?|e-?mailen|berichten|spammen|schrijven|sturen|contact\w*|"
            r"bellen|lastigvallen|benaderen|sms'?en)",
            r"\b(?:geen|niet) (?:\w+ ){0,2}(?:mails?|e-?mails?|berichten|mailtjes|contact|reclame|"
            r"nieuwsbrieven|sms'?jes)\b.{0,30}\b(?:meer|ontvangen|sturen|krijgen|toesturen)\b|\b(?:mij|me|"
            r"ons) (?:\w+ ){0,2}(?:niet meer|nooit meer) (?:te )?(?:mailen|benaderen|contacteren|schrijven|"
            r"bellen|lastig|lastigvallen|aanschrijven|te contacteren|te benaderen)|\b(?:mail|benader|"
            r"contacteer|bel|schrijf|stuur) (?:mij|me|ons) (?:\w+ )?(?:niet meer|nooit meer|"
            r"geen .{0,20}meer)\b|\bniet (?:langer|meer) (?:\w+ )?(?:mails|berichten|ontvangen|benaderd|"
            r"gemaild|gecontacteerd|gebeld|aangeschreven)",
            r"\bliever geen (?:mails?|e-?mails?|berichten|mailtjes|reclame|nieuwsbrie\w+)\b|"
            r"\b(?:graag|gelieve) (?:\w+ ){0,2}(?:verwijderen|uitschrijven|afmelden)\W*$|"
            r"\b(?:wil|willen) niet dat (?:u|jullie|je|jij)\b.{0,30}\b(?:nog|meer|weer|opnieuw)\b.{0,25}"
            r"\b(?:schrijf|mail|benader|contact|bel|stuur)\w*",
            r"\bniet meer (?:mailen|benaderen|contacteren|schrijven|bellen)\b(?=\W*$| (?:aub|svp|graag|"
            r"alstublieft|alsjeblieft)\b)|"
            r"\bgeen prijs op\b.{0,30}\b(?:mail\w*|e-?mail\w*|bericht\w*|contact|reclame|aanbieding\w*)|"
            r"\blaat (?:mij|me|ons) met rust\b|\bgeen (?:verdere|nieuwe|enkele) (?:communicatie|berichten|"
            r"mails?|e-?mails?|contact\w*)\b|\bals spam (?:gemeld|gemarkeerd)\b",
        ),
        r"\b(?:heb|hebben|had|hadden)\b.{0,30}\bontvangen\b|\b(?:hoef|hoeft|hoeven) (?:\w+ ){0,6}niet\b|"
        r"\bniet (?:stoppen|ophouden)\b|\bstop niet\b|\bhou\w* niet op\b|\bniet nodig\b|\bvoor \d|\bonze (?:klanten|"
        r"abonnees)\b|\bbijlage\w*|\bliever\b(?! (?:geen|niet)\b)|\bin plaats\b",
        removal=Removal(
            verbs="haal|hal|verwijder|schrap|wis|gooi",
            from_="van|uit",
            lists=r"campagnes?|crm|mailings?|lijst|mailinglijst|bestand|database|mailing|adressenlijst|verzendlijst|maillijst|systeem",
            self_=(
                r"mij|me|ons|(?:mijn|onze|ons) (?:\w+ )?(?:bedrijf|zaak|adres|e-?mail\S*|naam|gegevens|nummer|"
                r"contact\w*)|dit adres|deze mail\w*"
            ),
        ),
    ),
    wish(
        "nordic",
        "Swedish, Danish and Norwegian",
        (
            r"^(?:snalla |venligst |vennligst )?(?:avregistrera|avsluta|avmeld|avmelding|afmeld|afmelding|"
            r"stopp|stop|sluta|ta bort|slet|slett|fjern)(?: (?:mig|meg|oss|os|tack|tak|takk))*[.! ]*$",
            r"\bmeld (?:meg|mig|oss|os) (?:av|af)\b|\b(?:avsluta|stoppa|sluta med) (?:\w+ )?(?:utskick\w*|"
            r"mejl\w*|mailen)\b|\b(?:avregistrer|avmeld|afmeld|avprenumerer|"
            r"avsluta)\w* (?:mig|meg|oss|os|min|mitt|denna|denne|dette)\b|\b(?:vill|onskar|onsker|"
            r"vil) (?:\w+ )?(?:avregistrer|avmeld|afmeld|bli borttagen|avsluta|frameldes|afmeldes|"
            r"avmeldes)\w*",
            r"\b(?:ta bort|tag bort|radera|stryk|plocka bort|fjern|slet|slett|ta av|stryk|fjerne|slette|"
            r"sletter)\b (?:gerne |gjerne |venligst |vennligst )?(?:mig|meg|oss|os|min|mitt|mine|vores|vare|"
            r"var|vart|denne|denna|dette|adressen)\b.{0,50}(?:\b(?:list\w*|register|registret|"
            r"mailingliste\w*|mejllist\w*|utskick\w*|database\w*|system\w*|kartotek|e-?post\w*|mail\w*|"
            r"adress\w*|data|uppgifter|opplysninger|oplysninger|nummer)\b|$)",
            r"\b(?:sluta|slut|stop|stopp|hold op|slutt|hor op)(?:e)?(?: med)?(?: at| a|"
            r" att)? (?:\w+ )?(?:mejla|mejl|maila|mail|kontakta|kontakte|kontakt|skicka|skriva|skrive|sende|"
            r"send|spamma|spamme|ringa|ringe|texta|sms)(?!ing\b)\w*",
            r"\b(?:inte|ikke|aldrig|aldri) (?:\w+ ){0,3}(?:kontakta|kontakte|kontakt|mejla|maila|maile|"
            r"skicka|skriva|skrive|sende|send|ring)\w*.{0,30}\b(?:mer|mere|igen|langre|laengere|lenger|fler|"
            r"flere|mig|meg)\b|\b(?:kontakta|kontakt|kontakte|mejla|mail|skriv|send|skicka|ring) (?:mig |"
            r"meg |oss |os )?(?:inte|ikke|aldrig|aldri) (?:\w+ )?(?:mer|mere|igen|langre|flere|fler|mig|"
            r"meg)\b|\b(?:inga|ingen|inte ha|ikke ha|ikke have) (?:fler|flere|mer) (?:mejl|mail|mails|"
            r"e-post|utskick|meddelanden|beskeder|meldinger|henvendelser|e-mails?)",
            r"\b(?:undanber|frabed\w*|avboj\w*|frabe)\b(?: (?:mig|oss|os|meg))? (?:fler|flere|alla|all|alle|al|"
            r"yderligere|mer|mere)\b|"
            r"\b(?:vill|onskar|onsker|vil) (?:a |at |att )?(?:bli|blive) (?:fjernet|slettet|borttag\w+|raderad|"
            r"borttaget)\b|"
            r"\b(?:forvent|kraev|krev|begar|forlang|kraver)\w*\b.{0,15}\b(?:det|dette|detta|dem|utskick\w*|"
            r"mail\w*|mejl\w*) "
            r"(?:ophor|opphor|upphor|stopp|slut)\w*|"
            r"\b(?:behover|trenger) (?:\w+ )?(?:inte|ikke) (?:at |a |att )?(?:skriv|kontakt)\w* (?:til |"
            r"till )?(?:os|oss|mig|meg) "
            r"(?:mere?|igj?en|lenger)\b|"
            r"\bikke skriv\b.{0,20}\b(?:mer|mere|igen|igjen|lenger|laengere)\b|\b(?:lad|la|lat) (?:vaere|"
            r"bli) (?:med )?(?:at|a|"
            r"att) (?:skriv|kontakt|send|mail|ring|mejl)\w*|"
            r"\b(?:slippa|slippe|undga|unnga|fri for)\b(?: for| fa| at fa)? (?:\w+ )?(?:fler|flere|era|eras|jeres|"
            r"deres|"
            r"dine|disse|de har|sadana|slike|mer|mere) (?:mejl|mail|e-?post|utskick|henvendelse|besked|melding|"
            r"meddelande|"
            r"reklam|sms)\w*(?! fram och)|"
            r"\b(?:vill|onskar|onsker|vil) (?:\w+ )?(?:inte|ikke) (?:\w+ ){0,2}(?:flere|fler|mer|mere) (?:mejl\w*|"
            r"mail|mails|e-?post\w*|utskick|"
            r"henvendelser|beskeder|meldinger|meddelanden|nyhedsbreve|reklame)\b|"
            r"\b(?:vill|onskar|onsker|vil) (?:\w+ )?(?:inte|ikke) (?:\w+ ){0,3}(?:ha|fa|have|modtage|motta|"
            r"ta emot|bli kontaktad|kontaktes|bli kontaktet|hore|hora)\b.{0,40}(?:mer|mere|fler|flere|mejl|"
            r"mail|mails|utskick|e-post|nyhedsbrev\w*|henvendelser|dere|jer|er|igjen|igen)\b|"
            r"\blad mig vaere i fred\b|"
            r"\blamna mig i fred\b|\bla meg vaere\b",
        ),
        r"\b(?:the|my|your|you|we|it|was|told)\b|\b(?:sluta|slutt|stop|stopp) (?:inte|ikke)\b|\b(?:behover|"
        r"behover|trenger|behoves) (?:\w+ )?(?:inte|ikke)\b(?! (?:at |a |att )?(?:skriv|kontakt)\w* (?:til |"
        r"till )?(?:os|oss|mig|meg) (?:mere?|igj?en|lenger)\b)|\b(?:fore|innan|for) (?:kl|\d)|"
        r"\bvara kunder\b|\bvores kunder\b|\bbilag\w*|\bi stallet\b|\bi stedet\b",
        removal=Removal(
            verbs="ta bort|tag bort|fjern|slet|radera|stryk|plocka|avregistrer|meld",
            from_="fra|fran|ur|av|af",
            lists=r"list\w*|register|registret|mailinglist\w*|maillist\w*|utskick\w*|database\w*|kartotek\w*",
            self_=(
                r"mig|meg|oss|os|(?:min|mitt|mine|var|vart|vores) (?:\w+ )?(?:firma|foretag|adress\w*|e-?post\w*|"
                r"mail\w*|namn|navn|uppgifter|oplysninger|opplysninger|nummer)"
            ),
        ),
    ),
)
