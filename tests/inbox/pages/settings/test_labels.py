"""The page of labels, the list filtered by one, and decisions about labels on the desk."""

import pytest
from django.urls import reverse

from inbox.leads import labels
from inbox.models import AuditEntry, Label, LeadLabel, SavedView
from tests import factories


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
    assert shown.count("1 lead, 0 saved views, 0 provider names") == 3
    theirs = factories.make_label(factories.make_workspace())
    assert people.owner.post(page_of(label), {"do": "merge", "into": theirs.pk}).status_code == 422
    people.owner.post(page_of(label), {"do": "merge", "into": other.pk})
    people.owner.post(page_of(other), {"do": "delete"})
    assert not LeadLabel.objects.exists() and list(Label.objects.all()) == [theirs]


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
