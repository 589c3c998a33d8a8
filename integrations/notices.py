"""The outbox of health notices: at most one per account in any 24 hours, posted once, delivered.

The slot is claimed by a conditional UPDATE of the health row and used up only by a notice that was sent. A failure
frees it. An outcome that nobody knows uses it up and goes out by e-mail; where that fails for good, it is free again.
"""

import logging
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import F, Max, Q
from django.utils import timezone

from integrations.errors import CANNOT_SEND, ProviderError, ProviderMisconfigured
from integrations.models import HealthState, Integration, Notice, WorkspaceIntegrationHealth
from integrations.slack.client import Posted, SlackClient
from integrations.slack.delivery import deliver
from jobs.deadline import Deadline
from jobs.errors import Cancelled, ShutdownRequested

logger = logging.getLogger(__name__)

WINDOW = timedelta(hours=24)
STALE_CLAIM = timedelta(minutes=5)
EDITABLE = timedelta(days=10)
"""Notices older than this stay as they are."""
PATIENCE = {HealthState.DISCONNECTED: timedelta(0), HealthState.QUIET: timedelta(0)}
PATIENCE[HealthState.PROVIDER_DOWN] = timedelta(minutes=10)
"""How long a state lasts before people are told: a provider's own trouble often ends before they could look."""
REFUSES_TO_SEND = Q(state=HealthState.DEGRADED, reason__in=CANNOT_SEND)
"""A mailbox or number of the account that does not send waits for a person, too."""
POST_LIMIT_MS = 30_000
HEALTH = "health"
State = Notice.State


def due() -> list[WorkspaceIntegrationHealth]:
    """Accounts in trouble whose people have not been told within the last 24 hours."""
    now = timezone.now()
    told = Q(last_notice_at=None) | Q(last_notice_at__lte=now - WINDOW)
    troubled = REFUSES_TO_SEND
    for state, patience in PATIENCE.items():
        troubled |= Q(state=state, since__lte=now - patience)
    found = WorkspaceIntegrationHealth.objects.filter(
        told, troubled, integration__enabled=True, notice_token=None, workspace__drill_of=None
    )
    return list(found.select_related("integration", "workspace")[:500])


def claim(health: WorkspaceIntegrationHealth) -> UUID | None:
    """Take the account's notice slot; None where it is taken, used up, or the account is well again."""
    now, token = timezone.now(), uuid4()
    free = Q(last_notice_at=None) | Q(last_notice_at__lte=now - WINDOW)
    claimed = WorkspaceIntegrationHealth.objects.filter(
        free, Q(state__in=PATIENCE) | REFUSES_TO_SEND, pk=health.pk, notice_token=None
    ).update(notice_token=token, notice_claimed_at=now)
    return token if claimed else None


def open_notice(health: WorkspaceIntegrationHealth, path: str, text: str, destination: str = "") -> Notice:
    """The row that says that a notice is on its way; committed before anything is posted."""
    return Notice.objects.create(
        workspace_id=health.workspace_id,
        health=health,
        kind=HEALTH,
        path=path,
        text=text,
        destination=destination,
    )


def post(slack: Integration, notice: Notice) -> ProviderError | ProviderMisconfigured | None:
    """Post `notice` to Slack, or find it there from an earlier try. Returns None where it stands in the channel, else
    the error that says what is known.
    """
    try:
        posted = deliver(
            SlackClient.for_integration(slack),
            notice.text,
            Deadline.after_ms(POST_LIMIT_MS),
            key=f"health-{notice.health_id}",
            tried_since=_tried_since(notice),
        )
    except (Cancelled, ShutdownRequested):
        raise
    except (ProviderError, ProviderMisconfigured) as error:
        return error
    Notice.objects.filter(pk=notice.pk).update(provider_message_id=posted.ts, destination=posted.channel)
    return None


def _tried_since(notice: Notice) -> datetime | None:
    """When the first try since the last notice that was sent was made of which nobody knows whether it arrived."""
    told = Notice.objects.filter(health_id=notice.health_id, path=Notice.Path.SLACK)
    tries = told.filter(created_at__gt=timezone.now() - WINDOW, state__in=[State.SENT, State.UNKNOWN])
    since = None
    for created_at, state in tries.order_by("-created_at").values_list("created_at", "state"):
        if state == State.SENT:
            break
        since = created_at
    return since


def settle(
    notice: Notice, token: UUID | None, state: str, reason: str = "", *, try_again: bool = False
) -> None:
    """Close `notice` and its claim together: sent and unknown use the slot up, a failure frees it, and so does an
    unknown end after which it is tried again.

    `token` None: nobody holds the slot, so it stays as it is.
    """
    slot, now = {"notice_token": None, "notice_claimed_at": None}, timezone.now()
    if state != State.FAILED and not try_again:
        slot["last_notice_at"] = now
    with transaction.atomic():
        close(notice, state, reason, at=now)
        if token is not None:
            WorkspaceIntegrationHealth.objects.filter(pk=notice.health_id, notice_token=token).update(**slot)


def close(notice: Notice, state: str, reason: str = "", *, at: datetime | None = None) -> None:
    """Close a notice that holds no slot."""
    Notice.objects.filter(pk=notice.pk, state=Notice.State.CLAIMED).update(
        state=state, reason=reason[:64], finished_at=at or timezone.now()
    )


def in_doubt() -> list[Notice]:
    """Slack's notices of which nobody knows whether they arrived, and which have used up their account's slot."""
    found = Notice.objects.filter(
        path=Notice.Path.SLACK,
        state=Notice.State.UNKNOWN,
        finished_at__gt=timezone.now() - WINDOW,
        finished_at=F("health__last_notice_at"),
    )
    return list(found.order_by("finished_at")[:500])


def free(notice: Notice) -> bool:
    """Free the slot that `notice` has used up, as if it had not been made; False where another has used it since."""
    before = Notice.objects.filter(health_id=notice.health_id, state=Notice.State.SENT)
    return bool(
        WorkspaceIntegrationHealth.objects.filter(
            pk=notice.health_id, notice_token=None, last_notice_at=notice.finished_at
        ).update(last_notice_at=before.aggregate(at=Max("finished_at"))["at"])
    )


def abandoned() -> list[Notice]:
    """Notices whose poster died before it could say what came of them, each with its claim still held."""
    _free_empty_claims()
    stale = Notice.objects.filter(
        state=Notice.State.CLAIMED, created_at__lt=timezone.now() - STALE_CLAIM, health__isnull=False
    )
    return list(stale.select_related("health__integration", "workspace")[:100])


def _free_empty_claims() -> None:
    """A claim without a notice: its worker died before it had written anything, so nothing was posted."""
    WorkspaceIntegrationHealth.objects.filter(
        notice_claimed_at__lt=timezone.now() - STALE_CLAIM, notice_token__isnull=False
    ).exclude(notices__state=Notice.State.CLAIMED).update(notice_token=None, notice_claimed_at=None)


def edit(
    slack: Integration, health: WorkspaceIntegrationHealth, text: str, deadline: Deadline, *, green: bool
) -> int:
    """Replace the words of Slack notices about the account; no new message, so the limit holds.

    `green`: it is back, and every notice that still says otherwise says so; else the latest one alone is brought up to
    date. Returns how many were edited. Raises the provider's errors; editing again is harmless.
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
        client.update(Posted(notice.destination, notice.provider_message_id), text, deadline)
        Notice.objects.filter(pk=notice.pk).update(edited_at=timezone.now() if green else None)
    return len(chosen)
