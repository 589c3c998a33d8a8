"""The outbox of health notices: at most one per account in any 24 hours, posted once, delivered.

The slot is claimed by a conditional UPDATE of the health row and used up only by a notice that was sent. A clear
failure frees it; an outcome that nobody knows uses it up and goes out by e-mail, never as a second post.
"""

import logging
from datetime import timedelta
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from integrations.errors import ProviderError, ProviderMisconfigured
from integrations.models import HealthState, Integration, Notice, WorkspaceIntegrationHealth
from integrations.slack.client import Posted, SlackClient
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
POST_MS = 15_000
HEALTH = "health"


def due() -> list[WorkspaceIntegrationHealth]:
    """Accounts in trouble whose people have not been told within the last 24 hours."""
    now = timezone.now()
    told = Q(last_notice_at=None) | Q(last_notice_at__lte=now - WINDOW)
    troubled = Q()
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
        free, pk=health.pk, state__in=PATIENCE, notice_token=None
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
    """Post `notice` to Slack, once. Returns None where Slack said ok, else the error that says what is known."""
    deadline = Deadline.after_ms(POST_MS)
    try:
        posted = SlackClient.for_integration(slack).post(notice.text, deadline)
    except (Cancelled, ShutdownRequested):
        raise
    except (ProviderError, ProviderMisconfigured) as error:
        return error
    Notice.objects.filter(pk=notice.pk).update(provider_message_id=posted.ts, destination=posted.channel)
    return None


def settle(notice: Notice, token: UUID | None, state: str, reason: str = "") -> None:
    """Close `notice` and its claim together: sent and unknown use the slot up, a failure frees it.

    `token` None: nobody holds the slot, so it stays as it is.
    """
    slot = {"notice_token": None, "notice_claimed_at": None}
    if state != Notice.State.FAILED:
        slot["last_notice_at"] = timezone.now()
    with transaction.atomic():
        close(notice, state, reason)
        if token is not None:
            WorkspaceIntegrationHealth.objects.filter(pk=notice.health_id, notice_token=token).update(**slot)


def close(notice: Notice, state: str, reason: str = "") -> None:
    """Close a notice that holds no slot."""
    Notice.objects.filter(pk=notice.pk, state=Notice.State.CLAIMED).update(
        state=state, reason=reason[:64], finished_at=timezone.now()
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
