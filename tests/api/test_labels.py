"""Labels for programs: read, filtered by, put on and taken off by name, and in the file of leads."""

import csv
from io import StringIO

import pytest
from django.db import transaction

from inbox.models import Label, Lead, LeadLabel
from tests import factories
from tests.api.test_writing import problem
from tests.racing import InBackground, waiting_for_a_lock
from tests.waiting import until

pytestmark = pytest.mark.django_db


@pytest.fixture
def lead(workspace):
    for number in range(1, 5):
        factories.make_label(workspace, name=f"Label {number}")
    return factories.make_lead(workspace)


def change(program, lead, **names):
    return program.post(f"leads/{lead.pk}/labels/", names)


def test_labels_are_put_on_and_taken_off_by_name(program, lead):
    assert change(program, lead, add=["label 2", "Label 1"]).json()["labels"] == ["Label 2", "Label 1"]
    answer = change(program, lead, add=["Label 3"], remove=["Label 2"])
    assert answer.json()["labels"] == ["Label 1", "Label 3"]
    row = LeadLabel.objects.filter(state="on").first()
    assert (row.kind, row.user, row.program) == ("person", None, program.token)


def test_a_fourth_label_and_an_unknown_one_are_refused_and_change_nothing(program, lead):
    change(program, lead, add=["Label 1", "Label 2", "Label 3"])
    assert problem(change(program, lead, add=["Label 4"])) == (422, "full")
    refused = change(program, lead, remove=["Label 1"], add=["Unknown"])
    assert problem(refused) == (422, "invalid") and "Label 4" in refused.json()["errors"][0]["detail"]
    assert LeadLabel.objects.filter(state="on").count() == 3


@pytest.mark.races
@pytest.mark.django_db(transaction=True)
def test_a_program_locks_all_labels_before_the_lead_as_a_deletion_does(program, lead):
    change(program, lead, add=["Label 1"])
    with transaction.atomic():
        Label.objects.select_for_update().get(name="Label 2")
        changing = InBackground(lambda: change(program, lead, remove=["Label 1"], add=["Label 2"]))
        until(lambda: waiting_for_a_lock() or changing.is_over, "the program waits for the label")
        Lead.objects.select_for_update(nowait=True).get(pk=lead.pk)
    assert changing.result().json()["labels"] == ["Label 2"]


@pytest.mark.django_db(transaction=True)
def test_leads_are_filtered_by_a_label_and_come_again_when_one_changes(program, workspace, lead):
    factories.make_lead(workspace)
    since = program.get("leads/").json()["data"][-1]["updatedAt"]
    change(program, lead, add=["Label 1"])
    rows = program.get("leads/?label=LABEL%201").json()["data"]
    assert [(row["id"], row["labels"]) for row in rows] == [(str(lead.pk), ["Label 1"])]
    changed = program.get(f"leads/?updatedSince={since.replace('+', '%2B')}").json()["data"]
    assert len(changed) == 2 and changed[-1]["id"] == str(lead.pk)
    theirs = factories.make_label(factories.make_workspace(), name="Theirs")
    LeadLabel.objects.create(workspace=workspace, lead=lead, label=theirs, state="on", kind="person", by="x")
    assert program.get("leads/?label=Theirs").json()["data"] == []


def test_the_file_of_leads_has_a_column_of_labels(program, lead):
    change(program, lead, add=["Label 1", "Label 2"])
    text = b"".join(program.get("exports/leads.csv")).decode("utf-8-sig")
    assert [row["labels"] for row in csv.DictReader(StringIO(text))] == ["Label 1, Label 2"]
