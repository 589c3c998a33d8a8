"""Deletes old builds of context packs. The last good build of each pack stays."""

from datetime import timedelta
from typing import Any

from django.db.models import Exists, OuterRef
from django.db.models.functions import Now

from insights.models import ContextPack
from jobs.deadline import Deadline
from jobs.retention import in_slices

KEEP_BUILDS_DAYS = 180


def old_builds(deadline: Deadline) -> int:
    """Deletes builds of context packs that ended over 180 days ago and have a later complete build, until `deadline`.
    Returns the number of deleted builds.

    The rows of their conversations and questions are deleted with them.
    """
    newer = ContextPack.objects.filter(
        workspace=OuterRef("workspace"),
        scope_key=OuterRef("scope_key"),
        finished_at__gt=OuterRef("finished_at"),
        status=ContextPack.Status.COMPLETE,
    )
    old = ContextPack.objects.filter(Exists(newer), finished_at__lt=Now() - timedelta(days=KEEP_BUILDS_DAYS))
    return in_slices(old, deadline, by="finished_at", delete=_delete)


def _delete(pks: list[Any]) -> int:
    return ContextPack.objects.filter(pk__in=pks).delete()[1].get("insights.ContextPack", 0)
