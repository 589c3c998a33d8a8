"""The conversation page: what it shows, what opening changes, and the original of a mail."""

import re
from datetime import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from inbox.models import GateResult, Mention, Message, Note, OutboundSend, Workspace
from inbox.pages.conversation.timeline import LIMIT
from inbox.replying import review
from tests import factories
from tests.factories import ago

QUOTED = "Thursday works.\n\nOn Tue, Nov 17, 2026 at 9:14 AM Alex <alex@example.com> wrote:\n> Hi Dana\n> Are you free?"


def url(workspace, lead, rest: str = "") -> str:
    return f"/w/{workspace.pk}/inbox/{lead.pk}/{rest}"


def page(client, workspace, lead, query: str = "") -> str:
    response = client.get(url(workspace, lead, query))
    assert response.status_code == 200
    return response.content.decode()


def test_opening_reads_but_does_not_handle(workspace, member, lead):
    page(member, workspace, lead)
    lead.refresh_from_db()
    assert (lead.unread, lead.needs_reply) == (False, True)


def test_viewer_opening_leaves_it_unread(workspace, people, lead):
    page(people.viewer, workspace, lead)
    lead.refresh_from_db()
    assert lead.unread


def test_the_company_stands_on_the_line_of_the_name(workspace, member):
    lead = factories.make_lead(
        workspace, first_name="Ana", last_name="Ruiz", title="Owner", company="Ruiz Ltd"
    )
    line = re.findall(r'<div class="clip">(<h1 id="lead">.*?)</div>', page(member, workspace, lead))
    assert line == ['<h1 id="lead">Ana Ruiz</h1> <span class="meta">Owner, Ruiz Ltd</span>']


def test_messages_stand_in_the_providers_order(workspace, member, lead):
    factories.make_message(lead, "second", sent_at=ago(hours=1))
    factories.make_message(lead, "first", sent_at=ago(hours=2))
    text = page(member, workspace, lead)
    assert text.index("first") < text.index("second")


def test_an_answer_of_the_same_second_stands_below_what_it_answers(workspace, member, lead):
    at = ago(hours=1)
    factories.make_message(lead, "I am away", sent_at=at, received_at=at)
    factories.make_message(lead, "a quick question", direction="outbound", sent_at=at)
    text = page(member, workspace, lead)
    assert text.index("a quick question") < text.index("I am away")


def test_the_rail_says_in_words_how_often_a_lead_wrote_and_that_nobody_waits(workspace, member, lead):
    """It said "Wrote once, last now" and "Waits no"."""

    def tiles() -> list[str]:
        found = re.findall(r'id="rail".*?<section', page(member, workspace, lead), re.S)
        return " ".join(re.sub(r"<[^>]+>", " ", found[0]).split())

    factories.make_message(lead, "Hello", sent_at=ago(minutes=9))
    assert "Replies 1 9 min" in tiles()
    factories.make_message(lead, "Hello again", sent_at=ago(minutes=5))
    assert "Replies 2 last: 5 min" in tiles()
    type(lead).objects.filter(pk=lead.pk).update(needs_reply=False)
    assert "Waiting no no answer needed" in tiles()


def test_the_rail_leaves_out_what_is_not_known(workspace, member):
    lead = factories.make_lead(workspace, email="ada@lovelace.example", phone="", company="")
    factories.make_message(lead, "Sounds good")
    rail = page(member, workspace, lead).partition('id="rail"')[2]
    assert "<dt>Email</dt>" in rail
    assert not any(
        words in rail for words in ("<dt>Company</dt>", "<dt>Mobile</dt>", "Their time", "not known")
    )


def test_quoted_text_is_folded(workspace, member, lead):
    factories.make_message(lead, "Thursday works.", raw_text=QUOTED)
    text = page(member, workspace, lead)
    assert "Quoted text, 3 lines" in text
    assert "&gt; Are you free?" in text


def test_markup_in_a_message_is_text(workspace, member, lead):
    factories.make_message(lead, "<script>alert(1)</script> <b>bold</b>")
    text = page(member, workspace, lead)
    assert "<script>alert" not in text
    assert "&lt;b&gt;bold" in text


def test_long_conversation_shows_its_newest_part_and_leads_to_the_rest(workspace, member, lead):
    for number in range(LIMIT + 5):
        factories.make_message(lead, f"message number {number};", sent_at=ago(hours=100 - number))
    newest = page(member, workspace, lead)
    assert "number 4;" not in newest
    assert "Show earlier messages" in newest
    assert "number 4;" in page(member, workspace, lead, "?all=1")


def test_who_answers_for_the_lead_is_shown_at_the_message_and_beside_it(workspace, member):
    lead = factories.make_lead(
        workspace,
        email="dana@example.com",
        current_replier_email="ada@example.com",
        current_replier_name="Ada Park",
        current_replier_since=ago(hours=1),
    )
    factories.make_message(lead, from_address="ada@example.com", from_name="Ada Park")
    text = " ".join(page(member, workspace, lead).split())
    assert "Ada Park for Dana Reyes" in text
    assert "(ada@example.com) for Dana Reyes" in text


def test_start_that_took_a_stop_back_is_shown(workspace, member):
    lead = factories.make_lead(workspace, opted_in_at=ago(hours=1))
    assert "by texting START" in page(member, workspace, lead)


def test_times_are_the_workspaces(workspace, member, lead):
    factories.make_message(lead, sent_at="2026-01-05T15:30:00Z")
    assert 'datetime="2026-01-05T10:30:00-05:00"' in page(member, workspace, lead)


def test_draft_stands_ready_with_the_verdicts_of_its_gates(workspace, member, lead):
    draft = factories.make_draft(factories.make_message(lead), "Hi Dana, 1:00 or 2:30?")
    for position, evidence in enumerate(("It answers the newest message.", "It is 18:14 there: closed.")):
        GateResult.objects.create(
            workspace=workspace, draft=draft, stage="draft", gate=f"gate {position}", position=position,
            passed=not position, evidence=evidence, policy_version="1", decided_at=ago(),
        )  # fmt: skip
    text = page(member, workspace, lead)
    assert "Hi Dana, 1:00 or 2:30?</textarea>" in text
    checks = text.split('class="checks"')[1].split("</ul>")[0]
    assert checks.index("It is 18:14 there: closed.") < checks.index("It answers the newest message.")


@pytest.mark.parametrize("channel", ["email", "sms"])
def test_a_draft_that_nobody_signs_says_so_and_is_not_ready(workspace, people, lead, channel):
    """Only mails are signed."""
    message = factories.make_message(lead, channel=channel)
    factories.make_draft(message, channel=channel, verification={"problems": []})

    def gates(client=people.member) -> str:
        return page(client, workspace, lead).split('id="gates"')[1].split("</details>")[0]

    assert ("No signature yet." in gates(), "Ready:" in gates()) == (channel == "email", channel == "sms")
    assert ("Add a signature" in gates(people.owner), "Add a signature" in gates()) == (
        channel == "email",
        False,
    )
    lead.drafts.update(status_reason="Held: it names a price.")
    assert ("No signature yet." in gates()) == (channel == "email") and "it names a price." in gates()
    lead.drafts.update(status_reason="")
    config = {"signatures": {"alex@outreach.example.com": "Alex Moreno, North desk"}}
    factories.make_integration(workspace, config=config)
    Message.objects.update(account_address="alex@outreach.example.com")

    def is_ready_once_signed(signature: str) -> bool:
        """A draft that was written before the signature was set goes out without it."""
        lead.drafts.update(text="Thursday works.")
        assert ("Signature missing." in gates(), "Ready:" in gates()) == (
            channel == "email",
            channel == "sms",
        )
        assert "Add a signature" not in gates(people.owner)
        lead.drafts.update(text=f"Thursday works.\n\n{signature}")
        return "signature" not in gates().lower() and "Ready:" in gates()

    assert is_ready_once_signed("Alex Moreno, North desk")
    Message.objects.update(account_address="sam@outreach.example.com")
    assert ("No signature yet." in gates()) == (channel == "email")
    Workspace.objects.update(signature="Alex Moreno, Northwind")
    assert is_ready_once_signed("Alex Moreno, Northwind")
    Workspace.objects.update(signature="", persona_name="Alex Moreno")
    assert is_ready_once_signed("Alex Moreno")
    lead.drafts.all().delete()
    assert ("Alex Moreno" in page(people.member, workspace, lead).split('id="answer"')[1]) == (
        channel == "email"
    )


@pytest.mark.parametrize(
    "verification, line, check",
    [
        (
            {"problems": []},
            "The text passed the check. Review it, then send it.",
            "no link, price or time",
        ),
        ({"problems": ["It names 5 dollars."]}, "</b> It names 5 dollars. ", "It names 5 dollars.</span>"),
        ({}, "The text hasn’t been checked.", ""),
    ],
    ids=["found nothing", "found something", "not checked"],
)
def test_line_above_a_draft_says_what_its_checks_say_where_nothing_goes_out_by_itself(
    verification, line, check, workspace, member, lead
):
    Workspace.objects.update(persona_name="Alex Moreno")
    message = factories.make_message(lead)
    factories.make_draft(message, "Thursday works.\n\nAlex Moreno", verification=verification)
    gates = page(member, workspace, lead).split('id="gates"')[1].split("</details>")[0]
    assert line in gates and check in gates and ('class="checks"' in gates) is bool(check)


def test_draft_of_the_model_is_never_markup(workspace, member, lead):
    factories.make_draft(factories.make_message(lead), "</textarea><script>alert(1)</script>")
    assert "<script>alert" not in page(member, workspace, lead)


@pytest.mark.parametrize(
    "state, text", [("intent", "Going out"), ("unknown", "We don’t know whether"), ("failed", "mailbox full")]
)
def test_send_says_how_it_stands(state, text, workspace, member, lead):
    draft = factories.make_draft(factories.make_message(lead), status="approved")
    factories.make_send(draft, state=state, reason="mailbox full", called_at=ago())
    assert text in page(member, workspace, lead)


def next_step(client, workspace, lead) -> str:
    return page(client, workspace, lead).split("<h2>Next step</h2><p>")[1].split("</p>")[0]


def test_next_step_says_that_an_answer_goes_out_or_that_the_lead_is_snoozed(workspace, member, lead):
    draft = factories.make_draft(factories.make_message(lead), status="approved")
    type(lead).objects.filter(pk=lead.pk).update(needs_reply=True, snoozed_until=ago(days=-2))
    assert next_step(member, workspace, lead).startswith("Nothing to do. Snoozed until")
    type(lead).objects.filter(pk=lead.pk).update(snoozed_until=ago(days=2))
    assert next_step(member, workspace, lead) == "Answer them."

    send = factories.make_send(draft, state="intent", send_at=ago(hours=-1))
    assert next_step(member, workspace, lead).startswith("Nothing to do. Your answer goes out at ")
    OutboundSend.objects.filter(pk=send.pk).update(send_at=ago(hours=1))
    assert next_step(member, workspace, lead) == "Nothing to do. Your answer is on its way."
    OutboundSend.objects.filter(pk=send.pk).update(state="unknown", called_at=ago())
    assert next_step(member, workspace, lead) == "Find out whether the last message was sent."
    OutboundSend.objects.filter(pk=send.pk).update(state="failed")
    again = "Send it again. Your answer didn’t go out; the reason is next to it."
    assert next_step(member, workspace, lead) == again
    type(lead).objects.filter(pk=lead.pk).update(last_inbound_at=ago(hours=-1))
    assert next_step(member, workspace, lead) == "Answer them."
    type(lead).objects.filter(pk=lead.pk).update(tag="Not Interested")
    assert next_step(member, workspace, lead) == "They said no. Say goodbye, or mark it done."


@pytest.mark.parametrize(
    ("reason", "step"),
    [
        ("EmailBison: request refused (invalid_id).", "Answer them on another channel, or at the provider"),
        ("EmailBison: request refused (HTTP 422, sender_down).", "Send it again."),
        ("EmailBison: provider failed (HTTP 502), 8 times.", "Send it again."),
    ],
)
def test_next_step_after_a_failure_repeats_nothing_that_would_be_refused_again(
    reason, step, workspace, member, lead
):
    draft = factories.make_draft(factories.make_message(lead), status="approved")
    factories.make_send(draft, state="failed", reason=reason)
    type(lead).objects.filter(pk=lead.pk).update(needs_reply=True, last_inbound_at=ago(days=1))
    assert next_step(member, workspace, lead).startswith(step)


def test_a_step_of_a_campaign_is_marked_and_an_answer_is_not(workspace, member, lead):
    step = factories.make_message(lead, direction="outbound", source="smartlead_sent")
    assert "by the campaign" in page(member, workspace, lead)
    type(step).objects.update(by_hand=True)
    assert "by the campaign" not in page(member, workspace, lead)


def test_lead_was_first_seen_with_the_first_message_if_that_is_older_than_its_row(workspace, member, lead):
    def first_seen() -> datetime:
        fact = page(member, workspace, lead).split("<dt>First seen</dt>")[1]
        return datetime.fromisoformat(fact.split('datetime="')[1].split('"')[0])

    factories.make_message(lead, sent_at=ago(hours=-1))
    assert first_seen() == lead.created_at.replace(microsecond=0)
    older = factories.make_message(lead, sent_at=ago(days=4), direction="outbound")
    assert first_seen() == older.sent_at.replace(microsecond=0)


@pytest.mark.parametrize("field", ["opted_out_at", "bounced_at"])
def test_lead_that_may_not_be_written_to_has_no_composer(field, workspace, member):
    lead = factories.make_lead(workspace, **{field: ago()})
    text = page(member, workspace, lead)
    assert "You can’t message" in text
    assert 'id="reply"' not in text


def test_viewer_sees_everything_and_no_buttons(workspace, people, lead):
    factories.make_draft(factories.make_message(lead, "a reply"))
    text = page(people.viewer, workspace, lead)
    assert "a reply" in text
    assert 'action="/w/' not in text.replace(f'action="/w/{workspace.pk}/inbox/"', "")
    assert "<textarea" not in text


def test_page_takes_as_many_queries_for_fifty_messages_as_for_two(workspace, member, lead):
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            page(member, workspace, lead)
        return len(captured)

    def add(count: int) -> None:
        for _ in range(count):
            message = factories.make_message(lead, raw_text=QUOTED)
            factories.make_delivery(workspace, lead=lead, message=message)
            note = Note.objects.create(
                workspace=workspace, lead=lead, author=factories.make_user(), text="@Ana"
            )
            Mention.objects.create(note=note, membership=workspace.memberships.first())

    add(2)
    queries()  # the first visit reads the lead and remembers the workspace
    few = queries()
    add(48)
    assert queries() == few <= 16


def test_poll_of_a_send_on_its_way_changes_nothing(workspace, member, lead):
    send = factories.make_send(factories.make_draft(factories.make_message(lead), status="approved"))
    response = member.get(url(workspace, lead, f"outgoing/{send.pk}/"))
    assert (response.status_code, response.content) == (204, b"")


def test_poll_of_a_settled_send_brings_the_message_and_the_composer(workspace, member, lead):
    draft = factories.make_draft(factories.make_message(lead), "Thursday at 1:00.", status="sent")
    send = factories.make_send(draft, state="sent")
    factories.make_message(
        lead,
        "Thursday at 1:00.",
        direction="outbound",
        source="holdfast",
        external_id=str(send.pk),
        draft=draft,
    )
    text = member.get(url(workspace, lead, f"outgoing/{send.pk}/")).content.decode()
    assert 'hx-swap-oob="beforeend:#messages"' in text
    assert "Thursday at 1:00." in text
    assert "<textarea" in text


def test_poll_of_a_failed_send_says_why(workspace, member, lead):
    draft = factories.make_draft(factories.make_message(lead), status="approved")
    send = factories.make_send(draft, state=OutboundSend.State.FAILED, reason="mailbox full")
    assert "mailbox full" in member.get(url(workspace, lead, f"outgoing/{send.pk}/")).content.decode()


def test_a_draft_that_is_written_anew_comes_by_itself(workspace, member, lead, settings):
    settings.OPENAI_API_KEY = "key"
    draft = factories.make_draft(factories.make_message(lead), "The text before.")
    job = review.request_rewrite(draft, user=None)
    assert "Rewriting the draft" in member.get(url(workspace, lead)).content.decode()
    assert member.get(url(workspace, lead, "rewriting/")).status_code == 204

    type(draft).objects.update(text="The new text.", revision=2)
    type(job).objects.update(status="succeeded", finished_at=ago())
    text = member.get(url(workspace, lead, "rewriting/?view=drafts")).content.decode()
    assert "The new text.</textarea>" in text and "?view=drafts" in text
    assert "Rewriting the draft" not in text


@pytest.mark.parametrize(
    "fields, words",
    [
        ({"snoozes": 1}, "The rewrite starts when the model is back"),
        ({"status": "failed", "finished_at": ago()}, "The rewrite failed"),
    ],
)
def test_a_rewrite_that_does_not_come_hides_no_draft(workspace, member, lead, settings, fields, words):
    settings.OPENAI_API_KEY = "key"
    draft = factories.make_draft(factories.make_message(lead), "The text before.")
    job = review.request_rewrite(draft, user=None)
    type(job).objects.update(**fields)

    page = member.get(url(workspace, lead)).content.decode()
    assert words in page and "The text before.</textarea>" in page


def test_poll_of_another_leads_send_is_404(workspace, member, lead):
    other = factories.make_lead(workspace)
    send = factories.make_send(factories.make_draft(factories.make_message(other), status="approved"))
    assert member.get(url(workspace, lead, f"outgoing/{send.pk}/")).status_code == 404


@pytest.fixture
def mail(lead):
    html = '<p onclick="x()">Hi</p><script>x()</script><img src="https://t.example/p.png"><a href="javascript:x()">'
    return factories.make_message(lead, "Hi", raw_html=html)


def test_original_has_a_policy_under_which_nothing_runs_or_loads(workspace, member, mail):
    response = member.get(f"/w/{workspace.pk}/messages/{mail.pk}/original/")
    policy = dict(part.strip().partition(" ")[::2] for part in response["Content-Security-Policy"].split(";"))
    assert policy == {
        "default-src": "'none'",
        "style-src": "'self'",
        "frame-ancestors": "'self'",
        "sandbox": "",
    }
    assert response["X-Frame-Options"] == "SAMEORIGIN"


def test_original_holds_no_script_handler_or_image(workspace, member, mail):
    text = member.get(f"/w/{workspace.pk}/messages/{mail.pk}/original/").content.decode()
    assert "Hi" in text
    assert not any(bad in text for bad in ("<script", "onclick", "<img", "javascript:"))


def test_original_with_images_may_load_them_over_https_only(workspace, member, mail):
    response = member.get(f"/w/{workspace.pk}/messages/{mail.pk}/original/?images=1")
    assert "img-src https:" in response["Content-Security-Policy"]
    assert "<img" in response.content.decode()


def test_page_allows_no_inline_code(workspace, member, lead):
    response = member.get(url(workspace, lead))
    text = response.content.decode()
    assert "unsafe" not in response["Content-Security-Policy"]
    assert not any(bad in text for bad in ("style=", "onclick=", "<style", "<script>"))
