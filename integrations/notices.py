"""Sends notices about broken accounts: at most one for each account in 24 hours, and each posted only once.

A worker first claims the right to send an account's notice by a conditional UPDATE of its health row. A sent notice
uses up the right to send one, and a failed notice releases the right. If nobody knows whether the notice arrived, the
right is consumed and the notice also goes out by email. If the email fails permanently, the right is released.
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import F, Max, Q
from django.utils import timezone

from integrations.errors import CANNOT_SEND, ProviderError, ProviderMisconfigured
from integrations.models import HealthState, Integration, Notice, WorkspaceIntegrationHealth
from integrations.slack.client import Posted, SlackClient
from integrations.slack.posting import deliver
from jobs.deadline import Deadline

logger = logging.getLogger(__name__)

WINDOW = timedelta(hours=24)
STALE_CLAIM = timedelta(minutes=5)
EDITABLE = timedelta(days=10)
"""Notices that are older than this are no longer changed."""
PATIENCE = dict.fromkeys(
    (HealthState.DISCONNECTED, HealthState.NOT_UNDERSTOOD, HealthState.QUIET), timedelta(0)
)
PATIENCE[HealthState.PROVIDER_DOWN] = timedelta(minutes=10)
"""The time that each state must last before users are notified. Many outages of a provider end before anybody could
act.
"""
REFUSES_TO_SEND = Q(state=HealthState.DEGRADED, reason__in=CANNOT_SEND)
"""The condition for accounts whose mailbox or number cannot send. A person must act on these too."""
POST_LIMIT_MS = 30_000
HEALTH = "health"
State = Notice.State


def due() -> list[WorkspaceIntegrationHealth]:
    """Returns at most 500 accounts that users must now be notified about, because their trouble has lasted for as long
    as PATIENCE says.

    Disabled and muted accounts, drills, and accounts with a notice on its way or in the last 24 hours are left out.
    """
    now = timezone.now()
    unnotified = Q(last_notice_at=None) | Q(last_notice_at__lte=now - WINDOW)
    troubled = REFUSES_TO_SEND
    for state, patience in PATIENCE.items():
        troubled |= Q(state=state, since__lte=now - patience)
    healths = WorkspaceIntegrationHealth.objects.filter(
        unnotified,
        troubled,
        integration__enabled=True,
        notice_token=None,
        muted_at=None,
        workspace__drill_of=None,
    )
    return list(healths.select_related("integration", "workspace")[:500])


def claim(health: WorkspaceIntegrationHealth) -> UUID | None:
    """Claims the right to send the notice about a broken account. Returns the token for `settle`, or None.

    Only one worker at a time can hold the claim. The result is also None if a notice was sent within 24 hours, the
    account is muted, or the trouble is over.
    """
    now, token = timezone.now(), uuid4()
    free = Q(last_notice_at=None) | Q(last_notice_at__lte=now - WINDOW)
    claimed = WorkspaceIntegrationHealth.objects.filter(
        free, Q(state__in=PATIENCE) | REFUSES_TO_SEND, pk=health.pk, notice_token=None, muted_at=None
    ).update(notice_token=token, notice_claimed_at=now)
    return token if claimed else None


def mute(health: WorkspaceIntegrationHealth) -> bool:
    """Stops notices about the account until it works again. Returns False for a muted or working account."""
    return bool(
        WorkspaceIntegrationHealth.objects.filter(
            Q(state__in=PATIENCE) | REFUSES_TO_SEND,
            pk=health.pk,
            workspace_id=health.workspace_id,
            muted_at=None,
        ).update(muted_at=timezone.now())
    )


def unmute(health: WorkspaceIntegrationHealth) -> bool:
    """Allows notices about an account again. Returns False if the account was not muted."""
    muted = WorkspaceIntegrationHealth.objects.filter(
        pk=health.pk, workspace_id=health.workspace_id, muted_at__isnull=False
    )
    return bool(muted.update(muted_at=None))


def open_notice(health: WorkspaceIntegrationHealth, path: str, text: str, destination: str = "") -> Notice:
    """Creates the row of a notice that is about to go out by `path`. Commit the row before anything is posted."""
    return Notice.objects.create(
        workspace_id=health.workspace_id,
        health=health,
        kind=HEALTH,
        path=path,
        text=text,
        destination=destination,
    )


def post(
    slack: Integration, notice: Notice, blocks: Sequence[dict[str, Any]] = ()
) -> ProviderError | ProviderMisconfigured | None:
    """Posts the notice about a broken account to Slack, or finds it there from an earlier attempt.

    The message's channel and timestamp are stored in the notice's row. `blocks` are set if the message can be changed
    later. Posting a notice takes at most POST_LIMIT_MS. Returns None if the message is in the channel, or else the
    error, whose `sent` says what is known. Raises Cancelled, ShutdownRequested and DeadlineExceeded.
    """
    try:
        client = SlackClient.for_integration(slack)
        posted = deliver(
            client,
            notice.text,
            Deadline.after_ms(POST_LIMIT_MS),
            key=f"health-{notice.health_id}",
            blocks=blocks if client.can_update else (),
            tried_since=_tried_since(notice),
        )
    except (ProviderError, ProviderMisconfigured) as error:
        return error
    Notice.objects.filter(pk=notice.pk).update(provider_message_id=posted.ts, destination=posted.channel)
    return None


def _tried_since(notice: Notice) -> datetime | None:
    """Returns the time of the first attempt with an unknown outcome since the last sent notice; None without one."""
    posted = Notice.objects.filter(health_id=notice.health_id, path=Notice.Path.SLACK)
    tries = posted.filter(created_at__gt=timezone.now() - WINDOW, state__in=[State.SENT, State.UNKNOWN])
    since = None
    for created_at, state in tries.order_by("-created_at").values_list("created_at", "state"):
        if state == State.SENT:
            break
        since = created_at
    return since


def settle(
    notice: Notice, token: UUID | None, state: str, reason: str = "", *, try_again: bool = False
) -> None:
    """Records the outcome of a notice and releases the right to send it, in one transaction.

    After the states sent and unknown, no other notice goes out for 24 hours; after a failure or with `try_again`, one
    may. If nobody holds the right, `token` is None.
    """
    slot: dict[str, Any] = {"notice_token": None, "notice_claimed_at": None}
    now = timezone.now()
    if state != State.FAILED and not try_again:
        slot["last_notice_at"] = now
    with transaction.atomic():
        close(notice, state, reason, at=now)
        if token is not None and notice.health_id is not None:
            WorkspaceIntegrationHealth.objects.filter(pk=notice.health_id, notice_token=token).update(**slot)


def close(notice: Notice, state: str, reason: str = "", *, at: datetime | None = None) -> None:
    """Records the outcome of a notice once, at `at` (aware, by default now). The right to send it is not released."""
    Notice.objects.filter(pk=notice.pk, state=Notice.State.CLAIMED).update(
        state=state, reason=reason[:64], finished_at=at or timezone.now()
    )


def in_doubt() -> list[Notice]:
    """Returns at most 500 Slack notices that may not have arrived and prevent others for 24 hours, oldest first."""
    doubtful = Notice.objects.filter(
        path=Notice.Path.SLACK,
        state=Notice.State.UNKNOWN,
        finished_at__gt=timezone.now() - WINDOW,
        finished_at=F("health__last_notice_at"),
    )
    return list(doubtful.order_by("finished_at")[:500])


def free(notice: Notice) -> bool:
    """Allows a new notice at once, because `notice` did not arrive. Returns False if another notice was sent since."""
    if notice.health_id is None:
        return False
    before = Notice.objects.filter(health_id=notice.health_id, state=Notice.State.SENT)
    return bool(
        WorkspaceIntegrationHealth.objects.filter(
            pk=notice.health_id, notice_token=None, last_notice_at=notice.finished_at
        ).update(last_notice_at=before.aggregate(at=Max("finished_at"))["at"])
    )


def abandoned() -> list[Notice]:
    """Returns at most 100 notices whose worker died STALE_CLAIM ago. Also releases the claims of dead workers."""
    # The worker of a claim without a notice died before it created one, so nothing was posted.
    WorkspaceIntegrationHealth.objects.filter(
        notice_claimed_at__lt=timezone.now() - STALE_CLAIM, notice_token__isnull=False
    ).exclude(notices__state=Notice.State.CLAIMED).update(notice_token=None, notice_claimed_at=None)
    stale = Notice.objects.filter(
        state=Notice.State.CLAIMED, created_at__lt=timezone.now() - STALE_CLAIM, health__isnull=False
    )
    return list(stale.select_related("health__integration", "workspace")[:100])


def edit(
    slack: Integration,
    health: WorkspaceIntegrationHealth,
    text: str,
    deadline: Deadline,
    *,
    green: bool,
    blocks: Sequence[dict[str, Any]] = (),
) -> int:
    """Changes the text and `blocks` of Slack notices about an account. No new message is posted, so the daily limit
    holds.

    With `green`, the account works again, and all its notices of the last 10 days that have not been changed to green
    are changed; otherwise only the latest one. Returns the number of changed notices, which is 0 if Slack is connected
    only by a webhook. Raises the provider's errors. A repeated call is safe.
    """
    posted = Notice.objects.filter(
        health=health,
        path=Notice.Path.SLACK,
        state=Notice.State.SENT,
        created_at__gt=timezone.now() - EDITABLE,
    ).exclude(provider_message_id="")
    client = SlackClient.for_integration(slack)
    if not client.can_update:
        return 0
    chosen = list(posted.filter(edited_at=None) if green else posted.order_by("-created_at")[:1])
    for notice in chosen:
        client.update(Posted(notice.destination, notice.provider_message_id), text, deadline, blocks=blocks)
        Notice.objects.filter(pk=notice.pk).update(edited_at=timezone.now() if green else None)
    return len(chosen)
