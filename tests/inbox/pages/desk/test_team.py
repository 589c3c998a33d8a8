"""Who has a conversation: the folders of a team, and giving conversations to members."""

import re

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client

from inbox.leads import assigning, triage
from inbox.models import AuditEntry, Lead, Membership, audit
from tests import factories


@pytest.fixture
def colleague(workspace):
    return factories.make_member(workspace, email="ben.okoro@example.com")


def member_of(workspace, user) -> Membership:
    return Membership.objects.get(workspace=workspace, user=user)


def give(client, workspace, leads, to, query="view=all", **fields):
    data = {"lead": [str(triage.Seen.of(lead)) for lead in leads], "do": f"assign:{to}", **fields}
    return client.post(f"/w/{workspace.pk}/inbox/triage/?{query}", data)


def names(client, workspace, query):
    page = client.get(f"/w/{workspace.pk}/inbox/?{query}").context["threads"].page
    return {row.first_name for row in page.rows}


def client_of(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_what_was_given_to_me_stands_under_for_you_until_i_open_it(workspace, people, lead, colleague):
    his, for_you = client_of(colleague), "view=mentions"
    factories.make_lead(workspace, assigned_to=colleague)
    assert names(his, workspace, for_you) == set()
    give(people.member, workspace, [lead], member_of(workspace, colleague).pk)
    assert names(his, workspace, for_you) == {"Dana"} and names(people.member, workspace, for_you) == set()
    page = his.get(f"/w/{workspace.pk}/inbox/?{for_you}").content.decode()
    assert "Assigned to you" in page and page.count('row unread"') == 1
    people.member.get(f"/w/{workspace.pk}/inbox/{lead.pk}/")  # somebody else opens it
    assert names(his, workspace, for_you) == {"Dana"}

    his.get(f"/w/{workspace.pk}/inbox/{lead.pk}/")
    assert names(his, workspace, for_you) == set()
    give(his, workspace, [lead], member_of(workspace, colleague).pk)  # taken, not given
    assert names(his, workspace, for_you) == set()


def test_a_script_marks_what_was_given_as_seen_and_taking_back_leaves_nothing(
    workspace, people, lead, colleague
):
    his, for_you, to = client_of(colleague), "view=mentions", member_of(workspace, colleague).pk
    give(people.member, workspace, [lead], to)
    seen = {"lead": str(triage.Seen.of(lead)), "do": "read"}
    his.post(f"/w/{workspace.pk}/inbox/triage/", seen)
    assert names(his, workspace, for_you) == set()

    give(people.member, workspace, [lead], "nobody")
    give(people.member, workspace, [lead], to)
    assert names(his, workspace, for_you) == {"Dana"}
    page = people.member.get(f"/w/{workspace.pk}/inbox/").content.decode()
    token = re.findall(r'name="token" value="([^"]+)"', page)[-1]
    people.member.post(f"/w/{workspace.pk}/inbox/undo/", {"token": token})
    assert names(his, workspace, for_you) == set()


@pytest.mark.parametrize("looked", [False, True])
def test_taking_back_leaves_who_had_it_before_with_what_they_have_not_seen(
    looked, workspace, people, lead, colleague
):
    owner = people.users.owner
    give(people.member, workspace, [lead], member_of(workspace, owner).pk)
    give(people.member, workspace, [lead], member_of(workspace, colleague).pk)
    page = people.member.get(f"/w/{workspace.pk}/inbox/").content.decode()
    token = re.findall(r'name="token" value="([^"]+)"', page)[-1]
    if looked:  # which changes nothing of whose it is
        client_of(colleague).get(f"/w/{workspace.pk}/inbox/{lead.pk}/")
    people.member.post(f"/w/{workspace.pk}/inbox/undo/", {"token": token})
    assert names(people.owner, workspace, "view=mentions") == {"Dana"}
    assert names(client_of(colleague), workspace, "view=mentions") == set()


def test_mine_and_unassigned_hold_who_waits_for_me_and_for_nobody_yet(workspace, people, colleague):
    me = people.users.member
    for name, fields in {
        "Mine": {"assigned_to": me},
        "Done": {"assigned_to": me, "needs_reply": False},
        "Theirs": {"assigned_to": colleague},
        "Free": {},
    }.items():
        factories.make_lead(workspace, first_name=name, **{"needs_reply": True} | fields)

    assert names(people.member, workspace, "view=mine") == {"Mine"}
    assert names(people.member, workspace, "view=unassigned") == {"Free"}
    assert names(people.owner, workspace, "view=mine") == set()
    theirs = f"view=all&assignee={member_of(workspace, colleague).pk}"
    assert names(people.member, workspace, theirs) == {"Theirs"}
    assert names(people.member, workspace, "view=all&assignee=nobody") == {"Free"}


def test_the_list_and_a_conversation_name_who_has_it_and_how_that_came(workspace, people, lead, colleague):
    to = member_of(workspace, colleague).pk
    answer = give(people.member, workspace, [lead], to, open="1")

    assert answer["Location"] == f"/w/{workspace.pk}/inbox/{lead.pk}/?view=all"
    page = people.member.get(answer["Location"]).content.decode()
    assert page.count('aria-label="Assigned to Ben Okoro"') == 2  # its row and its head
    assert re.search(r"<dd>\s*Ben Okoro\s*<span class=\"meta\">\s*by You, ", page)
    assert "assigned to Ben Okoro" in page
    assert re.search(r"<dd>\s*You\s*<span", page_of(workspace, lead, colleague))
    assert AuditEntry.objects.get(action="lead.assigned").actor == people.users.member


def page_of(workspace, lead, user) -> str:
    client = Client()
    client.force_login(user)
    return client.get(f"/w/{workspace.pk}/inbox/{lead.pk}/").content.decode()


def test_how_a_lead_came_is_read_from_the_audit_of_its_own_workspace(lead):
    audit.record(factories.make_workspace().pk, None, assigning.GIVEN, lead, to=None)
    assert not assigning.assignments(lead).exists()


def test_ticked_conversations_are_given_and_taken_back_together(workspace, people, colleague):
    leads = [factories.make_lead(workspace, needs_reply=True) for _ in range(2)]
    give(people.member, workspace, leads, member_of(workspace, colleague).pk)
    assert set(Lead.objects.values_list("assigned_to", flat=True)) == {colleague.pk}

    page = people.member.get(f"/w/{workspace.pk}/inbox/").content.decode()
    token = re.search(r'name="token" value="([^"]+)"', page)[1]
    people.member.post(f"/w/{workspace.pk}/inbox/undo/", {"token": token})
    assert set(Lead.objects.values_list("assigned_to", flat=True)) == {None}


def test_taking_back_what_was_a_members_who_has_left_is_told(workspace, people, lead, colleague):
    Lead.objects.filter(pk=lead.pk).update(assigned_to=colleague)
    give(people.member, workspace, [lead], "nobody")
    page = people.member.get(f"/w/{workspace.pk}/inbox/").content.decode()
    member_of(workspace, colleague).delete()

    token = re.search(r'name="token" value="([^"]+)"', page)[1]
    page = people.member.post(
        f"/w/{workspace.pk}/inbox/undo/", {"token": token}, follow=True
    ).content.decode()
    assert "no longer in this workspace" in page


def test_undo_leaves_what_somebody_assigned_later_and_is_recorded(workspace, people, colleague):
    kept, later = (factories.make_lead(workspace, needs_reply=True) for _ in range(2))
    give(people.member, workspace, [kept, later], member_of(workspace, colleague).pk)
    page = people.member.get(f"/w/{workspace.pk}/inbox/").content.decode()
    token = re.search(r'name="token" value="([^"]+)"', page)[1]
    give(people.owner, workspace, [later], member_of(workspace, people.users.owner).pk)

    people.member.post(f"/w/{workspace.pk}/inbox/undo/", {"token": token})

    kept.refresh_from_db()
    later.refresh_from_db()
    assert kept.assigned_to is None and later.assigned_to == people.users.owner
    newest = AuditEntry.objects.filter(action="lead.assigned", object_id=str(kept.pk)).latest("created_at")
    assert newest.data["to"] is None and newest.actor == people.users.member


def test_one_who_has_left_does_not_keep_the_others_from_being_taken_back(workspace, people, colleague):
    theirs, free = (factories.make_lead(workspace, assigned_to=user) for user in (colleague, None))
    me = people.users.member
    give(people.member, workspace, [theirs, free], member_of(workspace, me).pk)
    page = people.member.get(f"/w/{workspace.pk}/inbox/").content.decode()
    member_of(workspace, colleague).delete()

    token = re.search(r'name="token" value="([^"]+)"', page)[1]
    people.member.post(f"/w/{workspace.pk}/inbox/undo/", {"token": token})

    assert dict(Lead.objects.values_list("pk", "assigned_to")) == {theirs.pk: me.pk, free.pk: None}


@pytest.mark.parametrize("who", ["outsider", "viewer", "nobody known", "no number"])
def test_only_who_answers_in_the_workspace_gets_a_conversation(who, workspace, people, lead):
    to = {
        "outsider": lambda: Membership.objects.get(user=people.users.outsider).pk,
        "viewer": lambda: member_of(workspace, people.users.viewer).pk,
        "nobody known": lambda: 987654321,
        "no number": lambda: "²",
    }[who]()
    page = people.member.get(give(people.member, workspace, [lead], to)["Location"]).content.decode()

    lead.refresh_from_db()
    assert lead.assigned_to is None
    assert "Choose a member who can answer" in page or "action doesn’t exist" in page


def test_a_lead_of_another_workspace_is_not_given(workspace, people):
    theirs = factories.make_lead(Membership.objects.get(user=people.users.outsider).workspace)
    give(people.owner, workspace, [theirs], member_of(workspace, people.users.owner).pk)
    theirs.refresh_from_db()
    assert theirs.assigned_to is None


def test_a_viewer_sees_who_has_it_and_assigns_nothing(workspace, people, lead, colleague):
    Lead.objects.filter(pk=lead.pk).update(assigned_to=colleague)
    assert give(people.viewer, workspace, [lead], "nobody").status_code == 403
    page = people.viewer.get(f"/w/{workspace.pk}/inbox/{lead.pk}/").content.decode()
    assert 'value="assign:' not in page
    assert ">assigned to Ben Okoro<" in page


def test_the_database_gives_a_lead_to_members_of_its_workspace_only(workspace, people, lead):
    with pytest.raises(IntegrityError, match="lead_assigned_to_member"), transaction.atomic():
        Lead.objects.filter(pk=lead.pk).update(assigned_to=people.users.outsider)


def test_who_leaves_by_any_way_leaves_their_leads_to_nobody(workspace, lead, colleague):
    Lead.objects.filter(pk=lead.pk).update(assigned_to=colleague)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM inbox_membership WHERE user_id = %s", [colleague.pk])
    lead.refresh_from_db()
    assert (lead.assigned_to, lead.workspace) == (None, workspace)


def test_a_list_takes_no_query_more_for_its_team(workspace, people, django_assert_max_num_queries):
    for _ in range(8):
        factories.make_lead(workspace, needs_reply=True, assigned_to=factories.make_member(workspace))
    people.member.get(f"/w/{workspace.pk}/inbox/")
    with django_assert_max_num_queries(10):
        people.member.get(f"/w/{workspace.pk}/inbox/")


def test_a_member_of_another_workspace_gets_nothing_here(workspace, people):
    stranger = people.users.outsider.memberships.get()
    with pytest.raises(assigning.NotAMember, match="Choose a member who can answer in Northwind"):
        assigning.receiver(workspace, stranger.pk)


def test_the_team_of_a_page_is_the_workspace_s_own(workspace, people, lead):
    """The other workspace of one of its members is not offered."""
    Membership.objects.create(workspace=factories.make_workspace(), user=people.users.member)
    page = page_of(workspace, lead, people.users.member)
    writers = {str(member_of(workspace, user).pk) for user in (people.users.member, people.users.owner)}
    assert set(re.findall(r'value="assign:(\d+)"', page)) == writers


def test_colleagues_of_one_name_are_told_apart_by_their_address(workspace, people, lead):
    for email in ("a@example.com", "b@example.com"):
        factories.make_member(workspace, first_name="Ben", last_name="Okoro", email=email)
    factories.make_member(workspace, first_name="Ann", last_name="Lee", email="ann@example.com")
    page = people.member.get(f"/w/{workspace.pk}/inbox/{lead.pk}/").content.decode()
    dialog = page[page.index('id="assign"') :].partition("</dialog>")[0]
    assert "a@example.com" in dialog and "b@example.com" in dialog and "ann@example.com" not in dialog
