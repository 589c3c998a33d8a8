"""A page is asked for a part of itself: the same address, the same rights, and nothing is marked as read by it."""

import pytest

from inbox.leads import triage
from inbox.models import Draft, Lead
from tests import factories


def part(client, path: str, target: str, data=None):
    headers = {"HX-Request": "true", "HX-Target": target}
    return client.get(path, headers=headers) if data is None else client.post(path, data, headers=headers)


@pytest.fixture
def inbox(workspace) -> str:
    return f"/w/{workspace.pk}/inbox/"


def test_a_conversation_comes_alone_and_stays_unread(inbox, member, lead):
    factories.make_message(lead, "Sure.")
    answer = part(member, f"{inbox}{lead.pk}/?view=needs-reply", "convo")
    text = answer.content.decode()
    assert text.lstrip().startswith("<section") and "Sure." in text and 'id="rows"' not in text
    assert "HX-Target" in answer["Vary"]
    lead.refresh_from_db()
    assert lead.unread


@pytest.mark.parametrize("path", ["", "{lead}/"], ids=["beside nothing", "beside a conversation"])
def test_the_list_comes_with_the_counts_of_the_folders(path, inbox, member, lead):
    text = part(member, inbox + path.format(lead=lead.pk), "threads").content.decode()
    assert 'id="rows"' in text and 'id="folders"' in text and "<html" not in text
    assert ('#latest" aria-current="true"' in text) == bool(path)


def test_the_counts_come_alone(inbox, member, lead):
    text = part(member, inbox, "folders").content.decode()
    assert text.lstrip().startswith('<div id="folders"') and "Needs reply" in text


def test_a_part_that_is_none_is_the_page(inbox, member, lead):
    assert "<html" in part(member, inbox, "nothing").content.decode()


@pytest.mark.parametrize("target", ["convo", "threads", "folders"])
def test_parts_are_for_people_of_the_workspace(target, inbox, people, lead):
    path = f"{inbox}{lead.pk}/"
    assert part(people.outsider, path, target).status_code == 404
    assert part(people.viewer, path, target).status_code == 200


def test_a_decision_answers_what_undoes_it(inbox, people, lead):
    data = {"lead": str(triage.Seen.of(lead)), "do": "done"}
    answer = part(people.member, f"{inbox}triage/", "toasts", data)
    assert (answer.status_code, "Done: Dana Reyes" in answer.content.decode()) == (200, True)
    token = answer.content.decode().split('name="token" value="')[1].split('"')[0]
    undone = part(people.member, f"{inbox}undo/", "toasts", {"token": token})
    assert (undone.status_code, "Undone: " in undone.content.decode()) == (200, True)
    assert Lead.objects.get(pk=lead.pk).needs_reply
    assert part(people.member, f"{inbox}undo/", "toasts", {"token": "forged"}).status_code == 409
    assert part(people.viewer, f"{inbox}triage/", "toasts", data).status_code == 403
    assert part(people.outsider, f"{inbox}triage/", "toasts", data).status_code == 404


def test_a_decision_about_what_has_changed_is_refused(inbox, member, lead):
    data = {"lead": str(triage.Seen.of(lead)), "do": "read"}
    Lead.objects.filter(pk=lead.pk).update(last_inbound_at=factories.ago())
    answer = part(member, f"{inbox}triage/", "toasts", data)
    assert (answer.status_code, "Skipped" in answer.content.decode()) == (409, True)
    assert Lead.objects.get(pk=lead.pk).unread


def test_what_is_no_decision_is_told(inbox, member, lead):
    answer = part(member, f"{inbox}triage/", "toasts", {"lead": str(triage.Seen.of(lead)), "do": "snooze"})
    assert (answer.status_code, "pick a date" in answer.content.decode()) == (422, True)


def test_an_answer_leads_to_the_conversation_as_it_is_then(workspace, inbox, member, lead):
    factories.make_integration(workspace)
    draft = factories.make_draft(factories.make_message(lead), "Hi Dana.")
    answer = part(member, f"/w/{workspace.pk}/drafts/{draft.pk}/", "convo", {"do": "send", "text": "Hi."})
    assert answer.status_code == 302
    assert "Going out" in part(member, answer["Location"], "convo").content.decode()
    refused = part(member, f"/w/{workspace.pk}/drafts/{draft.pk}/", "convo", {"do": "send", "text": "Again."})
    assert refused.status_code == 409 and refused.content.decode().lstrip().startswith("<section")
    assert Draft.objects.get().status == "approved"
