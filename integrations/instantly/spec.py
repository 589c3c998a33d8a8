"""Declares what Instantly can do and how its accounts are set up (the fields: integrations.spec)."""

from datetime import timedelta

from integrations import spec
from integrations.instantly import NAME, account, carrier, listed, payloads

SPEC = spec.Declaration(
    names=spec.Names(name=NAME, label="Instantly", known_as="Instantly", company="Instantly", aliases=()),
    calls=spec.Calls(
        hosts=("api.instantly.ai",),
        base_url=lambda: "https://api.instantly.ai/api/v2",
        **spec.PLAIN_CALLS,
    ),
    connecting=spec.Connecting(
        account_id=spec.NONE("A key belongs to one account, and events don’t name theirs."),
        secrets=(spec.API_KEY,),
        settings=(spec.BASE_URL, spec.STOP_LABELS),
        key_made_at="Instantly under Settings, Integrations, API Keys",
        **spec.ONE_KEY,
    ),
    webhooks=(
        spec.json_webhook(
            NAME,
            NAME,
            payloads,
            secret_headers=("X-Instantly-Secret",),
            secret_field="",
            accepts=spec.SIGNS_NOTHING,
            sample=payloads.sample,
            rules=spec.DeliveryRules(
                unusable_status=200,
                unavailable_status=503,
                why="turns a webhook off after repeated failures, until a person resumes it",
            ),
        ),
    ),
    messages=spec.Messages(
        sources=spec.campaign_mail(NAME, flags_interest=False),
        opens_channel=False,
        carrier=carrier.InstantlyCarrier(),
        newer=carrier.InstantlyCarrier().listed,
        stop_campaign=spec.StopCampaign(known_by="email", stop=carrier.stop_campaign),
        history=spec.NONE("Campaign messages arrive by webhook."),
        files=spec.NONE("Instantly doesn’t report attached files. Find them in its Unibox."),
        pauses_follow_ups=spec.NONE("A follow-up waits only when its own message is due."),
        **spec.MAIL_ANSWERS,
    ),
    lists=spec.Lists(
        poll_every=timedelta(minutes=30),  # Instantly may lose an event at the first failed delivery
        replies=listed.since,
        sent=spec.NONE("Instantly’s rate limit is too low to list every campaign email."),
        opt_outs=spec.NONE("The provider lists unsubscribes, but not their times."),
        bounces=spec.NONE("The provider lists bounces, but not their times."),
        appointments=spec.NO_CALENDAR,
    ),
    calendar=spec.NO_CALENDAR,
    login=spec.NEW_KEY,
    health=spec.Health(
        probe=spec.Probe(read=account.probe, applies=spec.any_account),
        checks=(("Key accepted", account.check_key), ("Campaigns", account.check_campaigns)),
        account_words=spec.AccountWords(refused=("ACCOUNT_ERROR",), down=(), well=()),
        **spec.KEY_HEALTH,
    ),
)
