"""Declares what Clay can do and how its accounts are set up (the fields: integrations.spec)."""

from integrations import rawjson
from integrations.clay import NAME, account, payloads, signature
from integrations.spec import NONE, DeliveryRules, ProviderSpec, Setting, Signature, WebhookSource

SPEC = ProviderSpec(
    name=NAME,
    label="Clay",
    known_as="Clay",
    company="Clay",
    aliases=(),
    hosts=("clay.com",),
    ports=NONE("It is reached on 443 alone."),
    base_url=NONE("Each table has an address of its own."),
    operator_urls=account.operator_urls,
    call_limit=NONE("The limit is a table’s, whichever workspace feeds it: its client keeps it."),
    account_id=NONE("Its tables are named by their addresses."),
    secrets=(
        Setting(
            name="callback_secret",
            label="Callback secret",
            help="What Clay’s answers are signed with.",
            required=False,
        ),
    ),
    settings=(
        Setting(name="linkedin_table_url", label="Webhook of the LinkedIn table", help="", required=False),
        Setting(name="phone_table_url", label="Webhook of the phone table", help="", required=False),
    ),
    key=NONE("A table’s address is the secret; calls carry nothing else."),
    installation_key=NONE("The operator may name tables for everybody; they need no key."),
    key_made_at=NONE("There is no key to make."),
    usable=account.usable,
    lacks=NONE("A table without an address is not asked."),
    webhooks=(
        WebhookSource(
            name="clay",
            provider=NAME,
            keyed=True,
            signature=Signature(
                valid=lambda raw, headers, _now: signature.valid(raw, headers), names=payloads.names
            ),
            decode=rawjson.parse,
            parse=payloads.parse,
            account_of=payloads.account_of,
            events=payloads.EVENTS,
            secret_headers=signature.HEADERS,
            secret_field="",
            accepts=signature.accepts,
            sample=NONE("It brings facts about people, and no messages."),
            rules=DeliveryRules(
                unusable_status=400,
                unavailable_status=503,
                why="shows the status in the table's row, where a person runs it again",
            ),
        ),
    ),
    sources=NONE("It brings no messages."),
    account_words=NONE("It says nothing of an account’s state."),
    channel=NONE("It carries no messages to leads."),
    opens_channel=False,
    carrier=NONE("It carries no messages to leads."),
    newer=NONE("It carries no messages to leads."),
    sends=NONE("It carries no messages to leads."),
    contacts=NONE("It has no contacts."),
    stop_campaign=NONE("It runs no campaigns."),
    start_campaign=NONE("It runs no campaigns."),
    history=NONE("It carries no messages to leads."),
    backfill=NONE("It brings no messages."),
    poll_every=NONE("It brings no messages."),
    files=NONE("It brings no messages."),
    calendar=NONE("It has no calendar."),
    probe=NONE("It can only be tried by a row, which costs credits."),
    checks=(("Tables", account.check_tables),),
    reconnect=NONE("A new address is put in under Settings."),
    forget_owner=NONE("Nothing is remembered of an owner."),
    no_proof=NONE("A row that was taken proves that the table’s address works."),
    still_broken=NONE("A row that was taken proves that the table’s address works."),
    refusals=NONE("Its codes are common ones."),
    stopped="Leads are not looked up",
    pauses_follow_ups=NONE("A step that waits for a number has its own limit of time."),
)
