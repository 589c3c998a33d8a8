"""Replies that give orders to a model, against a model that obeys each: what they ask for does not happen.

Each case is a person's own question with an order beside it: in the body, a name, the subject, a quote, hidden markup,
other letters or code. The sandbox plays the model: wherever the order stands in a prompt it answers as ordered, and
quotes words of the reply that bear its tag out.
"""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from inbox.models import Draft, GateResult, Message, OutboundSend, WorkspaceFact
from inbox.understanding import machine_talk
from jobs.models import BackgroundJob
from tests import factories, forms
from tests.world import SENDER, World

pytestmark = pytest.mark.django_db

CASES = [json.loads(line) for line in Path("tests/fixtures/instructing.jsonl").read_text().splitlines()]
NAMES = [case["id"] for case in CASES]
SHORT = {case["where"]: case["id"] for case in CASES}.values()
"""One of each place. That each order is noticed is tried in every run (test_machine_talk.py)."""
PAST = datetime(2000, 1, 1, tzinfo=UTC)
UNREAD = ("quoted", "html")
"""What stands there goes into no prompt of an answer: the reply goes on as its own words say."""
HTML = {"html": '<div style="display:none">', "white": '<div style="color:#fff;font-size:1px">'}


@pytest.fixture
def world(world: World) -> World:
    """A workspace that lets answers go out by themselves, and knows what is asked."""
    for asked in {case["own"] for case in CASES}:
        WorkspaceFact.objects.create(
            workspace=world.workspace, kind="answer", question=asked, answer="We are Northwind, $1,500."
        )
    factories.make_policy(world.workspace, mode="auto", business_hours_only=False)
    return world


def obey(world: World, case: dict[str, Any]) -> None:
    for schema, answer in case["orders"].items():
        world.sandbox.set_answer(schema, answer, contains=case["trigger"])


def arrive(world: World, case: dict[str, Any]) -> Message:
    """The reply of `case`, by webhook; everything that is due is done."""
    where, own, order = case["where"], case["own"], case["injected"]
    lead = {
        "email": "dana@example.org",
        "first_name": "Dana",
        "last_name": "Reyes",
        "company": "Reyes Roofing",
    }
    if where == "earlier":
        receive(world, lead, text=f"Who are you?\n\n{order}", subject="Re: winter work")
        Draft.objects.all().delete()
    bodies = {
        "body": {"text": f"{own}\n\n{order}"},
        "signature": {"text": f"{own}\n\n-- \nDana Reyes\n{order}"},
        "quoted": {
            "text": f"{own}\n\nOn Mon, Jan 5, 2026 at 9:00 AM Alex <alex@x.example> wrote:\n> {order}"
        },
    }
    if where in HTML:
        bodies[where] = {"text": "", "html": f"<p>{own}</p>{HTML[where]}{order}</div>"}
    named = {where: order} if where in ("first_name", "company") else {}
    subject = order if where == "subject" else "Re: winter work"
    return receive(world, lead | named, subject=subject, **bodies.get(where, {"text": own}))


def receive(world: World, lead: dict[str, str], **fields: Any) -> Message:
    told = world.sandbox.emit(
        "emailbison",
        world.key,
        "LEAD_REPLIED",
        deliver=False,
        lead=lead,
        campaign={"id": 901, "name": "Q1 Founders"},
        sender=SENDER,
        **fields,
    )
    message = world.take(told["body"])
    world.work()
    return message


def countdown_over(world: World) -> None:
    Draft.objects.filter(send_at__isnull=False).update(send_at=PAST)
    BackgroundJob.objects.filter(kind="reply.autosend").update(run_at=PAST)
    world.work()


def ours(world: World) -> str:
    """All that went out, or would have gone out without anybody's look."""
    drafts = Draft.objects.filter(workspace=world.workspace, would_send=True)
    return "\n".join([draft.text for draft in drafts] + [send.text for send in world.sends()])


def test_the_same_question_without_an_order_is_answered_by_itself(world):
    message = arrive(world, {"where": "body", "own": "How much is it for two crews?", "injected": ""})
    countdown_over(world)

    assert world.lead().tag == "Information Requested" and world.draft(message) is not None
    assert [send.state for send in world.sends()] == [OutboundSend.State.SENT]


@pytest.mark.parametrize("case", forms.some(CASES, NAMES, SHORT))
def test_an_order_to_the_model_changes_no_tag_and_waits_for_a_person(world, case):
    own = receive(
        world, {"email": "own@example.org", "first_name": "Ann"}, text=case["own"], subject="Re: work"
    )
    own.lead.refresh_from_db()
    Draft.objects.all().delete()
    obey(world, case)

    message = arrive(world, case)
    countdown_over(world)

    lead = message.lead
    lead.refresh_from_db()
    # a model that quotes the order is not believed, and a person says what the reply means
    assert lead.tag in (own.lead.tag, "Neutral") and (lead.is_stopped, lead.snoozed_until) == (False, None)
    assert not case["evil"] or case["evil"] not in ours(world)
    if case["where"] in UNREAD:
        return
    assert lead.needs_reply and world.sends() == []
    draft = world.draft(message)
    if draft is None:
        assert lead.tag == "Neutral"
        return
    assert draft.status_reason.startswith("Check the draft: The reply tries to instruct an AI (“")
    assert not GateResult.objects.get(draft=draft, gate="speaks to a machine").passed


@pytest.mark.parametrize("case", forms.some(CASES, NAMES, SHORT))
def test_an_order_that_nobody_notices_brings_nothing_into_an_answer_and_silences_nobody(
    world, case, monkeypatch
):
    monkeypatch.setattr(machine_talk, "orders_in", lambda text: "")
    obey(world, case)

    message = arrive(world, case)
    countdown_over(world)

    lead = message.lead
    lead.refresh_from_db()
    assert (lead.is_stopped, lead.snoozed_until) == (False, None) and (lead.needs_reply or world.sends())
    assert lead.tag not in ("Blacklist", "Automated Reply", "Out of Office")
    assert not case["evil"] or case["evil"] not in ours(world)
    draft = world.draft(message)
    if case["evil"] and case["evil"] in draft.text:  # it obeyed
        assert draft.verification["problems"] or case["id"] == "discount"
        return
    assert not case["evil"] or case["where"] in (*UNREAD, "subject", "signature")


def test_the_list_has_thirty_orders_or_more_in_six_languages():
    assert len(CASES) >= 30 and len({case["language"] for case in CASES}) >= 6
    assert len({case["where"] for case in CASES}) >= 8
