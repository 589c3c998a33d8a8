"""Anything may stand in a body: the rules never raise, and no body costs more than seconds."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inbox.understanding.html import sanitize_html
from inbox.understanding.rules import ReplyText, judge

SIZE = 300_000
PATHOLOGICAL = {
    "one word": ("a" * SIZE, None),
    "spaces": (" " * SIZE, None),
    "newlines": ("\n" * SIZE, None),
    "quote marks": (">" * SIZE, None),
    "sign-offs": ("Thanks,\n\n" * (SIZE // 9), None),
    "names": ("Rex Dunn\n" * (SIZE // 9), None),
    "attributions": ("On Tue, Nov 3, 2026 at 10:02 AM x <a@b.c> \n" * (SIZE // 43), None),
    "one line of them": ("On Tue, Nov 3 2026 at 10:02 <a@b.c " * (SIZE // 35), None),
    "headers": ("From: x Sent: 2026 To: y " * (SIZE // 25), None),
    "colons": ("a:\n" * (SIZE // 3), None),
    "wishes": ("please do not stop emailing me or " * (SIZE // 34), None),
    "foreign wishes": ("bitte nehmen sie mich aus der " * (SIZE // 30), None),
    "threats": ("noch eine mail en gang till une plainte do not e-mail, " * (SIZE // 53), None),
    "absences": ("i am away until monday and my team can help at a@b.c or " * (SIZE // 56), None),
    "receipts": ("your message has now been safely " * (SIZE // 33), None),
    "misspellings": ("unsubsribe " * (SIZE // 11), None),
    "speech": ('"a b c ' * (SIZE // 7), None),
    "addresses": ("a.b@c.d " * (SIZE // 8), None),
    "dates": ("until 3 november 2026 in q3, " * (SIZE // 29), None),
    "sentences": ("Stop. " * (SIZE // 6), None),
    "report": ("failed: \n" * (SIZE // 9), None),
    "accents": ("e\u0301" * (SIZE // 2), None),
    "nested": (None, "<div>" * (SIZE // 5)),
    "nested quotes": (None, "<blockquote>" * (SIZE // 12)),
    "open tags": (None, "<" * SIZE),
    "comments": (None, "<!--" * (SIZE // 4)),
    "attributes": (None, "<a " + "x=y " * (SIZE // 4)),
    "paragraphs": (None, "<p>stop</p>" * (SIZE // 11)),
}


@pytest.mark.timeout(60)  # hundreds of times what a pass over the body takes; a pass for each word never ends
@pytest.mark.parametrize("name", PATHOLOGICAL)
@pytest.mark.parametrize("sender", ["rex@dunn.example.com", "mailer-daemon@x.example.com"])
def test_no_body_takes_long(name, sender):
    text, html = PATHOLOGICAL[name]
    verdict = judge(
        ReplyText("email", text, html, sender_email=sender, sender_name="Rex Dunn", automated_reply=True)
    )
    assert len(verdict.newest_text) <= 200_000
    assert len(sanitize_html(html or "")) <= SIZE * 5


PIECES = st.sampled_from(
    ["> ", "\n", "\n\n", "-- \n", "From: a@b.example.com\n", "Sent: 2026\n", "On Tue 2026 a <a@b.c> wrote:\n"]
    + [
        "Best,\n",
        "Rex",
        "unsubscribe",
        "not ",
        "stop ",
        "P.S. ",
        "\x00",
        "\ud800",
        "é",
        "配信停止",
        "?",
        "<div>",
        "31/12/26",
    ]
)


@settings(max_examples=300, deadline=None)
@given(
    text=st.one_of(st.none(), st.text(), st.lists(PIECES, max_size=30).map("".join)),
    html=st.one_of(st.none(), st.text(), st.lists(PIECES, max_size=10).map("<p>".join)),
    channel=st.sampled_from(["email", "sms", "linkedin"]),
    name=st.text(max_size=20),
    subject=st.one_of(st.none(), st.text(max_size=40)),
    flag=st.sampled_from([True, False, None]),
)
def test_rules_never_raise(text, html, channel, name, subject, flag):
    reply = ReplyText(channel, text, html, sender_name=name, subject=subject, automated_reply=flag)
    verdict = judge(reply)
    assert "\x00" not in verdict.newest_text + verdict.quoted_text
    verdict.newest_text.encode()
