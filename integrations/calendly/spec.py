"""Declares what Calendly can do and how its accounts are set up (the fields: integrations.spec)."""

from datetime import timedelta

from integrations import spec
from integrations.calendly import NAME, account, calendar, payloads, signature

SPEC = spec.Declaration(
    names=spec.Names(name=NAME, label="Calendly", known_as="Calendly", company="Calendly", aliases=()),
    calls=spec.Calls(
        hosts=("api.calendly.com",),
        base_url=lambda: "https://api.calendly.com",
        **spec.PLAIN_CALLS,
    ),
    connecting=spec.Connecting(
        account_id=spec.NONE("A token belongs to one user."),
        secrets=(
            spec.API_KEY,
            spec.optional(
                "signing_key", "Webhook signing key", "Calendly shows it when you create the webhook."
            ),
        ),
        settings=(
            spec.BASE_URL,
            spec.optional("event_type_uri", "Event type", "The URI of the event type to offer."),
        ),
        key_made_at="Calendly under Integrations, API & Webhooks",
        **spec.ONE_KEY,
    ),
    webhooks=(
        spec.json_webhook(
            NAME,
            "calendly",
            payloads,
            **spec.NO_SECRET,
            accepts=signature.accepts,
            sample=spec.NONE("Calendly provides meetings, not messages."),
            rules=spec.DeliveryRules(
                unusable_status=200,
                unavailable_status=503,
                why="retries for 24 h at growing intervals, then disables the webhook",
            ),
        ),
    ),
    messages=spec.NO_MESSAGES,
    lists=spec.Lists(
        poll_every=timedelta(minutes=30),
        replies=spec.NO_MESSAGES,
        sent=spec.NO_MESSAGES,
        opt_outs=spec.NO_MESSAGES,
        bounces=spec.NO_MESSAGES,
        appointments=calendar.listed,
    ),
    calendar=spec.Calendar(
        choice="event_type_uri", free_times=calendar.free_times, meetings=calendar.meetings
    ),
    login=spec.NEW_KEY,
    health=spec.Health(
        probe=spec.Probe(read=account.probe, applies=spec.any_account),
        checks=(("Token accepted", account.check_token), ("Event type", account.check_event_type)),
        account_words=spec.NONE("The provider doesn’t report an account’s state."),
        **spec.KEY_HEALTH | {"stopped": "Bookings and free times can’t be read"},
    ),
)
