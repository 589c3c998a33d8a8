"""Automation: the report counts what people did, auto unlocks by it, the switch stops everything."""

import re

import pytest
from django.db import connection
from django.urls import reverse

from inbox.models import AuditEntry, Draft, GateResult, Lead, OutboundSend, SendingPolicy
from inbox.replying import gates, shadow
from tests import factories
from tests.factories import ago
from tests.reading import reads
from tests.ready import passing_draft

pytestmark = pytest.mark.django_db


def judged(workspace, status, *, user=None, edited=False, would_send=True):
    draft = passing_draft(workspace, mode="shadow")
    Draft.objects.filter(pk=draft.pk).update(
        would_send=would_send,
        gate_mode="shadow",
        status=status,
        decided_by=user,
        generated_text=draft.text + (" And more." if edited else ""),
    )
    return draft


def test_counts_what_people_did_with_what_would_have_gone_out(workspace, people):
    user = people.users.member
    for _ in range(3):
        judged(workspace, "sent", user=user)
    judged(workspace, "approved", user=user, edited=True)
    judged(workspace, "rejected", user=user)
    judged(workspace, "rejected")  # closed by a newer reply: says nothing
    judged(workspace, "pending")
    judged(workspace, "sent")  # went out by itself
    judged(workspace, "pending", would_send=False)

    (row,) = shadow.report(workspace)

    assert (row.judged, row.would_send) == (9, 8)
    assert (row.unchanged, row.edited, row.dropped, row.waiting, row.by_itself) == (3, 1, 1, 1, 1)
    assert row.decided == 5 and not row.unlocked
    assert (
        row.missing
        == "Auto unlocks after 15 more reviews of drafts that passed every check, as long as 90% are sent unchanged."
    )


@pytest.mark.parametrize(
    "kept", [{}, {"text": "Hi Dana,\r\n\r\nThursday works."}], ids=["posted", "stored before"]
)
def test_the_line_ends_of_a_browser_are_no_edit(kept, workspace, people):
    """A browser posts the lines of a textarea with \\r\\n, whatever it was given."""
    draft = judged(workspace, "pending")
    Draft.objects.update(text="Hi Dana,\n\nThursday works.", generated_text="Hi Dana,\n\nThursday works.")
    factories.make_integration(workspace)
    given = {"do": "send", "text": "Hi Dana,\r\n\r\nThursday works.\r\n"}
    people.member.post(reverse("inbox:draft", args=[workspace.pk, draft.pk]), given)
    assert OutboundSend.objects.get().text == "Hi Dana,\n\nThursday works."
    assert AuditEntry.objects.get(action="draft.approve").data["edited"] is False
    Draft.objects.update(**kept)

    assert (shadow.row_of(workspace, None).unchanged, shadow.row_of(workspace, None).edited) == (1, 0)
    assert not Draft.objects.get().was_edited


def test_a_draft_whose_sending_failed_was_not_sent_unchanged(workspace, people):
    factories.make_send(judged(workspace, "approved", user=people.users.member), state="failed")

    row = shadow.row_of(workspace, None)

    assert (row.unchanged, row.edited, row.decided, row.waiting) == (0, 0, 0, 1)


@pytest.mark.parametrize(
    ("unchanged", "edited", "unlocked"), [(19, 1, True), (18, 2, True), (17, 3, False), (19, 0, False)]
)
def test_auto_unlocks_at_twenty_drafts_of_which_nine_in_ten_went_out_unchanged(
    workspace, people, unchanged, edited, unlocked
):
    for number in range(unchanged + edited):
        judged(workspace, "sent", user=people.users.member, edited=number < edited)

    assert shadow.row_of(workspace, None).unlocked is unlocked


def test_the_report_reads_drafts_once_and_neither_their_leads_nor_the_checks_that_they_passed(
    workspace, people
):
    Lead.objects.bulk_create(Lead(workspace=workspace, email=f"many{n}@example.org") for n in range(500))
    messages = [factories.make_message(factories.make_lead(workspace)) for _ in range(40)]
    drafts = [factories.make_draft(message, would_send=False) for message in messages]
    about = {"workspace": workspace, "stage": "draft", "decided_at": ago(minutes=1)}
    GateResult.objects.bulk_create(
        GateResult(draft=draft, gate=gate, position=position, passed=position > 0, **about)
        for draft in drafts
        for position, gate in enumerate(gates.GATES)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE inbox_draft, inbox_gateresult, inbox_lead, inbox_message")
        cursor.execute("SET LOCAL enable_seqscan = off")  # 840 rows in few pages may be read as a whole

    with reads("inbox_draft") as found:
        page = people.member.get(reverse("inbox:automation", args=[workspace.pk]))
    assert page.context["total"].judged == 40
    assert page.context["held"] == [(next(iter(gates.GATES)), 40)]
    report, *others = [one.rows for one in found if '"judged"' in one.sql]
    (held,) = [one.rows for one in found if "inbox_gateresult" in one.sql]
    assert (report, others, held) == (80, [], 80)


def save(people, workspace, campaign=None, **fields):
    values = {
        "mode": "shadow",
        "confidence_threshold": "0.9",
        "min_delay_s": "180",
        "max_delay_s": "420",
        "business_hours_only": "on",
    } | fields
    name, args = ("campaign-policy", [workspace.pk, campaign.pk]) if campaign else ("policy", [workspace.pk])
    return people.owner.post(reverse(f"inbox:{name}", args=args), values)


def test_an_admin_sets_shadow_and_it_is_audited(workspace, people):
    assert save(people, workspace).status_code == 302

    assert SendingPolicy.objects.get(workspace=workspace).mode == "shadow"
    assert AuditEntry.objects.get(action="policy.change").actor == people.users.owner


def test_auto_is_refused_while_it_is_locked_and_says_what_is_missing(workspace, people):
    answer = save(people, workspace, mode="auto")

    assert answer.status_code == 422
    assert "Auto is locked. Auto unlocks after 20 more reviews of drafts" in answer.content.decode()
    assert not SendingPolicy.objects.filter(workspace=workspace).exists()


def test_a_campaign_has_a_policy_of_its_own(workspace, people):
    campaign = factories.make_campaign(workspace)
    save(people, workspace)
    save(people, workspace, campaign, mode="off")

    assert dict(SendingPolicy.objects.values_list("campaign", "mode")) == {None: "shadow", campaign.pk: "off"}


def test_a_delay_in_the_wrong_order_is_refused_by_name(workspace, people):
    answer = save(people, workspace, min_delay_s="500")

    assert answer.status_code == 422 and "can’t be shorter" in answer.content.decode()


def test_another_workspaces_campaign_is_not_found(workspace, people):
    other = factories.make_campaign(factories.make_workspace())

    assert save(people, workspace, other).status_code == 404


def test_the_switch_stops_what_goes_out_by_itself_and_lets_it_go_again(workspace, people):
    url = reverse("inbox:automation-pause", args=[workspace.pk])
    people.owner.post(url, {"do": "pause"})
    workspace.refresh_from_db()
    assert workspace.sends_paused
    assert (
        "Automatic sending is stopped. Nothing"
        in people.owner.get(reverse("inbox:automation", args=[workspace.pk])).content.decode()
    )

    people.owner.post(url, {"do": "resume"})
    workspace.refresh_from_db()
    assert not workspace.sends_paused


def test_a_member_sees_the_report_and_changes_nothing(workspace, people):
    draft = judged(workspace, "sent", user=people.users.member)
    GateResult.objects.create(
        workspace=workspace, draft=draft, stage="draft", gate="verified", position=0, passed=False,
        evidence="It names 5 dollars.", policy_version="1", decided_at=ago(),
    )  # fmt: skip

    page = people.member.get(reverse("inbox:automation", args=[workspace.pk]))
    assert page.status_code == 200 and "Would have sent" in page.content.decode()
    assert "Verified: held 1 draft</li>" in page.content.decode()
    assert (
        people.member.post(
            reverse("inbox:automation-pause", args=[workspace.pk]), {"do": "pause"}
        ).status_code
        == 403
    )
    assert people.member.get(reverse("inbox:policy", args=[workspace.pk])).status_code == 403


def test_the_six_points_name_every_check_once(workspace, people):
    page = people.member.get(reverse("inbox:automation", args=[workspace.pk])).content.decode()
    six = page.partition('<ol class="six">')[2].partition("</ol>")[0]
    assert six.count("<h3>") == 6
    shown = re.findall(r"<li>([^<]+)</li>", six)
    assert sorted(shown) == sorted(gate[0].upper() + gate[1:] for gate in gates.GATES)
    counts = re.findall(r"<summary>(\d+) checks</summary>", six)
    assert sum(map(int, counts)) == len(gates.GATES)
