"""How long builds of context packs are kept: the last good one of each question stays, older ones go."""

from datetime import timedelta

from django.db.models import Exists, OuterRef
from django.db.models.functions import Now

from insights.models import ContextPack
from jobs.deadline import Deadline
from jobs.retention import in_slices

KEEP_BUILDS_DAYS = 180


def old_builds(deadline: Deadline) -> int:
    """Drop builds that ended 180 days ago and were followed by a good one, with their threads and questions."""
    newer = ContextPack.objects.filter(
        workspace=OuterRef("workspace"),
        scope_key=OuterRef("scope_key"),
        finished_at__gt=OuterRef("finished_at"),
        status=ContextPack.Status.COMPLETE,
    )
    old = ContextPack.objects.filter(Exists(newer), finished_at__lt=Now() - timedelta(days=KEEP_BUILDS_DAYS))
    return in_slices(old, deadline, by="finished_at", delete=_delete)


def _delete(pks: list) -> int:
    return ContextPack.objects.filter(pk__in=pks).delete()[1].get("insights.ContextPack", 0)
