"""Facts in a browser: kept and imported with the keyboard alone, at every width and in both themes."""

import pytest
from django.urls import reverse

from inbox.models import WorkspaceFact
from tests import factories, forms
from tests.browser.audit import audit

FILE = (
    "kind,question,answer\n"
    "answer,Do you handle interstate moves?,Yes to all 48 states and Canada.\n"
    "price,A crew of four,$1500 a month\n"
    "rumour,Are they good?,Yes.\n"
)


@pytest.fixture
def fact(workspace, user):
    factories.make_fact(
        workspace, "How soon can you start?", "Within two weeks.\n\n- or sooner", updated_by=user
    )
    factories.make_fact(workspace, "Brochure", "https://example.com/" + "brochure-" * 20, kind="link")
    factories.make_fact(workspace, "money-back guarantee", "", kind="never")
    return factories.make_fact(workspace, "Do you handle interstate moves?", "Yes.", updated_by=user)


@pytest.mark.parametrize(("width", "theme"), forms.spread([1440, 375], ["light", "dark"], one_in=4))
def test_pages_are_accessible_and_fit(width, theme, workspace, user, open_page):
    user.theme = theme
    user.save()
    page = open_page(user, width=width)
    problems = {}

    def look(name, path=""):
        if path:
            page.goto(path)
        if found := audit(page):
            problems[name] = found

    facts = reverse("inbox:facts", args=[workspace.pk])
    look("facts-empty", facts)
    fact = factories.make_fact(workspace, "Do you handle interstate moves?", "Yes.", updated_by=user)
    factories.make_fact(workspace, "Brochure", "https://example.com/" + "brochure-" * 20, kind="link")
    look("facts", facts)
    look("facts-found", f"{facts}?q=moves")
    look("fact-new", reverse("inbox:fact-new", args=[workspace.pk, "price"]))
    page.get_by_role("button", name="Save").click()
    page.get_by_role("alert").wait_for()
    look("fact-wrong")
    look("fact", reverse("inbox:fact", args=[workspace.pk, fact.pk]))
    look("facts-import", reverse("inbox:facts-import", args=[workspace.pk]))
    choose(page)
    page.get_by_role("button", name="Preview").click()
    page.get_by_text("Nothing has been saved yet").wait_for()
    look("facts-plan")
    assert problems == {}


def choose(page):
    page.get_by_label("CSV file").set_input_files(
        {"name": "facts.csv", "mimeType": "text/csv", "buffer": FILE.encode()}
    )


def test_a_price_is_added_with_the_keyboard_alone(workspace, user, fact, open_page):
    page = open_page(user)
    page.goto(reverse("inbox:facts", args=[workspace.pk]))
    page.get_by_role("link", name="Add a price").focus()
    page.keyboard.press("Enter")
    page.get_by_label("Product or service").focus()
    page.keyboard.type("A crew of four")
    page.keyboard.press("Tab")
    page.keyboard.type("$1,500 a month, cancelled any month.")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_text("New drafts can use it").wait_for()

    assert WorkspaceFact.objects.get(kind="price").answer == "$1,500 a month, cancelled any month."


def test_a_file_is_looked_at_done_and_its_bad_row_corrected(workspace, user, fact, open_page):
    page = open_page(user)
    page.goto(reverse("inbox:facts-import", args=[workspace.pk]))
    choose(page)
    page.get_by_role("button", name="Preview").click()
    page.get_by_role("button", name="Import: add 1, change 1").click()
    page.get_by_text("Fix the rows below").wait_for()
    left = page.get_by_label("File contents")
    left.fill(left.input_value().replace("rumour", "answer"))
    page.get_by_role("button", name="Check again").click()
    page.get_by_role("button", name="Import: add 1, change 0").click()
    page.get_by_text("1 added, 0 changed").wait_for()

    fact.refresh_from_db()
    assert fact.answer == "Yes to all 48 states and Canada." and WorkspaceFact.objects.count() == 6


@pytest.mark.parametrize(("width", "theme"), forms.spread([375, 1440], ["dark", "light"], one_in=4))
def test_what_a_draft_was_made_of_unfolds_below_it(width, theme, workspace, user, fact, open_page):
    user.theme = theme
    user.save()
    calls = [
        {"id": str(n), "prompt": f"{name} v2", "model": "gpt-5.1", "input_tokens": 1_480, "output_tokens": 120,
         "cost_microusd": 1_400}
        for n, name in enumerate(("strategy", "email", "verify"))
    ]  # fmt: skip
    known = {
        "key": str(fact.pk),
        "kind": "answer",
        "question": fact.question,
        "answer": "Yes, in all 48 states.",
    }
    message = factories.make_message(
        factories.make_lead(workspace, needs_reply=True), "Do you do interstate?"
    )
    factories.make_draft(
        message,
        "Hi Dana,\n\nYes, in all 48 states. Would Thursday suit you for a short call?",
        made_of={
            "facts": [known],
            "slots": ["Thursday 3 December at 3:00 PM"],
            "messages": 4,
            "calls": calls,
        },
    )
    page = open_page(user, width=width)
    page.goto(reverse("inbox:conversation", args=[workspace.pk, message.lead_id]))
    page.locator("#reply").focus()  # on a phone the answer is folded until then
    page.locator("#gates > summary").click()
    line = page.get_by_text("Based on 1 fact, 4 messages, 1 free time; $0.004")
    line.focus()
    page.keyboard.press("Enter")
    page.get_by_text("Changed since").wait_for()

    assert audit(page) == []
