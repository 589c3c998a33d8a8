"""Address fields as mails have them."""

import pytest

from integrations.addresses import Mailbox, listed, mailbox, mailboxes
from integrations.payload import split_name

ADA = "ada@lindqvist.example"
READ = {
    ADA: (ADA, ""),
    f" {ADA} ": (ADA, ""),
    f"<{ADA}>": (ADA, ""),
    f"mailto:{ADA}": (ADA, ""),
    '"Ada Lindqvist" <Ada@lindqvist.example>': ("Ada@lindqvist.example", "Ada Lindqvist"),
    f"Ada Lindqvist <{ADA}>": (ADA, "Ada Lindqvist"),
    f'"Lindqvist, Ada" <{ADA}>': (ADA, "Lindqvist, Ada"),
    f'"Ada \\"Addie\\" Lindqvist" <{ADA}>': (ADA, 'Ada "Addie" Lindqvist'),
    f'"{ADA}" <{ADA}>': (ADA, ""),
    f"sales@other.example <{ADA}>": (ADA, "sales@other.example"),
    f"{ADA} (Ada Lindqvist)": (ADA, "Ada Lindqvist"),
    f"Ada\r\n Lindqvist <{ADA}>": (ADA, "Ada Lindqvist"),
    f"=?utf-8?B?w4VzYSBMaW5kcXZpc3Q=?= <{ADA}>": (ADA, "Åsa Lindqvist"),
    f'"=?iso-8859-1?Q?=C5sa_Lindqvist?=" <{ADA}>': (ADA, "Åsa Lindqvist"),
    f"=?nonsense?B?zz?= <{ADA}>": (ADA, "=?nonsense?B?zz?="),
    f"=?utf-8?B?QQBk?= <{ADA}>": (ADA, "Ad"),
    f'"Unclosed <{ADA}>': (ADA, '"Unclosed'),
    f"Team: Ada <{ADA}>, bo@x.example;": (ADA, "Ada"),
    f'{ADA}, "Bo" <bo@x.example>': (ADA, ""),
    f"{ADA}; bo@x.example": (ADA, ""),
}


@pytest.mark.parametrize(("field", "expected"), READ.items())
def test_address_and_name_are_told_apart(field, expected):
    assert mailbox(field) == Mailbox(*expected)


@pytest.mark.parametrize("field", ["", "<>", '"" <>', "undisclosed-recipients:;", "MAILER-DAEMON", "a@b@c"])
def test_field_without_an_address_stays_as_it_is(field):
    assert mailboxes(field) == []
    assert mailbox(field) == Mailbox(field)


def test_field_of_several_names_each_of_them():
    found = mailboxes(f'"Lindqvist, Ada" <{ADA}>, Team: bo@x.example, Cy <cy@x.example>;')
    assert found == [
        Mailbox(ADA, "Lindqvist, Ada"),
        Mailbox("bo@x.example"),
        Mailbox("cy@x.example", "Cy"),
    ]


def test_recipients_are_kept_one_by_one_and_a_name_of_their_own_counts():
    kept = listed(to=[(f'"A" <{ADA}>, bo@x.example', ""), ("cy@x.example", "Cy")], cc=[("", "Nobody")])
    assert kept == {
        "to": [
            {"address": ADA, "name": "A"},
            {"address": "bo@x.example", "name": ""},
            {"address": "cy@x.example", "name": "Cy"},
        ]
    }


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Ada Maria Lindqvist", ("Ada", "Maria Lindqvist")),
        ("Lindqvist, Ada", ("Ada", "Lindqvist")),
        ("", ("", "")),
    ],
)
def test_name_is_split_in_either_order(name, expected):
    assert split_name(name) == expected
