"""Who ends one channel and names another is not opted out: which sentences say so, and which say more or less."""

import pytest

from inbox.understanding.one_channel import ended, refused
from inbox.understanding.rules import ReplyText, judge


@pytest.mark.parametrize(
    ("text", "channel"),
    [
        ("Stop texting me, mail me instead", "sms"),
        ("please stop texting. Email is better", "sms"),
        ("Don't text me, just email", "sms"),
        ("No more texts please - email me instead.", "sms"),
        ("Please use email instead of texting me", "sms"),
        ("hey can you not text this number, my email jo@x.com works better", "sms"),
        ("I don't do texts. Email only.", "sms"),
        ("Bitte keine SMS, lieber per Mail", "sms"),
        ("Ne m'envoyez pas de sms, plutôt par mail", "sms"),
        ("No me mande SMS, mejor por correo", "sms"),
        ("Geen sms meer, liever mailen", "sms"),
        ("Não mande SMS, melhor por email", "sms"),
        ("Stop emailing me! Text me instead", "email"),
        ("Stop with the LinkedIn DMs and just send me an email", "linkedin"),
    ],
)
def test_the_channel_that_is_ended_is_read(text, channel):
    assert refused(text) == {channel}
    verdict = judge(ReplyText(channel, text, subject="Re: hello"))
    assert verdict.one_channel and not verdict.opt_out and not verdict.perhaps


@pytest.mark.parametrize(
    "text",
    [
        "Stop texting me",
        "STOP",
        "Do not email me, text me or call me",
        "Stop texting me. Don't email me either.",
        "Stop texting me and stop emailing me, just stop",
        "Unsubscribe me from texts, email only please? remove me",
        "Do not contact me by text or email. Better not at all",
        "stop sms. I will report you, better email your lawyer",
        "Don't text me, email me",
        "I'm not interested, email me in May instead",
        "Please email me the details",
        "Call me instead",
        "This is a work phone for a hospital ward. No marketing texts please.",
        "We stopped using email for quotes, clients want texts only. Does yours do that?",
    ],
)
def test_what_ends_more_or_nothing_is_left_to_the_other_rules(text):
    assert refused(text) == set()


def test_a_channel_that_is_none_of_ours_is_ended_for_nobody():
    verdict = judge(ReplyText("email", "Quit calling me, email only please"))
    assert verdict.one_channel and not verdict.opt_out
    assert refused(verdict.newest_text) == {"elsewhere"}


MARA = "mara@corbel.example"


@pytest.mark.parametrize(
    ("text", "addresses"),
    [
        ("Remove info@corbel.example, write to me here.", {"info@corbel.example"}),
        ("Please drop office@ and write to me here instead. I want the demo.", {"office@"}),
        ("Don't write to info@corbel.example any more, reach me here.", {"info@corbel.example"}),
        ("Haal info@corbel.example eruit en mail mij hier, graag een offerte.", {"info@corbel.example"}),
        (f"Delete {MARA} and write to me directly at jo@corbel.example", {MARA}),
        ("Drop my old number +1 212 555 0199 and text me here.", {"+1 212 555 0199"}),
        ("Streichen Sie die alte Adresse und schreiben Sie mir direkt hierher.", {""}),
        # what they write from, what they give and what stands below ends nothing
        ("Take me off the list, write me directly at mara2@corbel.example", set()),
        (f"Drop office@ and write to me here.\n+1 212 555 0123\n{MARA}", {"office@"}),
        (f"Remove {MARA}, write to me here.", set()),
        ("Stop texting me, mail me at dana@corbel.example instead", set()),
        ("Sounds good, ask info@corbel.example", set()),
        # without a wish to end it in its clause
        ("Write to me directly at mara2@corbel.example instead.", set()),
        ("My new address is mara2@corbel.example, write to me here.", set()),
        ("You wrote to info@corbel.example. Mail me directly next time.", set()),
        ("My colleague jo@corbel.example will contact you. Send it directly.", set()),
        ("Use jo@corbel.example instead of info@corbel.example, or reach me here.", {"info@corbel.example"}),
        ("info@corbel.example should be deleted, write to me directly.", {"info@corbel.example"}),
        ("Take info@corbel.example off your list and write to me here.", {"info@corbel.example"}),
    ],
)
def test_the_address_that_a_wish_ends_is_told_from_the_one_that_it_gives(text, addresses):
    assert ended(text, MARA) == addresses


@pytest.mark.parametrize(
    "text",
    [
        f"Unsubscribe {MARA}. Do not write to me here again.",
        f"Please remove {MARA} and never contact me here again.",
        f"Stop mailing info@corbel.example and {MARA}. Do not reply to this address.",
        "Not me. Never write to me again. Ask jo@corbel.example directly.",
    ],
)
def test_a_wish_that_asks_for_no_other_address_ends_everything(text):
    verdict = judge(ReplyText("email", text, sender_email=MARA, subject="Re: doors"))
    assert verdict.opt_out and not verdict.one_channel
