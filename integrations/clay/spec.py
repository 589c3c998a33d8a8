"""Declares what Clay can do and how its accounts are set up (the fields: integrations.spec)."""

from integrations import spec
from integrations.clay import NAME, account, payloads, signature

ROW_PROVES_ALL = spec.NONE("If the table accepts a row, its address works.")

SPEC = spec.Declaration(
    names=spec.Names(name=NAME, label="Clay", known_as="Clay", company="Clay", aliases=()),
    calls=spec.Calls(
        hosts=("clay.com",),
        ports=(),
        base_url=spec.NONE("Each table has its own URL."),
        operator_urls=account.operator_urls,
        call_limit=spec.NONE("The client applies the limit to a table across all workspaces."),
    ),
    connecting=spec.Connecting(
        account_id=spec.NONE("A table is identified by its address."),
        secrets=(spec.optional("callback_secret", "Callback secret", "Clay signs its responses with it."),),
        settings=(
            spec.optional("linkedin_table_url", "Webhook of the LinkedIn table", ""),
            spec.optional("phone_table_url", "Webhook of the phone table", ""),
        ),
        key=spec.NONE("A table’s address is its only secret."),
        installation_key=spec.NONE("The operator can set tables for everyone, which need no key."),
        key_made_at=spec.NONE("It has no key."),
        usable=account.usable,
        lacks=spec.NONE("A table without a URL isn’t used."),
    ),
    webhooks=(
        spec.json_webhook(
            NAME,
            NAME,
            payloads,
            signature=spec.Signature(
                valid=lambda raw, headers, _now: signature.valid(raw, headers), names=payloads.names
            ),
            secret_headers=signature.HEADERS,
            secret_field="",
            accepts=signature.accepts,
            sample=spec.NONE("Clay provides facts about people, not messages."),
            rules=spec.DeliveryRules(
                unusable_status=400,
                unavailable_status=503,
                why="shows the status in the table's row, where a person can run it again",
            ),
        ),
    ),
    messages=spec.NO_MESSAGES,
    lists=spec.NO_LISTS,
    calendar=spec.NO_CALENDAR,
    login=spec.NONE("Clay has no login: a table’s address is enough."),
    health=spec.Health(
        probe=spec.NONE("Only a real row can test it, and that costs credits."),
        checks=(("Tables", account.check_tables),),
        account_words=spec.NONE("The provider doesn’t report an account’s state."),
        no_proof=ROW_PROVES_ALL,
        still_broken=ROW_PROVES_ALL,
        refusals={},
        stopped="Leads aren’t looked up",
    ),
)
