"""Declares what OpenAI can do and how its accounts are set up (the fields: integrations.spec)."""

from django.conf import settings

from integrations import spec
from integrations.openai import NAME, account

SPEC = spec.Declaration(
    names=spec.Names(name=NAME, label="OpenAI", known_as="OpenAI", company="OpenAI", aliases=()),
    calls=spec.Calls(
        hosts=("api.openai.com",),
        base_url=lambda: settings.OPENAI_BASE_URL,
        **spec.PLAIN_CALLS,
    ),
    connecting=spec.Connecting(
        account_id=spec.NONE("Every workspace uses the installation’s key and has one account."),
        secrets=(),
        settings=(),
        key=spec.NONE("The installation’s key is not stored."),
        installation_key=lambda: settings.OPENAI_API_KEY,
        key_made_at=spec.NONE("The operator creates it and sets OPENAI_API_KEY."),
        usable=lambda _account: bool(settings.OPENAI_API_KEY),
        lacks=spec.NONE("It has no workspace settings."),
    ),
    webhooks=spec.NONE("Holdfast calls it. It never calls back."),
    messages=spec.NO_MESSAGES,
    lists=spec.NO_LISTS,
    calendar=spec.NO_CALENDAR,
    login=spec.NONE("The operator sets another key."),
    health=spec.Health(
        probe=spec.Probe(read=account.probe, applies=spec.any_account),
        checks=(("Key accepted", account.check_key),),
        account_words=spec.NONE("The provider doesn’t report an account’s state."),
        no_proof=spec.KEY_PROVES_ALL,
        still_broken=account.stays_broken,
        refusals={
            "invalid_api_key": "the installation’s key is refused",
            "insufficient_quota": "the quota is used up",
            "billing_hard_limit_reached": "the budget is used up",
        },
        stopped="Replies aren’t tagged, and drafts aren’t written",
    ),
)
