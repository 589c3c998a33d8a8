"""Each rule with words it must hear and words it must not, and the order in which they speak."""

import pytest

from inbox.understanding.reading import Reading
from inbox.understanding.rules import RULES, ReplyText, judge

DANA = {"sender_email": "dana@reyes.example.com", "sender_name": "Dana Reyes", "subject": "Re: hello"}
DAEMON = {"sender_email": "mailer-daemon@mx.example.net", "sender_name": "", "subject": "Failure notice"}
POSTMASTER = {
    "sender_email": "postmaster@reyes.example.com",
    "sender_name": "",
    "subject": "Undeliverable: hello",
}


def mail(text, **fields) -> ReplyText:
    return ReplyText(channel="email", text=text, **{**DANA, **fields})


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
    "auto_reply.own_words": (
        mail("This is an automated message."),
        mail("Does your tool send automatic replies to my customers?"),
    ),
    "auto_reply.acknowledgement": (
        mail("A ticket has been opened for your request. Our team will get back to you within two days."),
        mail("We received your brochure. Prices?"),
    ),
    "auto_reply.unread_mailbox": (
        mail("This mailbox is not monitored."),
        mail("I never monitored that mailbox, sorry. What does it cost?"),
    ),
    "auto_reply.challenge": (
        mail("Your message has been placed in quarantine. Verify you are a human sender."),
        mail("Our filter put you in quarantine, can you send it without the attachment?"),
    ),
    "auto_reply.robot_sender": (
        mail("We value your opinion.", sender_email="no-reply@shop.example.com"),
        mail("We value your opinion.", sender_email="noreen@shop.example.com"),
    ),
    "auto_reply.phone": (
        sms("I'm driving with Do Not Disturb turned on."),
        sms("im driving, call u at 5"),
    ),
    "auto_reply.marks": (
        mail("I am out of the office until Monday. For urgent matters please contact Theo."),
        mail("I'm on vacation next week, let's talk after that."),
    ),
    "auto_reply.provider_flag": (
        mail("Dana has left the company. Write to hr@reyes.example.com.", automated_reply=True),
        mail("Our system flags all I send, I'm real. Which software do you plug into?", automated_reply=True),
    ),
    "out_of_office.away": (
        mail("I am on annual leave until Monday.", subject="Automatic reply: hello"),
        mail("Dana is no longer with the company.", subject="Automatic reply: hello"),
    ),
    "opt_out.carrier_keyword": (sms("STOPALL"), sms("stop by at 5")),
    "opt_out.keyword": (mail("Unsubscribe!!"), mail("Unsubscribe 😄 no but seriously, we do this in-house.")),
    "opt_out.subject": (mail("", subject="UNSUBSCRIBE"), mail("", subject="Re: stop losing repeat orders")),
    "opt_out.unsubscribe": (
        mail("How do I unsubscribe from this?"),
        mail("No need to unsubscribe me, I like these."),
    ),
    "opt_out.remove": (
        mail("Please take me off your mailing list."),
        mail("Please take Ben off this thread, he left us."),
    ),
    "opt_out.wrong_number": (sms("Wrong number!! remove it"), sms("Wrong number? No, it's me. Go on")),
    "opt_out.stop_contact": (
        mail("Stop emailing my service manager."),
        mail("We stopped emailing our customers last year."),
    ),
    "opt_out.do_not_contact": (
        mail("Do not contact me again in any form."),
        mail("Do not contact Jim about this, contact me instead."),
    ),
    "opt_out.no_more_mail": (
        mail("We do not wish to receive any further emails from you."),
        mail("I don't want emails back and forth, just call."),
    ),
    "opt_out.erase_data": (
        mail("Delete all personal data you hold on me under GDPR."),
        mail("Does your tool delete personal data on request?"),
    ),
    "opt_out.complaint": (
        mail("This is spam. I've reported you to your provider."),
        mail("Our filter marked it as spam, sorry."),
    ),
    "opt_out.right": (
        mail("Nach Art. 17 DSGVO verlange ich die Löschung meiner Daten."),
        mail("Sind Sie DSGVO-konform und löschen Sie Daten auf Wunsch?"),
    ),
    "opt_out.threat": (
        mail("Nog 1 mailtje en ik meld het bij de ACM."),
        mail("Nog een mail met de prijs en ik meld me."),
    ),
    "opt_out.end_wish": (
        mail("I would rather not get any more messages from you."),
        mail("I would rather not get into it by mail."),
    ),
    "opt_out.no_way_left": (
        mail("Dont email, dont call, dont mail me a postcard."),
        mail("Don't call, don't text, just mail me."),
    ),
    "opt_out.dismissal": (mail("take a hike pal"), mail("We take a hike on Fridays, so Thursday?")),
    "opt_out.german": (
        mail("Bitte nehmen Sie mich aus Ihrem Verteiler."),
        mail("Sie müssen mich nicht vom Verteiler nehmen, ich lese das gern."),
    ),
    "opt_out.french": (
        mail("Merci de me désinscrire de vos listes."),
        mail("Ne m'appelez pas avant 14h, après c'est parfait."),
    ),
    "opt_out.spanish": (
        mail("Por favor denme de baja de inmediato."),
        mail("No hace falta que me dé de baja, me interesa."),
    ),
    "opt_out.italian": (
        mail("Per favore cancellatemi dalla vostra lista."),
        mail("Basta una telefonata, mi chiami domani."),
    ),
    "opt_out.portuguese": (
        mail("Parem de me enviar e-mails."),
        mail("Não ligue antes das 10, mas depois pode ligar."),
    ),
    "opt_out.dutch": (
        mail("Graag mijn adres uit uw bestand verwijderen."),
        mail("We stoppen volgend jaar met verhuur. Wat kost het?"),
    ),
    "opt_out.polish": (
        mail("Proszę o usunięcie mojego adresu z Państwa bazy."),
        mail("Proszę nie dzwonić przed 9, potem tak."),
    ),
    "opt_out.nordic": (mail("Ta bort mig från er lista."), mail("Ring inte före tio, sen går bra.")),
    "opt_out.czech": (
        mail("Prosím odhlaste mě z vašeho seznamu."),
        mail("Nevolejte dopoledne, odpoledne ano."),
    ),
    "opt_out.other_latin": (mail("Poistakaa minut postituslistaltanne."), mail("Soita huomenna, kiitos.")),
    "opt_out.other_scripts": (mail("配信停止をお願いします。"), mail("資料を送ってください。")),
    "opt_in.carrier_keyword": (sms("START"), sms("start monday?")),
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
    assert judge(sms(text)).opt_in is not None


@pytest.mark.parametrize(
    "text", ["We start at 9", "sorry, start of the month is bad", "Please start without me", "start?"]
)
def test_start_inside_a_sentence_does_not(text):
    assert judge(sms(text)).opt_in is None


def test_carrier_keyword_means_nothing_in_a_mail():
    assert judge(mail("Cancel")).opt_out is None


def test_quoted_text_decides_nothing():
    verdict = judge(
        mail('Sounds good.\n\nOn Tue, Nov 3, 2026 Alex <a@x.example.com> wrote:\n> Say "unsubscribe".')
    )
    assert verdict.hits == ()
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
    assert verdict.hits == ()
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


@pytest.mark.parametrize("text", ["Stop emaling me", "stop contating us please", "quit mesaging me"])
def test_a_misspelt_verb_is_still_a_wish(text):
    assert judge(mail(text)).opt_out.rule_id == "opt_out.stop_contact"
