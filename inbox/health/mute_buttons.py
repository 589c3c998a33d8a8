"""The button in a notice about a broken account by which people ask for no further one until the account works."""

import json
from typing import Any

from inbox.replying import buttons
from integrations.models import HealthState, WorkspaceIntegrationHealth

MUTE = buttons.offered("mute_account", __name__)
MUTED = "Muted: no further notice until it works. An admin can undo that on the page above."
REFUSED = "Only owners and admins of this workspace can mute it."


def blocks(health: WorkspaceIntegrationHealth, text: str, note: str = "") -> list[dict[str, Any]]:
    """The blocks of a notice in Slack, with the button while the account is in trouble and not muted. `note` is a
    sentence for the person who pressed it.
    """
    shown: list[dict[str, Any]] = [{"type": "section", "text": {"type": "mrkdwn", "text": text[:3_000]}}]
    if note:
        shown.append({"type": "context", "elements": [{"type": "mrkdwn", "text": note}]})
    if health.state != HealthState.CONNECTED and not health.muted_at:
        ids = {"healthId": health.pk, "clientId": str(health.workspace_id)}
        button = {
            "type": "button",
            "action_id": MUTE,
            "text": {"type": "plain_text", "text": "Mute until it works"},
            "value": json.dumps(ids),
        }
        shown.append({"type": "actions", "block_id": f"mute_{health.pk}", "elements": [button]})
    return shown
