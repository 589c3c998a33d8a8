"""Declares what Instantly can do and how its accounts are set up (the fields: integrations.spec)."""

from datetime import timedelta

from integrations import rawjson
from integrations.client import has_secrets
from integrations.instantly import NAME, account, campaigns, listed, payloads, sample
from integrations.instantly.carrier import InstantlyCarrier
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
    StopCampaign,
    WebhookSource,
)

SPEC = ProviderSpec(
    name=NAME,
    label="Instantly",
    known_as="Instantly",
    company="Instantly",
    aliases=(),
    hosts=("api.instantly.ai",),
    ports=NONE("It is reached on 443 alone."),
    base_url=lambda: "https://api.instantly.ai/api/v2",
    operator_urls=NONE("Its address is the same for everybody."),
    call_limit=NONE("What it refuses with 429 is waited for."),
    account_id=NONE("A key is of one account, and events name none that could be compared."),
    secrets=(API_KEY,),
    settings=(BASE_URL,),
    key="api_key",
    installation_key=NONE("Each workspace has a key of its own."),
    key_made_at="Instantly under Settings, Integrations, API Keys",
    usable=has_secrets,
    lacks=NONE("The key is all that it needs."),
    webhooks=(
        WebhookSource(
            name=NAME,
            provider=NAME,
            keyed=True,
            signature=NONE("It signs nothing."),
            decode=rawjson.parse,
            parse=payloads.parse,
            account_of=payloads.account_of,
            events=payloads.EVENTS,
            secret_headers=("X-Instantly-Secret",),
            secret_field="",
            accepts=NONE("It signs nothing."),
            sample=sample.body,
            rules=DeliveryRules(
                unusable_status=200,
                unavailable_status=503,
                why="switches a webhook off after repeated failures; it must then be resumed by hand",
            ),
        ),
    ),
    sources=(
        MessageSource(
            name="instantly_reply",
            counts=Counts.ANSWER,
            bounces="instantly_bounce",
            flags_interest=False,
            names_account=False,
        ),
        MessageSource(
            name="instantly_sent",
            counts=Counts.STEP,
            bounces=NONE("Nobody writes to us by it."),
            flags_interest=False,
            names_account=False,
        ),
        MessageSource(
            name="instantly_bounce",
            counts=Counts.BOUNCE,
            bounces=NONE("It is one."),
            flags_interest=False,
            names_account=False,
        ),
    ),
    account_words=AccountWords(refused=frozenset({"ACCOUNT_ERROR"}), down=frozenset(), well=frozenset()),
    channel="email",
    opens_channel=False,
    carrier=InstantlyCarrier(),
    newer=InstantlyCarrier().listed,
    sends=frozenset({"reply"}),
    contacts=NONE("It has leads of campaigns, and no contacts."),
    stop_campaign=StopCampaign(known_by="email", stop=campaigns.stop),
    start_campaign=NONE("An address is taken off the block list on Instantly’s own pages."),
    history=NONE("What its campaigns send comes by webhook."),
    backfill=listed.since,
    poll_every=timedelta(minutes=30),  # Instantly may lose an event at its first failure
    files=NONE("Instantly tells nothing of the files that came with a mail. They are in its Unibox."),
    calendar=NONE("It has no calendar."),
    probe=Probe(read=account.probe, applies=lambda _account: True),
    checks=(("Key accepted", account.check_key), ("Campaigns", account.check_campaigns)),
    reconnect=NONE("A new key is put in under Settings."),
    forget_owner=NONE("Nothing is remembered of an owner."),
    no_proof=NONE("Whatever works proves that the key does."),
    still_broken=NONE("Whatever works proves that the key does."),
    refusals=NONE("Its codes are common ones."),
    stopped=NONE("Its channel says it: replies do not arrive."),
    pauses_follow_ups=NONE("A follow-up over it waits at its own send: none is known to go by it before."),
)
