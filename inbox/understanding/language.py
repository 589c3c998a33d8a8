"""Detects the language of a text by its function words, for the languages in which drafts are judged."""

import re
from collections import defaultdict

from inbox.understanding.normalise import fold

_WORDS = {
    "en": "the and you your we our is are it for to of in on at with that this have will can not but if from be "
    "as or do "
    "does what which how when who there they them i my me an by would could so about up out any all each than "
    "then was "
    "yes no us its has more thanks thank just know let here hi hello",
    "de": "der die das und sie wir ist sind nicht fur mit auf von zu im den dem ein eine einen einer ihr ihre "
    "ihren uns "
    "unser unsere es ich mich aber auch wenn wie was bei nach aus zum zur kann konnen haben hat wird werden noch nur "
    "oder als am dass daruber dazu gern gerne danke vielen hier bitte ja nein kein keine mir ihnen guten tag hallo",
    "fr": "le la les et vous nous est sont pas pour avec sur des du une un votre vos notre nos je que qui dans "
    "ce cette "
    "il elle on en au aux par plus ou si mais ne se ses avez avons peut peux pouvez bien merci bonjour oui non ici "
    "voici tres tout cela chez sans y leur ont",
    "es": "el los las y usted ustedes es son no para con en del una un su sus nuestro nuestra yo que se por "
    "como mas pero "
    "si al lo le les este esta eso hay tiene tienen puede podemos tenemos gracias hola hasta muy bien aqui tambien "
    "cuando donde nos somos ya",
    "it": "il lo gli e lei noi sono non per con di del della dei delle una un nel nella alla al che si ma se "
    "come piu "
    "questo questa anche ci vi vostro vostra nostro nostra io puo possiamo abbiamo grazie ciao buongiorno qui molto "
    "bene tutto sul da ha ho hanno le suo",
    "pt": "o os as e voce voces nao para com em do da dos das uma um seu sua nosso nossa eu que se por como "
    "mais mas ao "
    "na no nas nos esta este isso ha tem temos pode podemos obrigado obrigada ola ate muito bem aqui tambem quando "
    "onde ja sao pelo pela",
    "nl": "de het en u je jij jullie wij we is zijn niet voor met op van een in uw ons onze ik dat die dit maar "
    "als hoe "
    "wat bij naar uit kan kunnen hebben heeft wordt worden nog ook of om te er aan dan dank bedankt hoi hallo hier "
    "graag geen mij ja nee",
    "sv": "och du ni vi ar inte for med pa av till en ett ert er var vart vara jag att som det den de har kan om men "
    "eller nar hur vad hos fran ut upp sa ocksa tack hej har ja nej ingen inget mig oss dig vill ska skulle "
    "finns bara",
    "pl": "i w z na nie do jest sa sie to ze jak co czy dla od po o ale lub oraz pan pani panstwo panstwa my "
    "nas nam nasz "
    "nasze ja mnie mi juz tylko tez moze mozemy mamy ma bardzo dziekuje dzieki dzien dobry czesc tak tu przez przy "
    "kazdy za",
}  # fmt: skip
LANGUAGES = tuple(_WORDS)

_SPOKEN_BY: dict[str, list[str]] = {}
for _code, _listed in _WORDS.items():
    for _word in set(_listed.split()):
        _SPOKEN_BY.setdefault(_word, []).append(_code)

_NO_WORDS = re.compile(r"(?:https?://|www\.)\S+|\S+@\S+")
LEAST = 2.0
"""The minimum evidence for a language. A word counts 1, which is divided among the languages that have the word."""
AHEAD = 1.3
"""The factor by which the evidence for the first language must exceed the evidence for the second."""


def language_of(text: str) -> str:
    """Returns the ISO 639-1 code of the text's language (one of LANGUAGES); "" if its words are too few or mixed."""
    scores: defaultdict[str, float] = defaultdict(float)
    for word in re.findall(r"[^\W\d_]+", fold(_NO_WORDS.sub(" ", text))):
        spoken_by = _SPOKEN_BY.get(word, ())
        for code in spoken_by:
            scores[code] += 1 / len(spoken_by)
    ranked = [*sorted(scores.items(), key=lambda pair: -pair[1]), ("", 0.0), ("", 0.0)]
    (first, most), (_, next_most) = ranked[:2]
    return first if most >= LEAST and most >= AHEAD * next_most else ""
