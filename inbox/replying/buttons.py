"""Runs what the buttons in our Slack messages do. The press is acknowledged at once, and its work runs in a job.

A module that puts a button into a message names it with `offered`. The action is registered in
inbox/wiring.py.
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
"""The buttons of notices about an account. All others stand on the card of a draft."""

OFFERED: dict[str, str] = {}
"""The buttons in our messages, each with the module that puts it there."""


def offered(action_id: str, module: str) -> str:
    """Declares that `module` puts the button `action_id` into Slack messages, and returns the id.

    A system check refuses to start the product if no action is registered for the button.
    """
    OFFERED[action_id] = module
    return action_id


def register(action_id: str, action: Action, *, on_notice: bool = False) -> None:
    """Registers `action(ctx)` as what is done when a person presses the button `action_id` in Slack, on the card of a
    draft or on a notice about an account (`on_notice`).

    `ctx.payload` holds action, draft_id (on a notice: health_id), value, user_id, user_name, channel_id and message_ts.
    The caller has checked that the draft, or the health of an account, belongs to the workspace.
    """
    ACTIONS[action_id] = action
    if on_notice:
        ON_NOTICES.add(action_id)


def run(ctx: JobContext) -> Any:
    """The job `slack.button`: runs the action of the button that was pressed in a Slack message, and returns its
    result. Raises PermanentError if no action is registered for the button.
    """
    action = ACTIONS.get(ctx.payload["action"])
    if action is None:
        raise PermanentError("This button does nothing any more.")
    return action(ctx)
