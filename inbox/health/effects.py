"""What an account that is down holds up: the numbers in the banner and in the notice.

A room whose work waits for an account adds its counter here; nothing that waits may be without a number.
"""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from inbox.models import OutboundSend
from integrations import registry
from integrations.models import Integration


@dataclass(frozen=True, slots=True)
class Effect:
    """`count` things of one kind wait: "12 follow-ups are paused"."""

    count: int
    one: str
    many: str

    def __str__(self) -> str:
        return f"{self.count} {self.one if self.count == 1 else self.many}"


Counter = Callable[[UUID, str], Effect]
COUNTERS: list[Counter] = []
"""Each takes (workspace id, channel)."""


def waiting_sends(workspace_id: UUID, channel: str) -> Effect:
    """Approved messages that have not been handed to the provider."""
    count = OutboundSend.objects.filter(
        workspace_id=workspace_id, channel=channel, state=OutboundSend.State.INTENT, called_at=None
    ).count()
    return Effect(count, "send waits", "sends wait")


COUNTERS.append(waiting_sends)


def effects_of(integration: Integration) -> list[Effect]:
    """What waits for `integration`, without the zeros."""
    channel = registry.spec_of(integration.provider).channel
    if not channel:
        return []
    found = [counter(integration.workspace_id, channel) for counter in COUNTERS]
    return [effect for effect in found if effect.count]
