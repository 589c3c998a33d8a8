"""Runs the actions of the buttons in our Slack messages. A press is acknowledged at once, and a job runs the action.
inbox/wiring.py registers an action for each button that a module has declared with `offered`.
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
"""The action ids of buttons on notices about an account. All other buttons are on the cards of drafts."""

OFFERED: dict[str, str] = {}
"""The action ids of all buttons, each with the module that adds the button to messages."""


def offered(action_id: str, module: str) -> str:
    """Declares that `module` adds this button to Slack messages, and returns `action_id`. A system check requires an
    action for each such button.
    """
    OFFERED[action_id] = module
    return action_id


def register(action_id: str, action: Action, *, on_notice: bool = False) -> None:
    """Registers the action of a button on a draft's card, or on a notice about an account if `on_notice` is true. The
    action gets a job's context. The payload of the job holds action, draft_id or health_id, value, user_id, user_name,
    channel_id and message_ts. The caller has checked that the draft or health belongs to the workspace.
    """
    ACTIONS[action_id] = action
    if on_notice:
        ON_NOTICES.add(action_id)


def run(ctx: JobContext) -> Any:
    """Runs the job `slack.button`: the action of a pressed button. Raises PermanentError if none is registered."""
    action = ACTIONS.get(ctx.payload["action"])
    if action is None:
        raise PermanentError("This button no longer works. Open the conversation instead.")
    return action(ctx)


def mrkdwn(text: str) -> dict[str, str]:
    return {"type": "mrkdwn", "text": text[:3_000]}


def plain(text: str) -> dict[str, str]:
    return {"type": "plain_text", "text": text}


def button(action_id: str, words: str, **fields: str) -> dict[str, Any]:
    """Returns a button of a Slack message. `fields` are its value, its style, or the URL that it opens."""
    return {"type": "button", "action_id": action_id, "text": plain(words)} | fields


def escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
