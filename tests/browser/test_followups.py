"""The follow-ups page driven as a person does: see why it waits, resume, skip, make a sequence and enrol a lead."""

import pytest
from playwright.sync_api import expect

from inbox.models import FollowUpInstance, FollowUpSequence
from tests.inbox.followups.helpers import enrolled, quiet_lead


@pytest.mark.parametrize("width", [1440, 375])
def test_a_person_sees_why_and_resumes(width, workspace, user, open_page):
    instance = enrolled(workspace, {}, {"offset_days": 1})
    FollowUpInstance.objects.update(status="paused", paused_for="replied")
    page = open_page(user, width=width)
    page.goto(f"/w/{workspace.pk}/followups/")
    page.get_by_role("link", name="Paused 1").click()
    expect(page.get_by_role("list").filter(has_text="The lead has replied")).to_be_visible()
    page.get_by_label(f"Select {instance.lead.display_name}").check()
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_text("Resumed 1 follow-up.")).to_be_visible()
    assert FollowUpInstance.objects.get().status == "active"
    page.get_by_role("link", name="Due 1").click()
    page.get_by_label(f"Select {instance.lead.display_name}").check()
    page.get_by_role("button", name="Skip step").click()
    page.get_by_role("link", name="Skipped 1").click()
    expect(page.get_by_role("table")).to_contain_text("A person skipped it.")


def test_an_admin_makes_a_sequence_and_enrols_a_lead(workspace, user, open_page):
    lead = quiet_lead(workspace)
    page = open_page(user)
    page.goto(f"/w/{workspace.pk}/followups/sequences/new/")
    page.get_by_label("Name").fill("Revive")
    page.get_by_label("Message").fill("Hi {firstname}")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("not right yet")
    expect(page.get_by_text("{firstname} is not a variable")).to_be_visible()
    page.get_by_label("Message").fill("Hi {first_name|there}, still interested?")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Revive")
    page.get_by_label("E-mail addresses, one a line").fill(lead.email)
    page.get_by_role("button", name="Enrol").click()
    expect(page.get_by_text("Enrolled 1 of 1 leads.")).to_be_visible()
    assert FollowUpSequence.objects.get().instances.get().lead == lead
