"""Turns Slack's interactions (docs/reference/slack.md) into our events. Slack's interactions are JSON in the form field
`payload`; Slack's events are plain JSON.

Slack repeats a button press if our response is late. The idempotency key is the action, Slack's time of the press
(`action_ts`) and the user. The key is the same at a redelivery and differs for a second press of the button.
"""

from datetime import datetime
from typing import Any
from urllib.parse import parse_qs

from pydantic import Field

from integrations import rawjson
from integrations.events import ButtonEvent, Event, IgnoredEvent, PayloadInvalid
from integrations.payload import Payload, Text, short_key, validate
from integrations.spec import NamedTenant

BLOCK_ACTIONS = "block_actions"
EVENT = "event_callback"
REVOKED = ("app_uninstalled", "tokens_revoked")
EVENTS = (BLOCK_ACTIONS, *REVOKED)
LINK_BUTTONS = {"view_dashboard"}
"""Buttons that only open a page. Slack reports the press, but it needs no action."""


class Header(Payload):
    type: str = Field(min_length=1, max_length=64)


class Callback(Payload):
    event: Header


class User(Payload):
    id: str = Field(min_length=1, max_length=64)
    name: Text = ""
    username: Text = ""


class Named(Payload):
    id: Text = ""


class Container(Payload):
    channel_id: Text = ""
    message_ts: Text = ""


class Action(Payload):
    action_id: str = Field(min_length=1, max_length=100)
    action_ts: Text = ""
    value: Text = ""


class Interaction(Payload):
    user: User
    channel: Named | None = None
    container: Container | None = None
    actions: list[Action] = Field(min_length=1)


def decode(raw: bytes) -> Any:
    """Returns the JSON in the form field `payload`, or the whole body, which Slack sends to verify the URL."""
    if raw.lstrip()[:1] == b"{":
        return rawjson.parse(raw)
    try:
        form = parse_qs(raw.decode(), max_num_fields=20)
    except ValueError:  # not UTF-8, or too many fields
        form = {}
    if "payload" not in form:
        raise PayloadInvalid({"payload": "must be a form field with JSON"})
    return rawjson.parse(form["payload"][0].encode())


def account_of(_body: Any) -> str:
    return ""


def names(body: Any, now: datetime) -> NamedTenant:
    """Returns the workspace whose id we wrote into the button, or none."""
    event = parse(body, now)
    workspace_id = event.value.get("clientId") if isinstance(event, ButtonEvent) else ""
    return NamedTenant(workspace_id=workspace_id if isinstance(workspace_id, str) else "")


def parse(body: Any, _now: datetime) -> Event:
    """Parses an interaction of Slack, of which only the first action counts. Link buttons become an IgnoredEvent."""
    kind = validate(Header, body).type
    if kind == EVENT:
        kind = validate(Callback, body).event.type
        reason = "each Slack account is asked whether it works" if kind in REVOKED else "event not used"
        return IgnoredEvent(event_type=kind, reason=reason)
    if kind != BLOCK_ACTIONS:
        return IgnoredEvent(event_type=kind, reason="interaction not used")
    payload = validate(Interaction, body)
    action = payload.actions[0]
    if action.action_id in LINK_BUTTONS:
        return IgnoredEvent(event_type=kind, reason="the button opens a page")
    container = payload.container or Container()
    return ButtonEvent(
        event_type=kind,
        event_key=short_key(f"{action.action_id}:{action.action_ts}:{payload.user.id}"),
        action=action.action_id,
        value=_value(action.value),
        user_id=payload.user.id,
        user_name=payload.user.name or payload.user.username,
        channel_id=container.channel_id or (payload.channel.id if payload.channel else ""),
        message_ts=container.message_ts,
    )


def _value(text: str) -> dict[str, Any]:
    try:
        button = rawjson.parse(text[:2000].encode())
    except PayloadInvalid:
        button = None
    if not isinstance(button, dict):
        raise PayloadInvalid({"actions.0.value": "must be the JSON object that we put there"})
    return button
