"""Declares what EmailBison can do and how its accounts are set up (the fields: integrations.spec)."""

from datetime import timedelta

from django.conf import settings

from integrations import spec
from integrations.emailbison import NAME, account, carrier, listed, payloads

SPEC = spec.Declaration(
    names=spec.Names(
        name=NAME, label="EmailBison", known_as="EmailBison", company="EmailBison", aliases=("email",)
    ),
    calls=spec.Calls(
        # The first host is a white label. This URL was the default address of EmailBison accounts until release 0.1.0.
        hosts=("send.meetinboxxia.com", "emailbison.com"),
        base_url=lambda: settings.EMAILBISON_BASE_URL,
        **spec.PLAIN_CALLS,
    ),
    connecting=spec.Connecting(
        account_id=spec.optional(
            "workspace_id",
            "EmailBison workspace ID",
            "Events for other workspaces are refused. Leave empty to skip the check.",
        ),
        secrets=(spec.API_KEY,),
        settings=(
            spec.optional(
                "base_url",
                "Your EmailBison URL",
                "The URL where you log in, like https://send.example.com. If you change it, enter the key "
                "again.",
            ),
            spec.STOP_LABELS,
        ),
        key="api_key",
        installation_key=spec.KEY_PER_ACCOUNT,
        key_made_at="EmailBison under Settings, Developer API",
        usable=spec.has_secrets,
        lacks=account.lacks,
    ),
    webhooks=(
        spec.json_webhook(
            NAME,
            "email",
            payloads,
            **spec.NO_SECRET,
            accepts=spec.SIGNS_NOTHING,
            sample=payloads.sample,
            rules=spec.DeliveryRules(
                unusable_status=400,
                unavailable_status=503,
                why="waits 15 s, tries several times, and keeps its events for 10 days",
            ),
        ),
    ),
    messages=spec.Messages(
        sources=spec.campaign_mail(NAME, flags_interest=True),
        opens_channel=True,
        carrier=carrier.EmailBisonCarrier(),
        newer=carrier.EmailBisonCarrier().newer,
        stop_campaign=spec.StopCampaign(known_by="emailbison_lead_id", stop=carrier.stop_campaign),
        history=spec.History(known_by="emailbison_lead_id", read=listed.sent_to),
        files=spec.Files(needs="url", fetch=carrier.fetch_file),
        pauses_follow_ups="EmailBison is disconnected",
        **spec.MAIL_ANSWERS,
    ),
    lists=spec.Lists(
        poll_every=timedelta(minutes=30),
        replies=listed.since,
        sent=spec.NONE(
            "EmailBison lists campaign emails one lead at a time. Emails that people write arrive with the replies."
        ),
        opt_outs=spec.NONE("The provider lists unsubscribes, but not their times."),
        bounces=listed.bounces,
        appointments=spec.NO_CALENDAR,
    ),
    calendar=spec.NO_CALENDAR,
    login=spec.NEW_KEY,
    health=spec.Health(
        probe=spec.Probe(read=account.probe, applies=spec.any_account),
        checks=(
            ("Key accepted", account.check_key),
            ("Right account", account.check_account),
            ("Senders", account.check_senders),
        ),
        account_words=spec.AccountWords(refused=("DISCONNECTED", "REMOVED"), down=(), well=("RECONNECTED",)),
        **spec.KEY_HEALTH | {"refusals": {"host_or_key": "the key has expired or is for a different URL"}},
    ),
)
