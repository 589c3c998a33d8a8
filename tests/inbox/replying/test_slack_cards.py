"""Review in Slack: one card per draft, buttons for members only, and the card says what happened."""

import json

import pytest
from django.utils import timezone

from inbox.models import Draft, OutboundSend
from inbox.replying import autosend, review, slack_cards
from integrations.models import CircuitBreaker
from integrations.slack.client import SlackClient
from jobs.deadline import Deadline
from jobs.enqueue import enqueue
from jobs.models import BackgroundJob, JobStep
from tests import factories
from tests.ready import passing_draft
from tests.world import forget_calls

pytestmark = pytest.mark.django_db
TOKEN = "xoxb-test"
CHANNEL = "C0SANDBOX02"


@pytest.fixture
def slack(world):
    account = world.connect("slack", bot_token=TOKEN)
    account.config = {"base_url": f"{world.sandbox.url('slack')}/api", "review_channel": CHANNEL}
    account.save()
    return world


@pytest.fixture
def draft(slack):
    message = slack.reply("Sure, send me times.")
    slack.work()
    return slack.draft(message)


def card_of(world) -> dict:
    """The newest version of the only card."""
    data = world.sandbox.state.account("slack", TOKEN).data
    (message,) = data.messages.values()
    return message


def press(world, draft, action: str, user: str, revision: int = 1) -> None:
    """What the webhook does with a press: enqueue and answer."""
    BackgroundJob.objects.filter(kind="slack.button").delete()
    enqueue(
        "slack.button",
        workspace_id=world.workspace.pk,
        dedupe_key=f"slack.button:{action}:{user}",
        payload={
            "action": action,
            "draft_id": str(draft.pk),
            "value": {"revision": revision},
            "user_id": user,
            "user_name": "somebody",
            "channel_id": draft.slack_channel,
            "message_ts": draft.slack_ts,
        },
    )
    world.work()


def slack_id(world, user) -> str:
    account = world.workspace.integrations.get(provider="slack")
    return SlackClient.for_integration(account).find_user(user.email, Deadline.after_ms(5_000))


def test_a_draft_that_waits_gets_one_card_with_its_buttons(slack, draft):
    draft.refresh_from_db()
    assert draft.slack_channel == CHANNEL and draft.slack_ts

    shown = json.dumps(card_of(slack)["blocks"])
    assert "Review needed" in shown and "Sure, send me times." in shown and "Hi Dana" in shown
    for action in ("approve_send", "regenerate_draft_fast", "view_dashboard"):
        assert action in shown


def test_a_job_of_another_workspace_posts_no_card_of_this_one(slack, draft):
    other = factories.make_workspace()
    key = {"dedupe_key": "elsewhere", "payload": {"draft_id": str(draft.pk)}}
    enqueue(slack_cards.FOLLOW, workspace_id=other.pk, **key)
    slack.work()
    job = BackgroundJob.objects.get(workspace_id=other.pk)
    assert job.status != "succeeded" and "DoesNotExist" in job.last_error


def test_without_a_review_channel_nothing_is_posted(world):
    message = world.reply("Sure, send me times.")
    world.work()

    assert world.steps(message)["review"] == ("skipped", "No Slack channel is set for reviews.")


def test_a_member_approves_by_button_and_the_card_says_so(slack, draft):
    draft.refresh_from_db()
    press(slack, draft, "approve_send", slack_id(slack, slack.user))

    send = OutboundSend.objects.get()
    assert (send.approved_by, send.state) == (slack.user, "sent")
    shown = json.dumps(card_of(slack)["blocks"])
    assert "approve_send" not in shown and f"approved by {slack.user}" in shown
    assert len(slack.posted("emailbison")) == 1


def test_somebody_who_is_no_member_decides_nothing(slack, draft):
    draft.refresh_from_db()
    outsider = factories.make_user()
    press(slack, draft, "approve_send", slack_id(slack, outsider))

    assert OutboundSend.objects.count() == 0
    assert "Only members of this workspace can decide" in json.dumps(card_of(slack)["blocks"])


def test_somebody_who_is_no_member_is_not_shown_a_draft_whose_card_is_not_known(slack, draft):
    draft.refresh_from_db()
    before = json.dumps(card_of(slack))
    slack_user = slack_id(slack, factories.make_user())
    Draft.objects.filter(pk=draft.pk).update(slack_ts="")
    press(slack, draft, "approve_send", slack_user)

    assert json.dumps(card_of(slack)) == before
    assert OutboundSend.objects.count() == 0


def test_a_viewer_decides_nothing(slack, draft):
    draft.refresh_from_db()
    viewer = factories.make_member(slack.workspace, "viewer")
    press(slack, draft, "approve_send", slack_id(slack, viewer))

    assert OutboundSend.objects.count() == 0


def test_a_press_after_the_page_decided_says_who_did(slack, draft):
    draft.refresh_from_db()
    review.reject(draft, user=slack.user, reason="Wrong tone.")
    press(slack, draft, "approve_send", slack_id(slack, slack.user))

    assert OutboundSend.objects.count() == 0
    assert "discarded this draft" in json.dumps(card_of(slack)["blocks"])


def test_the_page_and_slack_at_once_make_one_send(slack, draft):
    draft.refresh_from_db()
    review.approve(draft, user=slack.user, text=draft.text)
    press(slack, draft, "approve_send", slack_id(slack, slack.user))

    assert OutboundSend.objects.count() == 1 and len(slack.posted("emailbison")) == 1


def test_a_text_that_the_card_did_not_show_is_not_approved_by_it(slack, draft):
    draft.refresh_from_db()
    Draft.objects.filter(pk=draft.pk).update(revision=2, text="Hi Dana, this text is new.")
    pressing = slack_id(slack, slack.user)
    press(slack, draft, "approve_send", pressing)

    assert OutboundSend.objects.count() == 0
    shown = json.dumps(card_of(slack)["blocks"])
    assert (
        "The draft has been rewritten" in shown
        and "this text is new" in shown
        and '\\"revision\\": 2' in shown
    )
    press(slack, draft, "approve_send", pressing, revision=2)
    assert OutboundSend.objects.get().text == "Hi Dana, this text is new."


def test_a_press_after_they_have_written_again_sends_nothing(slack, draft):
    draft.refresh_from_db()
    slack.sandbox.set_account("openai", "key-openai", status="down")  # so that their reply waits for its tag
    slack.reply("Forget it, we took somebody else.")
    press(slack, draft, "approve_send", slack_id(slack, slack.user))

    assert OutboundSend.objects.count() == 0
    assert "written again. Read the new message" in json.dumps(card_of(slack)["blocks"])


def test_an_absence_notice_does_not_stop_the_press(slack, draft):
    draft.refresh_from_db()
    slack.reply("I am out of office until Monday, with no access to my mail.")
    press(slack, draft, "approve_send", slack_id(slack, slack.user))

    assert OutboundSend.objects.count() == 1


def test_a_draft_that_its_gates_hold_when_it_is_due_gets_its_card(slack):
    draft = passing_draft(slack.workspace)
    Draft.objects.filter(pk=draft.pk).update(send_at=timezone.now())
    draft.refresh_from_db()
    autosend.hold(draft, "The lead has written again.")
    slack.work()

    assert "Held: The lead has written again." in json.dumps(card_of(slack)["blocks"])


def test_regenerate_writes_a_new_revision_and_the_card_follows(slack, draft):
    draft.refresh_from_db()
    press(slack, draft, "regenerate_draft_fast", slack_id(slack, slack.user))
    slack.work()

    fresh = Draft.objects.get(pk=draft.pk)
    assert (fresh.revision, fresh.status) == (2, Draft.Status.PENDING)
    assert BackgroundJob.objects.filter(kind="slack.card-follow").count() >= 1


def test_a_lost_answer_of_slacks_never_posts_a_second_card(slack):
    slack.sandbox.fault(provider="slack", kind="accept_drop", path="chat.postMessage", count=1)
    message = slack.reply("Sure, send me times.")
    slack.work()
    BackgroundJob.objects.filter(kind="slack.card").update(run_at="2000-01-01T00:00:00Z")
    slack.work()

    assert slack.draft(message).slack_ts == ""
    assert len(slack.posted("slack")) == 1


def again(world) -> None:
    BackgroundJob.objects.filter(kind="slack.card").update(run_at="2000-01-01T00:00:00Z")
    world.work()


def test_a_card_that_slack_answered_with_a_failure_is_posted_when_slack_is_well(slack):
    slack.sandbox.fault(provider="slack", kind="server_error", path="chat.postMessage", count=2)
    message = slack.reply("Sure, send me times.")
    slack.work()
    assert not slack.draft(message).slack_ts
    again(slack)
    again(slack)

    assert slack.draft(message).slack_ts == card_of(slack)["ts"]


@pytest.mark.parametrize("arrived", [True, False])
def test_a_card_without_an_answer_is_looked_for_where_the_channel_can_be_read(slack, arrived):
    slack.sandbox.set_account("slack", TOKEN, properties={"scopes": "chat:write,channels:history"})
    fault = "accept_drop" if arrived else "drop"
    slack.sandbox.fault(provider="slack", kind=fault, path="chat.postMessage", count=1)
    message = slack.reply("Sure, send me times.")
    slack.work()
    again(slack)

    assert slack.draft(message).slack_ts == card_of(slack)["ts"]
    assert len([sent for sent in slack.posted("slack") if sent["kind"] == "post"]) == 1


@pytest.mark.parametrize(("scopes", "posts"), [("chat:write,channels:history", 1), ("chat:write", 0)])
def test_a_card_whose_worker_died_is_posted_again_only_where_it_can_be_looked_for(slack, scopes, posts):
    slack.sandbox.set_account("slack", TOKEN, properties={"scopes": scopes})
    slack.sandbox.fault(provider="slack", kind="rate_limit", path="chat.postMessage", count=1)
    slack.reply("Sure, send me times.")
    slack.work()
    job = BackgroundJob.objects.get(kind="slack.card")
    JobStep.objects.create(job=job, name="post", effect="send", status="started", started_at=timezone.now())
    CircuitBreaker.objects.all().delete()
    forget_calls()
    again(slack)

    assert len(slack.posted("slack")) == posts
    job.refresh_from_db()
    assert job.result == {"outcome": "posted" if posts else "unclear"}


def test_the_card_escapes_what_people_wrote(db):
    message = factories.make_message(factories.make_lead(factories.make_workspace()), "<!channel> & <b>")

    _, blocks = slack_cards.card(factories.make_draft(message))

    assert "&lt;!channel&gt; &amp; &lt;b&gt;" in json.dumps(blocks)
