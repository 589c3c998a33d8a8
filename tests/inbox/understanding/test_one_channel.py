"""Who ends one channel and names another is not opted out: which sentences say so, and which say more or less."""

import pytest

from inbox.understanding.one_channel import refused
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
