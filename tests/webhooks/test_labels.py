"""Labels that people put on a lead at a provider become the workspace's own."""

import pytest

from inbox.leads import labels
from inbox.models import Lead, LeadLabel
from integrations.models import Integration
from tests import factories
from tests.webhooks.test_refusals import label as of_instantly
from tests.webhooks.test_refusals import lead, tag  # noqa: F401  a fixture
from tests.webhooks.test_words import category

State = LeadLabel.State


def of_smartlead(name: str) -> dict:
    return category(name) | {"sl_lead_email": "dana@example.com", "lead_data": None}


SOURCES = [("email", tag), ("instantly", of_instantly), ("smartlead", of_smartlead)]


@pytest.fixture
def own(poster):
    return factories.make_label(poster.workspace, name="Hot prospect", aliases=["VIP"])


@pytest.mark.parametrize(("source", "body"), SOURCES)
@pytest.mark.parametrize("name", ["vip", "hot-prospect"])
def test_a_provider_s_label_puts_the_label_that_it_means_on_the_lead(poster, lead, own, source, body, name):  # noqa: F811
    answer = poster.post(source, body(name)).json()
    row = LeadLabel.objects.get()
    assert answer["success"] and "ignored" not in answer and answer["leadId"] == str(lead.pk)
    assert (row.lead, row.label, row.state, row.kind) == (lead, own, State.ON, "provider")
    assert row.by.startswith("provider: ")


def test_a_label_without_a_meaning_here_is_ignored_by_name(poster, lead, own):  # noqa: F811
    factories.make_label(factories.make_workspace(), name="Tepid")
    answer = poster.post("instantly", of_instantly("Tepid")).json()
    assert (answer["ignored"], answer["reason"]) == (True, "this workspace has no label “Tepid”")
    assert not LeadLabel.objects.exists()


def test_what_a_person_took_off_no_provider_puts_back(poster, lead, own):  # noqa: F811
    user = factories.make_member(poster.workspace)
    labels.decide(poster.workspace, user, [lead.pk], own, is_on=False)
    poster.post("instantly", of_instantly("VIP"))
    assert LeadLabel.objects.get().state == State.OFF


def test_a_provider_confirms_what_the_model_suggests_and_adds_no_fourth(poster, lead, own):  # noqa: F811
    about = {"workspace": poster.workspace, "lead": lead, "kind": "model", "by": "model"}
    LeadLabel.objects.create(**about, label=own, state=State.SUGGESTED)
    poster.post("instantly", of_instantly("VIP"))
    assert LeadLabel.objects.get().state == State.ON
    for name in ("One", "Two", "Three"):
        factories.make_label(poster.workspace, name=name)
        poster.post("instantly", of_instantly(name))
    assert LeadLabel.objects.filter(state=State.ON).count() == 3


def test_a_label_that_stops_is_no_label_of_the_workspace(poster, lead):  # noqa: F811
    factories.make_label(poster.workspace, name="Never again")
    Integration.objects.filter(pk=poster.integration("instantly").pk).update(
        config={"stop_labels": "Never again"}
    )
    poster.post("instantly", of_instantly("Never again"))
    assert Lead.objects.get().is_stopped and not LeadLabel.objects.exists()
