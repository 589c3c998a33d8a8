"""Declares what Slack can do and how its accounts are set up (the fields: integrations.spec)."""

from django.conf import settings

from integrations import spec
from integrations.slack import NAME, account, payloads, signature

SPEC = spec.Declaration(
    names=spec.Names(name=NAME, label="Slack", known_as="Slack", company="Slack", aliases=()),
    calls=spec.Calls(
        hosts=("slack.com",),
        base_url=lambda: settings.SLACK_BASE_URL,
        **spec.PLAIN_CALLS,
    ),
    connecting=spec.Connecting(
        account_id=spec.NONE("A workspace has one Slack."),
        secrets=(
            spec.optional(
                "bot_token",
                "Bot token",
                "Starts with xoxb-. Find it on the app’s page under OAuth & Permissions.",
            ),
            spec.optional(
                "webhook_url",
                "Incoming webhook",
                "Use this if you don’t have a bot. Holdfast can’t update these messages later.",
            ),
        ),
        settings=(
            spec.BASE_URL,
            spec.optional(
                "channel",
                "Channel for notifications",
                "A channel ID, such as C0123456789. The bot must be in the channel.",
            ),
            spec.optional(
                "replies_channel",
                "Channel for replies",
                "A channel ID, for replies with a tag chosen under Notifications. Defaults to the "
                "channel for notifications.",
            ),
            spec.optional(
                "review_channel",
                "Channel for drafts to review",
                "A channel ID. Leave empty to review drafts only in Holdfast.",
            ),
        ),
        key="bot_token",
        installation_key=lambda: settings.SLACK_BOT_TOKEN,
        key_made_at="your Slack app’s settings, under OAuth & Permissions",
        usable=account.usable,
        lacks=account.lacks,
    ),
    webhooks=(
        spec.json_webhook(
            NAME,
            "slack/interactions",
            payloads,
            signature=spec.Signature(valid=signature.valid, names=payloads.names),
            decode=payloads.decode,
            **spec.SHARED_WEBHOOK,
            sample=spec.NONE("Slack provides button presses, not messages."),
            rules=spec.DeliveryRules(
                unusable_status=400,
                unavailable_status=503,
                why="expects an answer within 3 s, otherwise sends the event three more times",
            ),
        ),
    ),
    messages=spec.NO_MESSAGES,
    lists=spec.NO_LISTS,
    calendar=spec.NO_CALENDAR,
    login=spec.NEW_KEY,
    health=spec.Health(
        probe=spec.Probe(read=account.probe, applies=account.can_be_read),
        checks=(
            ("Token accepted", account.check_token),
            ("Permissions", account.check_scopes),
            ("Channel", account.check_channel),
        ),
        account_words=spec.NONE("When it reports a revoked token, Holdfast checks each account."),
        no_proof=spec.NONE("The proof that an account works depends on why it broke."),
        still_broken=account.stays_broken,
        refusals={},
        stopped="Nothing reaches Slack. Admins get account notifications by email",
    ),
)
