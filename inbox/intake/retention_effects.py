"""Previews the data that a workspace's retention periods would remove, before the periods are saved."""

from datetime import timedelta
from typing import Any

from django.contrib.humanize.templatetags.humanize import intcomma
from django.db.models import Count, QuerySet
from django.utils import timezone

from inbox.intake import old_messages, retention
from inbox.models import Message, Workspace

MOST = 100_000
"""Rows are counted up to this number, because somebody waits for the page."""


def effects(workspace: Workspace) -> list[str]:
    """One sentence per kind of data about the rows that the retention periods of `workspace` would remove now. The
    periods may be unsaved.
    """
    return [_messages(workspace), _bodies(workspace), _model_calls(workspace)]


def _messages(workspace: Workspace) -> str:
    days = workspace.keep_messages_days
    if days is None:
        return "Messages are kept."
    rows = old_messages.of(workspace.pk, days).order_by("received_at")[:MOST]
    counts = Message.objects.filter(pk__in=rows.values("pk")).aggregate(
        messages=Count("pk"), leads=Count("lead", distinct=True)
    )
    what = f"{_number(counts['messages'])} {_plural('message', counts['messages'])}"
    return (
        f"Removes {what} of {_number(counts['leads'])} {_plural('lead', counts['leads'])} from before "
        f"{_day(days)}."
    )


def _bodies(workspace: Workspace) -> str:
    days = workspace.keep_bodies_days
    count = _count(retention.bodies(workspace.pk, days), "received_at")
    return (
        f"Clears {_number(count)} raw webhook {'body' if count == 1 else 'bodies'} from before {_day(days)}."
    )


def _model_calls(workspace: Workspace) -> str:
    days = workspace.keep_model_calls_days
    if days is None:
        return "Records of model calls are kept."
    count = _count(retention.model_calls(workspace.pk, days), "created_at")
    return f"Removes {_number(count)} {_plural('record', count)} of model calls from before {_day(days)}."


def _count(rows: "QuerySet[Any]", by: str) -> int:
    return rows.order_by(by)[:MOST].count()


def _number(count: int) -> str:
    return f"{intcomma(count)} or more" if count >= MOST else str(intcomma(count))


def _plural(word: str, count: int) -> str:
    return word if count == 1 else f"{word}s"


def _day(days: int) -> str:
    return f"{timezone.localtime() - timedelta(days=days):%Y-%m-%d}"
