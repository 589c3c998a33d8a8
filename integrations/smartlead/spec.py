"""Declares what SmartLead can do and how its accounts are set up (the fields: integrations.spec)."""

from datetime import timedelta

from integrations import rawjson
from integrations.client import has_secrets
from integrations.smartlead import NAME, account, campaigns, listed, payloads, sample, signature
from integrations.smartlead.carrier import SmartLeadCarrier
from integrations.spec import (
    API_KEY,
    BASE_URL,
    NONE,
    AccountWords,
    Counts,
    DeliveryRules,
    MessageSource,
    Probe,
    ProviderSpec,
    Setting,
    StopCampaign,
    WebhookSource,
)

SPEC = ProviderSpec(
    name=NAME,
    label="SmartLead",
    known_as="SmartLead",
    company="SmartLead",
    aliases=(),
    hosts=("server.smartlead.ai",),
    ports=NONE("It is reached on 443 alone."),
    base_url=lambda: "https://server.smartlead.ai/api/v1",
    operator_urls=NONE("Its address is the same for everybody."),
    call_limit=NONE("What it refuses with 429 is waited for."),
    account_id=NONE("A key is of one account, and events name none that could be compared."),
    secrets=(
        API_KEY,
        Setting(
            name="signing_secret",
            label="Webhook signing secret",
            help="If it is set, webhooks without its signature are refused.",
            required=False,
        ),
    ),
    settings=(BASE_URL,),
    key="api_key",
    installation_key=NONE("Each workspace has a key of its own."),
    key_made_at="SmartLead under Settings, API Key",
    usable=has_secrets,
    lacks=NONE("The key is all that it needs."),
    webhooks=(
        WebhookSource(
            name=NAME,
            provider=NAME,
            keyed=True,
            signature=NONE(
                "Its signature proves an account’s secret, and the key in the address names the account."
            ),
            decode=rawjson.parse,
            parse=payloads.parse,
            account_of=payloads.account_of,
            events=payloads.EVENTS,
            secret_headers=("X-Smartlead-Secret",),
            secret_field="secret_key",
            accepts=signature.accepts,
            sample=sample.body,
            rules=DeliveryRules(
                unusable_status=400,
                unavailable_status=503,
                why="tries three times; a reply that is lost is found again by the reply poll",
            ),
        ),
    ),
    sources=(
        MessageSource(
            name="smartlead_reply",
            counts=Counts.ANSWER,
            bounces="smartlead_bounce",
            flags_interest=False,
            names_account=False,
        ),
        MessageSource(
            name="smartlead_sent",
            counts=Counts.STEP,
            bounces=NONE("Nobody writes to us by it."),
            flags_interest=False,
            names_account=False,
        ),
        MessageSource(
            name="smartlead_bounce",
            counts=Counts.BOUNCE,
            bounces=NONE("It is one."),
            flags_interest=False,
            names_account=False,
        ),
    ),
    account_words=AccountWords(refused=frozenset({"DISCONNECTED"}), down=frozenset(), well=frozenset()),
    channel="email",
    opens_channel=False,
    carrier=SmartLeadCarrier(),
    newer=SmartLeadCarrier().listed,
    sends=frozenset({"reply"}),
    contacts=NONE("It has leads of campaigns, and no contacts."),
    stop_campaign=StopCampaign(known_by="email", stop=campaigns.stop),
    start_campaign=NONE(
        "A lead that was unsubscribed from a campaign is put into one again on SmartLead’s own pages."
    ),
    history=NONE("What its campaigns send comes by webhook."),
    backfill=listed.since,
    poll_every=timedelta(minutes=30),  # SmartLead may lose an event at its first failure
    files=NONE("SmartLead tells nothing of the files that came with a mail. They are in its Master Inbox."),
    calendar=NONE("It has no calendar."),
    probe=Probe(read=account.probe, applies=lambda _account: True),
    checks=(("Key accepted", account.check_key),),
    reconnect=NONE("A new key is put in under Settings."),
    forget_owner=NONE("Nothing is remembered of an owner."),
    no_proof=NONE("Whatever works proves that the key does."),
    still_broken=NONE("Whatever works proves that the key does."),
    refusals=NONE("Its codes are common ones."),
    stopped=NONE("Its channel says it: replies do not arrive."),
    pauses_follow_ups=NONE("A follow-up over it waits at its own send: none is known to go by it before."),
)
