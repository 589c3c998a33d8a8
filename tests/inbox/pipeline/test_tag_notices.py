"""Slack is told of the tags a workspace names: once per reply and tag, never twice where the outcome is unclear."""

import pytest

from inbox.intake.messages import again
from inbox.leads import rollup
from inbox.models import Lead
from inbox.pipeline import skip_conditions, tag_notices
from inbox.replying.hours import zone
from inbox.signals import lead_booked
from integrations.models import CircuitBreaker, Notice
from jobs.models import BackgroundJob
from tests import factories
from tests.world import forget_calls

pytestmark = pytest.mark.django_db
TOKEN = "xoxb-test"


@pytest.fixture
def slack(world):
    account = world.connect("slack", bot_token=TOKEN)
    account.config = {"base_url": f"{world.sandbox.url('slack')}/api", "channel": "C0SANDBOX01"}
    account.save()
    world.workspace.notice_tags = ["Information Requested", "Call Requested", "Meeting Booked"]
    world.workspace.save()
    return world


def told(world) -> list[str]:
    data = world.sandbox.state.account("slack", TOKEN).data
    return [message["text"] for message in data.messages.values()]


def test_a_tag_that_is_asked_for_is_told_with_the_words_and_the_way_there(slack):
    message = slack.reply("How much is it for two <crews>?")
    slack.work()

    (text,) = told(slack)
    assert text.startswith("*Information Requested*: Dana Reyes (Reyes Roofing), Q1 Founders")
    assert ">How much is it for two &lt;crews&gt;?" in text and f"/inbox/{message.lead_id}/" in text
    notice = Notice.objects.get(kind="tag")
    assert (notice.state, notice.destination, notice.workspace) == ("sent", "C0SANDBOX01", slack.workspace)


def test_a_notice_has_slacks_id_only_together_with_its_state(slack, monkeypatch):
    def fail(*_: object) -> None:
        raise ConnectionError("The database went away.")

    monkeypatch.setattr(tag_notices.notices, "close", fail)
    slack.reply("How much is it?")
    slack.work()

    notice = Notice.objects.get(kind="tag")
    assert len(told(slack)) == 1 and (notice.state, notice.provider_message_id) == ("claimed", "")


def test_replies_may_have_a_channel_of_their_own(slack):
    accounts = slack.workspace.integrations.filter(provider="slack")
    own = {"channel": "C0SANDBOX01", "replies_channel": "C0SANDBOX02"}
    accounts.update(config=accounts.get().config | own)
    slack.reply("How much is it?")
    slack.work()

    notice = Notice.objects.get(kind="tag")
    assert (notice.state, notice.destination) == ("sent", "C0SANDBOX02") and len(told(slack)) == 1


def test_other_tags_and_workspaces_without_a_channel_are_told_nothing(slack):
    skipped = slack.steps
    first = slack.reply("Interested, send times for a meeting.", email="one@example.org")
    slack.work()
    assert skipped(first)["notices"] == ("skipped", skip_conditions.NOBODY_TOLD.reason)

    slack.workspace.integrations.filter(provider="slack").update(config={})
    second = slack.reply("How much is it?", email="two@example.org")
    slack.work()
    assert skipped(second)["notices"] == ("skipped", skip_conditions.NO_SLACK.reason) and told(slack) == []


def test_a_second_reply_that_says_the_same_is_no_news(slack):
    slack.reply("How much is it?")
    slack.work()
    second = slack.reply("And how much is it for three crews?")
    slack.work()

    assert slack.steps(second)["notices"] == ("skipped", skip_conditions.SAID_BEFORE.reason)
    assert len(told(slack)) == 1


def test_working_on_a_reply_again_tells_nothing_again(slack):
    message = slack.reply("How much is it?")
    slack.work()
    again(message, "cause")
    slack.work()

    assert len(told(slack)) == 1


def test_a_wish_to_be_called_says_which_number(slack):
    slack.reply("Please call me about it.")
    slack.work()
    assert "no number, so there’s no draft" in told(slack)[0]


def test_a_person_whose_answer_is_due_is_named_once_with_the_time_and_nobody_after_the_answer(slack):
    ann = factories.make_member(slack.workspace, first_name="Ann", last_name="Lee").memberships.get()
    dana, leo = (
        factories.make_lead(
            slack.workspace,
            first_name=name,
            last_name="",
            needs_reply=True,
            last_inbound_at=factories.ago(minutes=5),
        )
        for name in ("Dana", "Leo")
    )
    for lead in (dana, dana, leo):
        lead.refresh_from_db()
        tag_notices.warn(lead, ann)
    Lead.objects.filter(pk=leo.pk).update(needs_reply=False)
    slack.work()
    (text,) = told(slack)
    assert text.startswith(
        f"*Ann Lee: answer due by {dana.answer_by.astimezone(zone(slack.workspace)):%H:%M}*: Dana"
    )


def test_a_post_without_a_clear_answer_is_never_made_again(slack):
    slack.sandbox.fault(provider="slack", kind="accept_drop", path="chat.postMessage", count=1)
    slack.reply("How much is it?")
    slack.work()
    BackgroundJob.objects.filter(kind=tag_notices.TELL).update(run_at=factories.ago())
    slack.work()

    assert len(told(slack)) == 1 and Notice.objects.get(kind="tag").state == "unknown"
    assert BackgroundJob.objects.get(kind=tag_notices.TELL).status == "succeeded"


def test_a_post_that_slack_answered_with_a_failure_is_made_again(slack):
    slack.sandbox.fault(provider="slack", kind="server_error", path="chat.postMessage", count=1)
    slack.reply("How much is it?")
    slack.work()
    assert told(slack) == []
    BackgroundJob.objects.filter(kind=tag_notices.TELL).update(run_at=factories.ago())
    slack.work()

    assert len(told(slack)) == 1
    assert sorted(Notice.objects.filter(kind="tag").values_list("state", flat=True)) == ["sent", "unknown"]


def test_a_post_without_an_answer_is_found_where_the_channel_can_be_read(slack):
    slack.sandbox.set_account("slack", TOKEN, properties={"scopes": "chat:write,channels:history"})
    slack.sandbox.fault(provider="slack", kind="accept_drop", path="chat.postMessage", count=1)
    slack.reply("How much is it?")
    slack.work()

    assert len(told(slack)) == 1
    assert Notice.objects.get(kind="tag").state == "sent"


def test_a_post_that_slack_refused_is_tried_again(slack):
    slack.sandbox.fault(provider="slack", kind="rate_limit", path="chat.postMessage", count=1, retry_after=60)
    slack.reply("How much is it?")
    slack.work()
    assert told(slack) == []
    CircuitBreaker.objects.all().delete()
    forget_calls()
    BackgroundJob.objects.filter(kind=tag_notices.TELL).update(run_at=factories.ago())
    slack.work()

    assert len(told(slack)) == 1
    assert sorted(Notice.objects.filter(kind="tag").values_list("state", flat=True)) == ["failed", "sent"]


def test_a_booking_is_told_too(slack):
    lead = factories.make_lead(slack.workspace, first_name="Dana", last_name="Reyes")
    rollup.booked(lead, factories.ago())
    for _ in range(2):
        lead_booked.send(type(lead), lead=lead, fresh=True)
    slack.work()

    assert len(told(slack)) == 1 and told(slack)[0].startswith("*Meeting Booked*: Dana Reyes")
