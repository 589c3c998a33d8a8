"""The phrases of the simulated model's drafts, in several languages. Some typical words identify a language."""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Phrases:
    """The phrases of one language with which the simulated model writes drafts.

    `later` is the phrase that says that no answer is known; `rest` says that only a part of the answer is known.
    `words` identify the language of a text.
    """

    greeting: str
    thanks: str
    later: str
    rest: str
    here: str
    offer: str
    next: str
    regards: str
    words: str


PHRASES = {
    "en": Phrases(
        "Hi {name}",
        "Thanks for getting back to us.",
        "I do not have that at hand; I will find out and come back to you.",
        "I do not have the rest at hand; I will find out and come back to you.",
        "You can see it here: {link}",
        "Would this work for you: {offers}?",
        "Happy to help with the next step. What would be most useful to you?",
        "Best regards",
        "the you your is are do does how what and for we to can have there any sounds thanks my our",
    ),
    "de": Phrases(
        "Guten Tag {name}",
        "Vielen Dank für Ihre Antwort.",
        "Das habe ich gerade nicht zur Hand; ich kläre es und melde mich wieder bei Ihnen.",
        "Das Übrige habe ich nicht zur Hand; ich kläre es und melde mich wieder bei Ihnen.",
        "Hier können Sie es sehen: {link}",
        "Würde Ihnen das passen: {offers}?",
        "Gern helfen wir Ihnen weiter. Was wäre für Sie jetzt am nützlichsten?",
        "Viele Grüße",
        "der die das und sie ist was wie wir haben kann ich nicht ein auch ihre bitte danke es auf mit passt wer ja",
    ),
    "fr": Phrases(
        "Bonjour {name}",
        "Merci pour votre réponse.",
        "Je n'ai pas la réponse sous la main ; je me renseigne et je reviens vers vous.",
        "Pour le reste, je n'ai pas la réponse sous la main ; je me renseigne et je reviens vers vous.",
        "Vous pouvez le voir ici : {link}",
        "Est-ce que cela vous convient : {offers} ?",
        "Nous vous aidons volontiers pour la suite. Qu'est-ce qui vous serait le plus utile ?",
        "Bien à vous",
        "le la les et vous est des une votre pour combien avez peut on qui que pas je du c moi sur sous",
    ),
    "es": Phrases(
        "Hola {name}",
        "Gracias por su respuesta.",
        "No tengo ese dato a mano; lo consulto y le confirmo.",
        "El resto no lo tengo a mano; lo consulto y le confirmo.",
        "Lo puede ver aquí: {link}",
        "¿Le vendría bien esto: {offers}?",
        "Con gusto le ayudamos con el siguiente paso. ¿Qué le sería más útil?",
        "Un saludo",
        "el los las y es que de para hay cuanto cuesta hacen tienen por gracias hola trabajan nos ustedes pagar",
    ),
    "it": Phrases(
        "Buongiorno {name}",
        "Grazie per la sua risposta.",
        "Non ho il dato sotto mano; mi informo e le faccio sapere.",
        "Il resto non lo ho sotto mano; mi informo e le faccio sapere.",
        "Lo può vedere qui: {link}",
        "Le andrebbe bene questo: {offers}?",
        "La aiutiamo volentieri con il prossimo passo. Che cosa le sarebbe più utile?",
        "Cordiali saluti",
        "il lo gli di che quanto costa per una si siamo c'è con come al fate sconti mi prima da dove buongiorno",
    ),
    "pt": Phrases(
        "Olá {name}",
        "Obrigado pela sua resposta.",
        "Não tenho essa informação à mão; vou verificar e volto a falar consigo.",
        "O resto não tenho à mão; vou verificar e volto a falar consigo.",
        "Pode ver aqui: {link}",
        "Isto seria bom para si: {offers}?",
        "Ajudamos com gosto no próximo passo. O que lhe seria mais útil?",
        "Um abraço",
        "os quanto custa para que dá oi obrigada obrigado têm desconto quem estamos não mês",
    ),
    "nl": Phrases(
        "Hallo {name}",
        "Bedankt voor uw antwoord.",
        "Dat heb ik niet bij de hand; ik zoek het uit en kom er bij u op terug.",
        "De rest heb ik niet bij de hand; ik zoek het uit en kom er bij u op terug.",
        "U kunt het hier zien: {link}",
        "Zou dit u passen: {offers}?",
        "Wij helpen u graag verder. Wat zou voor u nu het nuttigst zijn?",
        "Met vriendelijke groet",
        "het een wat kost is en of wij jullie kan ik van voor met hoi klinkt onze ook de eerst waar doen",
    ),
    "sv": Phrases(
        "Hej {name}",
        "Tack för ditt svar.",
        "Det har jag inte till hands; jag tar reda på det och återkommer.",
        "Resten har jag inte till hands; jag tar reda på det och återkommer.",
        "Du kan se det här: {link}",
        "Skulle det här passa: {offers}?",
        "Vi hjälper gärna till med nästa steg. Vad skulle vara mest användbart för dig?",
        "Vänliga hälsningar",
        "det är och vad kostar hej jag finns någon funkar med har vi när som tack per",
    ),
    "pl": Phrases(
        "Dzień dobry {name}",
        "Dziękuję za odpowiedź.",
        "Nie mam tego teraz pod ręką; sprawdzę i wrócę z odpowiedzią.",
        "Reszty nie mam teraz pod ręką; sprawdzę i wrócę z odpowiedzią.",
        "Można to zobaczyć tutaj: {link}",
        "Czy to by pasowało: {offers}?",
        "Chętnie pomożemy w następnym kroku. Co byłoby teraz najbardziej przydatne?",
        "Pozdrawiam",
        "ile jest czy macie po dzień dobry na kosztuje trwa się nie faktury polsku z w",
    ),
}
_WORDS = {code: set(phrases.words.split()) for code, phrases in PHRASES.items()}


FEW_WORDS = 3
"""In a longer text, a single word of a language is a coincidence: "Typing w gloves" is not Polish."""


def language_of(*texts: str) -> str:
    """Returns the language code of the first text that has more words of one language than of any other.

    Returns English if no text does.
    """
    for text in texts:
        words = re.findall(r"[^\W\d_]+(?:'[^\W\d_]+)?", text.lower())
        counts = sorted(
            ((sum(word in vocabulary for word in words), code) for code, vocabulary in _WORDS.items())
        )
        (second, _), (most, code) = counts[-2:]
        if most > second and (most > 1 or len(words) <= FEW_WORDS):
            return code
    return "en"
