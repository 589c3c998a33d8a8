"""Whom the palette offers to somebody who types a name."""

from django.urls import reverse

from tests import factories


def named(client, workspace, text):
    answer = client.get(reverse("inbox:leads-named", args=[workspace.pk]), {"q": text})
    return [lead["name"] for lead in answer.json()["leads"]]


def test_leads_are_found_by_themselves_the_newest_first_and_no_more_than_six(workspace, people):
    for number in range(8):
        factories.make_lead(
            workspace,
            first_name=f"Ana{number}",
            last_name="Lima",
            last_message_at=factories.ago(hours=number),
        )
    factories.make_message(factories.make_lead(workspace, first_name="Ben"), "Ask Lima, please.")
    factories.make_lead(factories.make_workspace(), first_name="Ana9", last_name="Lima")
    assert named(people.viewer, workspace, "lima") == [f"Ana{number} Lima" for number in range(6)]
    assert named(people.member, workspace, "ana3") == ["Ana3 Lima"]
    assert named(people.member, workspace, " \0") == named(people.member, workspace, "nobody") == []


def test_every_page_has_the_palette_with_those_who_answer(workspace, people):
    page = people.viewer.get(reverse("inbox:health", args=[workspace.pk])).content.decode()
    assert 'id="palette"' in page and 'data-keys="Control+k"' in page
    assert page.count("view=all&amp;assignee=") == 2  # the owner and the member
