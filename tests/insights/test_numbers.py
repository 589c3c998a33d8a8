"""What the overview counts as an answer, and who waits for one: the inbox's own rules."""

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from inbox.leads import rollup, triage
from inbox.leads.folders import leads_in
from inbox.models import Lead, Membership, OutboundSend, User, Workspace
from insights import lead_days, overview_numbers
from insights.models import LeadDay
from tests import factories
from tests.factories import ago


@pytest.fixture
def thread(workspace):
    """`thread((hours ago, direction or source), …)`: a lead whose row says what these messages make of it."""

    def make(*messages: tuple[float, str], **fields) -> Lead:
        lead = factories.make_lead(workspace, **fields)
        for hours, what in messages:
            inbound = what == "in"
            factories.make_message(
                lead,
                direction="inbound" if inbound else "outbound",
                source="emailbison_reply" if inbound else what,
                sent_at=ago(hours=hours),
                received_at=ago(hours=hours),
            )
        with transaction.atomic():
            rollup.recompute(rollup.locked(lead))
        return Lead.objects.get(pk=lead.pk)

    return make


def answers(workspace) -> dict[str, int]:
    now = timezone.now()
    found = overview_numbers.overview(workspace.pk, now - timedelta(days=7), now).answers
    return {label: count for label, count in found if count}


def test_who_wrote_again_after_our_answer_needs_a_reply(workspace, thread):
    thread((9, "in"), (7, "holdfast"), (2, "in"))
    assert leads_in(workspace, "needs-reply").count() == overview_numbers.waiting(workspace) == 1
    assert answers(workspace) == {"1 to 4 h": 1}


def test_a_step_of_a_campaign_answers_nobody(workspace, thread):
    thread((9, "in"), (8, "emailbison_sent"))
    assert overview_numbers.waiting(workspace) == 1
    assert answers(workspace) == {"Not yet": 1}
    now = timezone.now()
    assert overview_numbers.overview(workspace.pk, now - timedelta(days=7), now).answer_s is None


def test_what_a_person_marked_done_needs_no_answer(workspace, thread):
    lead = thread((9, "in"))
    triage.change(workspace, [triage.Seen.of(lead)], triage.DONE)
    assert overview_numbers.waiting(workspace) == 0
    assert answers(workspace) == {"None needed": 1}


def test_who_is_snoozed_waits_later_as_in_the_inbox(workspace, thread):
    lead = thread((9, "in"))
    triage.change(workspace, [triage.Seen.of(lead)], triage.snoozed(timezone.now() + timedelta(days=1)))
    assert leads_in(workspace, "needs-reply").count() == overview_numbers.waiting(workspace) == 0
    assert answers(workspace) == {"Not yet": 1}


def test_a_lead_who_waits_since_before_the_span_counts_and_another_workspace_s_does_not(workspace, thread):
    thread((24 * 20, "in"))
    other = factories.make_workspace("Bluebird")
    lead = factories.make_lead(other, needs_reply=True, last_message_at=ago(hours=1))
    factories.make_message(lead, sent_at=ago(hours=1))
    assert leads_in(workspace, "needs-reply").count() == overview_numbers.waiting(workspace) == 1


@pytest.mark.parametrize("role", [Membership.Role.OWNER, Membership.Role.VIEWER])
def test_the_page_says_the_number_in_the_inboxs_word(workspace, thread, role):
    thread((9, "in"), (8, "holdfast"), (2, "in"))
    thread((7, "in"), (6, "holdfast"))
    client = Client()
    client.force_login(factories.make_member(workspace, role))
    page = client.get(reverse("insights:overview", args=[workspace.pk])).text
    assert "Response time by person" not in page  # nobody of ours has sent these
    shown = re.findall(r'<dt>(.*?)</dt><dd><a href="[^"?]*[?](.*?)">(.*?)</a></dd>', page)
    assert shown[0] == ("Needs reply", "view=needs-reply", "1")


def test_the_first_three_tiles_lead_to_their_lists(workspace, thread):
    person = factories.make_member(workspace)
    for text in ("As written.", "As written.", "Changed."):
        reply = factories.make_message(thread((9, "in")))
        factories.make_draft(
            reply,
            status="sent",
            decided_by=person,
            decided_at=ago(hours=1),
            text=text,
            generated_text="As written.",
        )
    factories.make_draft(factories.make_message(thread((9, "in"))), status="sent", decided_at=ago(hours=1))
    elsewhere = factories.make_message(factories.make_lead(factories.make_workspace("Bluebird")))
    for reply, status, at in (
        (factories.make_message(thread((9, "in"))), "rejected", ago(hours=1)),
        (factories.make_message(thread((9, "in"))), "sent", ago(days=100)),
        (elsewhere, "sent", ago(hours=1)),
    ):
        factories.make_draft(reply, status=status, decided_by=person, decided_at=at)
    client = Client()
    client.force_login(person)
    tiles = client.get(reverse("insights:overview", args=[workspace.pk])).context["tiles"]
    assert [(tile["label"], tile["url"].partition("?")[2]) for tile in tiles[:3]] == [
        ("Needs reply", "view=needs-reply"),
        ("Drafts sent unchanged", "view=sent"),
        ("Booked", "view=all&tag=Meeting+Booked"),
    ]
    assert (tiles[1]["value"], tiles[1]["note"]) == ("67%", "of 3 reviewed"), "one went out by itself"


def test_an_outsider_sees_no_numbers(workspace, thread):
    thread((9, "in"))
    client = Client()
    client.force_login(factories.make_member(factories.make_workspace("Bluebird")))
    assert client.get(reverse("insights:overview", args=[workspace.pk])).status_code == 404


@pytest.fixture
def answered(workspace):
    """`answered(by, hours it took, …)`: a reply, and our answer to it an hour ago. `by` None: it went out by itself."""

    def make(by: User | None, hours: float, origin: str = "draft", **fields) -> Lead:
        lead = factories.make_lead(workspace, **fields)
        reply = factories.make_message(lead, sent_at=ago(hours=1 + hours))
        send = factories.make_send(
            factories.make_draft(reply), approved_by=by, state=OutboundSend.State.SENT, origin=origin
        )
        wrote(lead, str(send.pk), ago(hours=1))
        return lead

    return make


def wrote(lead: Lead, external_id: str, at) -> None:
    factories.make_message(
        lead, direction="outbound", source="holdfast", external_id=external_id, sent_at=at
    )  # fmt: skip


def by_person(workspace) -> list[tuple]:
    now = timezone.now()
    rows = overview_numbers.overview(workspace.pk, now - timedelta(days=7), now).persons
    return [
        (row.name, row.answers, round(row.median_s / 360) / 10, round(row.p90_s / 360) / 10) for row in rows
    ]


def test_time_to_answer_is_of_who_wrote_or_approved_it_also_once_they_have_left(workspace, answered):
    ana, bo = (
        factories.make_member(workspace, email=f"{name}@example.com", first_name=name)
        for name in ("Ana", "Bo")
    )
    for hours in (1, 2, 12):
        answered(ana, hours)
    answered(bo, 3, origin="person")
    answered(None, 1)  # by itself
    answered(ana, 9, origin="followup")
    Membership.objects.filter(user=ana).delete()
    elsewhere = factories.make_workspace("Bluebird")
    assert by_person(workspace) == [("Ana", 3, 2.0, 10.0), ("Bo", 1, 3.0, 3.0)]
    assert by_person(elsewhere) == []
    bo.delete()
    assert [row[0] for row in by_person(workspace)] == ["Ana", "A former member"]


def test_an_answer_counts_from_the_reply_that_waited_and_once(workspace, answered):
    ana = factories.make_member(workspace, first_name="Ana")
    lead = answered(ana, 4)
    factories.make_message(lead, sent_at=ago(hours=3))  # they wrote twice before the answer
    factories.make_message(lead, sent_at=ago(hours=9), automated_reply=True)
    again = factories.make_send(
        factories.make_draft(factories.make_message(lead, sent_at=ago(hours=20))), approved_by=ana, part=1
    )
    wrote(lead, str(again.pk), ago(minutes=50))  # and nobody had written since
    wrote(lead, "of no send", ago(hours=19))
    assert by_person(workspace) == [("Ana", 1, 4.0, 4.0)]


def promise(workspace: Workspace, at: datetime, *, kept: bool | None) -> None:
    """A reply at `at`, and a person's answer an hour later, which kept or broke its promise. None: it had none."""
    reply = factories.make_message(factories.make_lead(workspace), sent_at=at, received_at=at)
    answered_at = at + timedelta(hours=1)
    due = None if kept is None else answered_at + timedelta(minutes=5 if kept else -5)
    by = factories.make_member(workspace, email=f"{reply.pk}@example.com")
    draft = factories.make_draft(reply)
    send = factories.make_send(draft, approved_by=by, state=OutboundSend.State.SENT, answer_by=due)
    wrote(reply.lead, str(send.pk), answered_at)


def test_promises_count_by_the_local_hour_in_which_the_reply_arrived(workspace):
    Workspace.objects.filter(pk=workspace.pk).update(timezone="Asia/Kolkata")
    now = timezone.now()
    at = (now - timedelta(days=3)).astimezone(ZoneInfo("Asia/Kolkata")).replace(hour=9, minute=40)
    for hours, kept in ((0, True), (0, False), (2, None), (5, False)):
        promise(workspace, at + timedelta(hours=hours), kept=kept)
    expected = [("09:00", 1, 1), ("14:00", 0, 1)]
    for _ in range(2):  # from messages, then from days
        assert overview_numbers.overview(workspace.pk, now - timedelta(days=7), now).hours == expected
        lead_days.count(workspace.pk)
    assert sorted(LeadDay.objects.values_list("hours", flat=True)) == [[9], [9], [11], [14]]


def test_promises_by_client_are_those_of_the_users_workspaces_alone(workspace):
    bluebird, larkspur, other = map(factories.make_workspace, ("Bluebird", "Larkspur", "Stranger"))
    user = factories.make_member(workspace)
    for client in (bluebird, larkspur):
        Membership.objects.create(workspace=client, user=user, role=Membership.Role.VIEWER)
    for client, kept in ((workspace, True), (bluebird, False), (bluebird, True), (other, False)):
        promise(client, ago(days=2), kept=kept)
        promise(client, ago(days=40), kept=kept)  # before the span
        lead_days.count(client.pk)
    client = Client()
    client.force_login(user)

    def page(*numbers) -> str:
        response = client.get(reverse("insights:overview", args=[workspace.pk]))
        assert response.context["clients"] == list(numbers)
        assert "Stranger" not in response.content.decode()
        return response.content.decode()

    assert "Promises, by client" in page((bluebird, 1, 1), (workspace, 1, 0))
    Workspace.objects.filter(pk=bluebird.pk).update(requires_second_factor=True)
    page((workspace, 1, 0))  # a password alone learns nothing of it
    Membership.objects.filter(user=user).exclude(workspace=workspace).delete()
    assert "Promises, by client" not in page()
