"""Declares what Slack can do and how its accounts are set up (the fields: integrations.spec)."""

from django.conf import settings

from integrations import spec
from integrations.slack import NAME, account, payloads, signature

SPEC = spec.Declaration(
    names=spec.Names(name=NAME, label="Slack", known_as="Slack", company="Slack", aliases=()),
    calls=spec.Calls(
        hosts=("slack.com",),
        ports=(),
        base_url=lambda: settings.SLACK_BASE_URL,
        operator_urls=spec.BASE_URL_ALONE,
        call_limit=spec.WAITS_AT_429,
    ),
    connecting=spec.Connecting(
        account_id=spec.NONE("A workspace has one Slack."),
        secrets=(
            spec.Setting(
                name="bot_token",
                label="Bot token",
                help="Begins with xoxb-. Found on the app’s page under OAuth & Permissions.",
                required=False,
            ),
            spec.Setting(
                name="webhook_url",
                label="Incoming webhook",
                help="Only where there is no bot: messages can then not be changed later.",
                required=False,
            ),
        ),
        settings=(
            spec.BASE_URL,
            spec.Setting(
                name="channel",
                label="Channel for notices",
                help="A channel’s id, such as C0123456789. The bot must be in it.",
                required=False,
            ),
            spec.Setting(
                name="replies_channel",
                label="Channel for replies",
                help="A channel’s id, for replies with a tag chosen under Notices. Empty: the channel for notices.",
                required=False,
            ),
            spec.Setting(
                name="review_channel",
                label="Channel for drafts to review",
                help="A channel’s id. Empty: drafts are reviewed here only.",
                required=False,
            ),
        ),
        key="bot_token",
        installation_key=account.own_token,
        key_made_at="Slack’s app page under OAuth & Permissions",
        usable=account.usable,
        lacks=account.lacks,
    ),
    webhooks=(
        spec.WebhookSource(
            name="slack/interactions",
            provider=NAME,
            keyed=False,
            signature=spec.Signature(valid=signature.valid, names=payloads.names),
            decode=payloads.decode,
            parse=payloads.parse,
            account_of=payloads.account_of,
            events=payloads.EVENTS,
            contract=spec.contract_of(payloads, "slack/interactions"),
            secret_headers=(),
            secret_field="",
            accepts=spec.NONE("The signature opens it: there is no key beside it."),
            sample=spec.NONE("It brings presses of buttons, and no messages."),
            rules=spec.DeliveryRules(
                unusable_status=400,
                unavailable_status=503,
                why="wants an answer within 3 s, else sends it three times more",
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
        account_words=spec.NONE(
            "When it says that a token is revoked, each account is asked whether it works."
        ),
        no_proof=spec.NONE("The reason that an account is broken for decides what proves that it works."),
        still_broken=account.stays_broken,
        refusals={},
        stopped="Nothing reaches Slack; notices about accounts go to admins by e-mail",
    ),
)
