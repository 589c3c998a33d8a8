"""Runs the buttons of our Slack messages. A press is acknowledged at once, and a job does its work. inbox/wiring.py
registers an action for each button that a module has `offered`.
"""

from collections.abc import Callable
from typing import Any

from jobs.context import JobContext
from jobs.errors import PermanentError
from jobs.kinds import kind_name

JOB = kind_name("slack.button", __name__)
Action = Callable[[JobContext], Any]
ACTIONS: dict[str, Action] = {}
ON_NOTICES: set[str] = set()
"""The buttons of notices about an account. All other buttons belong to the card of a draft."""

OFFERED: dict[str, str] = {}
"""The buttons in our messages, each with the module that adds it."""


def offered(action_id: str, module: str) -> str:
    """Declares that `module` adds the button to Slack messages. A system check requires an action for the button."""
    OFFERED[action_id] = module
    return action_id


def register(action_id: str, action: Action, *, on_notice: bool = False) -> None:
    """Registers the action of a button on a draft's card, or on a notice about an account if `on_notice` is true.
    The payload holds action, draft_id or health_id, value, user_id, user_name, channel_id and message_ts. The caller
    has checked that the row belongs to the workspace.
    """
    ACTIONS[action_id] = action
    if on_notice:
        ON_NOTICES.add(action_id)


def run(ctx: JobContext) -> Any:
    """The job `slack.button`: does what a button means. Raises PermanentError if no action is registered for it."""
    action = ACTIONS.get(ctx.payload["action"])
    if action is None:
        raise PermanentError("This button no longer works. Open the conversation instead.")
    return action(ctx)


def mrkdwn(text: str) -> dict[str, str]:
    return {"type": "mrkdwn", "text": text[:3_000]}


def plain(text: str) -> dict[str, str]:
    return {"type": "plain_text", "text": text}


def button(action_id: str, words: str, **fields: str) -> dict[str, Any]:
    """A button of a Slack message. `fields`: its value, its style, or the address that it opens."""
    return {"type": "button", "action_id": action_id, "text": plain(words)} | fields


def escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
