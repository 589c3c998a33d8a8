"""The language of a text by its function words: right in each that drafts are judged in, silent where unsure."""

import pytest

from inbox.understanding.language import LANGUAGES, language_of

SAID = {
    "en": "Thanks for getting back to us. We do both, and the estimate is free.",
    "de": "Vielen Dank für Ihre Antwort. Wir machen beides, und das Angebot ist kostenlos.",
    "fr": "Merci pour votre réponse. Nous faisons les deux, et le devis est gratuit.",
    "es": "Gracias por su respuesta. Hacemos las dos cosas y el presupuesto es gratis.",
    "it": "Grazie per la sua risposta. Facciamo entrambe le cose e il preventivo non costa nulla.",
    "pt": "Obrigado pela sua resposta. Fazemos as duas coisas e o orçamento não tem custo.",
    "nl": "Bedankt voor uw antwoord. Wij doen het allebei en de offerte is gratis.",
    "sv": "Tack för ditt svar. Vi gör båda delarna och offerten är gratis för dig.",
    "pl": "Dziękuję za odpowiedź. Robimy jedno i drugie, a wycena nie jest płatna dla państwa.",
}


def test_each_language_has_a_sentence_here():
    assert sorted(SAID) == sorted(LANGUAGES)


@pytest.mark.parametrize("code", sorted(SAID))
def test_a_sentence_is_known_by_its_function_words(code):
    assert language_of(SAID[code]) == code


@pytest.mark.parametrize(
    "text",
    [
        "",
        "OK",
        "Square, Lightspeed, Epos Now",
        "https://the.and/of-your/for you@the.for",
        "$185 31 15%",
        "Dana",
    ],
)
def test_names_figures_and_links_say_nothing(text):
    assert language_of(text) == ""


def test_half_a_text_in_another_language_leaves_it_undecided():
    assert language_of(f"{SAID['de']} {SAID['fr']} {SAID['de']} {SAID['fr']}") == ""


def test_a_foreign_name_or_two_does_not_matter():
    assert language_of(f"{SAID['de']} Hotel zur Post, The Crown & Anchor") == "de"
