"""Sends a notice that only says that it is one, to prove that people are told when an account breaks.

It goes the way that a real notice goes first: the workspace's Slack channel, or e-mail to its owners and admins. It
is posted once and never repeated by itself, because somebody waits for it and presses again.
"""

from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from inbox.health import notice_mail
from inbox.models import User, Workspace, audit
from inbox.workspaces.accounts import slack_of
from integrations import notices
from integrations.errors import ProviderError, ProviderMisconfigured
from integrations.mail import is_off
from integrations.models import Integration, Notice
from integrations.slack.client import SlackClient
from integrations.slack.posting import deliver
from jobs.context import JobContext
from jobs.db import drop_connection
from jobs.deadline import Deadline
from jobs.enqueue import enqueue
from jobs.kinds import kind_name
from jobs.models import JobStep

TRY = kind_name("notice.try", __name__)
KIND = "trial"
CUT_SHORT = "the worker stopped while sending"
State, Path = Notice.State, Notice.Path


class NoWay(Exception):
    """The workspace has no way by which a notice reaches people. The text is a sentence for them."""


def way(workspace: Workspace) -> str:
    """The way that a notice would go now (a Notice.Path); "" if there is none."""
    if slack_of(workspace.pk) is not None:
        return Path.SLACK
    return "" if is_off() else Path.EMAIL


def start(workspace: Workspace, user: User) -> Notice:
    """Enqueues one trial notice to the workspace's people, and returns its row. `user` is named in it and in the
    audit. Raises NoWay if neither Slack nor e-mail is set up.
    """
    path = way(workspace)
    if not path:
        raise NoWay("No way is set up: connect Slack, or have the operator set EMAIL_URL.")
    with transaction.atomic():
        notice = Notice.objects.create(
            workspace_id=workspace.pk,
            kind=KIND,
            path=path,
            text=_text(workspace, user),
            destination="" if path == Path.SLACK else notice_mail.ADMINS,
        )
        enqueue(
            TRY,
            workspace_id=workspace.pk,
            dedupe_key=f"{TRY}:{notice.pk}",
            payload={"notice_id": str(notice.pk)},
        )
        audit.record(workspace.pk, user, "notice.tried", notice, path=path)
    return notice


def _text(workspace: Workspace, user: User) -> str:
    where = settings.PUBLIC_URL + reverse("inbox:health", args=[workspace.pk])
    return (
        f"This is a trial notice of {workspace.name}. {user} sent it. "
        f"When an account breaks, you are told here.\n{where}"
    )


def run(ctx: JobContext) -> dict[str, str]:
    """The job `notice.try`: posts a trial notice once, and records whether it arrived."""
    notice = Notice.objects.select_related("workspace").get(
        pk=ctx.payload["notice_id"], workspace_id=ctx.workspace_id
    )
    state, reason = ctx.step(
        "post",
        lambda deadline: list(_post(ctx.workspace_id, notice, deadline)),
        effect=JobStep.Effect.SEND,
        on_interrupted=lambda _deadline: [State.UNKNOWN, CUT_SHORT],
    )
    notices.close(notice, state, reason)
    return {"outcome": state} | ({"reason": reason} if reason else {})


def _post(workspace_id: UUID, notice: Notice, deadline: Deadline) -> tuple[str, str]:
    """How posting it ended, and why if it did not arrive."""
    if notice.path == Path.EMAIL:
        return notice_mail.post(notice)
    slack = slack_of(workspace_id)
    if slack is None:
        return State.FAILED, "Slack is not connected any more"
    return _in_slack(slack, notice, deadline)


def _in_slack(slack: Integration, notice: Notice, deadline: Deadline) -> tuple[str, str]:
    drop_connection()
    try:
        posted = deliver(SlackClient.for_integration(slack), notice.text, deadline, key=f"trial-{notice.pk}")
    except ProviderMisconfigured:
        return State.FAILED, "Slack is not set up right"
    except ProviderError as error:
        end = State.UNKNOWN if error.sent is None else State.FAILED
        return end, error.code or str(error.outcome)
    Notice.objects.filter(pk=notice.pk).update(
        provider_message_id=posted.ts, destination=posted.channel or notice.destination
    )
    return State.SENT, ""
