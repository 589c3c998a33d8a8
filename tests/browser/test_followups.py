"""The follow-ups page driven as a person does: see why it waits, resume, skip, make a sequence and enrol a lead."""

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from inbox.followups import tick
from inbox.models import FollowUpInstance, FollowUpSequence, FollowUpTask
from jobs.worker import drain
from tests import factories, forms
from tests.browser.audit import audit
from tests.inbox.followups.helpers import enrolled, quiet_lead


@pytest.mark.parametrize("width", forms.some([1440, 375], ["1440", "375"], ["1440"]))
def test_a_person_sees_why_and_resumes(width, workspace, user, open_page):
    instance = enrolled(workspace, {}, {"offset_days": 1})
    FollowUpInstance.objects.update(status="paused", paused_for="replied")
    page = open_page(user, width=width)
    page.goto(f"/w/{workspace.pk}/followups/")
    page.get_by_role("link", name="Paused 1").click()
    page.get_by_role("link", name="The lead has replied").click()
    expect(page.get_by_role("button", name="Resume")).to_be_disabled()
    expect(page.get_by_label("Select everything in this list with this reason")).to_be_visible()
    page.get_by_label(f"Select {instance.lead.display_name}").check()
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_text("Resumed 1 follow-up.")).to_be_visible()
    assert FollowUpInstance.objects.get().status == "active"
    page.get_by_role("link", name="Due 1").click()
    page.get_by_label(f"Select {instance.lead.display_name}").check()
    page.get_by_role("button", name="Skip step").click()
    page.get_by_role("link", name="Skipped 1").click()
    expect(page.get_by_role("table")).to_contain_text("Someone skipped this step.")


def test_an_admin_makes_a_sequence_and_enrols_a_lead(workspace, user, open_page):
    lead = quiet_lead(workspace)
    page = open_page(user)
    page.goto(f"/w/{workspace.pk}/followups/sequences/new/")
    page.get_by_label("Name").fill("Revive")
    page.get_by_label("Message").fill("Hi {firstname}")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("Not saved")
    expect(page.get_by_text("{firstname} isn’t a variable")).to_be_visible()
    page.get_by_label("Message").fill("Hi {first_name|there}, still interested?")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Revive")
    page.get_by_label("Email addresses, one per line").fill(lead.email)
    page.get_by_role("button", name="Enrol").click()
    expect(page.get_by_text("Enrolled 1 of 1 leads.")).to_be_visible()
    assert FollowUpSequence.objects.get().instances.get().lead == lead


@pytest.mark.parametrize("width", forms.some([1440, 375], ["1440", "375"], ["1440"]))
def test_a_step_is_moved_by_keys_and_previewed_while_it_is_written(width, workspace, user, open_page):
    quiet_lead(workspace, first_name="Mei", last_message_at=timezone.now())
    sequence = factories.make_sequence(workspace, {"text": "One, {first_name}."}, {"text": "Two."})
    page = open_page(user, width=width)
    page.goto(f"/w/{workspace.pk}/followups/sequences/{sequence.pk}/")
    first = page.get_by_role("article", name="Step 1")
    bar = page.get_by_role("region", name="Changes")
    expect(bar).to_have_css("position", "static")  # it covers no field until there is something to save
    expect(first).to_contain_text("One, Mei.")
    assert audit(page) == []
    page.get_by_label("Message").nth(1).press("Alt+ArrowUp")
    expect(first).to_contain_text("Two.")
    page.get_by_label("Message").first.fill("Two, dear {first_name}.")
    expect(first).to_contain_text("Two, dear Mei.")
    expect(page.get_by_text("Not saved: step 1, step 2.")).to_be_visible()
    assert audit(page) == []
    assert [step.text for step in sequence.steps.all()] == ["One, {first_name}.", "Two."]
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved step 1, step 2.")).to_be_visible()
    assert [step.text for step in sequence.steps.all()] == ["Two, dear {first_name}.", "One, {first_name}."]


@pytest.mark.parametrize("script", [True, False])
def test_a_whole_list_is_stopped_at_once(script, workspace, user, open_page):
    for _ in range(3):
        enrolled(workspace, {"offset_days": 2})
    page = open_page(user, java_script_enabled=script)
    page.goto(f"/w/{workspace.pk}/followups/?view=waiting")
    page.get_by_label("Select everything in this list").check()
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_text("Stopped 3 follow-ups.")).to_be_visible()
    assert set(FollowUpInstance.objects.values_list("status", flat=True)) == {"stopped"}


@pytest.mark.parametrize("width", forms.some([1440, 375], ["1440", "375"], ["375"]))
def test_a_message_is_changed_and_approved(width, workspace, user, open_page):
    factories.make_integration(workspace)
    instance = enrolled(workspace, {"needs_approval": True})
    tick.claim([instance.pk])
    drain()
    page = open_page(user, width=width)
    page.goto(f"/w/{workspace.pk}/followups/?view=approval")
    page.get_by_role("link", name="Review").click()
    page.get_by_label("Message").fill("")
    page.get_by_role("button", name="Approve and send").click()
    expect(page.get_by_text("Write a message first, or skip the step.")).to_be_visible()
    page.get_by_label("Message").fill("Hi Dana, a shorter word.")
    page.get_by_role("button", name="Approve and send").click()
    expect(page.get_by_text("Approved. It’s on its way.")).to_be_visible()
    assert FollowUpTask.objects.get().send.text == "Hi Dana, a shorter word."


@pytest.mark.parametrize("width", forms.some([1440, 375], ["1440", "375"], ["375"]))
def test_a_lead_is_corrected_and_the_page_says_by_whom(width, workspace, user, open_page):
    lead = quiet_lead(workspace)
    page = open_page(user, width=width)
    page.goto(f"/w/{workspace.pk}/leads/{lead.pk}/edit/")
    page.get_by_label("Mobile").fill("twelve")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Enter a valid phone number, like +1 555 555 0123.")).to_be_visible()
    page.get_by_label("Mobile").fill("+1 212 555 0123")
    page.get_by_role("button", name="Save").click()
    if width == 375:
        page.get_by_role("button", name="Details").click()
    expect(page.get_by_text("+12125550123")).to_be_visible()
    expect(page.get_by_text(f"from {user}")).to_be_visible()
