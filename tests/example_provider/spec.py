"""Example Mail, declared. Each capability is a value, or NONE with the reason (docs/adding-a-provider.md)."""

from datetime import timedelta

from integrations import rawjson
from integrations.client import has_secrets
from integrations.spec import (
    API_KEY,
    BASE_URL,
    NONE,
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
from tests.example_provider import NAME, account, campaigns, files, listed, payloads, sample
from tests.example_provider.carrier import ExampleMailCarrier

SPEC = ProviderSpec(
    name=NAME,
    label="Example Mail",
    known_as="Example Mail",
    company="Example Mail",
    aliases=(),
    hosts=("api.examplemail.invalid",),
    ports=NONE("It is reached on 443 alone."),
    base_url=lambda: "https://api.examplemail.invalid",
    operator_urls=NONE("Its address is the same for everybody."),
    call_limit=NONE("It documents none; what it refuses with 429 is waited for."),
    account_id=Setting(
        name="account_id",
        label="Account id",
        help="As on Example Mail’s settings page. Events that name another one are refused.",
        required=False,
    ),
    secrets=(API_KEY,),
    settings=(BASE_URL,),
    key="api_key",
    installation_key=NONE("Each workspace has a key of its own."),
    key_made_at="Example Mail under Settings, API",
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
            secret_headers=("X-ExampleMail-Secret",),
            secret_field="",
            accepts=NONE("It signs nothing."),
            sample=sample.body,
            rules=DeliveryRules(
                unusable_status=400,
                unavailable_status=503,
                why="tries again for a day after anything but 2xx",
            ),
        ),
    ),
    sources=(
        MessageSource(
            name="examplemail_reply",
            counts=Counts.ANSWER,
            bounces="examplemail_bounce",
            flags_interest=False,
            names_account=False,
        ),
        MessageSource(
            name="examplemail_sent",
            counts=Counts.STEP,
            bounces=NONE("Nobody writes to us by it."),
            flags_interest=False,
            names_account=False,
        ),
        # e-mail: a text or chat message does not bounce
        MessageSource(
            name="examplemail_bounce",
            counts=Counts.BOUNCE,
            bounces=NONE("It is one."),
            flags_interest=False,
            names_account=False,
        ),
        # end of e-mail
    ),
    account_words=AccountWords(
        refused=frozenset({"DISCONNECTED"}), down=frozenset(), well=frozenset({"CONNECTED"})
    ),
    channel="email",
    opens_channel=False,
    carrier=ExampleMailCarrier(),
    newer=ExampleMailCarrier().listed,
    sends=frozenset({"answer"}),
    contacts=NONE("It has leads of campaigns, and no contacts."),
    stop_campaign=StopCampaign(known_by="email", stop=campaigns.stop),
    start_campaign=NONE("A stop is taken back on Example Mail’s own pages."),
    history=History(known_by="email", read=listed.sent_to),
    backfill=listed.since,
    poll_every=timedelta(hours=6),
    files=Files(needs="id", fetch=files.fetch),
    calendar=NONE("It has no calendar."),
    probe=Probe(read=account.probe, applies=lambda _account: True),
    checks=(("Key accepted", account.check_key), ("Right account", account.check_account)),
    reconnect=NONE("A new key is put in under Settings."),
    forget_owner=NONE("Nothing is remembered of an owner."),
    no_proof=NONE("Whatever works proves that the key does."),
    still_broken=NONE("Whatever works proves that the key does."),
    refusals=NONE("Its codes are common ones."),
    stopped=NONE("Its channel says it: replies do not arrive."),
    pauses_follow_ups="Example Mail is disconnected",
)
