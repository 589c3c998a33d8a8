"""Finds out where each kind of notice of a workspace goes, and sends a trial notice there. A trial notice is sent once
and never repeated automatically, because the person who waits for it can press the button again.
"""

from typing import NamedTuple

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from inbox.health import notice_mail
from inbox.models import User, Workspace, audit
from inbox.replying import slack_cards
from inbox.workspaces.accounts import posts_by_webhook, slack_for_replies, slack_of
from integrations import notices
from integrations.errors import ProviderError, ProviderMisconfigured
from integrations.mail import is_off
from integrations.models import Integration, Notice
from integrations.slack.client import SlackClient
from integrations.slack.posting import deliver
from jobs.context import JobContext
from jobs.db import drop_connection
from jobs.deadline import Deadline
from jobs.enqueue import enqueue_about
from jobs.kinds import kind_name
from jobs.models import JobStep

TRY = kind_name("notice.try", __name__)
KIND = "trial"
State, Path = Notice.State, Notice.Path


class NoWay(Exception):
    """A notice cannot reach anybody, because neither Slack nor a mail server is set up. The text is for users."""


class Way(NamedTuple):
    """The way in which a kind of notice is sent now. `path` is a Notice.Path, or "" if it reaches nobody. `account` is
    the Slack account, and `channel` its channel ("" for an incoming webhook).
    """

    path: str
    channel: str = ""
    account: Integration | None = None


class About(NamedTuple):
    """A kind of notice that is sent in its own way. `kind` is the Notice.kind of its trial notices."""

    key: str
    kind: str
    label: str
    promise: str


ACCOUNTS = About("accounts", KIND, "Broken accounts", "You’ll be notified here when an account breaks.")
REPLIES = About(
    "replies",
    f"{KIND}-replies",
    "Replies with a chosen tag",
    "You’ll be notified here about replies with the tags you chose.",
)
REVIEWS = About("reviews", f"{KIND}-reviews", "Drafts", "Drafts that need review will appear here.")
KINDS = {about.key: about for about in (ACCOUNTS, REPLIES, REVIEWS)}


def way(workspace: Workspace, about: About = ACCOUNTS) -> Way:
    """Returns the way in which this kind of notice is sent. Without Slack, only notices about accounts go by email."""
    if about is REVIEWS:
        place = slack_cards.channel_of(workspace.pk)
    elif about is REPLIES:
        place = slack_for_replies(workspace.pk)
    elif slack := slack_of(workspace.pk):
        place = slack, "" if posts_by_webhook(slack) else str(slack.config.get("channel") or "")
    else:
        place = None
    if place:
        return Way(Path.SLACK, place[1], place[0])
    return Way(told_by(workspace) if about is ACCOUNTS else "")


def told_by(workspace: Workspace) -> str:
    """Returns the Notice.Path by which a notice about an account would go out now; "" if it cannot go out."""
    if slack_of(workspace.pk) is not None:
        return Path.SLACK
    return "" if is_off() else Path.EMAIL


def start(workspace: Workspace, user: User, about: About = ACCOUNTS) -> Notice:
    """Enqueues a trial notice of this kind, which names `user`, and returns its row. Raises NoWay."""
    path = way(workspace, about).path
    if not path:
        alternative = (
            ", or have the operator set EMAIL_URL" if about is ACCOUNTS else " and choose its channel"
        )
        raise NoWay(f"There’s nowhere to send notifications. Connect Slack{alternative}.")
    with transaction.atomic():
        notice = Notice.objects.create(
            workspace_id=workspace.pk,
            kind=about.kind,
            path=path,
            text=_text(workspace, user, about),
            destination="" if path == Path.SLACK else notice_mail.ADMINS,
        )
        enqueue_about(TRY, notice, "notice_id")
        audit.record(workspace.pk, user, "notice.tried", notice, path=path)
    return notice


def _text(workspace: Workspace, user: User, about: About) -> str:
    where = settings.PUBLIC_URL + reverse("inbox:health", args=[workspace.pk])
    return f"This is a test notification for {workspace.name}, sent by {user}. {about.promise}\n{where}"


def last_trials(workspace: Workspace) -> dict[str, Notice]:
    """Returns the newest trial notice of each kind by the kind's key. Kinds that were never tried are missing."""
    kinds = {about.kind: about.key for about in KINDS.values()}
    trials = Notice.objects.filter(workspace=workspace, kind__in=kinds)
    return {kinds[notice.kind]: notice for notice in trials.order_by("kind", "-created_at").distinct("kind")}


def run(ctx: JobContext) -> dict[str, str]:
    """Runs the job `notice.try`: sends a trial notice once, and records whether it arrived."""
    notice = ctx.row(Notice.objects.select_related("workspace"), "notice_id")
    state, reason = ctx.step(
        "post",
        lambda deadline: list(_post(notice, deadline)),
        effect=JobStep.Effect.SEND,
        on_interrupted=lambda _deadline: [State.UNKNOWN, notice_mail.CUT_SHORT],
    )
    notices.close(notice, state, reason)
    return {"outcome": state} | ({"reason": reason} if reason else {})


def _post(notice: Notice, deadline: Deadline) -> tuple[str, str]:
    if notice.path == Path.EMAIL:
        return notice_mail.post(notice)
    about = next((kind for kind in KINDS.values() if kind.kind == notice.kind), ACCOUNTS)
    to = way(notice.workspace, about)
    if to.account is None:
        return State.FAILED, "Slack is no longer connected"
    return _in_slack(to.account, to.channel, notice, deadline)


def _in_slack(slack: Integration, channel: str, notice: Notice, deadline: Deadline) -> tuple[str, str]:
    drop_connection()
    key = f"trial-{notice.pk}"
    try:
        client = SlackClient.for_integration(slack)
        posted = deliver(client, notice.text, deadline, key=key, channel=channel)
    except ProviderMisconfigured:
        return State.FAILED, "Slack isn’t set up correctly"
    except ProviderError as error:
        end = State.UNKNOWN if error.sent is None else State.FAILED
        return end, error.code or str(error.outcome)
    Notice.objects.filter(pk=notice.pk).update(
        provider_message_id=posted.ts, destination=posted.channel or notice.destination
    )
    return State.SENT, ""
