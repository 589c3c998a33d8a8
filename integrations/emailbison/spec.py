"""Declares what EmailBison can do and how its accounts are set up (the fields: integrations.spec)."""

from datetime import timedelta

from django.conf import settings

from integrations import rawjson
from integrations.client import has_secrets
from integrations.emailbison import NAME, account, campaigns, files, listed, payloads, sample
from integrations.emailbison.carrier import EmailBisonCarrier
from integrations.spec import (
    API_KEY,
    NONE,
    STOP_LABELS,
    AccountWords,
    Counts,
    DeliveryRules,
    Files,
    History,
    MessageSource,
    Probe,
    ProviderSpec,
    Setting,
    StopCampaign,
    WebhookSource,
)

SPEC = ProviderSpec(
    name=NAME,
    label="EmailBison",
    known_as="EmailBison",
    company="EmailBison",
    aliases=("email",),
    # The first is a white label: accounts had it as their address by default until release 0.1.0.
    hosts=("send.meetinboxxia.com", "emailbison.com"),
    ports=NONE("It is reached on 443 alone."),
    base_url=lambda: settings.EMAILBISON_BASE_URL,
    operator_urls=lambda: (settings.EMAILBISON_BASE_URL,),
    call_limit=NONE("It documents none; what it refuses with 429 is waited for."),
    account_id=Setting(
        name="workspace_id",
        label="EmailBison workspace id",
        help="Events that name another one are refused. Empty: not checked.",
        required=False,
    ),
    secrets=(API_KEY,),
    settings=(
        Setting(
            name="base_url",
            label="Address of your EmailBison",
            help="Where you log in, as in https://send.example.com. Another address needs the key again.",
            required=False,
        ),
        STOP_LABELS,
    ),
    key="api_key",
    installation_key=NONE("Each workspace has a key of its own."),
    key_made_at="EmailBison under Settings, Developer API",
    usable=has_secrets,
    lacks=account.lacks,
    webhooks=(
        WebhookSource(
            name="email",
            provider=NAME,
            keyed=True,
            signature=NONE("It signs nothing."),
            decode=rawjson.parse,
            parse=payloads.parse,
            account_of=payloads.account_of,
            events=payloads.EVENTS,
            secret_headers=(),
            secret_field="",
            accepts=NONE("It signs nothing."),
            sample=sample.body,
            rules=DeliveryRules(
                unusable_status=400,
                unavailable_status=503,
                why="waits 15 s, tries several times, and keeps its events for 10 days",
            ),
        ),
    ),
    sources=(
        MessageSource(
            name="emailbison_reply",
            counts=Counts.ANSWER,
            bounces="emailbison_bounce",
            flags_interest=True,
            names_account=False,
        ),
        MessageSource(
            name="emailbison_sent",
            counts=Counts.STEP,
            bounces=NONE("Nobody writes to us by it."),
            flags_interest=False,
            names_account=False,
        ),
        MessageSource(
            name="emailbison_bounce",
            counts=Counts.BOUNCE,
            bounces=NONE("It is one."),
            flags_interest=False,
            names_account=False,
        ),
    ),
    account_words=AccountWords(
        refused=frozenset({"DISCONNECTED", "REMOVED"}), down=frozenset(), well=frozenset({"RECONNECTED"})
    ),
    channel="email",
    opens_channel=True,
    carrier=EmailBisonCarrier(),
    newer=EmailBisonCarrier().newer,
    sends=frozenset({"reply"}),
    contacts=NONE("It has leads of campaigns, and no contacts."),
    stop_campaign=StopCampaign(known_by="emailbison_lead_id", stop=campaigns.stop),
    start_campaign=NONE("Its API has no call that starts them again: it is done on EmailBison’s own pages."),
    history=History(known_by="emailbison_lead_id", read=listed.sent_to),
    backfill=listed.since,
    poll_every=timedelta(hours=6),
    files=Files(needs="url", fetch=files.fetch),
    calendar=NONE("It has no calendar."),
    probe=Probe(read=account.probe, applies=lambda _account: True),
    checks=(
        ("Key accepted", account.check_key),
        ("Right account", account.check_account),
        ("Senders", account.check_senders),
    ),
    reconnect=NONE("A new key is put in under Settings."),
    forget_owner=NONE("Nothing is remembered of an owner."),
    no_proof=NONE("Whatever works proves that the key does."),
    still_broken=NONE("Whatever works proves that the key does."),
    refusals={"host_or_key": "key expired, or of another address"},
    stopped=NONE("Its channel says it: replies do not arrive."),
    pauses_follow_ups="EmailBison is disconnected",
)
