"""Tests a Slack connection: whose token it is, what it may do, and whether the channel exists."""

from django.conf import settings

from integrations.destinations import installation_key
from integrations.health import writer
from integrations.health.checks import Test, Wrong
from integrations.models import Integration
from integrations.slack.client import HISTORY_SCOPES, SlackClient
from integrations.slack.errors import CHANNEL
from jobs.deadline import Deadline


def usable(account: Integration) -> bool:
    """Whether the Slack account has a token or a webhook, or may use the installation's token in a channel of its own.
    Secrets that cannot be read count as well.
    """
    return bool(account.has_secrets or (installation_key(account) and account.config.get("channel")))


def lacks(account: Integration) -> tuple[str, str] | None:
    """The name of the setting that the Slack account still needs, with a sentence for people. None if it needs none.
    Only the account's own token or webhook counts. Raises DecryptionError if its secrets cannot be read.
    """
    if not (account.credentials.get("bot_token") or account.credentials.get("webhook_url")):
        return "bot_token", "Give a bot token, or an incoming webhook below."
    if not account.credentials.get("webhook_url") and not account.config.get("channel"):
        return "channel", "A bot has to know where to post: give the channel’s id."
    return None


def own_token() -> str:
    """The installation's Slack bot token, or ""."""
    return settings.SLACK_BOT_TOKEN


def can_be_read(account: Integration) -> bool:
    """Whether a read call can show that the Slack account works, which is so unless it has only an incoming webhook.
    Raises DecryptionError if its secrets cannot be read.
    """
    return bool(account.credentials.get("bot_token") or not account.credentials.get("webhook_url"))


def probe(account: Integration, deadline: Deadline) -> None:
    """Make the cheap call that shows whether the Slack account works: read whose token it is. If Slack had refused the
    channel, also look whether the channel is available again, and then record the account as working. Raises the errors
    of integrations.errors if a call fails.
    """
    client = SlackClient.for_integration(account)
    client.identity(deadline)
    if writer.row(account).reason in CHANNEL and client.is_in_channel(deadline):
        writer.record(account, writer.Signal(writer.SignalKind.WORKED))


def stays_broken(_account: Integration, reason: str, _operation: str) -> bool:
    """Whether the Slack account still counts as broken for `reason`, although a call succeeded: only looking at the
    channel proves that it is available again.
    """
    return reason in CHANNEL


def check_token(test: Test) -> str:
    """Check that Slack accepts the bot token, and keep its owner in `test.found` for the next checks. Returns a
    sentence for people. An incoming webhook cannot be checked without posting, so the sentence says that.
    """
    if not test.account.credentials.get("bot_token") and test.account.credentials.get("webhook_url"):
        return "An incoming webhook. It can only be tried by posting: use the fire drill."
    test.found = SlackClient.for_integration(test.account).identity(test.deadline)
    return f"It is of {test.found.team}." if test.found.team else ""


def check_scopes(test: Test) -> str:
    """Check that the Slack token has the permissions that the product needs. Returns a sentence
    for people. Raises Wrong if it lacks one.
    """
    if test.found is None:
        return "An incoming webhook needs none."
    if missing := test.found.missing_scopes:
        raise Wrong(
            f"Missing: {', '.join(missing)}.",
            "Add them on Slack’s app page under OAuth & Permissions, then install the app again.",
        )
    if not test.found.scopes.intersection(HISTORY_SCOPES):
        return "All that are needed. With channels:history, a post that Slack did not confirm is looked for."
    return "All that are needed."


def check_channel(test: Test) -> str:
    """Check that the chosen Slack channel exists and the bot is in it. Returns a sentence for people. Raises Wrong if
    not.
    """
    channel = test.account.config.get("channel")
    if test.found is None:
        return "The webhook’s own."
    if not channel:
        raise Wrong("No channel is chosen.", "Put the channel’s id in under Settings.")
    channels = {
        candidate.id: candidate
        for candidate in SlackClient.for_integration(test.account).channels(test.deadline)
    }
    chosen = channels.get(channel) or next(
        (candidate for candidate in channels.values() if candidate.name == channel.lstrip("#")), None
    )
    if chosen is None:
        raise Wrong(f"The bot cannot see {channel}.", "Invite the bot to the channel with /invite.")
    if not chosen.is_member:
        raise Wrong(f"The bot is not in #{chosen.name}.", "Invite the bot to the channel with /invite.")
    return f"#{chosen.name}."
