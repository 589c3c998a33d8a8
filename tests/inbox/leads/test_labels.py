"""Labels of a workspace's own: at most three per lead, people above all others, and what a change takes along."""

import pytest
from django.db import transaction

from inbox.leads import erasure, labels, merge
from inbox.models import AuditEntry, Event, Label, Lead, LeadLabel, SavedView
from inbox.models.label import MOST
from inbox.workspaces.own_and_shared import Full, NameTaken
from jobs.deadline import Deadline
from tests import factories
from tests.racing import InBackground, at_once, waiting_for_a_lock
from tests.waiting import until

State = LeadLabel.State


@pytest.fixture
def workspace(db):
    return factories.make_workspace()


@pytest.fixture
def user(workspace):
    return factories.make_member(workspace)


@pytest.fixture
def lead(workspace):
    return factories.make_lead(workspace)


@pytest.fixture
def made(workspace):
    return [factories.make_label(workspace, name=f"Label {number}") for number in range(1, 5)]


def put(user, lead, *some, is_on=True):
    return [labels.decide(lead.workspace, user, [lead.pk], label, is_on=is_on) for label in some]


def names(lead, state=State.ON) -> list[str]:
    rows = LeadLabel.objects.filter(lead=lead, state=state).order_by("label__name")
    return list(rows.values_list("label__name", flat=True))


def test_a_lead_has_at_most_three_labels(user, lead, made):
    *_, last = put(user, lead, *made)
    assert names(lead) == ["Label 1", "Label 2", "Label 3"] and last.full == [lead] and last.leads == []
    put(user, lead, made[0], is_on=False)
    put(user, lead, made[3], made[3])
    assert names(lead) == ["Label 2", "Label 3", "Label 4"]


@pytest.mark.django_db(transaction=True)
def test_two_members_at_once_give_no_fourth_label(user, lead, made):
    put(user, lead, *made[:2])
    first, second = at_once(*(lambda label=label: put(user, lead, label)[0] for label in made[2:]))
    assert sorted([len(first.full), len(second.full)]) == [0, 1] and len(names(lead)) == 3


def test_a_lead_of_another_workspace_gets_no_label(user, lead, made):
    theirs = factories.make_lead(factories.make_workspace())
    result = labels.decide(lead.workspace, user, [theirs.pk], made[0], is_on=True)
    assert (result.leads, result.gone) == ([], 1) and not LeadLabel.objects.exists()


def test_a_label_of_another_workspace_goes_on_no_lead_and_is_not_deleted(workspace, user, lead, made):
    theirs = factories.make_label(factories.make_workspace(), name="Theirs")
    with pytest.raises(labels.LabelGone):
        put(user, lead, theirs)
    with pytest.raises(labels.LabelGone):
        labels.end(made[0], user, into=theirs)
    with pytest.raises(labels.LabelGone):
        labels.end(Label(pk=theirs.pk, workspace=workspace), user)


def test_a_label_that_was_deleted_meanwhile_goes_on_no_lead(user, lead, made):
    Label.objects.filter(pk=made[0].pk).delete()
    with pytest.raises(labels.LabelGone):
        put(user, lead, made[0])


def test_every_decision_is_audited_and_an_event(user, lead, made):
    put(user, lead, made[0])
    put(user, lead, made[0], is_on=False)
    entries = AuditEntry.objects.filter(object_id=str(lead.pk)).order_by("pk")
    assert [(entry.action, entry.actor, entry.data["label"]) for entry in entries] == [
        ("lead.label", user, "Label 1"), ("lead.unlabel", user, "Label 1"),
    ]  # fmt: skip
    events = Event.objects.filter(type="lead.labelled", lead_id=lead.pk).order_by("pk")
    about = {"labelId": str(made[0].pk), "label": "Label 1"}
    assert [event.data for event in events] == [about | {"on": True}, about | {"on": False}]


def test_a_label_marks_its_lead_as_changed(user, lead, made):
    Lead.objects.filter(pk=lead.pk).update(company="Before")
    before = Lead.objects.get(pk=lead.pk)
    put(user, lead, made[0])
    assert Lead.objects.get(pk=lead.pk).changed_at > before.changed_at


def test_a_name_is_taken_in_any_case_and_the_number_of_labels_is_limited(workspace, user, made):
    with pytest.raises(NameTaken):
        labels.save(Label(workspace=workspace, name="LABEL 1"), user)
    labels.save(Label(workspace=factories.make_workspace(), name="Label 1"), user)
    for number in range(len(made), MOST):
        factories.make_label(workspace, name=f"More {number}")
    with pytest.raises(Full):
        labels.save(Label(workspace=workspace, name="One too many"), user)


def test_a_label_that_was_deleted_meanwhile_does_not_come_back(user, made):
    labels.end(Label.objects.get(pk=made[0].pk), user)
    with pytest.raises(labels.LabelGone):
        labels.save(made[0], user)
    assert not Label.objects.filter(pk=made[0].pk).exists()


def view_of(workspace, label):
    return factories.make_saved_view(workspace, query=f"view=all&label={label.pk}")


def test_merging_takes_leads_views_and_names_along_and_keeps_what_was_decided(
    monkeypatch, workspace, user, made
):
    monkeypatch.setattr(labels, "AT_ONCE", 2)
    old, into = made[:2]
    Label.objects.filter(pk=old.pk).update(aliases=["VIP"])
    old.refresh_from_db()
    plain, declined, both, suggested, off = (factories.make_lead(workspace) for _ in range(5))
    for lead in (plain, declined, both, suggested):
        put(user, lead, old)
    put(user, both, into)
    put(user, declined, into, is_on=False)
    put(user, off, old, is_on=False)
    about = {"workspace": workspace, "label": into, "kind": "model", "by": "model"}
    LeadLabel.objects.create(**about, lead=suggested, state=State.SUGGESTED)
    view = view_of(workspace, old)
    assert str(labels.use_of(old)) == "4 leads, 1 saved view, 1 provider name, 0 promises"
    while labels.end_part(old, user, into=into) == 2:
        pass
    assert [names(lead) for lead in (plain, declined, both, suggested, off)] == [
        ["Label 2"], [], ["Label 2"], ["Label 2"], [],
    ]  # fmt: skip
    view.refresh_from_db()
    into.refresh_from_db()
    assert view.query.endswith(f"label={into.pk}") and into.aliases == ["Label 1", "VIP"]
    assert not Label.objects.filter(pk=old.pk).exists()
    assert AuditEntry.objects.get(action="label.merge").data == {"name": "Label 1", "into": "Label 2"}


def test_a_label_whose_target_was_deleted_meanwhile_stays_on_its_leads(user, lead, made):
    old, into = made[:2]
    put(user, lead, old)
    labels.end(Label.objects.get(pk=into.pk), user)
    with pytest.raises(labels.LabelGone, match="The label to merge into was deleted, so Label 1 was kept."):
        labels.end(old, user, into=into)
    assert names(lead) == ["Label 1"] and not AuditEntry.objects.filter(action="label.merge").exists()


@pytest.mark.races
@pytest.mark.django_db(transaction=True)
def test_a_merge_and_the_deletion_of_its_target_at_once_end_in_order(user, workspace, made):
    """Whichever comes first, no lead keeps a label that is gone, and nothing but LabelGone is raised."""
    old, into = made[:2]
    leads = [factories.make_lead(workspace) for _ in range(5)]
    labels.decide(workspace, user, [lead.pk for lead in leads], old, is_on=True)
    merged, deleted = at_once(lambda: labels.end(old, user, into), lambda: labels.end(into, user))
    assert deleted is None and (merged is None or isinstance(merged, labels.LabelGone)), (merged, deleted)
    assert [names(lead) for lead in leads] == [["Label 1"] if merged else []] * 5


@pytest.mark.races
@pytest.mark.django_db(transaction=True)
def test_a_label_that_a_provider_is_putting_on_a_lead_is_deleted_after_that(workspace, user, lead, made):
    """Otherwise the provider's transaction would end with a label that is gone."""
    with transaction.atomic():
        meant = labels.meant_by(workspace, "label 1")
        deletion = InBackground(lambda: labels.end(made[0], user))
        until(lambda: waiting_for_a_lock() or deletion.is_over, "the deletion waits for the provider")
        labels.put_by_provider(lead, meant, by="provider: Instantly")
    assert deletion.result() is None and not LeadLabel.objects.exists()


@pytest.mark.races
@pytest.mark.django_db(transaction=True)
def test_a_label_that_the_model_is_suggesting_is_deleted_after_that(user, lead, made):
    """Otherwise the transaction that tags the reply would fail at its end."""
    with transaction.atomic():
        labels.suggest(lead, {"Label 1": "It fits."}, by="model")
        deletion = InBackground(lambda: labels.end(made[0], user))
        until(lambda: waiting_for_a_lock() or deletion.is_over, "the deletion waits for the suggestion")
    assert deletion.result() is None and not LeadLabel.objects.exists()


@pytest.mark.races
@pytest.mark.django_db(transaction=True)
def test_a_label_that_is_put_on_a_lead_while_it_is_merged_is_merged_there_too(user, lead, made):
    old, into = made[:2]
    with transaction.atomic():
        put(user, lead, old)
        merge_at_once = InBackground(lambda: labels.end(old, user, into))
        until(waiting_for_a_lock, "the merge waits for the decision")
    assert merge_at_once.result() is None and names(lead) == ["Label 2"]


def test_deleting_takes_the_label_off_and_deletes_views_that_filter_by_it(workspace, user, lead, made):
    put(user, lead, *made[:2])
    view, other = view_of(workspace, made[0]), view_of(workspace, made[1])
    labels.end(made[0], user)
    assert names(lead) == ["Label 2"]
    assert list(SavedView.objects.all()) == [other] and view != other
    assert Event.objects.filter(type="lead.labelled", data__on=False, lead_id=lead.pk).count() == 1
    assert AuditEntry.objects.get(action="label.delete").data == {"name": "Label 1"}


def test_two_merged_leads_keep_three_labels_and_the_others_are_suggested(workspace, user, lead, made):
    twin = factories.make_lead(workspace)
    put(user, lead, *made[:2])
    put(user, twin, *made[1:])
    merge.merge(lead, twin, user)
    assert (names(lead), names(lead, State.SUGGESTED)) == (["Label 1", "Label 2", "Label 3"], ["Label 4"])


def test_labels_are_erased_with_their_person(user, lead, made):
    put(user, lead, made[0])
    erasure.begin(lead, user)
    erasure.erase(Lead.objects.get(pk=lead.pk), Deadline.after_ms(60_000))
    assert not LeadLabel.objects.exists() and Label.objects.filter(pk=made[0].pk).exists()
