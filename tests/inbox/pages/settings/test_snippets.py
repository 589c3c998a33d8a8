"""Snippets: who keeps which, what of them can be saved, and how they come into a message."""

import uuid
from dataclasses import replace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from inbox.models import AuditEntry, Membership, OutboundSend, SavedView, Snippet
from inbox.models import snippet as model
from inbox.pages.settings import snippets
from inbox.workspaces.own_and_shared import SNIPPETS
from inbox.workspaces.people import remove
from tests import factories


def keep(client, workspace, **fields):
    data = {"name": "Intro", "text": "Hi {first_name|there}"} | fields
    return client.post(reverse("inbox:snippet-new", args=[workspace.pk]), data)


def change(client, snippet, **fields):
    return client.post(reverse("inbox:snippet", args=[snippet.workspace_id, snippet.pk]), fields)


def menu(client, lead, **asked):
    return client.get(reverse("inbox:lead-snippets", args=[lead.workspace_id, lead.pk]), asked)


def texts(client, lead, **asked) -> dict[str, str]:
    """What the menu would put into a message to `lead`, by name."""
    return {one.name: one.text for one in menu(client, lead, **asked).context["inserts"]}


def test_members_keep_their_own_and_admins_share(workspace, people, lead):
    assert keep(people.viewer, workspace).status_code == 403
    keep(people.member, workspace, name="Mine", shared="on")
    keep(people.owner, workspace, name="Ours", shared="on")
    assert [(one.name, one.owner) for one in Snippet.objects.all()] == [
        ("Mine", people.users.member),
        ("Ours", None),
    ]
    assert list(texts(people.member, lead)) == ["Mine", "Ours"]
    assert list(texts(people.owner, lead)) == ["Ours"]
    assert menu(people.viewer, lead).status_code == 403
    assert AuditEntry.objects.get(action="snippet.add").actor == people.users.owner


def test_only_its_person_changes_a_snippet_and_only_an_admin_a_shared_one(workspace, people):
    own = factories.make_snippet(workspace, people.users.member)
    shared = factories.make_snippet(workspace)
    for fields in ({"name": "x", "text": "x"}, {"do": "delete"}):
        assert change(people.owner, own, **fields).status_code == 404
        assert change(people.outsider, shared, **fields).status_code == 404
        assert change(people.member, shared, **fields).status_code == 403
    assert change(people.member, own, name="Short", text="Hi").status_code == 302
    own.refresh_from_db()
    assert (own.name, own.text) == ("Short", "Hi")
    change(people.member, own, do="delete")
    assert Snippet.objects.get() == shared


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"text": "Hi {firstname}"}, "{firstname} isn’t a variable. Use one of: first_name,"),
        ({"text": "Hi {first_name"}, "There’s a stray brace."),
        ({"text": " "}, "Enter the text."),
        ({"name": ""}, "Enter a name."),
        ({"name": "INTRO"}, "A snippet with this name already exists."),
    ],
)
def test_what_cannot_be_kept_is_told(fields, told, workspace, people):
    factories.make_snippet(workspace, people.users.member, name="Intro")
    answer = keep(people.member, workspace, **({"name": "Other"} | fields))
    assert answer.status_code == 422
    assert told in answer.content.decode()
    assert Snippet.objects.count() == 1


def test_there_are_so_many_at_most(workspace, people, monkeypatch):
    monkeypatch.setattr(snippets, "SNIPPETS", replace(SNIPPETS, most=1))
    keep(people.member, workspace)
    assert "the maximum" in keep(people.member, workspace, name="Second").content.decode()
    assert model.MOST > 1 and Snippet.objects.count() == 1


def test_the_menu_fills_in_what_is_known_of_the_lead_and_leaves_the_rest(workspace, people, lead):
    factories.make_snippet(workspace, name="Intro", text="Hi {first_name}, about {company} and {title|you}.")
    factories.make_snippet(workspace, name="Price", text="It is 180 a month.")
    type(lead).objects.update(first_name="Dana", company="", title="")
    assert texts(people.member, lead) == {
        "Intro": "Hi Dana, about {company} and you.",
        "Price": "It is 180 a month.",
    }
    assert list(texts(people.member, lead, words="month 180")) == ["Price"]


def test_who_is_removed_from_the_workspace_leaves_only_what_is_shared(workspace, people):
    other = factories.make_workspace()
    for where, owner in ((workspace, people.users.member), (workspace, None), (other, people.users.member)):
        factories.make_snippet(where, owner=owner)
        SavedView.objects.create(workspace=where, owner=owner, name="Late", query="folder=all")
    owner, member = (
        Membership.objects.get(workspace=workspace, user=user)
        for user in (people.users.owner, people.users.member)
    )
    remove(owner, member)
    for table in (Snippet, SavedView):
        assert {(row.workspace, row.owner) for row in table.objects.all()} == {
            (workspace, None),
            (other, people.users.member),
        }


def test_a_message_with_a_variable_left_in_it_is_refused_and_named(workspace, people, lead):
    factories.make_integration(workspace)
    draft = factories.make_draft(factories.make_message(lead))
    for path, fields in (
        (reverse("inbox:draft", args=[workspace.pk, draft.pk]), {}),
        (
            reverse("inbox:own-message", args=[workspace.pk, lead.pk]),
            {"channel": "email", "client_token": str(uuid.uuid4())},
        ),
    ):
        answer = people.member.post(path, {"do": "send", "text": "About {company}: yes."} | fields)
        page = answer.content.decode()
        assert answer.status_code == 422
        assert "{company} isn’t filled in. Replace it with your words or remove it." in page
        assert "About {company}: yes.</textarea>" in page
    assert not OutboundSend.objects.exists()


def test_without_a_script_the_menu_is_a_page_that_keeps_what_was_typed(workspace, people, lead):
    factories.make_integration(workspace)
    factories.make_message(lead)
    factories.make_snippet(workspace, name="Price", text="It is 180 a month.")
    path = reverse("inbox:insert", args=[workspace.pk, lead.pk])
    typed = {"text": "Hi Dana,", "channel": "email"}
    shown = people.member.post(path, typed | {"show": "snippets"}).content.decode()
    assert "Hi Dana,</textarea>" in shown
    assert 'id="own-snippets" aria-labelledby="own-snippets-h" closedby="any" open' in shown
    assert 'form="own" name="insert" value="It is 180 a month."' in shown
    put = people.member.post(path, typed | {"insert": "It is 180 a month."}).content.decode()
    assert "Hi Dana,\nIt is 180 a month.</textarea>" in put
    assert people.viewer.post(path, typed).status_code == 403


def test_what_is_written_beside_a_draft_does_not_take_its_place(workspace, people, lead):
    factories.make_integration(workspace, "ghl")
    type(lead).objects.update(phone="+15555550131")
    factories.make_draft(factories.make_message(lead), "The draft")
    path = reverse("inbox:insert", args=[workspace.pk, lead.pk])
    page = people.member.post(path, {"text": "Hi", "channel": "sms", "insert": "there"}).content.decode()
    assert "The draft</textarea>" in page and "Hi\nthere</textarea>" in page


def test_the_page_of_a_conversation_asks_for_no_snippets(workspace, people, lead):
    factories.make_snippet(workspace)
    with CaptureQueriesContext(connection) as queries:
        people.member.get(reverse("inbox:conversation", args=[workspace.pk, lead.pk]))
    assert not any("inbox_snippet" in query["sql"] for query in queries)
