"""Example Mail, declared. Each capability is a value, or NONE with the reason (docs/adding-a-provider.md)."""

from datetime import timedelta

from integrations import spec
from tests.example_provider import NAME, account, carrier, listed, payloads

SPEC = spec.Declaration(
    names=spec.Names(
        name=NAME, label="Example Mail", known_as="Example Mail", company="Example Mail", aliases=()
    ),
    calls=spec.Calls(
        hosts=("api.examplemail.invalid",),
        ports=(),
        base_url=lambda: "https://api.examplemail.invalid",
        operator_urls=spec.BASE_URL_ALONE,
        call_limit=spec.WAITS_AT_429,
    ),
    connecting=spec.Connecting(
        account_id=spec.Setting(
            name="account_id",
            label="Account id",
            help="As on Example Mail’s settings page. Events that name another one are refused.",
            required=False,
        ),
        secrets=(spec.API_KEY,),
        settings=(spec.BASE_URL,),
        key="api_key",
        installation_key=spec.KEY_PER_ACCOUNT,
        key_made_at="Example Mail under Settings, API",
        usable=spec.has_secrets,
        lacks=spec.KEY_IS_ENOUGH,
    ),
    webhooks=(
        spec.json_webhook(
            NAME,
            NAME,
            payloads,
            secret_headers=("X-ExampleMail-Secret",),
            secret_field="",
            accepts=spec.SIGNS_NOTHING,
            sample=payloads.sample,
            rules=spec.DeliveryRules(
                unusable_status=400,
                unavailable_status=503,
                why="tries again for a day after anything but 2xx",
            ),
        ),
    ),
    messages=spec.Messages(
        sources=(
            spec.MessageSource(
                name="examplemail_reply",
                counts=spec.Counts.ANSWER,
                bounces="examplemail_bounce",
                flags_interest=False,
                names_account=False,
            ),
            spec.MessageSource(
                name="examplemail_sent",
                counts=spec.Counts.STEP,
                bounces=spec.NONE("Nobody writes to us by it."),
                flags_interest=False,
                names_account=False,
            ),
            # e-mail: a text or chat message does not bounce
            spec.MessageSource(
                name="examplemail_bounce",
                counts=spec.Counts.BOUNCE,
                bounces=spec.NONE("It is one."),
                flags_interest=False,
                names_account=False,
            ),
            # end of e-mail
        ),
        channel="email",
        opens_channel=False,
        carrier=carrier.ExampleMailCarrier(),
        newer=carrier.ExampleMailCarrier().listed,
        sends=frozenset({"answer"}),
        contacts=spec.NO_CONTACTS,
        stop_campaign=spec.StopCampaign(known_by="email", stop=carrier.stop_campaign),
        history=spec.History(known_by="email", read=listed.sent_to),
        read_message=spec.WHOLE_MESSAGES,
        files=spec.Files(needs="id", fetch=carrier.fetch_file),
        pauses_follow_ups="Example Mail is disconnected",
    ),
    lists=spec.Lists(
        poll_every=timedelta(hours=6),
        replies=listed.since,
        sent=spec.NONE("It lists what it sent for one person at a time only."),
        opt_outs=spec.NONE("It lists no opt-outs."),
        bounces=spec.NONE("It lists no bounces."),
        appointments=spec.NO_CALENDAR,
    ),
    calendar=spec.NO_CALENDAR,
    login=spec.NEW_KEY,
    health=spec.Health(
        probe=spec.Probe(read=account.probe, applies=spec.any_account),
        checks=(("Key accepted", account.check_key), ("Right account", account.check_account)),
        account_words=spec.AccountWords(
            refused=frozenset({"DISCONNECTED"}), down=frozenset(), well=frozenset({"CONNECTED"})
        ),
        no_proof=spec.KEY_PROVES_ALL,
        still_broken=spec.KEY_PROVES_ALL,
        refusals={},
        stopped=spec.CHANNEL_STOPS,
    ),
)
