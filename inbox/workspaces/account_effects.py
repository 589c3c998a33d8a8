"""Counts the work that waits while an account is down. The banner and the notice show it: "12 follow-ups are paused".

Each part of the product whose work waits for an account adds a counter here.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Count, F, QuerySet, Value

from inbox.models import OutboundSend
from integrations import registry
from integrations.models import Integration


@dataclass(frozen=True, slots=True)
class Counter:
    """A kind of waiting work. `rows(workspace ids, channel)` returns its rows; `one` and `many` name them in texts."""

    rows: Callable[[Collection[UUID], str], QuerySet[Any]]
    one: str
    many: str


def waiting_sends(workspaces: Collection[UUID], channel: str) -> QuerySet[OutboundSend]:
    """Returns the approved messages on `channel` that the provider has not received."""
    return OutboundSend.objects.filter(
        workspace_id__in=workspaces, channel=channel, state=OutboundSend.State.INTENT, called_at=None
    )


COUNTERS = [Counter(waiting_sends, "message waiting", "messages waiting")]


def effects_of(integration: Integration) -> list[str]:
    """Returns texts for the work that waits because this account is broken, one per kind that has waiting work."""
    return effects_of_each([integration])[integration.pk]


def effects_of_each(integrations: Sequence[Integration]) -> dict[UUID, list[str]]:
    """Returns the result of `effects_of` for each of these accounts, by account id. One query counts all the work."""
    workspaces: dict[str, set[UUID]] = {}
    for account in integrations:
        if channel := registry.spec_of(account.provider).channel:
            workspaces.setdefault(channel, set()).add(account.workspace_id)
    queries = [(channel, counter) for channel in workspaces for counter in COUNTERS]
    if not queries:
        return {account.pk: [] for account in integrations}
    first, *rest = (
        counter.rows(workspaces[channel], channel)
        .order_by()
        .values(place=Value(place), whose=F("workspace_id"))
        .annotate(count=Count("*"))
        .values_list("place", "whose", "count")
        for place, (channel, counter) in enumerate(queries)
    )
    counts = {(*queries[place], whose): count for place, whose, count in first.union(*rest, all=True)}
    return {
        account.pk: [
            f"{count} {counter.one if count == 1 else counter.many}"
            for counter in COUNTERS
            if (
                count := counts.get(
                    (registry.spec_of(account.provider).channel, counter, account.workspace_id)
                )
            )
        ]
        for account in integrations
    }
