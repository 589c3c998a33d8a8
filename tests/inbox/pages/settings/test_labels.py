"""The page of labels, the list filtered by one, and decisions about labels on the desk."""

import pytest
from django.urls import reverse
from django.utils import timezone

from inbox.leads import labels
from inbox.models import AuditEntry, Label, Lead, LeadLabel, Membership, SavedView, Workspace
from jobs.models import BackgroundJob
from jobs.worker import drain
from tests import factories
from tests.factories import ago


@pytest.fixture
def label(workspace):
    return factories.make_label(workspace, name="VIP", colour="hot", meaning="Known to our board.")


def page_of(label) -> str:
    return reverse("inbox:label", args=[label.workspace_id, label.pk])


def triage(client, lead, do):
    path = reverse("inbox:triage", args=[lead.workspace_id])
    return client.post(path, {"lead": f"{lead.pk}@", "do": do, "open": "1"}, follow=True)


def listed(client, workspace, **filters):
    return client.get(reverse("inbox:list", args=[workspace.pk]), {"view": "all"} | filters)


def test_admins_make_and_change_labels(workspace, people):
    path = reverse("inbox:labels", args=[workspace.pk])
    assert people.member.get(path).status_code == 403
    typed = {
        "name": " Pricing  call ",
        "colour": "ok",
        "meaning": "They ask for a call.",
        "aliases": "Hot, hot,,Hot ",
    }
    assert people.owner.post(path, typed).status_code == 302
    label = Label.objects.get()
    assert (label.name, label.aliases, label.workspace) == ("Pricing call", ["Hot", "hot"], workspace)
    again = people.owner.post(path, {"name": "pricing CALL"})
    assert again.status_code == 422 and "already exists" in again.content.decode()
    assert people.owner.post(page_of(label), typed | {"name": "a, b"}).status_code == 422
    people.owner.post(page_of(label), typed | {"name": "Call", "notice": "on"})
    label.refresh_from_db()
    assert (label.name, label.notice) == ("Call", True)
    entry = AuditEntry.objects.get(action="label.change")
    assert entry.data["changes"]["name"] == ["Pricing call", "Call"] and entry.actor == people.users.owner


def test_merge_and_delete_say_first_what_they_change(workspace, people, lead, label):
    other = factories.make_label(workspace, name="Board")
    labels.decide(workspace, people.users.owner, [lead.pk], label, is_on=True)
    shown = people.owner.get(page_of(label)).content.decode()
    assert shown.count("1 lead, 0 saved views, 0 provider names, 0 promises") == 3
    theirs = factories.make_label(factories.make_workspace())
    assert people.owner.post(page_of(label), {"do": "merge", "into": theirs.pk}).status_code == 422
    people.owner.post(page_of(label), {"do": "merge", "into": other.pk})
    people.owner.post(page_of(other), {"do": "delete"})
    assert not LeadLabel.objects.exists() and list(Label.objects.all()) == [theirs]


@pytest.fixture
def partner(workspace, people, label, monkeypatch):
    """The label VIP, on five leads where one transaction handles two; and another label to merge it into."""
    monkeypatch.setattr(labels, "AT_ONCE", 2)
    leads = [factories.make_lead(workspace).pk for _ in range(5)]
    labels.decide(workspace, people.users.owner, leads, label, is_on=True)
    return factories.make_label(workspace, name="Partner")


def test_a_label_of_many_leads_is_merged_and_deleted_by_a_job_that_shows_its_progress(
    workspace, people, label, partner
):
    merging = people.owner.post(page_of(label), {"do": "merge", "into": partner.pk})
    assert "Waiting to start" in people.owner.get(merging.url).text
    assert LeadLabel.objects.filter(label=label).count() == 5
    for page, form in ((label, {"do": "delete"}), (partner, {"do": "merge", "into": label.pk})):
        refused = people.owner.post(page_of(page), form, follow=True)
        assert "VIP is already being merged or deleted." in refused.content.decode()
    drain()
    shown = people.owner.get(merging.url).text
    assert "<h1>Merge labels</h1>" in shown and "5 conversations" in shown
    assert 'data-shortcut="undo"' not in shown
    assert people.owner.post(merging.url).status_code == 200  # it is not taken back
    assert people.member.get(merging.url).status_code == 404
    assert LeadLabel.objects.filter(label=partner, state="on").count() == 5
    assert list(Label.objects.all()) == [partner]

    deleting = people.owner.post(page_of(partner), {"do": "delete"})
    drain()
    assert "<h1>Delete a label</h1>" in people.owner.get(deleting.url).text
    assert not Label.objects.exists() and not LeadLabel.objects.exists()
    assert BackgroundJob.objects.filter(kind=labels.END, status="succeeded").count() == 2


def test_a_job_ends_no_label_for_somebody_who_is_no_longer_an_admin(workspace, people, label, partner):
    deleting = people.owner.post(page_of(label), {"do": "delete"})
    Membership.objects.filter(user=people.users.owner).update(role="member")
    drain()
    assert "no longer has permission" in people.owner.get(deleting.url).text
    assert LeadLabel.objects.filter(label=label, state="on").count() == 5


def test_a_job_that_ends_a_label_goes_on_after_a_crash_with_what_is_left(
    workspace, people, label, partner, monkeypatch
):
    parts = []

    def crashes_once(*args):
        parts.append(args)
        if len(parts) == 2:
            raise ConnectionError
        return end_part(*args)

    end_part = labels.end_part
    monkeypatch.setattr(labels, "end_part", crashes_once)
    merging = people.owner.post(page_of(label), {"do": "merge", "into": partner.pk})
    drain()
    assert LeadLabel.objects.filter(label=partner).count() == 2
    BackgroundJob.objects.filter(kind=labels.END).update(run_at=timezone.now())
    drain()
    assert "5 conversations" in people.owner.get(merging.url).text and len(parts) == 4
    assert LeadLabel.objects.filter(label=partner).count() == 5


def test_a_label_to_merge_into_that_is_deleted_meanwhile_gives_a_sentence(
    workspace, people, label, partner, monkeypatch
):
    words = "The label to merge into was deleted, so VIP was kept."
    merging = people.owner.post(page_of(label), {"do": "merge", "into": partner.pk})
    people.owner.post(page_of(partner), {"do": "delete"})
    assert not Label.objects.filter(pk=partner.pk).exists()
    drain()
    assert words in people.owner.get(merging.url).text

    def deleted_first(*args):
        other.delete()
        return end(*args)

    other, end = factories.make_label(workspace), labels.end
    monkeypatch.setattr(labels, "AT_ONCE", 500)
    monkeypatch.setattr(labels, "end", deleted_first)
    answer = people.owner.post(page_of(label), {"do": "merge", "into": other.pk}, follow=True)
    assert words in answer.content.decode()
    assert LeadLabel.objects.filter(label=label, state="on").count() == 5


@pytest.mark.parametrize("by_job", [False, True])
@pytest.mark.parametrize("own", [None, 60, 5])
def test_the_shorter_promise_of_two_merged_labels_stays_and_counts_for_all_their_leads(
    workspace, people, label, monkeypatch, own, by_job
):
    """It is there before the first lead moves, and nothing stays of the promise of the deleted label."""
    monkeypatch.setattr(labels, "AT_ONCE", 1 if by_job else 500)
    into, shorter = factories.make_label(workspace, name="Partner"), min(15, own or 15)
    promises = {str(label.pk): 15} | ({str(into.pk): own} if own else {})
    Workspace.objects.filter(pk=workspace.pk).update(promises=promises)
    at = ago(minutes=5)
    leads = [
        factories.make_lead(workspace, needs_reply=True, last_inbound_at=at, last_message_at=at)
        for _ in range(3)
    ]
    for lead, of in zip(leads, (label, label, into), strict=True):
        labels.decide(workspace, people.users.owner, [lead.pk], of, is_on=True)
    shown = people.owner.get(page_of(label)).text
    assert "0 provider names, 1 promise" in shown and "the shorter one applies." in shown
    people.owner.post(page_of(label), {"do": "merge", "into": into.pk})
    workspace.refresh_from_db()
    assert workspace.promises[str(into.pk)] == shorter
    drain()
    workspace.refresh_from_db()
    assert workspace.promises == {str(into.pk): shorter} and not Label.objects.filter(pk=label.pk).exists()
    due = {Lead.objects.get(pk=lead.pk).answer_by for lead in leads}
    Lead.objects.filter(pk=leads[2].pk).update(needs_reply=True)  # the trigger writes the time anew
    assert due == {Lead.objects.get(pk=leads[2].pk).answer_by}


def test_the_list_is_filtered_by_a_label_and_saved_as_a_view(workspace, people, lead, label):
    factories.make_message(lead)
    factories.make_message(factories.make_lead(workspace))
    labels.decide(workspace, people.users.owner, [lead.pk], label, is_on=True)
    response = listed(people.member, workspace, label=label.pk)
    assert [row.pk for row in response.context["threads"].page.rows] == [lead.pk]
    assert '<span class="chip label" data-tone="hot">VIP</span>' in response.content.decode()
    assert "Label: VIP" in " ".join(response.content.decode().split())
    people.member.post(
        reverse("inbox:views", args=[workspace.pk]), {"name": "Board", "query": f"view=all&label={label.pk}"}
    )
    view = SavedView.objects.get(owner=people.users.member)
    assert view.query == f"view=all&label={label.pk}"
    theirs = factories.make_label(factories.make_workspace())
    refused = listed(people.member, workspace, label=theirs.pk)
    assert refused.context["threads"].page.rows == [] and 'role="alert"' in refused.content.decode()


def test_members_put_labels_on_and_take_them_off(workspace, people, lead, label):
    factories.make_message(lead)
    assert triage(people.viewer, lead, f"label:{label.pk}").status_code == 403
    shown = triage(people.member, lead, f"label:{label.pk}").content.decode()
    assert f"Labelled VIP: {lead.display_name}" in shown and f"unlabel:{label.pk}" in shown
    triage(people.member, lead, f"unlabel:{label.pk}")
    assert LeadLabel.objects.get().state == "off"
    theirs = factories.make_label(factories.make_workspace())
    assert triage(people.member, lead, f"label:{theirs.pk}").status_code == 404
    assert "This action doesn’t exist" in triage(people.member, lead, "label:").content.decode()


def test_a_fourth_label_is_refused_with_the_reason(workspace, people, lead, label):
    factories.make_message(lead)
    for _ in range(3):
        labels.decide(workspace, people.users.owner, [lead.pk], factories.make_label(workspace), is_on=True)
    shown = triage(people.member, lead, f"label:{label.pk}").content.decode()
    assert f"they already have 3 labels: {lead.display_name}" in shown
