"""Labels that the model suggests in the call that tags a reply, and notices about labels."""

import pytest
from django.db import transaction

from inbox.leads import labels
from inbox.models import Label, Lead, LeadLabel
from inbox.replying.prompts import tag_answer
from integrations.openai.client import OpenAIClient
from tests import factories
from tests.inbox.pipeline.test_tag_notices import slack, told  # noqa: F401  a fixture
from tests.racing import InBackground, waiting_for_a_lock
from tests.waiting import until

pytestmark = pytest.mark.django_db
State = LeadLabel.State
WORDS = "Our scheduler RoofTrack does some of it, in a way."


@pytest.fixture
def label(world) -> Label:
    return factories.make_label(
        world.workspace, name="Competitor", meaning="They name a scheduler that they have."
    )


@pytest.fixture
def questions(monkeypatch) -> list[tuple[str, str]]:
    """The schema and the text of each question about a tag that the model is asked."""
    asked, ask = [], OpenAIClient.ask

    def note(client, **question):
        if question["feature"] == "tag":
            asked.append((question["schema"].__name__, question["text"]))
        return ask(client, **question)

    monkeypatch.setattr(OpenAIClient, "ask", note)
    return asked


def test_the_model_suggests_a_label_with_a_reason_in_the_call_that_tags(world, label, questions):
    factories.make_label(world.workspace, name="Partner", meaning="They sell roofing themselves.")
    factories.make_label(world.workspace, name="Without a meaning")
    message = world.reply(WORDS)
    world.work()
    row = LeadLabel.objects.get()
    assert (row.label, row.lead, row.state, row.kind) == (label, message.lead, State.SUGGESTED, "model")
    assert "RoofTrack" in row.reason and row.by.startswith("model ")
    ((_, question),) = questions
    assert "- Competitor: They name a scheduler" in question and "Without a meaning" not in question


def test_a_workspace_without_meanings_asks_as_before(world, questions):
    factories.make_label(world.workspace)
    world.reply(WORDS)
    world.work()
    ((schema, question),) = questions
    assert schema == "Reading" and "Labels of this workspace" not in question


@pytest.mark.races
@pytest.mark.django_db(transaction=True)
def test_a_label_that_is_being_deleted_is_awaited_before_the_lead_is_locked_and_not_suggested(world, label):
    """A deletion locks the label before its leads."""
    message = world.reply(WORDS)
    with transaction.atomic():
        Label.objects.select_for_update().get(pk=label.pk)
        work = InBackground(world.work)
        until(lambda: waiting_for_a_lock() or work.is_over, "the suggestion waits for the label")
        assert not work.is_over and Lead.objects.select_for_update(nowait=True).get(pk=message.lead_id)
        label.delete()
    assert not isinstance(work.result(), Exception)
    assert Lead.objects.get(pk=message.lead_id).is_understood and not LeadLabel.objects.exists()


@pytest.mark.parametrize("is_on", [True, False])
def test_what_a_person_decided_is_not_suggested_again(world, label, is_on):
    first = world.reply(WORDS)
    labels.decide(world.workspace, world.user, [first.lead_id], label, is_on=is_on)
    world.work()
    world.reply(f"{WORDS} As I said.")
    world.work()
    row = LeadLabel.objects.get()
    assert (row.state, row.kind) == (
        State.ON if is_on else State.OFF,
        "person",
    )


def test_a_name_that_no_label_has_is_passed_over():
    fits = [{"label": "Competitor", "reason": "x" * 400}, {"label": "Invented", "reason": "y"}]
    facts = {"tag": "Neutral", "quote": "", "reason": "", "objection_type": "none", "follow_up_on": None}
    reading = tag_answer.LabelledReading(**facts, follow_up_certain=False, labels=fits)
    assert tag_answer.fitting(reading, ["Competitor", "Partner"]) == {"Competitor": "x" * 300}


def test_slack_is_told_once_of_a_lead_with_a_label_that_asks_for_it(slack):  # noqa: F811
    lead = factories.make_lead(slack.workspace, first_name="Dana", last_name="Reyes")
    loud = factories.make_label(slack.workspace, name="Board", notice=True)
    for label in (factories.make_label(slack.workspace), loud):
        for is_on in (True, False, True):
            labels.decide(slack.workspace, slack.user, [lead.pk], label, is_on=is_on)
    slack.work()
    (text,) = told(slack)
    assert text.startswith("*Board*: Dana Reyes")
