"""Who speaks to whom (docs/adr/0026-wording-is-learned.md): one test and more for each principle."""

import re
from pathlib import Path

import pytest

from inbox.understanding.cleaned import Reading
from inbox.understanding.rules import ReplyText, judge

FOOTERS = {
    "en": "Corbel Doors Ltd. If you no longer wish to receive our offers, click here to unsubscribe.",
    "de": "Falls Sie unsere Angebote nicht mehr wünschen, antworten Sie bitte mit Abmelden.",
    "fr": "Si vous ne voulez plus recevoir nos offres, désinscrivez-vous ici.",
    "es": "Si no quiere recibir más correos nuestros, responda BAJA.",
    "it": "Se non vuole più ricevere le nostre mail, risponda CANCELLAMI.",
    "nl": "Wilt u onze nieuwsbrief niet meer ontvangen? Meld u dan hier af.",
    "pl": "Jeśli nie chcą Państwo dostawać naszych ofert, proszę odpisać WYPISZ.",
    "sv": "Vill du inte ha våra erbjudanden längre? Avregistrera dig här.",
}
SIGNED = ("\n\n", "\n\nKind regards,\nMara\n\n", "\n\nMara Lund\nCorbel Doors\n+1 212 555 0123\n\n")


def opt_out(text: str, channel: str = "email", **fields) -> bool | str:
    sender = {"sender_name": "Mara Lund", "sender_email": "mara@corbel.example.com", "subject": "Re: hello"}
    return judge(ReplyText(channel, text, **(sender | fields))).answer("opt_out")


@pytest.mark.parametrize("footer", FOOTERS.values(), ids=FOOTERS)
@pytest.mark.parametrize("signed", SIGNED, ids=["bare", "sign-off", "contact"])
@pytest.mark.parametrize(
    "answer", ["Sounds good, ring me at three.", "What does it cost for two doors?", "Hell yes"]
)
def test_a_company_s_offer_to_its_readers_below_an_answer_is_nobody_s_wish(answer, signed, footer):
    assert opt_out(answer + signed + footer) is False


@pytest.mark.parametrize("footer", FOOTERS.values(), ids=FOOTERS)
@pytest.mark.parametrize("signed", SIGNED, ids=["bare", "sign-off", "contact"])
def test_a_wish_above_any_footer_is_acted_on(signed, footer):
    assert opt_out("Please remove me from your list." + signed + footer) is True


def test_a_wish_below_the_sign_off_is_at_most_perhaps():
    assert opt_out("Thanks,\nMara\nPlease remove me from your list.") == "perhaps"
    assert opt_out("Sure, call me on Monday.\n\nThanks,\nMara\nPlease remove me from your list.") == "perhaps"


BLOCKS = {
    "company": "Corbel Doors Ltd",
    "company and telephone": "Corbel Doors GmbH & Co. KG\nTel. 030 123 456 78",
    "contacts": "Mara Lund\nT +1 212 555 0123\nwww.corbel.example.com",
    "sign-off and contacts": "Best,\nMara Lund\nCorbel Doors\n+1 212 555 0123",
    "delimiter": "-- \nMara Lund\nCorbel Doors Ltd\n+1 212 555 0123",
    "disclaimer": "Mara Lund\nCorbel Doors Ltd\n\nThis e-mail is confidential and intended for the addressee only.",
    "offer": "Mara Lund\nCorbel Doors Ltd\n+1 212 555 0123\n\nIf you no longer wish to receive our offers, click here.",
}


@pytest.mark.parametrize("block", BLOCKS.values(), ids=BLOCKS)
@pytest.mark.parametrize("above", ["Hi Alex,", "Thanks for the note.", "We have a supplier already."])
@pytest.mark.parametrize("gap", ["\n\n", "\n"], ids=["apart", "same block"])
@pytest.mark.parametrize(
    "wish",
    [
        "Please remove me from your list.",
        "please take us off your mailing list",
        "Stop writing to me.",
        "STOP",
    ]
    + [
        "We do not want any more mails from you.",
        "You can stop writing to us.",
        "Do not want any more emails.",
    ]
    + ["Bitte streichen Sie uns aus Ihrem Verteiler.", "Merci de ne plus m'écrire."],
)
def test_a_wish_below_a_signature_or_a_company_is_never_lost(wish, gap, above, block):
    assert opt_out(f"{above}\n\n{block}{gap}{wish}") == "perhaps"


@pytest.mark.parametrize("block", ["company", "company and telephone", "contacts", "sign-off and contacts"])
@pytest.mark.parametrize("gap", ["\n\n", "\n"], ids=["apart", "same block"])
@pytest.mark.parametrize(
    "sentence",
    ["We would like a demo on Tuesday.", "Could you send us a quote for two doors?"]
    + ["Wir brauchen ein Angebot bis Freitag.", "Call me at three, my number is above."],
)
def test_a_sentence_below_a_signature_or_a_company_is_still_the_writer_s(sentence, gap, block):
    text = f"Hi Alex,\n\n{BLOCKS[block]}{gap}{sentence}"
    verdict = judge(ReplyText("email", text, sender_name="Mara Lund", sender_email="mara@corbel.example.com"))
    assert sentence in verdict.newest_text and not verdict.opt_out and not verdict.perhaps


def test_a_wish_among_the_lines_of_a_gateway_s_banner_is_held():
    banner = "CAUTION: This email originated from outside of the organization."
    assert opt_out(f"{banner}\n\nDo not contact me again.") == "perhaps"


def test_a_wish_inside_the_signature_element_of_a_mail_program_is_held():
    signature = '<div class="gmail_signature">Mara Lund<br>Please remove me from your list.</div>'
    assert opt_out("", html=f"<div>Hi Alex,</div>{signature}") == "perhaps"


@pytest.mark.parametrize("block", ["company", "company and telephone"])
def test_below_a_company_without_a_sign_off_no_sentence_is_a_motto(block):
    text = f"Hi Alex,\n\n{BLOCKS[block]}\nTuesday at three works for the demo."
    assert judge(ReplyText("email", text, sender_email="mara@corbel.example.com")).newest_text == text


@pytest.mark.parametrize(
    "sentence",
    ["Corbel Doors Ltd does not need your services. Please take us off your list."]
    + ["Corbel Doors GmbH. Please remove us from your list.", "Corbel Doors Ltd, please stop writing to us."],
)
def test_a_sentence_that_begins_with_a_company_s_name_is_the_writer_s(sentence):
    assert opt_out(f"Hi Alex,\n\n{sentence}") is True


def test_a_link_s_label_and_another_address_below_an_answer_are_nobody_s_wish():
    for footer in ("Unsubscribe", "Opt out", "Warning: never ever send any mail to trap@corbel.example.com"):
        assert (
            opt_out(f"Sounds good, ring me at three.\n\nBest,\nMara\n\nCorbel Doors Ltd\n{footer}") is False
        )


def test_a_postscript_speaks_to_us():
    assert opt_out("Nice idea.\n\nBest,\nMara\n\nP.S. Please take me off your mailing list for good.") is True


def test_a_sign_off_begins_what_stands_below_whatever_follows_it():
    text = (
        "Fine by me.\n\nKind regards,\nMara\n\nWe sell doors and would love to hear what you think of them!"
    )
    reading = Reading(
        ReplyText("email", text, sender_name="Mara Lund", sender_email="mara@corbel.example.com")
    )
    assert [written for written, _ in reading.clauses] == ["Fine by me."]


@pytest.mark.parametrize(
    "wish", ["Remove me.", "Stop.", "Unsubscribe", "drop me from your sequence", "Take me off."]
)
@pytest.mark.parametrize(
    "below",
    [
        "Get TypeMail for Android",
        "Book a slot: https://cal.example.com/mara",
        "Our showroom is closed on Fridays.",
        "See you at DoorFair 2027, stand 4!",
        "Am 3. Jan. 2027 um 10:00 schrieb Alex Moreno <alex@outreach.example.com>: > Guten Tag",
    ],
)
def test_the_first_line_is_judged_as_if_it_were_all_whatever_line_follows(wish, below):
    assert opt_out(f"{wish}\n\n{below}") is True


def test_a_lone_imperative_to_us_is_a_wish_wherever_it_stands_above_the_sign_off():
    assert opt_out("I only do the books here. Purchasing sits in Leeds. Remove me.\n\nBest,\nMara") is True
    assert opt_out("On a Sunday? Honestly? Remove me.") is True


def test_the_second_thought_wins():
    assert opt_out("We are bound until 2030, ask then... no, please just take me off your list.") is True
    assert opt_out("Take me off your list. Just kidding, what does it cost?") is False


ASKED = "Hi Mara, should I take you off my list?"


@pytest.mark.parametrize(
    ("answer", "ours", "expected"),
    [
        ("Yes please", ASKED, True),
        ("No", ASKED, False),
        ("No thanks", "Do you still want to get these mails?", True),
        ("No", "Would you like a sample?", False),
        ("Yes", "Would you like a sample?", False),
        ("C please", "Reply A for a demo, B for later, or C to be left alone: I stop then.", True),
        ("A", "Reply A for a demo, B for later, or C to be left alone: I stop then.", False),
        ("Ja bitte", "Soll ich Sie aus dem Verteiler nehmen?", True),
        ("Yes", "Would a demo help, or should I stop?", "perhaps"),
        ("No", "Would a demo help, or should I stop?", "perhaps"),
        ("Yes", "Demo or stop?", "perhaps"),
        ("Yes please", "Would a demo help? Or should I take you off my list?", "perhaps"),
        ("Ja", "Hilft Ihnen eine Demo oder soll ich aufhören?", "perhaps"),
        ("Oui", "Une démo vous aiderait, ou dois-je arrêter ?", "perhaps"),
        ("Yes", "Should I stop writing to you or your team?", True),
        ("Yes", "Should I stop, yes or no?", True),
        ("Yes", "Shall I drop you from our list?", True),
        ("Yes", "Should I cross you off?", True),
        ("Yes", "Would you prefer I didn't write again?", "perhaps"),
        ("Ja", "Soll ich Ihnen nicht mehr schreiben?", "perhaps"),
        ("Oui", "Préférez-vous que je ne vous contacte plus ?", "perhaps"),
        ("Tak", "Mam już nie pisać?", "perhaps"),
        ("Evet", "Artık yazmayayım mı?", "perhaps"),
        ("Да", "Удалить вас из списка?", "perhaps"),
        ("Ja", "Wilt u iets van de lijst?", "perhaps"),
        ("Tak", "Chce Pan przestać wysyłać faktury pocztą?", "perhaps"),
        ("Nein", "Möchten Sie weiterhin von uns hören?", True),
        ("Nein", "Soll ich Ihnen weiter schreiben?", True),
        ("Non", "Puis-je continuer à vous écrire ?", True),
        ("Please do.", ASKED, True),
        ("Sí", "¿Quiere que deje de escribirle?", True),
        ("Oui", "Dois-je arrêter de vous écrire ?", True),
        ("Sì", "Devo smettere di scriverle?", True),
        ("Sim", "Devo parar de escrever?", True),
        ("Ja", "Zal ik u van de lijst halen?", True),
        ("Ja", "Ska jag ta bort dig från listan?", True),
        ("Tak", "Czy mam przestać do Pani pisać?", True),
        ("No", "Is it still okay if I send you an update now and then?", True),
        ("2", "Reply 1 to get the plans, reply 2 to be removed.", True),
        ("1", "Reply 1 to get the plans, reply 2 to be removed.", False),
        ("2", "1 = plans, 2 = stop", True),
        ("1", "1 = plans, 2 = stop", False),
        ("Yes", "Reply YES for the plans and STOP to opt out.", False),
        ("Yes", "Just say yes and I'll send the plans, say no and I'll take you off my list.", False),
        ("No", "Just say yes and I'll send the plans, say no and I'll take you off my list.", True),
    ],
)
def test_a_bare_answer_is_read_with_the_question_of_ours_that_it_answers(answer, ours, expected):
    assert opt_out(answer, sent=(ours,)) is expected
    assert (
        opt_out(f"{answer}\n\nOn Mon, Jan 4, 2027 at 9:00 AM Alex <a@x.example> wrote:\n> {ours}") is expected
    )


@pytest.mark.parametrize(
    ("answer", "ours"),
    [
        ("Yes", "Do you want to stop losing doors on site?"),
        ("Yes please", "Want to stop writing quotes by hand?"),
        ("Yes", "Is it ok if I stop by on Friday?"),
        ("Yes", "Should we remove the old doors?"),
        ("Yes", "Would 10% off the first order help?"),
        ("Yes", "Can I leave you a sample?"),
        ("Yes", "Is Tuesday quite early enough?"),
        ("Yes", "May I borrow five minutes?"),
        ("No", "Do you keep getting mail from angry builders?"),
        ("No", "Would you mind if I keep sending updates?"),
        ("Sí", "¿Le parece bien el jueves?"),
        ("Sí", "¿Le interesa una cuota más baja para su equipo?"),
        ("Sim", "Quer uma demonstração para a sua equipa?"),
        ("Oui", "Souhaitez-vous arrêter de perdre des clients ?"),
        ("Ja", "Wollen Sie aufhören, Türen zu verlieren?"),
        ("Ja", "Wilt u stoppen met geld verliezen?"),
        ("Sì", "Vuole smettere di perdere clienti?"),
        ("Yes", "Can I take you out for lunch?"),
        ("Yes", "Can we take your team off the phones?"),
        ("Yes", "Would you like anything from our list?"),
        ("Yes", "Do the old doors need to be removed?"),
        ("Yes", "Do you want the leaks to stop?"),
        ("Yes", "Did you not receive our quote?"),
        ("Sí", "¿Quiere dejar de enviar facturas a mano?"),
        ("Oui", "Voulez-vous supprimer la paperasse ?"),
        ("Sì", "Vuole smettere di inviare fatture a mano?"),
        ("Ja", "Brauchen Sie etwas aus der Preisliste?"),
        ("No", "Would you like to get our price list?"),
        ("No", "Would you like to hear our offer?"),
        ("No", "Do you still want to get this project going?"),
        ("No", "Shall we keep the update meeting?"),
        ("No", "¿Quiere seguir enviando facturas a mano?"),
        ("Nej", "Vill du fortsätta med er nuvarande leverantör?"),
        ("Please do.", "Shall I send you the plans?"),
        ("Please do it. Thanks!", "Shall I send you the plans?"),
    ],
)
@pytest.mark.parametrize("channel", ["email", "sms"])
def test_a_yes_to_a_question_about_something_else_is_no_wish(answer, ours, channel):
    assert opt_out(answer, channel, sent=(ours,)) is False


AGREED = {
    "Hi Mara, should I take you off my list?": "Shall I send you the plans?",
    "Soll ich Sie aus dem Verteiler nehmen?": "Soll ich Ihnen die Preise schicken?",
    "¿Quiere que deje de escribirle?": "¿Le envío los precios?",
}


@pytest.mark.parametrize(("stops", "other"), AGREED.items(), ids=["en", "de", "es"])
@pytest.mark.parametrize("channel", ["email", "sms"])
@pytest.mark.parametrize(
    "answer",
    [
        "Go ahead",
        "Sure, go ahead",
        "Yes, do it",
        "Correct",
        "Exactly!",
        "You should",
        "Yep, thx",
        "That would be best",
    ]
    + [
        "Ja gerne",
        "Genau",
        "Ja, tun Sie das",
        "Bitte",
        "Sí, hágalo",
        "Por favor",
        "Graag",
        "Oui, allez-y",
        "👍",
        "👍🏽",
    ],
)
def test_an_answer_agrees_in_many_words_and_means_what_our_question_asks(answer, channel, stops, other):
    assert opt_out(answer, channel, sent=(stops,)) is True
    assert opt_out(answer, channel, sent=(other,)) is False


def test_a_yes_with_further_words_to_a_question_whether_to_stop_is_perhaps():
    assert opt_out("Yes, call me Monday", sent=(ASKED,)) == "perhaps"
    assert opt_out("Yes, call me Monday", sent=("Would a demo help?",)) is False


THREAD = (
    "Yes.\n\nOn Mon, Jan 4, 2027 at 9:00 AM Alex <a@x.example> wrote:\n> Hi Mara,\n> {}\n> Alex\n>\n"
    "> On Fri, Jan 1, 2027 at 9:00 AM Alex <a@x.example> wrote:\n>> Hi Mara,\n>> {}\n>> Alex"
)


def test_in_a_quoted_thread_an_answer_is_to_our_newest_question():
    """A provider names the campaign's mail even where a person of ours has written since."""
    other = "Would doors of oak suit you?"
    assert opt_out(THREAD.format(ASKED, other)) is True
    assert opt_out(THREAD.format(ASKED, other), sent=(other,)) is True
    assert opt_out(THREAD.format(other, ASKED)) is False
    assert opt_out(THREAD.format(other, ASKED), sent=(ASKED,)) is False


@pytest.mark.parametrize(
    "footer",
    [
        "Πόρτες Κορμπέλ ΑΕ. Αν δεν θέλετε να λαμβάνετε άλλα μηνύματά μας, απαντήστε ΔΙΑΓΡΑΦΗ.",
        "Portes Corbel SARL au capital de 8 000 €. Si vous ne souhaitez plus recevoir nos messages, répondez STOP.",
        "ТОВ Двері. Якщо ви більше не бажаєте отримувати наші листи, відпишіть СТОП.",
    ],
)
@pytest.mark.parametrize("answer", ["Yes please.", "What would forty doors cost us?", "Thursday at 2 works."])
def test_an_offer_behind_a_company_s_name_stands_below(answer, footer):
    assert opt_out(f"{answer}\n\n{footer}") is False
    assert opt_out(f"Please remove me.\n\n{footer}") is True


@pytest.mark.parametrize("said", ["No thanks.", "Thanks Alex.", "OK Alex.", "Not for us."])
def test_a_condition_behind_a_short_answer_is_the_writer_s(said):
    wish = "If you have our address on a list, remove us from it for good, please."
    assert opt_out(f"Hi Alex,\n\n{said} {wish}") is True


@pytest.mark.parametrize(
    "text",
    [
        "Please drop office@ and write to me here instead. I want the demo.",
        "Streichen Sie die alte Adresse und schreiben Sie mir direkt hierher.",
        "Haal info@corbel.example.com eruit en mail mij hier, graag een offerte.",
    ],
)
def test_a_wish_about_one_address_leaves_the_lead(text):
    verdict = judge(ReplyText("email", text, sender_email="mara@corbel.example.com"))
    assert verdict.one_channel and not verdict.opt_out and not verdict.perhaps


RELAYS = (
    "Here is what I found. The first hop is fine. The second adds a header that breaks the signature. The third sees a "
    "broken signature and counts it as junk. Remove the second hop and the mails arrive."
)
LAW = (
    "What the new law says is this. You may write once. If they say no, that is the end of it. If they say nothing, "
    "you may write again after a year. Our lawyers read it more strictly than that."
)


def test_a_letter_about_mail_is_no_wish():
    assert opt_out(f"{RELAYS}\n\n{LAW}") is False


def test_a_wish_at_the_end_of_a_letter_is_acted_on():
    assert opt_out(f"{LAW}\n\nPlease remove me from your mailing list.") is True


STORY = (
    "We are four people and a dog in a small yard near the coast. Last year two of us were ill for months and we fell "
    "behind with the orders. Two doors still stand in the hall and wait for their owners. "
)
SHOWROOM = (
    "Mara Lund\nT +1 212 555 0123\nwe open at nine, and you find us in the old mill by the river.\n"
    + "Doors of oak, ash and pine are on view every day but Monday. Parking is free for two hours behind the house. "
    * 6
)


def test_a_wish_in_a_very_long_letter_is_at_least_held():
    assert opt_out(STORY * 7 + "Do not send us more of this.") == "perhaps"


def test_a_long_footer_below_a_wish_makes_no_letter_of_it():
    assert opt_out(f"Hi Alex,\n\nI would rather you did not send us anything else.\n\n{SHOWROOM}") is True


def test_a_wish_that_names_its_own_end_is_a_deferral():
    assert opt_out("Please send me nothing until March 1.") is False
    assert opt_out("Please send me nothing any more.") is True


@pytest.mark.parametrize(
    "text",
    ["Stop texting me", "take me off", "lose my number", "dont msg me again", "no more texts pls"]
    + ["keine sms mehr bitte", "plus de sms svp", "no me escriban mas", "basta messaggi", "stop met sms'en"],
)
def test_any_reasonable_words_end_texts(text):
    assert opt_out(text, "sms") is True


@pytest.mark.parametrize(
    "text", ["stop by at five", "text me later", "ok", "wrong number", "cancel tue, thu works"]
)
def test_ordinary_texts_go_on(text):
    assert opt_out(text, "sms") is False


OUTLOOK = {
    "en": "I will be out of the office starting 12/14/2026 and will not return until 12/21/2026.",
    "de": "Ich bin ab dem 14.12.2026 nicht im Büro und bin am 21.12.2026 wieder zurück.",
    "fr": "Je serai absent(e) du bureau à partir du 14/12/2026 et je serai de retour le 21/12/2026.",
    "es": "Estaré fuera de la oficina desde el 14/12/2026 y no regresaré hasta el 21/12/2026.",
    "it": "Sarò assente dall'ufficio dal 14/12/2026 e rientrerò il 21/12/2026.",
    "nl": "Ik ben vanaf 14-12-2026 afwezig en ben op 21-12-2026 weer op kantoor.",
    "pl": "Będę poza biurem od 14.12.2026 i wrócę 21.12.2026.",
    "sv": "Jag är inte på kontoret från och med 2026-12-14 och är tillbaka 2026-12-21.",
    "fi": "Olen poissa toimistolta 14.12.2026 alkaen ja palaan töihin 21.12.2026.",
    "cs": "Od 14. 12. 2026 nejsem v kanceláři, vrátím se 21. 12. 2026.",
    "ru": "Меня не будет в офисе с 14.12.2026 по 21.12.2026.",
    "ca": "Seré fora de l'oficina des del 14/12/2026 i no tornaré fins al 21/12/2026.",
    "da": "Jeg er ikke på kontoret fra den 14-12-2026 og er tilbage den 21-12-2026.",
    "hu": "2026. 12. 14-től nem vagyok az irodában, és 2026. 12. 21-én térek vissza.",
    "nb": "Jeg er ikke på kontoret fra og med 14.12.2026 og er tilbake 21.12.2026.",
    "pt": "Estarei fora do escritório a partir de 14/12/2026 e só regressarei a 21/12/2026.",
    "ro": "Voi fi plecat din birou începând cu 14.12.2026 și mă voi întoarce la 21.12.2026.",
    "tr": "14.12.2026 tarihinden itibaren ofis dışında olacağım ve 21.12.2026 tarihinde döneceğim.",
    "uk": "Мене не буде в офісі з 14.12.2026 по 21.12.2026.",
}


@pytest.mark.parametrize("text", OUTLOOK.values(), ids=OUTLOOK)
def test_outlook_s_sentence_is_an_absence(text):
    assert judge(ReplyText("email", text, subject="hello")).out_of_office


def test_outlook_s_sentence_is_tested_in_every_language_of_the_reference():
    listed = (Path(__file__).parents[3] / "docs/reference/languages.md").read_text(encoding="utf-8")
    assert set(OUTLOOK) == set(re.findall(r"^\| \w+ \| `(\w+)` \|", listed, re.M))


def test_a_subject_behind_our_own_thread_is_not_the_writer_s():
    words = "Ha, that was my holiday robot. I am here, give me a ring."
    text = f"{words}\n\nOn Mon, Jan 4, 2027 Alex <a@x.example> wrote:\n> Hi"
    verdict = judge(ReplyText("email", text, subject="Automatic reply: hello"))
    assert not verdict.auto_reply and not verdict.out_of_office
