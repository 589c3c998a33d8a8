"""One name for whatever is ours: a person bears theirs, the product its own, and other accounts are named as such."""

import re

import pytest

from inbox.models import Message, User
from tests import factories

ACCOUNT = "alex@outreach.example.com"


def authors(client, workspace, lead) -> list[str]:
    page = client.get(f"/w/{workspace.pk}/inbox/{lead.pk}/").content.decode()
    return re.findall(r"<article class=\"msg out\".*?<b>([^<]+)</b>", page, re.DOTALL)


def ours(lead, text: str, **fields) -> Message:
    return factories.make_message(lead, text, direction="outbound", account_address=ACCOUNT, **fields)


@pytest.fixture
def sent(lead):
    """Stores a message that this product sent, approved by a person or by nobody."""

    def make(user: User | None, **fields) -> None:
        draft = factories.make_draft(factories.make_message(lead), status="sent")
        send = factories.make_send(draft, state="sent", approved_by=user, **fields)
        ours(lead, "Sure.", source="holdfast", external_id=str(send.pk))

    return make


def test_what_is_ours_has_one_author_whoever_wrote_it(workspace, people, lead, sent):
    sent(people.users.member)
    sent(None)
    sent(None, origin="person")
    ours(lead, "Step 2 of 4.", from_name="Alex M.")
    ours(lead, "Step 3 of 4.")
    User.objects.filter(pk=people.users.member.pk).update(first_name="Ana", last_name="Lind")
    assert sorted(authors(people.owner, workspace, lead)) == sorted(
        ["Ana Lind", "Holdfast", "A former member", ACCOUNT, ACCOUNT]
    )


def test_people_name_themselves_and_are_called_so_from_then_on(workspace, people, lead, sent):
    sent(people.users.viewer)
    assert re.fullmatch(r"User\d+", authors(people.owner, workspace, lead)[0])

    answer = people.viewer.post("/account/", {"first_name": " Ben ", "last_name": "Okoro"}, follow=True)

    assert "Name saved." in answer.content.decode()
    assert authors(people.owner, workspace, lead) == ["Ben Okoro"]
    assert "<b>Ben Okoro</b>" in people.owner.get(f"/w/{workspace.pk}/people/").content.decode()
    person = User.objects.get(pk=people.users.viewer.pk)
    assert person.check_password(factories.PASSWORD) and person.email == people.users.viewer.email


def test_a_name_may_be_given_up_and_is_never_too_long(people):
    assert people.member.post("/account/", {"first_name": "x" * 151}).status_code == 200
    assert people.member.post("/account/", {}).status_code == 302
    assert User.objects.get(pk=people.users.member.pk).first_name == ""
