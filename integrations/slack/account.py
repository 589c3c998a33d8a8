"""Tests a Slack connection: the owner and permissions of its token, and whether the channel exists."""

from integrations.destinations import installation_key
from integrations.health import writer
from integrations.health.checks import Test, Wrong
from integrations.models import Integration
from integrations.slack.client import HISTORY_SCOPES, SlackClient
from integrations.slack.errors import CHANNEL
from jobs.deadline import Deadline


def usable(account: Integration) -> bool:
    """Whether the account has a token, a webhook, or the installation's token with a channel, even unreadable ones."""
    return bool(account.has_secrets or (installation_key(account) and account.config.get("channel")))


def lacks(account: Integration) -> tuple[str, str] | None:
    """Returns the missing setting with a sentence; only the account's own secrets count. Raises DecryptionError."""
    if not (account.credentials.get("bot_token") or account.credentials.get("webhook_url")):
        return "bot_token", "Enter a bot token here, or an incoming webhook URL below."
    if not account.credentials.get("webhook_url") and not account.config.get("channel"):
        return "channel", "Enter the channel’s ID so the bot knows where to post."
    return None


def can_be_read(account: Integration) -> bool:
    """Whether Slack can be read. An incoming webhook alone cannot. Raises DecryptionError."""
    return bool(account.credentials.get("bot_token") or not account.credentials.get("webhook_url"))


def probe(account: Integration, deadline: Deadline) -> None:
    """Reads which bot owns the token. If Slack had refused the channel, also checks whether it is available again."""
    client = SlackClient.for_integration(account)
    client.identity(deadline)
    if writer.row(account).reason in CHANNEL and (channel := client.channel(deadline)) and channel.is_member:
        writer.record(account, writer.Signal(writer.SignalKind.WORKED))


def stays_broken(_account: Integration, reason: str, _operation: str) -> bool:
    """Whether the account stays broken: only a look-up of the channel proves that it is available again."""
    return reason in CHANNEL


def check_token(test: Test) -> str:
    """Stores the token's owner in `test.found` for the next checks."""
    if not test.account.credentials.get("bot_token") and test.account.credentials.get("webhook_url"):
        return "Incoming webhooks can only be tested with a post. Run the fire drill."
    test.found = SlackClient.for_integration(test.account).identity(test.deadline)
    return f"The token belongs to {test.found.team}." if test.found.team else ""


def check_scopes(test: Test) -> str:
    if test.found is None:
        return "An incoming webhook needs no permissions."
    if missing := test.found.missing_scopes:
        raise Wrong(
            f"Missing: {', '.join(missing)}.",
            "Add them on your Slack app’s page, under OAuth & Permissions, then install the app again.",
        )
    if not test.found.scopes.intersection(HISTORY_SCOPES):
        return "All set. If you add channels:history, Holdfast can also find posts that Slack didn’t confirm."
    return "All required permissions are set."


def check_channel(test: Test) -> str:
    channel = test.account.config.get("channel")
    if test.found is None:
        return "The webhook’s default channel."
    if not channel:
        raise Wrong("No channel selected.", "Add the channel’s ID in the account’s settings.")
    chosen = SlackClient.for_integration(test.account).channel(test.deadline)
    if chosen is None:
        raise Wrong(f"The bot can’t see {channel}.", "Invite the bot to the channel with /invite.")
    if not chosen.is_member:
        raise Wrong(f"The bot isn’t in #{chosen.name}.", "Invite the bot to the channel with /invite.")
    return f"#{chosen.name}."
