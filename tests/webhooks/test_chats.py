"""LinkedIn: whose chat is it, whatever comes first."""

from itertools import permutations

import pytest

from inbox.models import Lead, Message
from tests.factories import make_lead
from tests.recorded import payload

CHAT = "chat_of_the_test"


def received(number: int = 1) -> dict:
    body = payload("unipile", "message_received_flat")
    return body | {"chat_id": CHAT, "message_id": f"in{number}", "message": f"in {number}"}


def sent(number: int = 1) -> dict:
    body = payload("unipile", "message_received_flat_own")
    return body | {"chat_id": CHAT, "message_id": f"out{number}", "message": f"out {number}"}


@pytest.mark.parametrize("order", list(permutations([received(1), sent(1), sent(2)])), ids=range(6))
def test_every_order_ends_with_one_lead_who_is_the_other_person(poster, order):
    for body in order:
        assert poster.post("linkedin", body).json()["deduped"] is False
    lead = Lead.objects.get()
    assert lead.linkedin_member_id == "ACoAA6E5BqjLj4" and lead.first_name == "Emeka"
    directions = Message.objects.filter(lead=lead).order_by("external_id").values_list("direction", flat=True)
    assert list(directions) == ["inbound", "outbound", "outbound"]


def test_our_own_message_is_no_reply(poster):
    answer = poster.post("linkedin", sent()).json()
    lead = Lead.objects.get()
    assert answer["postProcessEnqueued"] is False
    assert not lead.needs_reply and not lead.unread and lead.last_inbound_at is None
    assert "Weller" not in lead.display_name


def test_known_lead_takes_the_stand_ins_messages_over(poster):
    poster.post("linkedin", sent())
    known = make_lead(poster.workspace, linkedin_member_id="ACoAA6E5BqjLj4")
    poster.post("linkedin", received())
    assert Lead.objects.get() == known
    assert Message.objects.filter(lead=known).count() == 2


def test_company_page_never_names_a_person(poster):
    body = payload("unipile", "message_received_nested")
    body["message"]["sender_linkedin_url"] = "https://www.linkedin.com/company/orchard-lane/"
    poster.post("linkedin", body)
    assert Lead.objects.get().linkedin_url == ""


def test_same_chat_id_in_another_workspace_is_another_chat(poster, other):
    poster.post("linkedin", received())
    other.post("linkedin", sent())
    assert Lead.objects.filter(workspace=other.workspace).get().linkedin_member_id == ""
    assert Message.objects.filter(lead__workspace=poster.workspace).count() == 1
