"""Declares what GoHighLevel can do and how its accounts are set up (the fields: integrations.spec)."""

from datetime import timedelta

from django.conf import settings

from integrations import spec
from integrations.ghl import NAME, account, calendar, carrier, listed, payloads, signature
from integrations.ghl.client import CALLS, WINDOW_S, GhlClient

SPEC = spec.Declaration(
    names=spec.Names(
        name=NAME,
        label="GoHighLevel",
        known_as="GoHighLevel SMS",
        company="GoHighLevel",
        aliases=("ghl/sms",),
    ),
    calls=spec.Calls(
        hosts=("services.leadconnectorhq.com",),
        base_url=lambda: settings.GHL_BASE_URL,
        **spec.PLAIN_CALLS | {"call_limit": spec.CallLimit(calls=CALLS, window_s=WINDOW_S)},
    ),
    connecting=spec.Connecting(
        account_id=spec.Setting(
            name="location_id",
            label="Location ID",
            help="Find it in the URL of any GoHighLevel page.",
            required=True,
        ),
        secrets=(spec.API_KEY,),
        settings=(
            spec.BASE_URL,
            spec.optional("calendar_id", "Calendar ID", "The calendar whose free times you offer."),
        ),
        key_made_at="GoHighLevel under Settings, Private Integrations",
        **spec.ONE_KEY,
    ),
    webhooks=(
        spec.json_webhook(
            NAME,
            "ghl/sms",
            payloads,
            **spec.NO_SECRET,
            accepts=spec.SIGNS_NOTHING,
            sample=payloads.sample,
            rules=spec.DeliveryRules(
                unusable_status=400,
                unavailable_status=503,
                why="workflow webhooks: users report retries after 5xx and network errors, but GHL documents none",
            ),
        ),
        spec.json_webhook(
            NAME,
            "ghl/app",
            payloads,
            signature=spec.Signature(
                valid=lambda raw, headers, _now: signature.valid(raw, headers), names=payloads.names
            ),
            events=payloads.APP_EVENTS,
            **spec.SHARED_WEBHOOK,
            sample=spec.NONE("Only GoHighLevel has the key that signs these."),
            rules=spec.DeliveryRules(
                unusable_status=400,
                unavailable_status=429,
                why="retries only after a 429, up to 6 times, 10 min apart",
            ),
        ),
    ),
    messages=spec.Messages(
        sources=(
            spec.MessageSource(
                name="ghl_message",
                counts=spec.Counts.ANSWER,
                bounces=spec.NONE("A bounce doesn’t arrive as a text."),
                flags_interest=False,
                names_account=True,
            ),
        ),
        channel="sms",
        opens_channel=True,
        carrier=carrier.GhlCarrier(),
        newer=carrier.GhlCarrier().listed,
        sends=frozenset({"send_sms"}),
        contacts=GhlClient.for_integration,
        stop_campaign=spec.NONE("GoHighLevel campaigns are workflows, which end by their own rules."),
        history=spec.History(known_by="ghl_contact_id", read=listed.sent_to),
        read_message=spec.WHOLE_MESSAGES,
        files=spec.Files(needs="url", fetch=carrier.fetch_file),
        pauses_follow_ups="GoHighLevel is disconnected",
    ),
    lists=spec.Lists(
        poll_every=timedelta(minutes=30),  # GHL may lose an event at the first failed delivery
        replies=listed.since,
        sent=listed.since,
        opt_outs=spec.NONE("GoHighLevel can’t list contacts by the time they opted out."),
        bounces=spec.NONE("Texts don’t bounce."),
        appointments=spec.NONE("Every two hours, Holdfast checks each lead’s meetings against GoHighLevel."),
    ),
    calendar=spec.Calendar(choice="calendar_id", free_times=calendar.free_times, meetings=calendar.meetings),
    login=spec.NEW_KEY,
    health=spec.Health(
        probe=spec.Probe(read=account.probe, applies=spec.any_account),
        checks=(
            ("Key accepted", account.check_key),
            ("Location found", account.check_location),
            ("Calendars", account.check_calendars),
        ),
        account_words=spec.AccountWords(refused=(payloads.APP_GONE,), down=(), well=(payloads.APP_BACK,)),
        **spec.KEY_HEALTH | {"still_broken": account.stays_broken},
    ),
)
