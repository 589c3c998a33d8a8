"""Declares what SmartLead can do and how its accounts are set up (the fields: integrations.spec)."""

from datetime import timedelta

from integrations import spec
from integrations.smartlead import NAME, account, carrier, listed, payloads, signature

SPEC = spec.Declaration(
    names=spec.Names(name=NAME, label="SmartLead", known_as="SmartLead", company="SmartLead", aliases=()),
    calls=spec.Calls(
        hosts=("server.smartlead.ai",),
        base_url=lambda: "https://server.smartlead.ai/api/v1",
        **spec.PLAIN_CALLS,
    ),
    connecting=spec.Connecting(
        account_id=spec.NONE("A key belongs to one account, and events don’t name theirs."),
        secrets=(
            spec.API_KEY,
            spec.optional(
                "signing_secret",
                "Webhook signing secret",
                "If you set it, unsigned webhooks are refused.",
            ),
        ),
        settings=(spec.BASE_URL,),
        key_made_at="SmartLead under Settings, API Key",
        **spec.ONE_KEY,
    ),
    webhooks=(
        spec.json_webhook(
            NAME,
            NAME,
            payloads,
            secret_headers=("X-Smartlead-Secret",),
            secret_field="secret_key",
            accepts=signature.accepts,
            sample=payloads.sample,
            rules=spec.DeliveryRules(
                unusable_status=400,
                unavailable_status=503,
                why="tries three times, after which the reply poll finds the reply",
            ),
        ),
    ),
    messages=spec.Messages(
        sources=spec.campaign_mail(NAME, flags_interest=False),
        opens_channel=False,
        carrier=carrier.SmartLeadCarrier(),
        newer=carrier.SmartLeadCarrier().listed,
        stop_campaign=spec.StopCampaign(known_by="email", stop=carrier.stop_campaign),
        history=spec.NONE("Campaign messages arrive by webhook."),
        files=spec.NONE("SmartLead doesn’t report attached files. Find them in its Master Inbox."),
        pauses_follow_ups=spec.NONE("A follow-up waits only when its own message is due."),
        **spec.MAIL_ANSWERS,
    ),
    lists=spec.Lists(
        poll_every=timedelta(minutes=30),  # SmartLead may lose an event at the first failed delivery
        replies=listed.since,
        sent=spec.NONE("SmartLead lists sent emails only in conversations with a reply."),
        opt_outs=spec.NONE("SmartLead lists them only for one campaign at a time."),
        bounces=spec.NONE("SmartLead lists them only for one campaign at a time."),
        appointments=spec.NO_CALENDAR,
    ),
    calendar=spec.NO_CALENDAR,
    login=spec.NEW_KEY,
    health=spec.Health(
        probe=spec.Probe(read=account.probe, applies=spec.any_account),
        checks=(("Key accepted", account.check_key),),
        account_words=spec.AccountWords(refused=("DISCONNECTED",), down=(), well=()),
        **spec.KEY_HEALTH,
    ),
)
