"""The newest human text: quotes of many clients cut, signatures off, nothing a person wrote lost."""

import pytest

from inbox.understanding.text import newest_text

SENDER = "Rex Dunn <rex@dunnfence.example.com>"
ALEX = "Alex Moreno <alex@outreach.example.com>"
OURS = 'Hi Rex,\n\nWould Thursday at 2pm work?\n\nAlex\n\nNot for you? Reply "stop".'
QUOTED = "\n".join(f"> {line}".rstrip() for line in OURS.split("\n"))
BODY = "Hi Alex,\n\nThe first option. What does it cost?"

TAILS = {
    "gmail": f"On Tue, Nov 3, 2026 at 10:02 AM {ALEX} wrote:\n\n{QUOTED}",
    "gmail wrapped": f"On Tue, Nov 3, 2026 at 10:02 AM Alex Moreno <\nalex@outreach.example.com> wrote:\n{QUOTED}",
    "outlook": f"From: {ALEX}\nSent: Tuesday, November 3, 2026 10:02 AM\nTo: Rex\nSubject: fences\n\n{OURS}",
    "outlook rule": f"{'_' * 32}\nFrom: {ALEX}\nSent: Tuesday, November 3, 2026\nTo: Rex\nSubject: x\n\n{OURS}",
    "outlook old": f"-----Original Message-----\nFrom: Alex\nSent: Tuesday, November 3, 2026\nTo: Rex\n\n{OURS}",
    "apple": f"Sent from my iPhone\n\n> On Nov 3, 2026, at 10:02 AM, {ALEX} wrote:\n>\n{QUOTED}",
    "yahoo": f"On Tuesday, November 3, 2026 at 10:02:11 AM EST, {ALEX} wrote:\n\n{OURS}",
    "zoho": f"---- On Tue, 03 Nov 2026 10:02:11 -0500 {ALEX} wrote ----\n\n{OURS}",
    "thunderbird": f"On 11/3/26 10:02 AM, Alex Moreno wrote:\n{QUOTED}",
    "forward": f"---------- Forwarded message ---------\nFrom: {ALEX}\nDate: Tue, Nov 3, 2026\n\n{OURS}",
    "samsung": f"-------- Original message --------\nFrom: {ALEX}\nDate: 11/3/26 10:02\nTo: Rex\n\n{OURS}",
    "postbox": f"Alex Moreno\nNovember 3, 2026 at 10:02 AM\n{QUOTED}",
    "postbox in finnish": f"Alex Moreno\n3.11.2026 10.02\n{QUOTED}",
    "zoho without a time": f"---- On Tue, 03 Nov 2026 Alex Moreno wrote ----\n\n{OURS}",
    "ticket system": f"##- Please type your reply above this line -##\n\n{OURS}",
    "bold labels": f"*From:* {ALEX}\n*Sent:* Tuesday, November 3, 2026\n*To:* Rex\n*Subject:* x\n\n{OURS}",
    "german outlook": f"Von: {ALEX}\nGesendet: Dienstag, 3. November 2026 10:02\nAn: Rex\nBetreff: x\n\n{OURS}",
    "german gmail": f"Am Di., 3. Nov. 2026 um 10:02 Uhr schrieb {ALEX}:\n\n{QUOTED}",
    "gmx": f"Gesendet: Dienstag, 03. November 2026 um 10:02 Uhr\nVon: {ALEX}\nAn: Rex\nBetreff: x\n{OURS}",
    "french": f"Le mar. 3 nov. 2026 à 10:02, {ALEX} a\nécrit :\n\n{QUOTED}",
    "spanish": f"El mar, 3 nov 2026 a las 10:02, {ALEX} escribió:\n\n{QUOTED}",
    "italian": f"Da: {ALEX}\nInviato: martedì 3 novembre 2026\nA: Rex\nOggetto: x\n\n{OURS}",
    "polish": f"wt., 3 lis 2026 o 10:02 {ALEX} napisał(a):\n\n{QUOTED}",
    "swedish": f"Den tis 3 nov. 2026 kl 10:02 skrev {ALEX}:\n\n{QUOTED}",
    "finnish": f"Alex Moreno <alex@outreach.example.com> kirjoitti ti 3.11.2026 klo 10.02:\n\n{QUOTED}",
    "russian": f"вт, 3 нояб. 2026 г. в 10:02, {ALEX}:\n\n{QUOTED}",
    "greek": f"Από: {ALEX}\nΣτάλθηκε: Τρίτη, 3 Νοεμβρίου 2026\nΠρος: Rex\nΘέμα: x\n\n{OURS}",
    "chinese": f"发件人: {ALEX}\n发送时间: 2026年11月3日 10:02\n收件人: Rex\n主题: x\n\n{OURS}",
    "japanese": f"2026年11月3日(火) 10:02 {ALEX}:\n\n{QUOTED}",
    "samsung in danish": f"-------- Oprindelig besked --------\nFra: {ALEX}\nDato: 03.11.2026\nTil: Rex\n\n{OURS}",
    "address wrapped": f"tir. 3. nov. 2026 kl. 10:02 skrev Alex Moreno <alex@outreach.example.com\n>:\n\n{QUOTED}",
    "none": "",
}
SIGNATURES = {
    "none": "",
    "sign-off": "Best regards,\nRex Dunn\nOwner\n(555) 555-0100 | dunnfence.example.com",
    "name": "Rex",
    "initial": "R.",
    "delimiter": "-- \nRex Dunn\nDunn Fence\nWe build fences that last.",
    "own sign-off": "Onwards,\nRex",
    "thanks": "Thanks!\nRex",
    "german": "Mit freundlichen Grüßen aus Ulm\ni. A. Rex Dunn",
    "disclaimer": "Rex\n\nCONFIDENTIALITY NOTICE: This message may be privileged. If you are not the recipient, stop.",
    "phone": "Get Outlook for iOS<https://aka.ms/o0ukef>",
    "company": "Dunn Fence Ltd, 4 Mill Road\nOpen daily",
    "offer below a company": "Rex\n\nDunn Fence Ltd\n\nIf you no longer wish to hear of fences, reply.",
    "contacts": "~ Rex Dunn ~\nOwner\nrex@dunnfence.example.com\nwww.dunnfence.example.com",
}


def plain(text, **options) -> str:
    return newest_text(text, None, sender=SENDER, **options).text


def words(text: str) -> list[str]:
    return text.split()


@pytest.mark.parametrize("tail", TAILS)
def test_only_the_newest_text_is_left(tail):
    for signature, signed in SIGNATURES.items():
        parts = [BODY, signed, TAILS[tail]]
        assert words(plain("\n\n".join(part for part in parts if part))) == words(BODY), signature


@pytest.mark.parametrize("tail", TAILS)
def test_line_ends_and_spaces_of_any_kind_change_nothing(tail):
    text = f"{BODY}\n\n{TAILS[tail]}".replace("\n", "\r\n").replace("10:02 AM", "10:02\u202fAM")
    assert words(plain(text)) == words(BODY)


@pytest.mark.parametrize(
    "text",
    [
        "From: what you describe it sounds like lead gen\nSent: by whom though?\nTo: be fair I'd hear you out.",
        'On Monday my dispatcher wrote: "ask them if they cover reefer". So I\'m asking.',
        "The numbers:\nFrom: 2019\nTo: 2026\nGrowth: 4x",
        "Two things --\n1. tried it\n2. got burned\n\nChange my mind.",
        "Here are the parts:\n----\n\n1. roof\n2. wall\n\n----\n\nWhich one do you want?",
        "Disclaimer: I have never bought leads before. What should I know?",
        "Important: our gate code is 4411.",
        "This message finally got my attention. What's next?",
        "The information you sent looks good. Price?",
        "Thanks for this. Best option is B.",
        "We have two sites:\n\nNorth Yard\nSouth Yard\n\nWhich one first?",
        "> 30 trucks\n> 45 drivers\n\nThat's us.",
        "Call me.\n555-555-0101",
        "Thanks!",
        "Cheers",
        "Sent from the roof, so short: yes",
    ],
)
def test_nothing_a_person_wrote_is_lost(text):
    assert plain(text) == text


@pytest.mark.parametrize(
    ("sender", "name"),
    [
        ("Mitchell Dean <mdean@dean.example.com>", "Mitch"),
        ("Winifred Osei <w@osei.example.com>", "Winnie"),
        ("Jean-Marc Thévenet <jm@thevenet.example.com>", "JMT"),
        ("Bethany Orr <b@orr.example.com>", "B x"),
        ("大西 <onishi@onishi.example.com>", "大西設計事務所"),
    ],
)
def test_short_form_of_the_senders_name_is_a_signature(sender, name):
    assert newest_text(f"Tuesday is fine.\n\n{name}", None, sender=sender).text == "Tuesday is fine."


@pytest.mark.parametrize(
    ("sender", "answer"),
    [
        ("Norris Webb <norris@webb.example.com>", "No"),
        ("Okan Demir <okan@demir.example.com>", "Ok."),
        ("Ida Falk <ida@falk.example.com>", "Friday"),
        ("大西 <onishi@onishi.example.com>", "大西が行きます"),
    ],
)
def test_short_answer_like_the_senders_name_stays(sender, answer):
    assert newest_text(f"I asked my brother.\n\n{answer}", None, sender=sender).text.endswith(answer)


def test_inline_answers_are_kept_without_the_questions():
    text = f"{QUOTED}\nThursday is fine.\n\n> And who decides?\n\nI do.\n\nRex"
    assert words(plain(text)) == words("Thursday is fine. I do.")


def test_answer_below_the_quote_is_found():
    text = f"On Tue, Nov 3, 2026 at 10:02 AM {ALEX} wrote:\n{QUOTED}\n\nThursday it is.\n\nRex"
    assert plain(text) == "Thursday it is."


def test_postscript_below_the_signature_stays():
    assert words(plain("Sounds fair.\n\nBest,\nRex\n\nP.S. use my other address")) == words(
        "Sounds fair. P.S. use my other address"
    )


def test_text_below_a_phone_signature_stays():
    assert words(plain("Yes.\n\nSent from my iPhone\n\nAnd what about Friday?")) == words(
        "Yes. And what about Friday?"
    )


def test_quote_without_marks_is_known_from_the_html():
    text = "Send the numbers please.\n\nHi Rex, quick one about crews this winter.\nSay unsubscribe to stop."
    html = (
        "<div>Send the numbers please.</div><blockquote><div>Hi Rex, quick one about crews this winter.</div>"
        "<div>Say unsubscribe to stop.</div></blockquote>"
    )
    assert newest_text(text, html).text == "Send the numbers please."


def test_quote_marks_that_stand_in_html_as_text_are_read():
    html = (
        f"<div>{BODY.splitlines()[-1]}<br><br>{'<br>'.join(QUOTED.replace('>', '&gt;').splitlines())}</div>"
    )
    assert newest_text(None, html, sender=SENDER).text == BODY.splitlines()[-1]


def test_a_comparison_in_html_is_no_quote():
    assert newest_text(None, "<p>We have<br>&gt; 50 trucks</p>", sender=SENDER).text == "We have\n> 50 trucks"


@pytest.mark.parametrize(
    "more",
    [
        "If you can do twelve trucks, send a quote.",
        "Our two yards:\n\nyard@dunnfence.example.com\n(555) 555-0100",
        "(555) 555-0100\nI answer it from eight to five.",
    ],
)
def test_what_the_writer_adds_in_a_paragraph_like_a_footer_stays(more):
    assert plain(f"{BODY}\n\n{more}") == f"{BODY}\n\n{more}"


def test_lines_a_provider_joined_are_cut_in_the_middle():
    joined = f"Great, Tuesday. On Tue, Nov 3, 2026 at 10:02 AM {ALEX} wrote: Hi Rex. Reply unsubscribe."
    assert plain(joined) == "Great, Tuesday."


def test_wrapped_quote_does_not_leak():
    text = (
        "> Would it be worth a chat this week about how other dairies within fifty miles\n"
        "of you fill their routes?\n> Alex\n\nIt would."
    )
    assert plain(text) == "It would."


def test_gateway_warning_on_top_is_not_the_person():
    text = "CAUTION: External email. Do not click links unless you trust the sender.\n\nWhat's included?"
    assert plain(text) == "What's included?"


def test_nul_and_lone_surrogates_go_and_joiners_inside_words_stay():
    assert plain("un\u200bsubscribe\x00 me\ud800") == "un\u200bsubscribe me"


@pytest.mark.parametrize(
    "answer",
    [
        "**Please remove me from your list**",
        "*** STOP ***",
        "__Please unsubscribe__",
        "***Tuesday at 3 works***",
    ]
    + ["--- No more emails please ---", "Hi Alex,\n\n-------- Never write again --------"],
)
def test_an_answer_between_marks_above_a_header_block_is_no_rule(answer):
    assert plain(f"{answer}\n\n{TAILS['outlook']}") == answer


def test_only_a_quote_is_an_empty_answer():
    result = newest_text(QUOTED, None)
    assert result.text == ""
    assert "Thursday at 2pm" in result.quoted


def test_quoted_part_is_kept_for_folding():
    result = newest_text(f"{BODY}\n\n{TAILS['outlook']}", None, sender=SENDER)
    assert "Would Thursday at 2pm work?" in result.quoted
    assert "The first option" not in result.quoted


@pytest.mark.parametrize("channel", ["sms", "linkedin"])
def test_chat_text_is_left_as_it_is(channel):
    assert newest_text(" > ok\n\nBest,\nRex ", None, channel=channel).text == "> ok\n\nBest,\nRex"


@pytest.mark.parametrize(("text", "html"), [(None, None), ("", ""), (None, "<div></div>"), (3, ["x"])])
def test_nothing_to_read_is_empty(text, html):
    assert newest_text(text, html).text == ""


def test_body_over_the_limit_is_cut_and_says_so():
    result = newest_text("word " * 50_000, None)
    assert result.truncated
    assert len(result.text) <= 200_000


def test_disclaimer_behind_a_company_line_ends_the_signature():
    text = (
        "I am afraid this falls to our IT manager.\n\nYours sincerely\n\nHarriet Lowndes\nPA to the Principal\n\n"
        "Lowndes Academy is a company limited by guarantee. This e-mail is confidential and intended only for the "
        "addressee. If you are not the intended recipient, please delete it and stop any further distribution."
    )
    found = newest_text(text, None, sender="Harriet Lowndes <h.lowndes@lowndes.example.org>")
    assert found.text == "I am afraid this falls to our IT manager."


SENT = """Hi Dana,

We help roofing owners keep their crews full through winter. Do you handle interstate work or only local jobs?

Worth fifteen minutes this week?"""


@pytest.mark.parametrize("mark", ["> ", "| ", "JD> ", "--] ", ""])
def test_what_we_sent_is_taken_out_whatever_stands_before_it(mark):
    quoted = "\n".join(f"{mark}{line}" for line in SENT.split("\n"))
    found = newest_text(f"Interstate too.\n\n{quoted}", None, sent=(SENT,))
    assert found.text.split("\n")[0] == "Interstate too."
    assert "crews" not in found.text
    assert "crews" in found.quoted


def test_an_answer_between_our_own_lines_is_kept_without_any_mark():
    body = (
        "-----Original Message-----\nFrom: Alex <alex@x.example.com>\nSubject: crews\n\n"
        "We help roofing owners keep their crews full through winter.\nWe are full until March, sadly.\n"
        "Do you handle interstate work or only local jobs?\nWorth fifteen minutes this week?"
    )
    assert newest_text(body, None, sent=(SENT,)).text == "We are full until March, sadly."


def test_an_answer_below_a_marked_quote_is_kept_though_a_separator_stands_above():
    body = (
        "-----Original Message-----\nFrom: Alex <alex@x.example.com>\nSent: Monday\nSubject: crews\n\n"
        "> Worth fifteen minutes this week?\n\nYes, call me Tuesday at 3pm."
    )
    assert newest_text(body, None).text == "Yes, call me Tuesday at 3pm."


def test_an_attribution_without_a_colon_or_with_a_wrapped_address_is_none_of_the_answer():
    for line in (
        "On Tue, 3 Nov 2026 14:20:11 +0100 Alex <alex@x.example.com> wrote",
        "2026-11-03 15:36 GMT+02:00 Alex <\nalex@x.example.com>:",
    ):
        assert newest_text(f"Ja.\n\n{line}\n\n> Worth fifteen minutes?", None).text == "Ja."


@pytest.mark.parametrize(
    "footer",
    [
        "Sent from TypeApp",
        "Sent with Airmail",
        "From My Iphone 6",
        "(Sent from mobile device)",
        "Sent using Hexlet",
    ]
    + ["Verstuurd vanaf mijn Fairphone", "Skickat från min Sony Xperia", "Book a time: calendly.com/dana/30"],
)
def test_a_programs_last_line_is_no_words_of_the_person(footer):
    assert newest_text(f"Yes, Tuesday works.\n\n{footer}", None).text == "Yes, Tuesday works."


@pytest.mark.parametrize(
    "sentence",
    ["Sent you the signed copy this morning.", "Written with care for our customers, that is what I want."]
    + ["Sent from my desk, is much easier for me to read.", "Get back to me on Tuesday."],
)
def test_a_sentence_that_begins_like_a_footer_is_kept(sentence):
    assert newest_text(f"Hello.\n\n{sentence}", None).text == f"Hello.\n\n{sentence}"


@pytest.mark.parametrize(
    "bulk",
    ["<style>" + "p{margin:0}\n" * 30_000 + "</style>", "<!--" + "x" * 300_000 + "-->"]
    + ['<img src="data:image/png;base64,' + "QUJD" * 80_000 + '">'],
    ids=["style sheet", "comment", "image"],
)
def test_words_behind_a_long_style_sheet_or_image_are_read(bulk):
    found = newest_text(None, f"<html><body>{bulk}<p>Please remove me.</p></body></html>")
    assert found.text == "Please remove me."
