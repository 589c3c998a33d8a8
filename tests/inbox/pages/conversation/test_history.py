"""What EmailBison sent to a lead: shown when it answers in time, said when it does not, and never in the way."""

import time
from datetime import timedelta

import pytest

from inbox.models import Message
from inbox.trace import asking
from sandbox import SandboxServer
from tests import factories, forms
from tests.waiting import SLACK_S


@pytest.fixture
def sandbox():
    with SandboxServer() as server:
        yield server


@pytest.fixture
def lead(workspace, sandbox):
    integration = factories.make_integration(
        workspace, config={"base_url": sandbox.url("emailbison")}, credentials={"api_key": "key-1"}
    )
    answer = sandbox.emit(
        provider="emailbison",
        account=integration.credentials["api_key"],
        event="EMAIL_SENT",
        lead={"email": "dana@reyes.example.com", "first_name": "Dana"},
        text="Worth fifteen minutes this week?",
        subject="Winter work",
        deliver=False,
    )
    lead_id = answer["body"]["data"]["lead"]["id"]
    return factories.make_lead(workspace, email="dana@reyes.example.com", emailbison_lead_id=str(lead_id))


def fragment(client, workspace, lead) -> str:
    response = client.get(f"/w/{workspace.pk}/inbox/{lead.pk}/history/", headers={"HX-Request": "true"})
    assert response.status_code == 200
    return response.content.decode()


def test_shows_what_is_not_saved_here(workspace, member, lead):
    assert "Worth fifteen minutes this week?" in fragment(member, workspace, lead)


def test_does_not_repeat_what_the_conversation_shows(workspace, member, lead):
    factories.make_message(
        lead, "Worth fifteen  minutes this week?", direction="outbound", source="holdfast", external_id="x"
    )
    text = fragment(member, workspace, lead)
    assert "has sent 1 email" in text
    assert "Worth fifteen" not in text


SIGNED = "Hi Dana,\n\nTuesday at ten suits me. Shall I send the invitation?\n\nBest regards,\nAlex Moore"


def answer(lead, sandbox) -> Message:
    """An answer of ours, with a sign-off that we keep, which EmailBison lists with what it quotes."""
    quote = "<p>On Mon, Nov 23, 2026 at 9:14 AM Dana wrote:</p><blockquote>When?</blockquote>"
    sandbox.emit(
        provider="emailbison",
        account="key-1",
        event="EMAIL_SENT",
        lead={"email": lead.email},
        html=SIGNED.replace("\n", "<br>") + quote,
        subject="Re: Winter work",
        deliver=False,
    )
    return factories.make_message(lead, SIGNED, direction="outbound", source="holdfast", external_id="y")


def test_an_answer_with_a_sign_off_and_a_quote_is_saved(workspace, member, lead, sandbox):
    answer(lead, sandbox)
    text = fragment(member, workspace, lead)
    assert "has sent 2 emails" in text
    assert "1 of them not stored here" in text
    assert "Tuesday at ten" not in text


def test_the_same_words_of_another_day_are_another_mail(workspace, member, lead, sandbox):
    message = answer(lead, sandbox)
    message.sent_at -= timedelta(days=3)
    message.save()
    assert "Tuesday at ten" in fragment(member, workspace, lead)


KINDS = ["hang", "drip_body", "server_error", "html", "drop", "unauthorized"]


@pytest.mark.parametrize("kind", forms.some(KINDS, KINDS, ["hang", "unauthorized"]))
def test_says_that_it_did_not_answer_within_its_budget(kind, workspace, member, lead, sandbox):
    sandbox.fault(provider="emailbison", kind=kind)
    started = time.monotonic()
    text = fragment(member, workspace, lead)
    assert time.monotonic() - started < asking.BUDGET_MS / 1000 + SLACK_S
    assert "EmailBison didn’t respond at" in text
    assert "Retry" in text


def test_does_not_wait_when_all_slots_are_taken(workspace, member, lead, sandbox):
    for _ in range(4):
        assert asking.SLOTS.acquire(blocking=False)
    try:
        assert "EmailBison didn’t respond" in fragment(member, workspace, lead)
    finally:
        asking.SLOTS.release(4)
    assert sandbox.requests(provider="emailbison") == []


def test_slot_is_given_back_after_a_failure(workspace, member, lead, sandbox):
    sandbox.fault(provider="emailbison", kind="unauthorized")
    for _ in range(6):
        fragment(member, workspace, lead)
    sandbox.clear_faults()
    assert "Worth fifteen minutes" in fragment(member, workspace, lead)


def test_says_so_where_nothing_is_connected(workspace, member):
    assert "isn’t connected" in fragment(member, workspace, factories.make_lead(workspace))


def test_is_a_page_of_its_own_without_htmx(workspace, member, lead):
    page = member.get(f"/w/{workspace.pk}/inbox/{lead.pk}/history/").content.decode()
    assert "<h1>" in page
    assert "Worth fifteen minutes" in page
