"""Chooses the provider of a message: an answer goes out by the provider that delivered the answered message."""

from uuid import UUID

from inbox.models import Message
from inbox.workspaces.accounts import connected
from integrations import registry
from integrations.models import Integration


def provider_of(
    workspace_id: UUID, channel: str, reply_to: Message | None, accounts: list[Integration] | None = None
) -> str:
    """The provider that carries an answer to `reply_to`. For None: the first provider that can begin a conversation on
    `channel`; connected providers come first. `accounts`: the workspace's accounts, if loaded. Raises UnknownSource.
    """
    if reply_to is not None:
        return registry.provider_of(reply_to.source)
    opening = [
        name for name in registry.stating("opens_channel") if registry.spec_of(name).channel == channel
    ]
    if len(opening) == 1:
        return opening[0]
    return next((name for name in opening if connected(workspace_id, name, accounts)), opening[0])
