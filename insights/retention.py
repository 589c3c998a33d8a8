"""Deletes old builds of context packs, and readings older than the messages that their workspace keeps."""

from datetime import timedelta

from django.db.models import Exists, OuterRef
from django.db.models.functions import Now

from inbox.models import Workspace
from insights.models import ContextPack, ConversationInsight
from jobs.deadline import Deadline
from jobs.retention import in_slices

KEEP_BUILDS_DAYS = 180


def old_builds(deadline: Deadline) -> int:
    """Deletes builds that ended over 180 days ago and have a later complete build. Returns the number of builds."""
    newer = ContextPack.objects.filter(
        workspace=OuterRef("workspace"),
        scope_key=OuterRef("scope_key"),
        finished_at__gt=OuterRef("finished_at"),
        status=ContextPack.Status.COMPLETE,
    )
    old = ContextPack.objects.filter(Exists(newer), finished_at__lt=Now() - timedelta(days=KEEP_BUILDS_DAYS))
    return in_slices(old, deadline, by="finished_at")


def past_messages(deadline: Deadline) -> int:
    """Deletes readings and context packs older than `Workspace.keep_messages_days`. Returns the number of rows."""
    deleted = 0
    for workspace, days in Workspace.objects.order_by("?").values_list("pk", "keep_messages_days"):
        if days is None:
            continue
        before = Now() - timedelta(days=days)
        readings = ConversationInsight.objects.filter(workspace=workspace, read_at__lt=before)
        packs = ContextPack.objects.filter(workspace=workspace, finished_at__lt=before)
        deleted += in_slices(readings, deadline, by="read_at")
        deleted += in_slices(packs, deadline, by="finished_at")
    return deleted
