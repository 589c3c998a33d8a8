"""By which provider a message goes out: the one that it answers came by, and by no other's account."""

from uuid import UUID

from inbox.accounts import connected
from inbox.models import Message
from integrations import registry


def provider_of(workspace_id: UUID, channel: str, reply_to: Message | None) -> str:
    """The provider that carries an answer to `reply_to`; without one, the first of the channel that is connected.

    Raises UnknownSource where nobody declares the source of `reply_to`.
    """
    if reply_to is not None:
        return registry.provider_of(reply_to.source)
    opening = [
        name for name in registry.stating("opens_channel") if registry.spec_of(name).channel == channel
    ]
    if len(opening) == 1:
        return opening[0]
    return next((name for name in opening if connected(workspace_id, name)), opening[0])
