"""Declares what Unipile can do and how its accounts are set up (the fields: integrations.spec)."""

from datetime import timedelta

from django.conf import settings

from integrations import spec
from integrations.errors import ANOTHER_ACCOUNT
from integrations.unipile import NAME, account, carrier, identity, listed, payloads
from integrations.unipile.v2 import signature

SPEC = spec.Declaration(
    names=spec.Names(
        name=NAME, label="LinkedIn (Unipile)", known_as="LinkedIn", company="Unipile", aliases=("linkedin",)
    ),
    calls=spec.Calls(
        hosts=("unipile.com",),
        # Each customer of Unipile has its own port, as in https://api8.unipile.com:13443.
        ports=range(1024, 65_536),
        base_url=lambda: settings.UNIPILE_DSN,
        operator_urls=spec.BASE_URL_ALONE,
        call_limit=spec.NONE("LinkedIn limits each account. At a limit, work waits."),
    ),
    connecting=spec.Connecting(
        account_id=spec.Setting(
            name="account_id", label="Account ID", help="Find it on Unipile’s dashboard.", required=True
        ),
        secrets=(
            spec.API_KEY,
            spec.optional(
                signature.SECRET,
                "Webhook signing secret",
                "For version 2 only. Unipile shows it with the webhook endpoint.",
            ),
        ),
        settings=(spec.BASE_URL,),
        key="api_key",
        installation_key=lambda: settings.UNIPILE_API_KEY,
        key_made_at="Unipile’s dashboard under Access Tokens",
        usable=account.usable,
        lacks=account.lacks,
    ),
    webhooks=(
        spec.json_webhook(
            NAME,
            "linkedin",
            payloads,
            secret_headers=("X-Unipile-Secret",),
            secret_field="",
            accepts=signature.accepts,
            sample=payloads.sample,
            rules=spec.DeliveryRules(
                unusable_status=200,
                unavailable_status=503,
                why="expects a 200 within 30 s, otherwise sends the event five more times and may stop the webhook",
            ),
        ),
    ),
    messages=spec.Messages(
        sources=(
            spec.MessageSource(
                name="unipile_message",
                counts=spec.Counts.ANSWER,
                bounces=spec.NONE("Chat messages don’t bounce."),
                flags_interest=False,
                names_account=True,
            ),
        ),
        channel="linkedin",
        opens_channel=True,
        carrier=carrier.UnipileCarrier(),
        newer=carrier.UnipileCarrier().listed,
        sends=frozenset({"reply", "send_message", "send_inmail"}),
        contacts=spec.NO_CONTACTS,
        stop_campaign=spec.NONE("LinkedIn runs no campaigns."),
        history=spec.NONE("All chat messages arrive by webhook, in both directions."),
        read_message=listed.read,
        files=spec.Files(needs="id", fetch=carrier.fetch_file),
        pauses_follow_ups="LinkedIn account is disconnected",
    ),
    lists=spec.Lists(
        poll_every=timedelta(hours=6),
        replies=listed.since,
        sent=listed.since,
        opt_outs=spec.NONE("LinkedIn has no opt-out."),
        bounces=spec.NONE("Chat messages don’t bounce."),
        appointments=spec.NO_CALENDAR,
    ),
    calendar=spec.NO_CALENDAR,
    login=spec.Login(
        reconnect=account.reconnect, forget_owner=identity.forget, former_ids=identity.former_ids
    ),
    health=spec.Health(
        probe=spec.Probe(read=account.probe, applies=spec.any_account),
        checks=(
            ("Key accepted, account found", account.check_key),
            ("Same person", account.check_owner),
            ("LinkedIn session", account.check_session),
        ),
        account_words=spec.AccountWords(
            # docs/reference/unipile.md, Webhooks: the words of version 1, then those of version 2. A good word only
            # makes us check the account, so undocumented words such as PARTIAL are among the good words.
            refused=("CREDENTIALS", "PERMISSIONS", "DELETED", "DISCONNECTED", "REMOVE"),
            down=("ERROR", "STOPPED", "ERRORED", "PAUSED"),
            well=(
                *("OK", "RECONNECTED", "SYNC_SUCCESS", "CREATION_SUCCESS"),
                *("RUNNING", "ADD", "RECONNECT", "PARTIAL", "DEGRADED", "LOCKED", "UNLOCKED"),
            ),
        ),
        # Unipile answers these calls from its own copy of the data, without contacting LinkedIn.
        no_proof=frozenset(
            {
                "account",
                "reconnect_link",
                "messages",
                "message",
                "chat_messages",
                "chats",
                "inboxes",
                "attendees",
            }
        ),
        still_broken=account.stays_broken,
        refusals={
            "missing_credentials": "our access key refused",
            "disconnected_account": "logged out",
            "account_restricted": "restricted by the provider",
            ANOTHER_ACCOUNT: "someone else logged in",
        },
        stopped=spec.CHANNEL_STOPS,
    ),
)
