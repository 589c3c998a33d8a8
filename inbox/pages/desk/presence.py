"""Presence: which people have a conversation in the foreground of their browser, and whether they are writing in it.

Each browser polls with the conversations in its foreground, and the response names the colleagues who have these open
too. A presence is stored for 10 s in a cache that the web processes share (Q_BROKER_URL in docs/operations.md), never
in the database. Without the cache, the pages work but show no colleagues.
"""

import json
import logging
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.core.cache import caches
from redis.exceptions import RedisError

from inbox.models import User

logger = logging.getLogger(__name__)

CACHE = "presence"
KEPT_S = 10
"""How long, in seconds, a person counts as present after a poll."""
AGAIN_S = 4
"""How long, in seconds, a stored presence is reused before it is written again."""
DESK_S = 2 * 3600
"""How long, in seconds, the time of a user's last visit is stored."""
PLACES = 10
"""The maximum number of conversations that one poll may name."""


class Place(NamedTuple):
    workspace_id: UUID
    lead_id: UUID
    writes: bool

    @classmethod
    def parse(cls, text: str) -> "Place":
        """Parses a place of the form "<workspace>~<lead>~<0 or 1>". Raises ValueError for a text in another form."""
        workspace, lead, writes = text.split("~")
        return cls(UUID(workspace), UUID(lead), bool(int(writes)))


class Other(NamedTuple):
    """A colleague who has the conversation open. `writes` is true while the colleague is writing in it."""

    name: str
    writes: bool


def last_there(user_id: int) -> datetime | None:
    """Returns when (aware) the user last had a conversation in the foreground.

    Returns None if that was over two hours ago, or if this process cannot reach the cache or does not share it.
    """
    try:
        at = caches[CACHE].get(f"desk:{user_id}")
    except (OSError, RedisError) as error:
        logger.warning("presence_unreachable", extra={"error": type(error).__name__})
        return None
    # another machine's clock may be ahead of ours
    return datetime.fromtimestamp(min(at, time.time()), UTC) if isinstance(at, float) else None


class Plain:
    """Serializes values for Redis as JSON. Django's pickle would run code that another client of the cache stored."""

    def dumps(self, content: object) -> str:
        return json.dumps(content)

    def loads(self, text: bytes) -> Any:
        """Returns the value of the JSON `text`; None if it is not JSON."""
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            return None


def meet(places: Iterable[Place], user: User) -> dict[UUID, list[Other]]:
    """Stores that `user` is in `places`, and returns the other people in these conversations, by the lead's id.

    The caller must have checked that the user is a member of the workspaces. Without the cache, nobody is returned.
    """
    by_lead: dict[UUID, list[Other]] = {}
    try:
        for place in sorted(set(places)):
            by_lead[place.lead_id] = _meet(place, user)
    except (OSError, RedisError) as error:
        logger.warning("presence_unreachable", extra={"error": type(error).__name__})
    return by_lead


def _meet(place: Place, user: User) -> list[Other]:
    key, now, cache = f"here:{place.workspace_id}:{place.lead_id}", time.time(), caches[CACHE]
    me = str(user.pk)
    present = {who: state for who, state in _known(cache.get(key)).items() if abs(now - state[2]) < KEPT_S}
    entry = present.get(me)
    if entry is None or entry[:2] != [user.name, place.writes] or now - entry[2] > AGAIN_S:
        # If two browsers report at the same moment, one report may be lost. The next report, 4 s later, repairs that.
        cache.set(key, present | {me: [user.name, place.writes, now]}, KEPT_S)
        cache.set(f"desk:{me}", now, DESK_S)
    return sorted(Other(name, writes) for who, (name, writes, _) in present.items() if who != me)


def _known(cached: Any) -> dict[str, list[Any]]:
    whole = isinstance(cached, dict) and all(
        isinstance(state, list) and list(map(type, state)) == [str, bool, float] for state in cached.values()
    )
    return cached if whole else {}
