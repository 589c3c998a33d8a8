"""Declares what GoHighLevel can do and how its accounts are set up (the fields: integrations.spec)."""

from datetime import timedelta

from django.conf import settings

from integrations import rawjson
from integrations.client import has_secrets
from integrations.ghl import NAME, account, calendar, files, listed, payloads, sample, signature
from integrations.ghl.carrier import GhlCarrier
from integrations.ghl.client import CALLS, WINDOW_S, GhlClient
from integrations.spec import (
    API_KEY,
    BASE_URL,
    NONE,
    AccountWords,
    Calendar,
    CallLimit,
    Counts,
    DeliveryRules,
    Files,
    History,
    MessageSource,
    Probe,
    ProviderSpec,
    Setting,
    Signature,
    WebhookSource,
)

SPEC = ProviderSpec(
    name=NAME,
    label="GoHighLevel",
    known_as="GoHighLevel SMS",
    company="GoHighLevel",
    aliases=("ghl/sms",),
    hosts=("services.leadconnectorhq.com",),
    ports=NONE("It is reached on 443 alone."),
    base_url=lambda: settings.GHL_BASE_URL,
    operator_urls=lambda: (settings.GHL_BASE_URL,),
    call_limit=CallLimit(calls=CALLS, window_s=WINDOW_S),
    account_id=Setting(
        name="location_id",
        label="Location id",
        help="As in the address of GoHighLevel’s pages.",
        required=True,
    ),
    secrets=(API_KEY,),
    settings=(
        BASE_URL,
        Setting(
            name="calendar_id",
            label="Calendar id",
            help="The calendar whose free times are offered.",
            required=False,
        ),
    ),
    key="api_key",
    installation_key=NONE("Each location has a key of its own."),
    key_made_at="GoHighLevel under Settings, Private Integrations",
    usable=has_secrets,
    lacks=NONE("Key and location id are all that it needs."),
    webhooks=(
        WebhookSource(
            name="ghl/sms",
            provider=NAME,
            keyed=True,
            signature=NONE("A workflow signs nothing."),
            decode=rawjson.parse,
            parse=payloads.parse,
            account_of=payloads.account_of,
            events=payloads.EVENTS,
            secret_headers=(),
            secret_field="",
            accepts=NONE("A workflow signs nothing."),
            sample=sample.body,
            rules=DeliveryRules(
                unusable_status=400,
                unavailable_status=503,
                why="workflow webhooks: users report retries after 5xx and network errors, GHL documents none",
            ),
        ),
        WebhookSource(
            name="ghl/app",
            provider=NAME,
            keyed=False,
            signature=Signature(
                valid=lambda raw, headers, _now: signature.valid(raw, headers), names=payloads.names
            ),
            decode=rawjson.parse,
            parse=payloads.parse,
            account_of=payloads.account_of,
            events=payloads.APP_EVENTS,
            secret_headers=(),
            secret_field="",
            accepts=NONE("The signature opens it: there is no key beside it."),
            sample=NONE("Only GoHighLevel has the key that signs these."),
            rules=DeliveryRules(
                unusable_status=400,
                unavailable_status=429,
                why="tries again after 429 alone: 6 times, 10 min apart; any other status is final",
            ),
        ),
    ),
    sources=(
        MessageSource(
            name="ghl_message",
            counts=Counts.ANSWER,
            bounces=NONE("A text does not come back as a text."),
            flags_interest=False,
            names_account=True,
        ),
    ),
    account_words=AccountWords(
        refused=frozenset({payloads.APP_GONE}), down=frozenset(), well=frozenset({payloads.APP_BACK})
    ),
    channel="sms",
    opens_channel=True,
    carrier=GhlCarrier(),
    newer=GhlCarrier().listed,
    sends=frozenset({"send_sms"}),
    contacts=GhlClient.for_integration,
    stop_campaign=NONE("Its campaigns are workflows, which end by what they see themselves."),
    start_campaign=NONE("Nothing was stopped there."),
    history=History(known_by="ghl_contact_id", read=listed.sent_to),
    backfill=listed.since,
    poll_every=timedelta(minutes=30),  # GHL may lose an event at its first failure
    files=Files(needs="url", fetch=files.fetch),
    calendar=Calendar(choice="calendar_id", free_times=calendar.free_times, meetings=calendar.meetings),
    probe=Probe(read=account.probe, applies=lambda _account: True),
    checks=(
        ("Key accepted", account.check_key),
        ("Location found", account.check_location),
        ("Calendars", account.check_calendars),
    ),
    reconnect=NONE("A new key is put in under Settings."),
    forget_owner=NONE("Nothing is remembered of an owner."),
    no_proof=NONE("Whatever works proves that the key does."),
    still_broken=account.stays_broken,
    refusals=NONE("It has no codes; what its texts mean has common ones."),
    stopped=NONE("Its channel says it: texts do not arrive."),
    pauses_follow_ups="GoHighLevel is disconnected",
)
