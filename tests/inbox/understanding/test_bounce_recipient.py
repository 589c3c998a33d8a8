"""Which address a delivery report says failed: the machine's field first, then each system's own words."""

import pytest

from inbox.understanding.bounce import failed_recipients


@pytest.mark.parametrize(
    ("text", "address"),
    [
        (
            "Your message wasn't delivered to Jo@x.example.com because the address couldn't be found.",
            "jo@x.example.com",
        ),
        ("Your message to jo@x.example.com has been blocked.", "jo@x.example.com"),
        ("Ihre Nachricht wurde nicht an jo@x.example.com zugestellt.", "jo@x.example.com"),
        ("Votre message n'a pas été remis à l'adresse jo@x.example.com, introuvable.", "jo@x.example.com"),
        (
            "Delivery has failed to these recipients or groups:\n\njo@x.example.com\nNot found.",
            "jo@x.example.com",
        ),
        ("Your message to jo@x.example.com couldn't be delivered.\n\nalex  Office 365", "jo@x.example.com"),
        ("Échec de la remise à ces destinataires ou groupes :\n\njo@x.example.com\n", "jo@x.example.com"),
        ("No se pudo entregar a estos destinatarios o grupos:\n\njo@x.example.com\n", "jo@x.example.com"),
        (
            "The following address(es) failed:\n\n  jo@x.example.com\n    host mx.x.example.com",
            "jo@x.example.com",
        ),
        ("SMTP error from remote mail server after RCPT TO:<jo@x.example.com>:", "jo@x.example.com"),
        ("<jo@x.example.com>: host mx.x.example.com[203.0.113.9] said: 550 5.1.1", "jo@x.example.com"),
        ("deliver the mail to the following recipients:\njo@x.example.com\n", "jo@x.example.com"),
        (
            "Sorry it didn't work out.\n\n<jo@x.example.com>:\n203.0.113.9 does not like recipient.",
            "jo@x.example.com",
        ),
        ("Recipient: <jo@x.example.com>\nReason: 550", "jo@x.example.com"),
        ("From: alex@outreach.example.com\n\nnobody jo@x.example.com here", "jo@x.example.com"),
    ],
)
def test_reads_the_words_of_each_system(text, address):
    assert failed_recipients(text)[0] == address


def test_address_we_wrote_to_wins_over_the_mailbox_it_is_forwarded_to():
    text = (
        "<other@x.example.com>: host said no\n\nFinal-Recipient: rfc822; accounts@x.example.com\n"
        "Original-Recipient: rfc822;glenn@x.example.com\nAction: failed"
    )
    assert failed_recipients(text) == ("glenn@x.example.com", "accounts@x.example.com", "other@x.example.com")


def test_header_wins_over_all():
    found = failed_recipients(
        "Final-Recipient: rfc822; a@x.example.com", {"X-Failed-Recipients": "b@x.example.com"}
    )
    assert found[0] == "b@x.example.com"


def test_several_recipients_are_all_found():
    text = "addresses failed:\n\n  a@x.example.com\n    Unrouteable\n\n  b@x.example.com\n"
    assert failed_recipients(text)[0] == "a@x.example.com"


@pytest.mark.parametrize(
    "text", ["", "no address", "postmaster@x.example.com", "mailer-daemon@x.example.com said no"]
)
def test_software_is_nobody_to_fail(text):
    assert failed_recipients(text) == ()
