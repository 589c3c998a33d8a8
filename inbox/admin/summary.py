"""The numbers on top of the admin: what waits, what failed, what nobody owns."""

from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import Count, Min, Q
from django.http import HttpRequest
from django.utils import timezone

from config.modeladmin import own_workspaces
from inbox.models import AuditEntry, Draft, OutboundSend, WebhookDelivery
from inbox.templatetags.holdfast import ago_text
from jobs.models import BackgroundJob

DAY = timedelta(days=1)
AUDIT_LINES = 10


class Tile(NamedTuple):
    label: str
    value: int
    note: str
    tone: str = ""


class Summary(NamedTuple):
    tiles: list[Tile]
    audit: list[AuditEntry]


def of(request: HttpRequest) -> Summary:
    """The summary over the workspaces that `request.user` may see."""
    scope = Q() if request.user.is_superuser else Q(workspace__in=own_workspaces(request))
    audit = AuditEntry.objects.filter(scope).select_related("actor", "workspace")[:AUDIT_LINES]
    return Summary(
        [_due(scope), _failed(scope), _uncertain(scope), _troubled(scope), _drafts(scope)], list(audit)
    )


def _due(scope: Q) -> Tile:
    due = BackgroundJob.objects.filter(scope, status=BackgroundJob.Status.QUEUED, run_at__lte=timezone.now())
    found = due.aggregate(count=Count("pk"), oldest=Min("run_at"))
    return Tile("Jobs due", found["count"], _oldest(found["oldest"]))


def _failed(scope: Q) -> Tile:
    failed = BackgroundJob.objects.filter(
        scope, status=BackgroundJob.Status.FAILED, finished_at__gte=timezone.now() - DAY
    )
    found = failed.aggregate(count=Count("pk"), causes=Count("fingerprint", distinct=True))
    causes = f"{found['causes']} cause{'' if found['causes'] == 1 else 's'}"
    return Tile("Jobs failed, 24 h", found["count"], causes, "bad" if found["count"] else "")


def _uncertain(scope: Q) -> Tile:
    count = OutboundSend.objects.filter(scope, state=OutboundSend.State.UNKNOWN).count()
    return Tile("Sends not known", count, "a person or the provider must tell", "warn" if count else "")


def _troubled(scope: Q) -> Tile:
    troubled = (WebhookDelivery.Verdict.FAILED, WebhookDelivery.Verdict.REJECTED)
    since = timezone.now() - DAY
    count = WebhookDelivery.objects.filter(scope, verdict__in=troubled, received_at__gte=since).count()
    return Tile(
        "Deliveries in trouble, 24 h", count, "rejected, or failed on our side", "warn" if count else ""
    )


def _drafts(scope: Q) -> Tile:
    found = Draft.objects.filter(scope, status=Draft.Status.PENDING).aggregate(
        count=Count("pk"), oldest=Min("created_at")
    )
    return Tile("Drafts to review", found["count"], _oldest(found["oldest"]))


def _oldest(moment: datetime | None) -> str:
    return f"oldest {ago_text(moment)}" if moment else "none"
