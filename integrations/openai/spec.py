"""Declares what OpenAI can do and how its accounts are set up (the fields: integrations.spec)."""

from django.conf import settings

from integrations.openai import NAME, account
from integrations.spec import NONE, Probe, ProviderSpec

SPEC = ProviderSpec(
    name=NAME,
    label="OpenAI",
    known_as="OpenAI",
    company="OpenAI",
    aliases=(),
    hosts=("api.openai.com",),
    ports=NONE("It is reached on 443 alone."),
    base_url=lambda: settings.OPENAI_BASE_URL,
    operator_urls=lambda: (settings.OPENAI_BASE_URL,),
    call_limit=NONE("Its limits are the organisation’s; a call that it refuses with 429 is waited for."),
    account_id=NONE("A workspace asks by the installation’s key, and has one account."),
    secrets=(),
    settings=(),
    key=NONE("The installation’s key is not stored."),
    installation_key=account.own_key,
    key_made_at=NONE("The operator makes it, and sets OPENAI_API_KEY."),
    usable=account.usable,
    lacks=NONE("A workspace sets nothing."),
    webhooks=NONE("It is asked, and posts nothing."),
    sources=NONE("It brings no messages."),
    account_words=NONE("It says nothing of an account’s state."),
    channel=NONE("It carries no messages to leads."),
    opens_channel=False,
    carrier=NONE("It carries no messages to leads."),
    sends=NONE("It carries no messages to leads."),
    contacts=NONE("It has no contacts."),
    stop_campaign=NONE("It runs no campaigns."),
    start_campaign=NONE("It runs no campaigns."),
    history=NONE("It carries no messages to leads."),
    backfill=NONE("It brings no messages."),
    poll_every=NONE("It brings no messages."),
    calendar=NONE("It has no calendar."),
    probe=Probe(read=account.probe, applies=lambda _account: True),
    checks=(("Key accepted", account.check_key),),
    reconnect=NONE("The operator sets another key."),
    forget_owner=NONE("Nothing is remembered of an owner."),
    no_proof=NONE("Whatever works proves that the key does."),
    still_broken=account.stays_broken,
    refusals={
        "invalid_api_key": "the installation’s key is refused",
        "insufficient_quota": "the quota is used up",
        "billing_hard_limit_reached": "the budget is used up",
    },
    stopped="Replies are not understood, and no drafts are written",
    pauses_follow_ups=NONE("What a follow-up says is written before it is due."),
)
