"""Decides how people opt out in other languages than English: the wish, and what turns it into something else."""

import re
from dataclasses import dataclass

from inbox.understanding.reading import Reading

_POLITE = re.compile(
    r"^\W*(?:(?:sie|vous|voces|lei|u|jullie|pan|pani) )?(?:bitte|konnten|konnen|konntest|kannst|wurden|"
    r"wurdest|pourriez|pouvez|voulez|podria\w*|puede\w*|"
    r"podeis|potrebbe|potreste|puo|potete|"
    r"poderia\w*|pode\w*|kunt|kun|kunnen|wilt|wil|zou\w*|czy (?:moz|mog)\w+|kan (?:ni|du|jeg|i|dere)|"
    r"vill ni|vil (?:i|du|dere)|muzete|mohli|"
    r"voisitteko|можете|не могли бы)\b|\b(?:bitte|s'il vous plait|svp|por favor|per favore|per cortesia|aub|"
    r"alstublieft|prosze|tack|prosim)\W*$"
)
_SENTENCE_CHARS = 400  # a wish is short; keeps the look-aheads cheap


class _Removal:
    """Word stems by which a language takes somebody off a list; they come in any order, close together."""

    _NEGATION = re.compile(r"\b(?:nicht|pas|no|non|nao|niet|nie|inte|ikke)\b")
    _NEAR_CHARS = 90

    def __init__(self, *, verbs: str, from_: str, lists: str, self_: str) -> None:
        self._verb = re.compile(rf"\b(?:{verbs})\w*")
        self._list = re.compile(rf"\b(?:{from_})(?: [\w']+){{0,3}}? (?:{lists})\b")
        self._self = re.compile(rf"\b(?:{self_})\b")

    def says(self, low: str) -> bool:
        place = self._list.search(low)
        if not place or not self._self.search(low) or self._NEGATION.search(low):
            return False
        near = low[max(0, place.start() - self._NEAR_CHARS) : place.end() + self._NEAR_CHARS]
        return bool(self._verb.search(near))


@dataclass(frozen=True)
class _Wish:
    """How a language says it, on one folded sentence.

    `unless` in the same sentence turns it into something else; so does a question that is no polite request.
    """

    code: str
    name: str
    wishes: re.Pattern[str]
    unless: re.Pattern[str]
    removal: _Removal | None

    def match(self, reading: Reading) -> str | None:
        for written, low in reading.sentences:
            if len(low) > _SENTENCE_CHARS or not self._says(low):
                continue
            if not self.unless.search(low) and not (low.endswith(("?", "？")) and not _POLITE.search(low)):
                return written
        return None

    def _says(self, low: str) -> bool:
        return bool(self.wishes.search(low)) or (self.removal is not None and self.removal.says(low))


def _wish(
    code: str, name: str, wishes: tuple[str, ...], unless: str = r"(?!)", removal: _Removal | None = None
) -> _Wish:
    return _Wish(code, name, re.compile("|".join(wishes)), re.compile(unless), removal)


_WISHES = (
    _wish(
        "german",
        "German",
        (
            r"^(?:bitte )?(?:abmelden|abbestellen|austragen|stopp?|loschen|"
            r"keine mails?(?: mehr)?)(?: bitte)?[.! ]*$",
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
            r"\bwiderspr(?:eche|uch)\b.{0,60}\b(?:verarbeitung|nutzung|daten|werbung|zusendung|kontakt)",
            r"\blass(?:en|t)? (?:sie |ihr )?(?:mich|uns) (?:bitte |endlich )?in ruhe\b|\bverpiss|"
            r"\bmochte ich (?:mich |hiermit )?(?:abmelden|austragen)|"
            r"\bich mochte (?:mich )?.{0,30}\b(?:abmelden|ausgetragen werden|abbestellen)\b",
            r"\b(?:ich|wir) (?:mochte|mochten|will|wollen|wunsche|wunschen) (?:\w+ ){0,3}(?:keine|nichts|"
            r"nicht)\b"
            r".{0,40}\b(?:mehr|weiter\w*)\b.{0,40}\b(?:erhalten|bekommen|horen|empfangen|kontaktiert|"
            r"angeschrieben|angerufen|"
            r"mails?|e-?mails?|nachrichten|werbung|anfragen|anrufe)\b",
            r"\bsehen sie (?:bitte )?von weiteren .{3,40} ab\b|\bvon weiteren \w+ (?:an mich |"
            r"an uns )?abzusehen\b",
            r"\b(?:losch|entfern|streich)\w* (?:sie )?(?:mich|uns)\W*(?:bitte\W*)?$",
            r"\bnewsletter (?:abbestellen|abmelden)\b|\bwerde? (?:das|sie|dies) als spam (?:melden|"
            r"markieren)|\bals spam gemeldet\b",
        ),
        r"\b(?:mussen|muss|brauchen|brauchst|sollen) (?:sie |du |ihr )?(?:mich|uns|"
        r"mir)? ?(?:\w+ ){0,3}nicht\b|\bnicht notig\b|\b(?:vor|nach|zwischen) \d|\bunser\w* (?:kunden|"
        r"newsletter|verteiler)\b|\bvor (?:dem|der|ende|januar|februar|marz|april|mai|juni|juli|august|"
        r"september|oktober|november|dezember)\b|\banhang\w*|\bstattdessen\b|\bsondern\b",
        removal=_Removal(
            verbs="nehm|nimm|streich|entfern|losch|trag|meld|werf|austrag|genommen|gestrichen|geloscht|ausgetragen",
            from_="aus|von",
            lists=r"verteiler|liste|mailingliste|adressliste|datenbank|kartei|datei|mailing|system",
            self_=(
                r"mich|uns|(?:mein|unser)\w* (?:\w+ )?(?:firma|unternehmen|betrieb|praxis|domain|"
                r"adresse|e-?mail\S*|mailadresse|daten|namen?|"
                r"kontakt\w*|nummer)|diese (?:e-?mail-?)?adresse"
            ),
        ),
    ),
    _wish(
        "french",
        "French",
        (
            r"^(?:merci de |veuillez )?(?:stop|arret(?:ez)?|desinscri\w+|desabonn\w+|stop pub|"
            r"supprimez[- ]moi|retirez[- ]moi)(?: (?:svp|s'il vous plait|merci|moi))*[.! ]*$",
            r"\b(?:me|nous|m'|moi|mon|notre) ?(?:desinscri\w+|desabonn\w+)|\b(?:desinscri\w+|"
            r"desabonn\w+)[- ](?:moi|nous|mon|notre|cette)|\bdesabonnement\b(?=.{0,20}(?:svp|merci|"
            r"immediat))|\b(?:souhaite|voudrais|veux|voulons|demande) (?:\w+ )?(?:me |etre |ma |"
            r"mon )?(?:desinscri\w+|desabonn\w+)",
            r"\b(?:retir|supprim|enlev|efface|ray|radi)\w*(?:[- ](?:moi|nous|de|mon|ma|mes|notre|nos|cette|"
            r"toutes|l'adresse|adresse))+.{0,60}\b(?:liste\w*|fichier\w*|base\w*|diffusion|donnees|mailing|"
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
            r"svp )?(?:de |d'|vos |ces |tout\w* |les |votre )(?:m'|me |nous )?.{0,30}(?:envoyer|ecrire|"
            r"contacter|harceler|solliciter|spammer|mails?|e-?mails?|courriels?|messages?|envois|demarchage|"
            r"contact|communication|relances?|sms|textos?|spam|relancer|appeler)",
            r"\b(?:je|nous) (?:ne|n') ?(?:souhait|veu|voul|desir)\w* (?:plus|pas) (?:du tout )?(?:recevoir|"
            r"etre (?:contacte|sollicite|derange|demarche)|de (?:vos )?(?:mails?|messages|e-?mails?)|avoir)",
            r"\b(?:laissez|foutez|fichez)[- ](?:moi|nous) (?:tranquille|la paix)|\bplus (?:de|"
            r"aucun) (?:mails?|e-?mails?|messages?|courriels?|sms|contact)\b.{0,30}(?:svp|s'il vous plait|"
            r"merci|$|[.!])|\bsignale comme (?:spam|indesirable)\b|\bm'oppose (?:a|au) .{0,40}(?:donnees|"
            r"prospection|traitement)",
        ),
        r"\b(?:ai|avons|ont|a|avait|avions) (?:\w+ )?(?:arrete|cesse)\b|\bavant (?:\d|midi|le|la|de)|"
        r"\bpas besoin\b|\bne .{0,15}(?:desinscri|desabonn)\w* pas\b|"
        r"\binutile de\b|\bplutot\b|\bapres (?:\d|le|la)|\bpiece jointe\b|\bpar telephone\b|"
        r"\bnos (?:clients|abonnes)\b",
        removal=_Removal(
            verbs="retir|supprim|enlev|effac|ray|radi|desinscri|desabonn|sort",
            from_="de|des|du",
            lists=r"listes?|fichiers?|bases? de donnees|base|mailing|registres?",
            self_=(
                r"me|m'\w+|moi|nous|(?:mon|ma|mes|notre|nos) (?:\w+ )?(?:adresse|e-?mail|mail|nom|"
                r"coordonnees|donnees|contact|numero|societe|entreprise)|cette adresse"
            ),
        ),
    ),
    _wish(
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
            r"mailing|sistema)|\b(?:elimine|borre|quite|saque|retire|remueva)n?(?:me|nos)\b[.! ]*$",
            r"\b(?:elimin|borr|quit|sac|retir|suprim|remuev)\w* (?:por favor )?(?:mi|nuestro|nuestra|mis|"
            r"nuestros|este|esta|todos mis) (?:\w+ )?(?:correo|direccion|e-?mail|datos|nombre|numero|"
            r"contacto)",
            r"\bno (?:me|nos) (?:\w+ )?(?:envi|escrib|contact|mand|llam|molest|vuelva)\w*.{0,40}\b(?:mas|"
            r"nunca|jamas|otra vez|de nuevo|nuevamente|a (?:contactar|escribir|enviar|llamar|"
            r"molestar)\w*)\b|\bno (?:vuelva|vuelvan|volver) a (?:escribir|contactar|enviar|mandar|molestar|"
            r"llamar)\w*",
            r"\bno (?:quiero|deseo|queremos|deseamos|quisiera) (?:\w+ )?(?:recibir|que me (?:escrib|contact|"
            r"envi)\w*|saber|mas)\b.{0,50}(?:mas|correos?|mensajes?|e-?mails?|publicidad|nada|ustedes|$)",
            r"\b(?:deje|dejen|deja|dejad|pare|paren|para|cese|cesen) (?:ya |"
            r"por favor )?de (?:\w+ )?(?:escrib|envi|mand|contact|molest|llam|acos|bombarde)\w*|"
            r"\bcancel\w* (?:mi|la|nuestra) suscripcion\b|\bno mas (?:correos?|mensajes?|e-?mails?|llamadas|"
            r"spam)\b|\bdejeme(?:n)? en paz\b|"
            r"\bdejenos en paz\b|\b(?:reportado|marcado|denunciado) como spam\b",
        ),
        r"\bno (?:hace|hay) (?:falta|que|necesidad)|\bantes de (?:las?|el|\d)|\bno (?:me|nos) des? de baja|"
        r"\bbaja (?:medica|maternal|por (?!favor)|laboral)|\bhasta (?:el|que|enero|febrero|marzo|abril|mayo|"
        r"junio|"
        r"julio|agosto|septiembre|octubre|noviembre|diciembre)|\bnuestros (?:clientes|suscriptores)|"
        r"\bmejor (?:por|un|llam|escrib)|\bno es necesario\b",
        removal=_Removal(
            verbs="elimin|borr|quit|sac|saqu|retir|suprim|remuev|remov|exclu",
            from_="de",
            lists=r"listas?|bases?|ficheros?|mailing|contactos|envios",
            self_=(
                r"me|nos|(?:mi|mis|nuestr\w+) (?:\w+ )?(?:empresa|negocio|correo|direccion|e-?mail|nombre|datos|numero|"
                r"contacto)|\w+(?:me|nos)|este correo|esta direccion"
            ),
        ),
    ),
    _wish(
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
            r"disturbat)\w*|riceverne).{0,40}(?:piu|mail|e-?mail|messaggi|comunicazioni|vostr\w+|altr\w+|$)",
            r"\bnon (?:scriv|contatt|mand|invi|chiam|disturb)\w* ?(?:mi|ci)? (?:mai )?(?:piu|"
            r"ulteriormente)\b|\bnon (?:mi|"
            r"ci) (?:scriv|contatt|mand|invi|chiam|disturb)\w* (?:mai )?piu\b|\bnon (?:voglio|"
            r"vogliamo) (?:piu|altre) (?:vostre )?(?:mail|e-?mail|messaggi|comunicazioni)",
            r"\b(?:smett|piant)\w+(?:tela|la)? (?:\w+ )?(?:di|con) (?:\w+ )?(?:scriver|mandar|inviar|"
            r"contattar|disturbar|mail|email|messaggi|chiamar)\w*|\bbasta (?:con )?(?:le |queste |quelle |"
            r"vostre )*(?:mail|e-?mail|messaggi|spam|"
            r"comunicazioni|scriver\w*)|\blasciate(?:mi|ci) in pace\b|\bsegnalat[oa] come spam\b",
            r"\b(?:chiedo|richiedo|esigo) (?:\w+ ){0,2}(?:cancellazione|rimozione|eliminazione)\b|"
            r"\b(?:chiedo|richiedo|desidero|vorrei) (?:\w+ )?(?:di )?(?:essere|venire) (?:cancellat|rimoss|"
            r"eliminat|disiscritt|tolt)\w+",
        ),
        r"\bnon (?:serve|occorre|e necessario|c'e bisogno)|\bprima (?:delle|di)|\bfino a(?:l|lle)?\b|"
        r"\bnostri clienti|\ballegat\w+|\bpiuttosto\b",
        removal=_Removal(
            verbs="cancell|rimuov|rimozion|tolg|togl|elimin|disiscri|deple",
            from_="da|dal|dalla|dalle|dai|dall'|dalla vostra",
            lists=r"lista|liste|elenco|database|mailing|contatti|archivi\w*|banca dati",
            self_=(
                r"mi|ci|(?:mio|mia|miei|nostr\w+) (?:\w+ )?(?:azienda|ditta|indirizzo|e-?mail|mail|nome|nominativo|"
                r"dati|contatto|numero)|\w+(?:mi|ci|temi|teci)|quest[oa] (?:indirizzo|mail|e-?mail)"
            ),
        ),
    ),
    _wish(
        "portuguese",
        "Portuguese",
        (
            r"^(?:por favor,? )?(?:sair|parar|pare(?:m)?|cancelar|descadastr\w+|remover|remova|stop|basta|"
            r"chega)(?:,? (?:por favor|obrigad[oa]))*[.! ]*$",
            r"\b(?:descadastr|desinscrev|desubscrev)\w*(?:[- ](?:me|nos|este|esse|meu|o|a))|\b(?:quero|"
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
            r"\bnao (?:quero|queremos|desejo|desejamos|gostaria de|pretendo) (?:mais )?(?:receber|"
            r"ser contat\w+|ser contact\w+|que me)\b.{0,50}|\bnao (?:me|nos) (?:envi|mand|contact|contat|"
            r"escrev|ligu|incomod)\w* (?:nunca )?mais\b|\bnao (?:envi|mand|contact|contat|escrev|"
            r"entr)\w* mais\b|\bchega de (?:e-?mails?|mensagens|spam)|\bdeixe[m]?[- ]me em paz\b|"
            r"\b(?:denunciad|marcad)[oa] como spam\b",
        ),
        r"\bnao (?:precisa|e preciso|e necessario|ha necessidade)|\bantes d(?:as|e|os)\b|\baté (?:as|o)\b|"
        r"\bate (?:as|o|janeiro|fevereiro|marco)\b|\bnossos clientes|\banexos?\b|\bem vez\b",
        removal=_Removal(
            verbs="remov|retir|exclu|tir|apag|elimin|descadastr",
            from_="da|de|do|dessa|desta|das|dos",
            lists=r"listas?|base|cadastro|mailing|contatos|contactos|banco|sistema",
            self_=(
                r"me|nos|(?:meu|minha|meus|nosso|nossa) (?:\w+ )?(?:empresa|e-?mail|endereco|contato|contacto|"
                r"nome|numero|dados|telefone)|(?:este|esse) e-?mail"
            ),
        ),
    ),
    _wish(
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
            r"\blaat (?:mij|me|ons) met rust\b|\bgeen (?:verdere|nieuwe|enkele) (?:communicatie|berichten|"
            r"mails?|e-?mails?|contact\w*)\b|\bals spam (?:gemeld|gemarkeerd)\b",
        ),
        r"\b(?:heb|hebben|had|hadden)\b.{0,30}\bontvangen\b|\b(?:hoef|hoeft|hoeven) (?:\w+ ){0,6}niet\b|"
        r"\bniet nodig\b|\bvoor \d|\bonze (?:klanten|"
        r"abonnees)\b|\bbijlage\w*|\bliever\b|\bin plaats\b",
        removal=_Removal(
            verbs="haal|hal|verwijder|schrap|wis|gooi",
            from_="van|uit",
            lists=r"lijst|mailinglijst|bestand|database|mailing|adressenlijst|verzendlijst|maillijst|systeem",
            self_=(
                r"mij|me|ons|(?:mijn|onze|ons) (?:\w+ )?(?:bedrijf|zaak|adres|e-?mail\S*|naam|gegevens|nummer|"
                r"contact\w*)|dit adres|deze mail\w*"
            ),
        ),
    ),
    _wish(
        "polish",
        "Polish",
        (
            r"^(?:prosze )?(?:stop|rezygnuje|wypisz\w*|wypisuje sie|usunac|wypisac|koniec)(?: (?:mnie|"
            r"prosze|z listy))*[.! ]*$",
            r"\b(?:wypis|wykresl|skresl|usun|wyrejestr|wykluczy)\w* (?:mnie|nas|moj|nasz|ten|moich|mojego|"
            r"naszego|moje|nasze)\b|\b(?:mnie|nas) (?:\w+ )?(?:wypis|wykresl|usun|skresl)\w*\b|"
            r"\b(?:o )?(?:usuniecie|wypisanie|wykreslenie|skreslenie) (?:mnie|nas|mojego|naszego|moich|"
            r"naszych|mego|tego|adresu|danych|z)\b",
            r"\bnie (?:zycz|chc)\w* (?:sobie )?(?:juz )?(?:otrzymyw\w+|dostawa\w+|kontakt\w*|wiecej|tego|kolejnych|"
            r"takich|zadnych|dalszej|dalszych|byc)|\bnie (?:wysyla|wysyl|przesyla|pisa|kontaktowa|kontaktuj|"
            r"pisz|dzwon|nachodz)\w*.{0,40}\b(?:wiecej|juz|kolejnych|mnie|nas|do mnie|do nas|ponownie)\b|"
            r"\b(?:nieprzesylanie|niewysylanie|niekontaktowanie|zaprzestanie)\b|"
            r"\bprosze (?:juz )?(?:wiecej )?nie (?:pisac|wysylac|dzwonic|kontaktowac)\b.{0,20}(?:wiecej|juz|"
            r"$|[.!])",
            r"\bprosze (?:przestac|zaprzestac|skonczyc)\b|\b(?:przestan\w*|skonczcie) (?:\w+ )?(?:pisac|"
            r"wysylac|spamowac|dzwonic|mnie|nas|do mnie)|\bdajcie mi spokoj\b|\bwiecej nie (?:pisz|wysyl|"
            r"dzwon)\w*|\bsprzeciw\w* .{0,30}(?:przetwarzani|dan)",
        ),
        r"\bnie (?:trzeba|musi|musza|ma potrzeby|potrzeba)\b|\bprzed \d|\bnasi(?:ch)? klien\w+|"
        r"\bzalaczni\w+|\bdo (?:stycznia|lutego|marca|kwietnia)",
        removal=_Removal(
            verbs="usun|wypis|wykresl|skresl|wyrejestr",
            from_="z|ze",
            lists=r"list\w*|baz\w*|mailing\w*|rejestr\w*",
            self_=(
                r"mnie|nas|(?:moj|nasz)\w* (?:\w+ )?(?:firm\w*|adres\w*|e-?mail\w*|mail\w*|dan\w+|numer\w*|"
                r"kontakt\w*)|ten adres|tego adresu"
            ),
        ),
    ),
    _wish(
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
            r"\b(?:vill|onskar|onsker|vil) (?:\w+ )?(?:inte|ikke) (?:\w+ ){0,3}(?:ha|fa|have|modtage|motta|"
            r"ta emot|bli kontaktad|kontaktes|bli kontaktet|hore|hora)\b.{0,40}(?:mer|mere|fler|flere|mejl|"
            r"mail|mails|utskick|e-post|nyhedsbrev\w*|henvendelser|dere|jer|er)|\blad mig vaere i fred\b|"
            r"\blamna mig i fred\b|\bla meg vaere\b",
        ),
        r"\b(?:behover|behover|trenger|behoves) (?:\w+ )?(?:inte|ikke)\b|\b(?:fore|innan|for) (?:kl|\d)|"
        r"\bvara kunder\b|\bvores kunder\b|\bbilag\w*|\bi stallet\b|\bi stedet\b",
        removal=_Removal(
            verbs="ta bort|tag bort|fjern|slet|radera|stryk|plocka|avregistrer|meld",
            from_="fra|fran|ur|av|af",
            lists=r"list\w*|register|registret|mailinglist\w*|maillist\w*|utskick\w*|database\w*|kartotek\w*",
            self_=(
                r"mig|meg|oss|os|(?:min|mitt|mine|var|vart|vores) (?:\w+ )?(?:firma|foretag|adress\w*|e-?post\w*|"
                r"mail\w*|namn|navn|uppgifter|oplysninger|opplysninger|nummer)"
            ),
        ),
    ),
    _wish(
        "czech",
        "Czech and Slovak",
        (
            r"^(?:prosim )?(?:odhlasit|stop|odhlaste me|vyradte me|odhlasuji se)(?: prosim)?[.! ]*$",
            r"\b(?:odhlas|vyrad|vymaz|smaz|odstran|vyskrtn|odeber)\w* (?:me|nas|mne|mna|muj|moji|moje|nasi|"
            r"nas|ma|moju|tuto|tento|si me)\b|\b(?:me|nas|mne|ma) (?:\w+ )?(?:odhlas|vyrad|vymaz|smaz|"
            r"odstran|odstranit|vyradit|odhlasit)\w*\b|\b(?:odhlaseni|vyrazeni|vymazani|odstraneni) (?:me|"
            r"meho|z|nasi|mych)\b",
            r"\b(?:dalsi|zadne|uz) .{0,30}\b(?:e-?maily|maily|zpravy|nabidky)\b.{0,20}\b(?:si nepreji|"
            r"nechci|neposilejte|nezasilejte|neprejeme)|\b(?:uz|jiz|nikdy|znovu|dale|vice) (?:\w+ )?(?:me |"
            r"mi |nam |nas )?(?:ne(?:pis|kontakt|posil|zasil|vol|obtez|otravuj)\w+)|\bne(?:pis|kontakt|"
            r"posil|zasil|vol|obtez)\w+ (?:me |mi |nam |nas )?(?:uz|jiz|vice|dale|znovu|dalsi)\b|"
            r"\b(?:neprej\w+|nechc\w+) (?:si )?(?:jiz |uz )?(?:od \w+ )?(?:dostavat|dalsi|byt kontaktovan\w*|vase)\b|"
            r"\bprestante (?:mi |nam |me )?(?:psat|posilat|volat|otravovat)",
        ),
        r"\bneni (?:potreba|nutne|treba)\b|\bnemusite\b|\bpred \d|\bnasi zakaznici",
        removal=_Removal(
            verbs="odhlas|vyrad|vymaz|smaz|odstran|vyskrtn",
            from_="z|ze",
            lists=r"seznam\w*|databaz\w*|list\w*|mailing\w*|rozesil\w*|evidenc\w*",
            self_=r"me|mne|nas|(?:muj|moji|moje|nasi) (?:\w+ )?(?:firm\w*|adres\w*|e-?mail\w*|udaje|kontakt\w*)",
        ),
    ),
    _wish(
        "other_latin",
        "Finnish, Hungarian, Romanian and Turkish",
        (
            r"\bpoista(?:kaa)? (?:minut|meidat|osoitteeni|tietoni|sahkopostini)|\b(?:en|"
            r"emme) halua (?:enaa )?(?:vastaanottaa|saada|viesteja|lisaa)|"
            r"\blopettakaa .{0,30}(?:lahettaminen|viestit|yhteydenotot)|\balkaa (?:enaa )?(?:lahettako|"
            r"ottako|kirjoittako)|\b(?:peruuta|perukaa) tilaus",
            r"\b(?:toroljenek|torolje|toroljek|vegyenek|vegyen|vegyek|iratkoztass\w*) (?:le |"
            r"ki )?(?:\w+ )?(?:listarol|a listarol|a cimem|adataim|az adataimat|a cimemet|engem)|"
            r"\bleiratkoz\w+|\bne (?:kuldjon|kuldjenek|irjon|irjanak|keressen|keressenek|"
            r"zaklass\w+).{0,30}(?:tobb\w*|tobbet|ujra)|\bnem kerek tobb",
            r"\b(?:stergeti|eliminati|scoateti|dezabonati)(?:-| )?(?:ma|ne|va rog)|\b(?:stergeti|"
            r"eliminati) (?:adresa|datele|e-?mailul|numarul) (?:mea|mele|meu)|\bva rog sa ma (?:dezabonati|"
            r"scoateti|eliminati|stergeti)|\bnu (?:ma|ne|imi) (?:mai )?(?:contactati|scrieti|trimiteti|"
            r"deranjati|sunati)|\bnu mai (?:vreau|doresc) (?:sa )?(?:primesc|primim|e-?mail)",
            r"\b(?:beni|bizi|adresimi|e-?postami|mailimi|numarami|bilgilerimi)\b.{0,50}\b(?:cikar\w*|sil\w*|"
            r"kaldir\w*)|\b(?:listeden|listenizden|aboneligimi|abonelikten)\b.{0,30}\b(?:cik\w*|iptal|"
            r"cikar\w*|sil\w*)|\b(?:bir daha|artik) .{0,30}(?:yazma\w*|gonderme\w*|arama\w*|"
            r"rahatsiz etme\w*|mail atma\w*|istemiyor\w*)",
        ),
    ),
    _wish(
        "other_scripts",
        "Russian, Ukrainian, Greek, Hebrew, Arabic, Chinese, Japanese and Korean",
        (
            r"^(?:стоп|отписаться|отпишите|отписка|הסר|退订|停止|配信停止|수신거부|الغاء|إلغاء|取消订阅|td)[.! 。！]*$",
            r"(?:удалите|уберите|исключите|отпишите|вычеркните)(?: \w+)? (?:меня|нас|мои|мой|мою|наш|этот|"
            r"пожалуиста)|(?:меня|нас|мои адрес).{0,30}(?:удалите|уберите|отпишите|исключите)|(?:не|"
            r"больше не|прекратите|перестаньте|хватит) (?:мне |нам |меня |больше |слать |присылаите |"
            r"пишите |отправляите |беспокоить |писать |звонить |присылать )+|прошу (?:мне |нам |"
            r"меня )*(?:больше )?(?:мне |нам |меня )*не (?:писать|присылать|беспокоить|звонить)|"
            r"прошу (?:удалить|исключить|больше не|не присылать|не писать|отписать)|не (?:хочу|желаю|"
            r"хотим) (?:больше )?(?:получать|видеть)|видалить (?:мене|мою)|не (?:надсилаите|пишіть)",
            r"(?:διαγραψτε|αφαιρεστε|βγαλτε) (?:με|μας|το email|τα στοιχεια)|μη(?:ν)? (?:μου|μας|"
            r"με) .{0,20}(?:ξανα|αλλο|ενοχλ)|σταματηστε να",
            r"תסיר\w* (?:אותי|אותנו|את)|(?:להסיר|הסירו|הסר) (?:אותי|אותנו|את)|(?:אל|לא) (?:תשלח|תפנ|תכתב|"
            r"תתקשר)\w* .{0,15}(?:יותר|שוב)|תפסיק\w* (?:לשלוח|לכתוב|לפנות|להטריד|להתקשר)|לא מעוניי?נ\w* לקבל",
            r"(?:احذف\w*|ازل\w*|أزل\w*|الغ\w*|(?:يرجى|الرجاء|ارجو|أرجو) (?:حذف|ازالة|إزالة|الغاء|"
            r"إلغاء)) .{0,40}(?:القائمة|قائمتكم|بريدي|عنواني|اشتراكي|بياناتي|رقمي)|(?:توقف\w*|"
            r"كفوا) عن (?:ارسال|إرسال|مراسلت|الاتصال)|لا (?:ترسل|تراسل|تتصل)\w* .{0,20}(?:مرة|بعد|مجددا|"
            r"ثانية)|لا ار?يد (?:استلام|تلقي)",
            r"(?:不要|别|別|勿)再(?:给|給|向|跟)?(?:我|我们|我們)?(?:再)?(?:发|發|寄|打|联系|聯絡|联络|骚扰|邮件|郵件)|(?:请|請)?(?:不要|别|別|"
            r"勿)(?:给|給|向)(?:我|我们|我們)(?:发|發|寄)(?:邮件|郵件|信息|广告|短信|垃圾)|(?:取消订阅|取消訂閱|退订|退訂|(?:从|從|将|"
            r"把).{0,12}(?:列表|名单|名單|数据库).{0,10}(?:移除|删除|刪除|删掉)|(?:删除|刪除|移除)我(?:的|们)?)|(?:移出|移除|退出|"
            r"删除).{0,8}(?:列表|名单|名單)|停止(?:给我|給我|向我)?(?:们|們)?(?:发|發|联系|骚扰)",
            r"配信(?:を)?(?:停止|解除|不要)|(?:メール|ご連絡|連絡|営業|送信|配信).{0,12}(?:お?控え(?:て)?|停止|やめて|止めて|不要です|送らないで|しないで|"
            r"お断り|ご遠慮)|"
            r"(?:リスト|名簿|データベース|登録)(?:から|を).{0,10}(?:削除|外して|解除|抹消|除外)|今後(?:の|は).{0,15}(?:不要|お断り|ご遠慮|"
            r"控え|しないで|送らない)|二度と.{0,15}(?:送ら|連絡)",
            r"수신 ?거부|그만 ?(?:보내|연락)|"
            r"(?:메일|문자|연락|이메일|광고).{0,12}(?:보내지 ?(?:마|말아)|하지 ?(?:마|말아)|그만|원하지 않|중단|사양)|"
            r"(?:목록|명단|리스트|"
            r"데이터베이스)에서 .{0,12}(?:삭제|제외|빼)",
        ),
        unless=r"ありませんか",
    ),
)


LANGUAGE_RULES = tuple(
    (
        wish.code,
        f"The same wishes in {wish.name}: removal, no further mail, stop writing, erase my data.",
        wish.match,
    )
    for wish in _WISHES
)
