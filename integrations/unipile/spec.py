"""Declares what Unipile can do and how its accounts are set up (the fields: integrations.spec)."""

from datetime import timedelta

from django.conf import settings

from integrations import rawjson
from integrations.errors import ANOTHER_ACCOUNT
from integrations.spec import (
    API_KEY,
    BASE_URL,
    NONE,
    AccountWords,
    Counts,
    DeliveryRules,
    Files,
    MessageSource,
    Probe,
    ProviderSpec,
    Setting,
    WebhookSource,
)
from integrations.unipile import NAME, account, files, identity, listed, payloads, sample
from integrations.unipile.carrier import UnipileCarrier

SPEC = ProviderSpec(
    name=NAME,
    label="LinkedIn (Unipile)",
    known_as="LinkedIn",
    company="Unipile",
    aliases=("linkedin",),
    hosts=("unipile.com",),
    ports=range(1024, 65_536),  # each customer of Unipile has a port, as in https://api8.unipile.com:13443
    base_url=lambda: settings.UNIPILE_DSN,
    operator_urls=lambda: (settings.UNIPILE_DSN,),
    call_limit=NONE("LinkedIn’s limits are the account’s own; a used-up one parks the work."),
    account_id=Setting(
        name="account_id", label="Account id", help="As on Unipile’s dashboard.", required=True
    ),
    secrets=(API_KEY,),
    settings=(BASE_URL,),
    key="api_key",
    installation_key=account.own_key,
    key_made_at="Unipile’s dashboard under Access Tokens",
    usable=account.usable,
    lacks=account.lacks,
    webhooks=(
        WebhookSource(
            name="linkedin",
            provider=NAME,
            keyed=True,
            signature=NONE("It signs nothing."),
            decode=rawjson.parse,
            parse=payloads.parse,
            account_of=payloads.account_of,
            events=payloads.EVENTS,
            secret_headers=("X-Unipile-Secret",),
            secret_field="",
            accepts=NONE("It signs nothing; the shared secret is its header’s."),
            sample=sample.body,
            rules=DeliveryRules(
                unusable_status=200,
                unavailable_status=503,
                why="wants a 200 within 30 s, else sends the same five times more and may stop the webhook",
            ),
        ),
    ),
    sources=(
        MessageSource(
            name="unipile_message",
            counts=Counts.ANSWER,
            bounces=NONE("A chat message does not bounce."),
            flags_interest=False,
            names_account=True,
        ),
    ),
    account_words=AccountWords(
        # docs/reference/unipile.md, Webhooks. CONNECTING says nothing yet, and an unknown word says nothing.
        refused=frozenset({"CREDENTIALS", "PERMISSIONS", "DELETED"}),
        down=frozenset({"ERROR", "STOPPED"}),
        well=frozenset({"OK", "RECONNECTED", "SYNC_SUCCESS", "CREATION_SUCCESS"}),
    ),
    channel="linkedin",
    opens_channel=True,
    carrier=UnipileCarrier(),
    newer=UnipileCarrier().listed,
    sends=frozenset({"reply", "send_message", "send_inmail"}),
    contacts=NONE("It has chats, and no contacts."),
    stop_campaign=NONE("It runs no campaigns."),
    start_campaign=NONE("It runs no campaigns."),
    history=NONE("A chat’s messages all come by webhook, in both directions."),
    backfill=listed.since,
    poll_every=timedelta(hours=6),
    files=Files(needs="id", fetch=files.fetch),
    calendar=NONE("It has no calendar."),
    probe=Probe(read=account.probe, applies=lambda _account: True),
    checks=(
        ("Key accepted, account found", account.check_key),
        ("Same person", account.check_owner),
        ("LinkedIn session", account.check_session),
    ),
    reconnect=account.reconnect,
    forget_owner=identity.forget,
    # Unipile answers these from its own copy, without asking LinkedIn.
    no_proof=frozenset({"account", "reconnect_link", "messages", "chat_messages", "chats", "attendees"}),
    still_broken=account.stays_broken,
    refusals={
        "missing_credentials": "our access key refused",
        "disconnected_account": "logged out",
        "account_restricted": "restricted by the provider",
        ANOTHER_ACCOUNT: "somebody else logged in",
    },
    stopped=NONE("Its channel says it: LinkedIn messages do not arrive."),
    pauses_follow_ups="LinkedIn account is disconnected",
)
