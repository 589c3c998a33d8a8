"""Decides how people opt out in French, Spanish, Italian and Portuguese, each on one folded sentence."""

from inbox.understanding.optout_wish import Removal, wish

WISHES = (
    wish(
        "french",
        "French",
        (
            r"^(?:merci de |veuillez )?(?:stop|arret(?:ez)?|desinscri\w+|desabonn?e\w+|stop pub|"
            r"supprimez[- ]moi|retirez[- ]moi)(?: (?:svp|s'il vous plait|merci|moi))*[.! ]*$",
            r"\b(?:me|nous|m'|moi|mon|notre) ?(?:desinscri\w+|desabonn\w+)|\b(?:desinscri\w+|"
            r"desabonn\w+)[- ](?:moi|nous|mon|notre|cette)|\bdesabonn?ement\b(?=.{0,20}(?:svp|merci|"
            r"immediat))|\b(?:souhaite|voudrais|veux|voulons|demande) (?:\w+ )?(?:me |etre |ma |"
            r"mon )?(?:desinscri\w+|desabonn\w+)",
            r"\b(?:retir|supprim|enlev|efface|ray|radi)\w*(?:[- ](?:moi|nous|de|mon|ma|mes|notre|nos|cette|"
            r"toutes|l'adresse|adresse))+.{0,60}\b(?:liste\w*|fichier\w*|base\w*|diffusion|donnees|mailings?|"
            r"envois|campagnes?|relances|prospects|crm|communications|"
            r"contacts|registre\w*|systeme\w*)\b",
            r"\b(?:me|nous|m') ?(?:retir|supprim|enlev|ray|radi|efface)\w*.{0,40}\b(?:liste\w*|fichier\w*|"
            r"base\w*|mailing|contacts)\b|\betre (?:retire|supprime|enleve|radie|raye|desinscrit|"
            r"desabonne)\w*\b",
            r"\b(?:supprim|efface|retir)\w* (?:mon|notre|mes|nos|cette|toutes mes) (?:adresse|e-?mail|mail|"
            r"coordonnees|donnees|numero|contact)",
            r"\bne (?:plus|pas) (?:me|nous|m'|jamais)? ?(?:recontacter|contacter|ecrire|envoyer|solliciter|"
            r"recevoir|deranger|relancer|importuner|appeler).{0,25}(?:plus|a l'avenir|jamais|$|[.!,])|"
            r"\bne (?:me|nous|m') ?(?:contact|ecri|envoy|sollicit|relanc|derang|rappel|ecriv)\w* plus\b|"
            r"\bne plus (?:me|nous|etre|recevoir|m')\b|\bne plus m'\w+|\bn'envoyez plus\b",
            r"\b(?:arretez|cessez|arrete|stoppez|arreter|cesser) (?:tout de suite |immediatement |"
            r"svp )?(?:de |d'|vos |ces |tout\w* |les |votre |avec |avec vos |avec ces )(?:m'|me |"
            r"nous )?.{0,30}(?:envoyer|ecrire|"
            r"contacter|harceler|solliciter|spammer|mails?|e-?mails?|courriels?|messages?|envois?|publicites?|"
            r"sollicitations?|demarchage|"
            r"contact|communication|relances?|sms|textos?|spam|relancer|appeler)",
            r"\b(?:vous|veuillez|merci|aimable|priere|prie|gentil)\b.{0,30}\b(?:d'|de )?(?:arreter|"
            r"cesser)\b(?= ?(?:$|[,.!;]|la\b|tout))|"
            r"\b(?:je|nous|on) (?:ne|n') ?(?:souhait|veu|voul|desir)\w* plus (?:du tout )?(?:rien )?(?:recevoir|"
            r"etre (?:contacte|sollicite|derange|demarche)|de (?:vos )?(?:mails?|messages|e-?mails?)|"
            r"avoir (?:de )?(?:vos )?(?:nouvelles|mails?|messages|contact|relances))",
            r"\b(?:je|nous|on) (?:ne|n') ?(?:souhait|veu|voul|desir)\w* pas (?:du tout )?(?:recevoir (?:vos|"
            r"ce genre|ces|ce type|"
            r"d'autres|rien|de (?:vos )?(?:mails?|e-?mails?|messages?|publicites?|sollicitations?|newsletters?|"
            r"courriels?|"
            r"demarchage|prospection|spams?|propositions? commerciale))|etre (?:contacte|sollicite|derange|"
            r"demarche))",
            r"\bne (?:veu|souhait|voul|desir)\w* (?:plus|pas) que vous (?:me |m'|nous )(?:\w+ )?(?:ecriv|contact|"
            r"envoy|"
            r"relanc|sollicit|rappel)\w*|\b(?:retir|supprim|enlev|efface)\w*-(?:le|la|les)\b.{0,20} (?:de|"
            r"du) (?:vos|"
            r"votre|vot)\b",
            r"\b(?:merci de|veuillez|priere de) (?:me|nous) (?:retirer|supprimer|enlever|effacer|rayer)\W*$|"
            r"\boubliez[- ](?:moi|nous)\b|\bde m'oublier\b|\b(?:laissez|foutez|fichez)[- ](?:moi|"
            r"nous) (?:tranquille|la paix)|\bplus (?:de|"
            r"aucun) (?:mails?|e-?mails?|messages?|courriels?|sms|contact)\b.{0,30}(?:svp|s'il vous plait|"
            r"merci|$|[.!])|\bsignale comme (?:spam|indesirable)\b|\bm'oppose (?:a|au) .{0,40}(?:donnees|"
            r"prospection|traitement)",
        ),
        r"\b(?:ai|avons|ont|a|avait|avions) (?:\w+ )?(?:arrete|cesse)\b|\bavant (?:\d|midi|le|la|de)|"
        r"\b(?:retire|supprime|enleve)\w* (?:de la |du |de l')(?:reunion|rendez-vous|rdv|devis|invitation|rendez)|"
        r"\b(?:appel\w+|telephon\w+) (?:le|la) (?:matin|soir|nuit|week-?end|lundi|mardi|mercredi|jeudi|"
        r"vendredi)\b|\brecevoir (?:la|le|les|une?) (?:facture|contrat|devis|catalogue|brochure)|\b(?:ne|n')(?: |"
        r")(?:cess|"
        r"arret|stopp)\w+ (?:surtout )?(?:pas|jamais)\b|\b(?:appeler|telephoner|"
        r"appelez)\b.{0,40}\bmais\b|\bpas besoin\b|"
        r"\bne .{0,15}(?:desinscri|desabonn)\w* pas\b|"
        r"\binutile de\b|\bplutot\b|\bapres (?:\d|le|la)|\bpiece jointe\b|\bpar telephone\b|"
        r"\bnos (?:clients|abonnes)\b",
        removal=Removal(
            verbs="retir|supprim|enlev|effac|ray|radi|desinscri|desabonn|sort",
            from_="de|des|du",
            lists=r"listes?|fichiers?|bases? de donnees|base|mailing|registres?",
            self_=(
                r"me|m'\w+|moi|nous|(?:mon|ma|mes|notre|nos) (?:\w+ )?(?:adresse|e-?mail|mail|nom|"
                r"coordonnees|donnees|contact|numero|societe|entreprise)|cette adresse"
            ),
        ),
    ),
    wish(
        "spanish",
        "Spanish",
        (
            r"^(?:por favor,? )?(?:baja|alto|stop|pare(?:n)?|basta|cancelar|eliminar|borrar|dar(?:me|"
            r"nos)? de baja|desuscribir\w*|no mas (?:correos|mensajes|emails?))(?:,? por favor| ya)*[.! ]*$",
            r"\b(?:den(?:me|nos)|de(?:me|nos)|da(?:me|nos)|dar(?:me|nos)|darse|dese|dad(?:me|"
            r"nos)) (?:por favor )?de baja\b|\b(?:quiero|deseo|solicito|queremos|deseamos|pido|exijo|"
            r"prefiero) (?:\w+ )?(?:la |mi |nuestra )?(?:baja\b|darme de baja|desuscrib\w+|que me (?:den|"
            r"de) de baja|ser (?:eliminad|removid|borrad|dad)[oa])",
            r"\b(?:me|nos) (?:borr|elimin|quit|saqu|sac|retir|excluy|remuev)\w* (?:\w+ )?de (?:su|sus|la|"
            r"esta|tu|vuestra) (?:\w+ )?(?:lista|base|mailing)|\b(?:elimine|borre|quite|saque|retire|"
            r"remueva|elimin|borr|quit|sac|suprima|excluya)(?:n|ar|a|"
            r"en|ad)?(?:me|nos)\b.{0,50}\b(?:lista|base|correo|registro|datos|fichero|contactos|envios|"
            r"mailing|sistema)|\b(?:elimine|borre|quite|saque|retire|remueva)n?(?:me|nos)\b(?: ya|"
            r" por favor)*[.! ]*$",
            r"\b(?:elimin|borr|quit|sac|retir|suprim|remuev)\w* (?:por favor )?(?:mi|nuestro|nuestra|mis|"
            r"nuestros|este|esta|todos mis) (?:\w+ )?(?:correo|direccion|e-?mail|datos|nombre|numero|"
            r"contacto)",
            r"\bya no (?:me|nos) (?:envi|escrib|contact|mand|llam|molest)\w*|\b(?:solicito|pido|exijo|ruego|"
            r"reclamo|solicitamos)\b.{0,25}"
            r"\b(?:supresion|eliminacion|borrado|cancelacion) (?:de|del)\b.{0,20}\b(?:datos|correo|direccion|"
            r"contacto)|"
            r"\bno (?:me|nos) (?:\w+ )?(?:envi|escrib|contact|mand|llam|molest|vuelva)\w*.{0,40}\b(?:mas|"
            r"nunca|jamas|otra vez|de nuevo|nuevamente|a (?:contactar|escribir|enviar|llamar|"
            r"molestar)\w*)\b|\bno (?:vuelva|vuelvan|volver) a (?:escribir|contactar|enviar|mandar|molestar|"
            r"llamar)\w*",
            r"\bno (?:quiero|deseo|queremos|deseamos|quisiera) (?:\w+ )?(?:recibir (?:mas|nada|sus?|vuestr\w+|"
            r"este|estos|otr\w+|correos?|mensajes?|e-?mails?|publicidad|"
            r"ofertas|informacion)|que me (?:escrib|contact|"
            r"envi)\w*|saber|mas (?:correos?|mensajes?|e-?mails?|"
            r"publicidad|llamadas|contacto|spam|nada|de (?:esto|ustedes|lo)))\b.{0,50}(?:mas|correos?|mensajes?|"
            r"e-?mails?|publicidad|nada|ustedes|$)",
            r"(?:^|\b(?:favor(?: de)?|pido|ruego|gracias por|agradec\w+),? )no (?:enviar|escribir|contactar|"
            r"mandar|llamar)\w* "
            r"(?:mas|otr[oa]s?)\b|\b(?:prefer|prefier|agradec)\w* (?:\w+ )?no (?:recib\w+|"
            r"ser contactad\w+)\b.{0,30}\b(?:mas|correos?|"
            r"mensajes?|"
            r"nada|e-?mails?)\b",
            r"\b(?:deje|dejen|deja|dejad|pare|paren|para|cese|cesen) (?:ya |"
            r"por favor )?de (?:\w+ )?(?:escrib|envi|mand|contact|molest|llam|acos|bombarde)\w*|"
            r"\b(?:saque|quite|borre|elimine|retire)n?(?:me|nos) (?:ya )?de (?:ahi|aqui|esto|eso|alli)\b|"
            r"\b(?:numero|correo|telefono|equivocad[oa]|ya no)\b.{0,40}\b(?:borr|elimin|quit|sac)(?:e|en)(?:lo|la)\b|"
            r"\bno (?:escriban?|contacten?|envien?|manden?|llamen?) mas\b|\bno (?:me|nos) volvieran? a (?:escrib|"
            r"contact|llam|envi|mand)\w*|"
            r"\bno (?:molest(?:en?|es)|insist(?:an?|as))\b(?! (?:a|en)\b)|\bcancel\w* (?:mi|la|"
            r"nuestra) suscripcion\b|\bno mas (?:correos?|mensajes?|e-?mails?|llamadas|"
            r"spam)\b|\bdeje?n?[ae]?me(?:n)? en paz\b|"
            r"\bdejenos en paz\b|\b(?:reportado|marcado|denunciado) como spam\b",
        ),
        r"\bno (?:deje|pare|cese|abandone)\w* de\b|\bno (?:hace|hay) (?:falta|que|necesidad)|\bantes de (?:las?|"
        r"el|\d)|\bno (?:me|nos) des? de baja|"
        r"\bbaja (?:medica|maternal|por (?!favor)|laboral)|\bhasta (?:el|que|enero|febrero|marzo|abril|mayo|"
        r"junio|"
        r"julio|agosto|septiembre|octubre|noviembre|diciembre)|\bnuestros (?:clientes|suscriptores)|"
        r"\bmejor (?:por|un|llam|escrib)|\bno es necesario\b",
        removal=Removal(
            verbs="elimin|borr|quit|sac|saqu|retir|suprim|remuev|remov|exclu",
            from_="de",
            lists=r"campanas?|crm|registros?|listas?|bases?|ficheros?|mailing|contactos|envios",
            self_=(
                r"me|nos|(?:mi|mis|nuestr\w+) (?:\w+ )?(?:empresa|negocio|correo|direccion|e-?mail|nombre|datos|"
                r"numero|"
                r"contacto)|\w+(?:me|nos)|este correo|esta direccion"
            ),
        ),
    ),
    wish(
        "italian",
        "Italian",
        (
            r"^(?:per favore,? )?(?:stop|basta|cancellami|cancellatemi|cancellazione|disiscrivimi|"
            r"disiscrizione|rimuovimi|rimuovetemi)(?:,? (?:per favore|grazie|mail|email))*[.! ]*$",
            r"\b(?:cancell|rimuov|togli|elimin|disiscriv|toglie|deple)\w*(?:mi|ci|temi|"
            r"teci)\b(?:.{0,60}\b(?:lista|liste|mailing|database|elenco|archivio|contatti|newsletter|"
            r"banca dati|indirizzario|rubrica)|[^?]{0,25}$)",
            r"\b(?:cancell|rimuov|elimin|toglie)\w* (?:immediatamente |subito |per favore )?(?:il|la|i|"
            r"questo|questa|l'|tutti i)? ?(?:mio|mia|miei|nostro|nostra|indirizzo|nominativo|contatto|"
            r"recapito).{0,50}(?:lista|liste|mailing|database|elenco|archivi\w*|contatti|dati|indirizz\w+|"
            r"e-?mail|sistema)",
            r"\bnon (?:desider|vogli|intend|gradisc)\w+ (?:piu )?(?:ricevere|essere (?:contattat|"
            r"disturbat)\w*|riceverne)(?:\W*$|.{0,40}(?:piu|mail|e-?mail|messaggi|comunicazioni|vostr\w+|"
            r"altr\w+|pubblicita|"
            r"newsletter|offerte))",
            r"\bnon (?:tornate|torni|provate|provi) (?:piu )?a (?:contatt|scriv|chiam)\w*|\bnon (?:scriv|"
            r"contatt|mand|invi|chiam|disturb)\w* ?(?:mi|ci)? (?:mai )?(?:piu|"
            r"ulteriormente)\b|\bnon (?:mi|"
            r"ci) (?:scriv|contatt|mand|invi|chiam|disturb)\w* (?:mai )?piu\b|\bnon (?:voglio|"
            r"vogliamo) (?:piu|altre) (?:vostre )?(?:mail|e-?mail|messaggi|comunicazioni)",
            r"\b(?:smett|piant)\w+(?:tela|la)? (?:\w+ )?(?:di|con) (?:\w+ )?(?:scriver|mandar|inviar|"
            r"contattar|disturbar|mail|email|messaggi|chiamar)\w*|\bbasta (?:con )?(?:le |queste |quelle |"
            r"vostre )*(?:mail|e-?mail|messaggi|spam|"
            r"comunicazioni|scriver\w*)|\blasciate(?:mi|ci) in pace\b|\bsegnalat[oa] come spam\b",
            r"\bnon (?:inviar|mandar|spedir|scriver|contattar|chiamar)\w*\b.{0,20}\b(?:altr[eoi]|piu|ulterior\w+)\b|"
            r"\b(?:prefer|gradi)\w+ (?:\w+ )?non (?:ricever|essere contatt)\w*.{0,30}\b(?:altr\w+|piu|mail|"
            r"messagg\w+|"
            r"comunicaz\w+)\b",
            r"\bdiffid\w+ (?:dal|da|a non) .{0,20}\b(?:contatt|scriv|invi|mand|chiam)\w+|"
            r"\b(?:chiedo|richiedo|esigo) (?:\w+ ){0,2}(?:cancellazione|rimozione|eliminazione)\b|"
            r"\b(?:chiedo|richiedo|desidero|vorrei) (?:\w+ )?(?:di )?(?:essere|venire) (?:cancellat|rimoss|"
            r"eliminat|disiscritt|tolt)\w+",
        ),
        r"\bnon (?:smett|piant|cess)\w+ di\b|\bnon (?:serve|occorre|e necessario|c'e bisogno)|\bprima (?:delle|"
        r"di)|\bfino a(?:l|lle)?\b|"
        r"\bnostri clienti|\ballegat\w+|\bpiuttosto\b",
        removal=Removal(
            verbs="cancell|rimuov|rimozion|tolg|togl|elimin|disiscri|deple",
            from_="da|dal|dalla|dalle|dai|dall'|dalla vostra",
            lists=r"campagne|crm|rubrica|lista|liste|elenco|database|mailing|contatti|archivi\w*|banca dati",
            self_=(
                r"mi|ci|(?:mio|mia|miei|nostr\w+) (?:\w+ )?(?:azienda|ditta|indirizzo|e-?mail|mail|nome|nominativo|"
                r"dati|contatto|numero)|\w+(?:mi|ci|temi|teci)|quest[oa] (?:indirizzo|mail|e-?mail)"
            ),
        ),
    ),
    wish(
        "portuguese",
        "Portuguese",
        (
            r"^(?:por favor,? )?(?:sair|parar|pare(?:m)?|cancelar|descadastr\w+|remover|remova|stop|basta|"
            r"chega)(?:,? (?:por favor|obrigad[oa]))*[.! ]*$",
            r"\b(?:favor|peco|queira|queiram|solicito) (?:\w+ )?(?:descadastrar|desinscrever)\b|\b(?:descadastr|"
            r"desinscrev|desubscrev)\w*(?:[- ](?:me|nos|este|esse|meu|o|a))|\b(?:quero|"
            r"gostaria|desejo|solicito|peco) (?:\w+ ){0,3}(?:descadastr\w+|"
            r"cancelar (?:a )?(?:minha )?(?:inscricao|subscricao)|ser (?:removid|retirad|excluid)\w+|"
            r"a remocao|sair (?:da|desta|dessa|de sua) (?:sua |vossa )?lista)",
            r"\b(?:remov|retir|exclu|tir|apag|elimin)\w*(?:[- ](?:me|nos|o|a|meu|minha|nosso|nossa|este|"
            r"esse|meus|todos|os|por favor,?))+.{0,50}\b(?:lista|base|cadastro|mailing|contatos|contactos|"
            r"banco|dados|sistema|registos?)\b|\b(?:me|nos) (?:remov|retir|exclu|tir)\w+.{0,40}\b(?:lista|"
            r"base|cadastro|mailing|contatos|contactos)\b",
            r"\b(?:remov|apag|exclu|elimin|retir)\w* (?:o )?(?:meu|nosso|este|esse|minha) (?:e-?mail|"
            r"endereco|contato|contacto|numero|dados|telefone)",
            r"\b(?:par|deix)e[mn]? (?:imediatamente )?de (?:me |nos )?(?:enviar|mandar|escrever|contactar|"
            r"contatar|ligar|incomodar|spam)\w*|\bpara de (?:me |nos )?(?:enviar|mandar|escrever|ligar|"
            r"encher)",
            r"\b(?:gostaria de|(?:prefer|prefir|agradec)\w*) (?:\w+ )?nao (?:ser conta\w+\W*$|(?:receber|"
            r"ser conta\w+)\b.{0,30}\b(?:mais|mensagens|"
            r"e-?mails?)\b)",
            r"\bnao (?:quero|queremos) mais (?:mensagens|e-?mails?|contatos?|contactos?|ligacoes|propaganda)\b|"
            r"\bnao (?:me|nos) (?:contact|contat|envi|mand|escrev|ligu)\w* (?:novamente|de novo|outra vez)\b|"
            r"\bnao (?:volt|torn)\w+ a (?:contact|contat|escrev|envi|mand|lig|incomod)\w*|\bnao (?:quero|"
            r"queremos|desejo|desejamos|gostaria de|pretendo) (?:(?:mais )?(?:"
            r"ser contat\w+|ser contact\w+|que me)\b|mais receber\b|receber (?:mais|nada|nenhum\w*|vossos?|"
            r"vossas?|seus|suas|esses?|estes?|e-?mails?|"
            r"mensagens|publicidade|propaganda|contact\w+|contat\w+|comunicac\w+|spam|newsletters?)\b)|"
            r"\bnao (?:me|nos) (?:envi|mand|contact|contat|"
            r"escrev|ligu|incomod)\w* (?:nunca )?mais\b|\bnao (?:envi|mand|contact|contat|escrev|"
            r"entr)\w* mais\b|\bchega de (?:e-?mails?|mensagens|spam)|\bdeixe[m]?[- ]me em paz\b|"
            r"\b(?:denunciad|marcad)[oa] como spam\b",
        ),
        r"\bnao (?:pare|parem|deixe|deixem) de\b|\bnao (?:precisa|e preciso|e necessario|ha necessidade)|"
        r"\bantes d(?:as|e|os)\b|\baté (?:as|o)\b|"
        r"\bate (?:as|o|janeiro|fevereiro|marco)\b|\bnossos clientes|\banexos?\b|\bem vez\b",
        removal=Removal(
            verbs="remov|retir|exclu|tir|apag|elimin|descadastr",
            from_="da|de|do|dessa|desta|das|dos",
            lists=r"campanhas?|crm|listas?|base|cadastro|mailing|contatos|contactos|banco|sistema",
            self_=(
                r"me|nos|(?:meu|minha|meus|nosso|nossa) (?:\w+ )?(?:empresa|e-?mail|endereco|contato|contacto|"
                r"nome|numero|dados|telefone)|(?:este|esse) e-?mail"
            ),
        ),
    ),
)
