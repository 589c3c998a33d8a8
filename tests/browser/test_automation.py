"""Automation and tags in a browser: usable at every width and in both themes, and they do what they say."""

import pytest
from django.urls import reverse

from inbox.intake import tag_decisions
from inbox.models import Draft, SendingPolicy
from inbox.replying import autosend
from tests import factories, forms
from tests.browser.audit import audit
from tests.ready import passing_draft


@pytest.fixture
def draft(workspace, user):
    """A judged draft beside a handful that people have decided."""
    campaign = factories.make_campaign(workspace, name="Roofing owners, fall")
    drafts = [passing_draft(workspace, mode="shadow", campaign=campaign) for _ in range(6)]
    for number, one in enumerate(drafts[1:]):
        Draft.objects.filter(pk=one.pk).update(
            would_send=number != 4,
            gate_mode="shadow",
            status="sent" if number < 4 else "pending",
            decided_by=user,
        )
    first = Draft.objects.select_related("workspace", "lead__campaign", "trigger_message__campaign").get(
        pk=drafts[0].pk
    )
    autosend.judge(first, SendingPolicy.objects.get(workspace=workspace, campaign=None))
    return first


def pages(draft) -> dict[str, str]:
    ws = draft.workspace_id
    return {
        "automation": reverse("inbox:automation", args=[ws]),
        "policy": reverse("inbox:policy", args=[ws]),
        "why": reverse("inbox:why", args=[ws, draft.trigger_message_id]),
        "rules": reverse("inbox:rules", args=[ws]),
    }


@pytest.mark.parametrize(("width", "theme"), forms.spread([375, 1440], ["dark", "light"], one_in=4))
def test_pages_are_accessible_and_fit(width, theme, draft, user, open_page):
    user.theme = theme
    user.save()
    page = open_page(user, width=width)
    problems = {}
    for name, path in pages(draft).items():
        page.goto(path)
        if found := audit(page):
            problems[name] = found
    assert problems == {}


def test_the_kill_switch_and_a_policy_are_set_from_the_page(draft, user, open_page, workspace):
    page = open_page(user)
    page.goto(pages(draft)["automation"])
    page.get_by_role("button", name="Stop all automatic sending").click()
    page.get_by_text("Automatic sending is stopped. Nothing").wait_for()
    page.get_by_role("button", name="Resume automatic sending").click()
    page.get_by_role("button", name="Stop all automatic sending").wait_for()

    page.goto(pages(draft)["policy"])
    page.get_by_label("Mode", exact=True).select_option("auto")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Auto is locked.").first.wait_for()
    assert SendingPolicy.objects.get(workspace=workspace, campaign=None).mode == "shadow"


def test_a_tag_is_corrected_from_the_conversation(draft, user, open_page, workspace):
    tag_decisions.record_rules(draft.trigger_message)
    page = open_page(user)
    page.goto(reverse("inbox:conversation", args=[workspace.pk, draft.lead_id]))
    page.get_by_role("link", name="Why this tag?").first.click()
    page.get_by_label("Tag", exact=True).select_option("Objection")
    page.get_by_role("button", name="Change the tag").click()
    page.get_by_text("Corrected to Objection").wait_for()

    draft.trigger_message.refresh_from_db()
    assert draft.trigger_message.tag == "Objection"
