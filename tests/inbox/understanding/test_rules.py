"""Each rule with words it must hear and words it must not, and the order in which they speak."""

import pytest

from inbox.understanding.cleaned import Reading, RuleHit
from inbox.understanding.rules import RULES, ReplyText, judge
from inbox.understanding.wish_phrases import CARRIER_START

DANA = {"sender_email": "dana@reyes.example.com", "sender_name": "Dana Reyes", "subject": "Re: hello"}
DAEMON = {"sender_email": "mailer-daemon@mx.example.net", "sender_name": "", "subject": "Failure notice"}
POSTMASTER = {
    "sender_email": "postmaster@reyes.example.com",
    "sender_name": "",
    "subject": "Undeliverable: hello",
}


def mail(text, **fields) -> ReplyText:
    return ReplyText(channel="email", text=text, **{**DANA, **fields})


def hits(verdict) -> list[RuleHit]:
    """Every rule that spoke, sure or not."""
    return [found for found in vars(verdict).values() if isinstance(found, RuleHit)] + [*verdict.perhaps]


def sms(text) -> ReplyText:
    return ReplyText(channel="sms", text=text, sender_name="+15555550123")


# rule id: (what it must hear, a near miss it must not)
CASES = {
    "bounce.report_headers": (
        mail("Sorry.", headers={"Content-Type": "multipart/report; report-type=delivery-status"}),
        mail("Will retry.", headers={"Content-Type": "multipart/report; report-type=delivery-status"}),
    ),
    "bounce.mail_system": (
        mail("Your message couldn't be delivered to x@reyes.example.com", **DAEMON),
        mail("Your last mail couldn't be delivered, our server was down. Send it again?"),
    ),
    "bounce.shared_name": (
        mail("Your message to x@reyes.example.com couldn't be delivered.", **POSTMASTER),
        mail(
            "Postmaster is me. The vendor does not exist any more.", **{**POSTMASTER, "subject": "Re: hello"}
        ),
    ),
    "bounce.report_build": (
        mail(
            "This is the mail system at host mx.example.net.\n\n<dana@reyes.example.com>: unknown user",
            subject="Undelivered Mail Returned to Sender",
        ),
        mail("Got this from you, is your box full?", subject="Fwd: Undelivered Mail Returned to Sender"),
    ),
    "bounce.wording": (
        mail(
            "We tried to hand over your mail for five days and have given up. The mailbox does not exist.",
            **{**DAEMON, "subject": "Mail to jan@reyes.example.com"},
        ),
        mail("I run this mailbox myself. Could you send me the quote again?", **POSTMASTER),
    ),
    "auto_reply.headers": (
        mail("Hello.", headers={"Auto-Submitted": "auto-replied"}),
        mail("Hello.", headers={"Auto-Submitted": "no"}),
    ),
    "auto_reply.delivery_notice": (
        mail("We will keep trying for another 46 hours.", **{**DAEMON, "subject": "Delivery Status (Delay)"}),
        mail("Your message couldn't be delivered, giving up.", **DAEMON),
    ),
    "auto_reply.read_receipt": (
        mail("Your message was read on Tuesday, November 3, 2026.", subject="Read: hello"),
        mail("Read: I looked at it. Your message was fine.", subject="Re: hello"),
    ),
    "auto_reply.subject": (
        mail("Gone fishing.", subject="Automatic reply: hello"),
        mail("Back at my desk. What was it?", subject="Re: Automatic reply: hello"),
    ),
    "auto_reply.robot_sender": (
        mail("We have received your request.", sender_email="no-reply@shop.example.com"),
        mail("We have received your request.", sender_email="noreen@shop.example.com"),
    ),
    "auto_reply.wording": (
        mail("I am out of the office until Monday. For urgent matters please contact Theo."),
        mail("I'm on vacation next week, let's talk after that."),
    ),
    "auto_reply.provider_flag": (
        mail("Dana has left the company. Write to hr@reyes.example.com.", automated_reply=True),
        mail("Our system flags all I send, I'm real. Which software do you plug into?", automated_reply=True),
    ),
    "out_of_office.wording": (
        mail("I am on annual leave until Monday.", subject="Automatic reply: hello"),
        mail("Dana is no longer with the company.", subject="Automatic reply: hello"),
    ),
    "opt_out.carrier_keyword": (sms("STOPALL"), sms("stop by at 5")),
    "opt_out.keyword": (mail("Unsubscribe!!"), mail("Unsubscribe 😄 no but seriously, we do this in-house.")),
    "opt_out.answer": (
        mail("Yes please", sent=("Should I take you off my list?",)),
        mail("Yes please", sent=("Should I send you a sample?",)),
    ),
    "opt_out.wording": (
        mail("Please take me off your mailing list."),
        mail("Please take Ben off this thread, he left us."),
    ),
    "opt_out.suspected": (mail("No mails any more?"), mail("Call me tomorrow, please.")),
    "auto_reply.suspected": (mail("Office closed until Monday."), mail("Our office is open on Monday.")),
    "out_of_office.suspected": (mail("Office closed until Monday."), mail("Ticket #441 received.")),
    "bounce.suspected": (
        mail("The mail you sent could not reach its recipient: the mailbox does not exist.", subject="Mail"),
        mail("The mailbox of our shop is full of orders.", subject="Orders"),
    ),
    "complaint.report_headers": (
        mail("", headers={"Content-Type": "multipart/report; report-type=feedback-report"}),
        mail("", headers={"Content-Type": "multipart/report; report-type=disposition-notification"}),
    ),
    "complaint.report_build": (
        mail("Feedback-Type: abuse\nUser-Agent: Loop/1.0\nVersion: 1", subject="Complaint"),
        mail("I have reported this as spam, but what does it cost?"),
    ),
    "opt_in.carrier_keyword": (sms("START"), sms("start monday?")),
    "one_channel.instead": (sms("Stop texting me, mail me instead."), sms("Stop texting and mailing me.")),
    "not_interested.refusal": (
        mail("Not interested at this time. Best of luck."),
        mail("Not interested now, but try me in May."),
    ),
}
BY_ID = {rule.id: rule for rule in RULES}


def test_every_rule_has_its_cases():
    assert set(CASES) == set(BY_ID)
    assert len(BY_ID) == len(RULES)


@pytest.mark.parametrize("rule_id", CASES)
def test_rule_hears_its_words_and_quotes_them(rule_id):
    hit = BY_ID[rule_id].apply(Reading(CASES[rule_id][0]))
    assert hit is not None
    assert hit.rule_id == rule_id
    assert len(hit.quote) <= 240


@pytest.mark.parametrize("rule_id", CASES)
def test_rule_lets_the_near_miss_pass(rule_id):
    assert BY_ID[rule_id].apply(Reading(CASES[rule_id][1])) is None


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_rule_can_be_listed(rule):
    assert rule.label == rule.id.split(".")[0]
    assert rule.description.endswith((".", "…)."))


@pytest.mark.parametrize(
    "text",
    [
        "STOP",
        "stop.",
        '"Stop!"',
        "Stop All",
        "UNSUBSCRIBE",
        "cancel",
        "END",
        "Quit",
        "revoke",
        "OPT-OUT",
        "opt out",
    ]
    + ["ARRET", "Alto", "BAJA", "pare", "STOPP"],
)
def test_carrier_keyword_opts_out_in_any_dress(text):
    assert judge(sms(text)).opt_out.rule_id in ("opt_out.carrier_keyword", "opt_out.keyword")


@pytest.mark.parametrize(
    "text", ["Cancel the 3pm", "we end at 5", "quit playing, how much", "HELP", "YES", "Yes"]
)
def test_carrier_keyword_in_a_sentence_does_not(text):
    verdict = judge(sms(text))
    assert verdict.opt_out is None
    assert verdict.opt_in is None


@pytest.mark.parametrize(
    "text", ["Start please", "sorry, START", "Oops, start again. Thanks!", "opt me back in"]
)
def test_start_with_small_politeness_opts_in(text):
    verdict = judge(sms(text))
    assert verdict.opt_in is not None and verdict.opt_out is None


@pytest.mark.parametrize("text", sorted(CARRIER_START))
def test_every_keyword_that_subscribes_again_is_no_opt_out(text):
    for written in (text, text.upper()):
        verdict = judge(sms(written))
        assert verdict.opt_in is not None and verdict.opt_out is None


@pytest.mark.parametrize(
    "text", ["We start at 9", "sorry, start of the month is bad", "Please start without me", "start?"]
)
def test_start_inside_a_sentence_does_not(text):
    assert judge(sms(text)).opt_in is None


def test_carriers_rule_is_for_texts_alone():
    assert BY_ID["opt_out.carrier_keyword"].apply(Reading(mail("Cancel"))) is None


def test_quoted_text_decides_nothing():
    verdict = judge(
        mail('Sounds good.\n\nOn Tue, Nov 3, 2026 Alex <a@x.example.com> wrote:\n> Say "unsubscribe".')
    )
    assert hits(verdict) == []
    assert "unsubscribe" in verdict.quoted_text


def test_reported_speech_decides_nothing():
    assert judge(sms("Liked “Hi Dana, reply STOP to opt out”")).opt_out is None


def test_message_that_also_wants_something_is_left_to_a_reader():
    assert judge(mail("Take me off your list. Just kidding, tell me more.")).opt_out is None


def test_bounce_outranks_what_its_text_quotes():
    verdict = judge(mail("Delivery has failed.\n\nReply unsubscribe to stop emailing.", **POSTMASTER))
    assert verdict.bounce
    assert verdict.opt_out is None
    assert verdict.tag == "Blacklist"


def test_automatic_reply_asks_for_nothing():
    text = "I am out of the office. Please remove me from the thread. This is an automated reply."
    verdict = judge(mail(text, subject="Automatic reply: hello"))
    assert verdict.opt_out is None
    assert verdict.tag == "Out of Office"


def test_calendar_answer_is_no_automatic_reply():
    verdict = judge(
        mail("Dana has accepted this invitation.", subject="Accepted: Intro", automated_reply=True)
    )
    assert hits(verdict) == []
    assert verdict.tag is None


@pytest.mark.parametrize(
    ("reply", "tag"),
    [
        (mail("unsubscribe"), "Blacklist"),
        (mail("This mailbox is not monitored."), "Automated Reply"),
        (mail("no thanks"), "Not Interested"),
        (mail("Sure, Thursday works. What does it cost?"), None),
    ],
)
def test_tag_is_given_only_where_rules_can_tell(reply, tag):
    assert judge(reply).tag == tag


@pytest.mark.parametrize(
    "text",
    [
        "Haal me alsjeblieft niet van de lijst, ik lees ze graag.",
        "Beni listeden çıkarmayın sakın.",
        "Proszę mnie nie wypisywać z listy.",
        "Ne me retirez pas de la liste.",
        "Não me remova da lista.",
        "Skriv ikke til mig på mobilen. Mail er fint.",
        "Sluta! 😂 Berätta mer.",
        "My nephew told you to take him off the list. I am the opposite, I want to hear it.",
    ],
)
def test_whoever_wants_to_stay_is_not_silenced(text):
    assert judge(mail(text)).opt_out is None


@pytest.mark.parametrize("text", ["Stop emaling me", "please unsubcribe me", "remve me from your list"])
def test_a_slip_of_the_pen_is_still_a_wish(text):
    assert judge(mail(text)).answer("opt_out")


def test_who_wrote_only_a_subject_speaks_by_it():
    assert judge(mail("", subject="Please unsubscribe me")).opt_out
    assert judge(mail("", subject="Re: stop losing repeat orders")).opt_out is None


def test_evidence_is_the_sentence_that_weighs_most():
    hit = judge(mail("Thanks for the note. Please remove me from your list. Have a good week.")).opt_out
    assert hit.quote == "Please remove me from your list."


OPT_OUTS = (
    # a wish, and a near miss of it
    ("How do I unsubscribe from this?", "How do your customers unsubscribe from your texts?"),
    ("Stop emailing my service manager.", "We stopped emailing our customers last year."),
    ("Do not contact me again in any form.", "Do not contact Jim about this, contact me instead."),
    (
        "We do not wish to receive any further emails from you.",
        "I don't want emails back and forth, just call me.",
    ),
    (
        "Delete all personal data you hold on me under GDPR.",
        "Does your tool delete personal data on request?",
    ),
    ("This is spam. I've reported you to your provider.", "Our filter marked it as spam, sorry."),
    ("take a hike pal", "We take a hike on Fridays, so Thursday?"),
    (
        "Bitte nehmen Sie mich aus Ihrem Verteiler.",
        "Sie müssen mich nicht vom Verteiler nehmen, ich lese das gern.",
    ),
    ("Merci de me désinscrire de vos listes.", "Ne m'appelez pas avant 14h, après c'est parfait."),
    ("Por favor denme de baja de inmediato.", "No hace falta que me dé de baja, me interesa."),
    ("Per favore cancellatemi dalla vostra lista.", "Basta una telefonata, mi chiami domani."),
    ("Parem de me enviar e-mails.", "Não ligue antes das 10, mas depois pode ligar."),
    ("Graag mijn adres uit uw bestand verwijderen.", "We stoppen volgend jaar met verhuur. Wat kost het?"),
    ("Proszę o usunięcie mojego adresu z Państwa bazy.", "Proszę nie dzwonić przed 9, potem tak."),
    ("Ta bort mig från er lista.", "Ring inte före tio, sen går bra."),
    ("Prosím odhlaste mě z vašeho seznamu.", "Nevolejte dopoledne, odpoledne ano."),
    ("Poistakaa minut postituslistaltanne.", "Soita huomenna, kiitos."),
    ("配信停止をお願いします。", "資料を送ってください。"),
)


@pytest.mark.parametrize(("wish", "near_miss"), OPT_OUTS)
def test_wish_is_told_from_its_near_miss(wish, near_miss):
    assert judge(mail(wish)).answer("opt_out")
    assert judge(mail(near_miss)).opt_out is None


AUTOMATIC = (
    # software, and a person in like words
    (
        "This is an automated message. Please do not reply.",
        "Does your tool send automatic replies to my customers?",
    ),
    (
        "A ticket has been opened for your request. Our team will get back to you within two days.",
        "We received your brochure. What are the prices?",
    ),
    ("This mailbox is not monitored.", "I never monitored that mailbox, sorry. What does it cost?"),
    (
        "Your message has been placed in quarantine. Verify you are a human sender.",
        "Our filter put you in quarantine, can you send it without the attachment?",
    ),
)


@pytest.mark.parametrize(("software", "person"), AUTOMATIC)
def test_software_is_told_from_a_person(software, person):
    assert judge(mail(software)).auto_reply
    assert judge(mail(person)).auto_reply is None


def test_phone_in_driving_mode_is_told_from_its_driver():
    assert judge(sms("I'm driving with Do Not Disturb turned on.")).answer("auto_reply")
    assert judge(sms("im driving, call u at 5")).auto_reply is None


@pytest.mark.parametrize("label", ["opt_out", "auto_reply", "out_of_office", "bounce"])
@pytest.mark.parametrize(
    "text",
    [
        "Agreed",
        "Done.",
        "Definitely",
        "Absolutely!",
        "Sure!",
        "I'm in!",
        "Approved!",
        "Booked!",
        "Attached",
        "Received",
    ]
    + [
        "Claro!",
        "Jawohl.",
        "Bien sûr !",
        "Va bene",
        "Zeker!",
        "Oczywiście.",
        "Absolut!",
        "Конечно!",
        "もちろんです",
        "好的",
    ],
)
def test_wording_is_never_sure_of_a_short_yes(text, label):
    assert getattr(judge(mail(text)), label) is None
    assert getattr(judge(sms(text)), label) is None


@pytest.mark.parametrize("local", ["dana", "danab", "info", "a.very.long.name", "x"])
def test_no_verdict_depends_on_who_a_person_is_called(local):
    texts = (
        "Done.",
        "Please take me off your mailing list.",
        "I am out of the office until Monday, back on Tuesday.",
    )
    ours, theirs = (
        [judge(mail(text, sender_email=f"{name}@reyes.example.com")).tag for text in texts]
        for name in ("dana.reyes", local)
    )
    assert ours == theirs


@pytest.mark.parametrize(
    "text", ["Done", "Take us off the list please", "Office closed until Monday", "Send it over"]
)
def test_no_verdict_comes_from_punctuation(text):
    plain, shouted = judge(mail(text)), judge(mail(f"{text}!"))
    for label in ("opt_out", "auto_reply", "out_of_office"):
        assert plain.answer(label) == shouted.answer(label)


def test_what_is_only_suspected_gives_no_tag():
    verdict = judge(mail("We had enough of mails."))
    assert (verdict.answer("opt_out"), verdict.tag) == ("perhaps", None)
    assert verdict.perhaps[0].quote == "We had enough of mails."


@pytest.mark.parametrize(
    "footer",
    [
        "Sent from TypeApp",
        "(Sent from mobile device)",
        "Gesendet von unterwegs",
        "Typed on a tiny keyboard",
        "Thanks, Dana",
    ],
)
def test_a_keyword_is_one_whatever_stands_below_it(footer):
    assert judge(mail(f"Unsubscribe\n\n{footer}")).opt_out.rule_id == "opt_out.keyword"
    assert judge(sms(f"STOP\n{footer}")).opt_out


def test_a_keyword_with_words_of_ones_own_below_it_is_none():
    assert judge(mail("Stop\n\nWhat does it cost first?")).opt_out is None


def test_where_nothing_is_left_no_wording_is_judged():
    quoted = "\n\n".join(
        ["On Tue, Nov 3, 2026 Alex <a@x.example.com> wrote:", "> I am out of the office until Monday."]
    )
    verdict = judge(mail(quoted))
    assert (verdict.newest_text, hits(verdict)) == ("", [])


def test_a_spam_complaint_names_who_complained():
    text = "Feedback-Type: abuse\nVersion: 1\nOriginal-Rcpt-To: <Dana@Reyes.example.com>"
    verdict = judge(mail(text, subject="Complaint", sender_email="fbl@mx.example.net"))
    assert (verdict.tag, verdict.failed_recipients) == ("Blacklist", ("dana@reyes.example.com",))
