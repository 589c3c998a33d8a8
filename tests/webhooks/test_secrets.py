"""No secret that a sender proves itself with is stored, wherever it stands; what an earlier release stored goes."""

import json
from datetime import timedelta
from urllib.parse import quote

import pytest
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from inbox.intake import handlers
from inbox.models import Message, WebhookDelivery
from inbox.pages.operations import deliveries
from inbox.webhooks import replay
from inbox.webhooks.scrub import MARK, without_secrets
from integrations.models import WebhookKey, hash_key
from integrations.registry import keyed_sources
from tests.factories import make_delivery, make_lead
from tests.recorded import payload
from tests.webhooks.posting import (
    CALENDLY_KEY,
    CLAY_SECRET,
    SLACK_SECRET,
    calendly_headers,
    encoded,
    slack_headers,
)
from tests.webhooks.test_statements import recorded

Verdict = WebhookDelivery.Verdict
EVENTS = {
    "email": lambda: recorded("LEAD_REPLIED"),
    "ghl/sms": lambda: payload("ghl", "workflow_sms"),
    "linkedin": lambda: payload("unipile", "account_status"),
    "smartlead": lambda: payload("smartlead", "email_reply"),
    "instantly": lambda: payload("instantly", "reply_received"),
    "clay": lambda: payload("clay", "phone_found"),
    "calendly": lambda: payload("calendly", "invitee_created_flat"),
}
ADDRESS = "https://holdfast.example/api/webhooks/x/{key}/"


def rows_with(secret: str) -> list[str]:
    """The tables in which `secret` stands anywhere, bytes and JSON included."""
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            name = connection.ops.quote_name(table)
            cursor.execute(
                f"SELECT count(*) FROM {name} AS one WHERE one::text LIKE %s OR one::text LIKE %s",
                [f"%{secret}%", f"%{secret.encode().hex()}%"],
            )
            if cursor.fetchone()[0]:
                found.append(table)
    return found


PLACES = [
    (name, place)
    for name, source in keyed_sources().items()
    for place, exists in {
        "path": True,
        "bearer": True,
        "X-Webhook-Secret": True,
        "own header": source.secret_headers,
        "body": source.secret_field,
    }.items()
    if exists
]


@pytest.mark.parametrize(("source", "place"), PLACES)
def test_key_is_stored_nowhere_whichever_way_it_came(poster, source, place):
    own = keyed_sources()[source].secret_headers
    key = poster.keys[source]
    body = EVENTS[source]() | {"note": f"sent to {ADDRESS.format(key=key)}", key: [key, {"deep": key}]}
    headers = {
        "bearer": {"Authorization": f"Bearer {key}"},
        "X-Webhook-Secret": {"X-Webhook-Secret": key},
        "own header": {own[-1]: key} if own else {},
    }.get(place, {})
    if place == "body":
        body["secret_key"] = key
    headers |= {
        "Referer": ADDRESS.format(key=key),
        "X-Original-URI": f"/api/webhooks/x/?key={quote(key)}",
        "X-Note": key,
    }
    path = poster.path(source) if place == "path" else f"/api/webhooks/{source}/"
    answer = poster.post_to(path, body, **headers)
    delivery = WebhookDelivery.objects.get(pk=answer.json()["deliveryId"])
    assert answer.status_code in (200, 400)
    assert rows_with(key) == []
    assert json.loads(bytes(delivery.body))["note"] == f"sent to {ADDRESS.format(key=MARK)}"
    assert (delivery.headers["Referer"], delivery.headers["X-Note"]) == (ADDRESS.format(key=MARK), MARK)
    assert delivery.headers["X-Original-Uri"] == "/api/webhooks/x/?[query]"
    assert delivery.scrubbed


ESCAPED = [
    lambda key: key,
    lambda key: "".join(f"\\u{ord(one):04x}" for one in key),
    lambda key: "".join(f"\\u{ord(one):04X}" if at % 2 else one for at, one in enumerate(key)),
    lambda key: key[:9] + "\\u0000" + key[9:12] + "\\ud800" + key[12:],
]


@pytest.mark.parametrize(
    "write", ESCAPED, ids=["as it is", "all escaped", "half escaped", "with what is dropped"]
)
def test_key_is_found_however_json_writes_it(poster, write):
    key = poster.keys["smartlead"]
    raw = encoded(payload("smartlead", "email_reply") | {"secret_key": "HERE", "note": "and HERE"})
    raw = raw.replace(b"HERE", write(key).encode())
    answer = poster.post_to("/api/webhooks/smartlead/", raw)
    kept = json.loads(bytes(WebhookDelivery.objects.get().body))
    assert (answer.status_code, answer.json()["deduped"]) == (200, False)
    assert (kept["secret_key"], kept["note"]) == (MARK, f"and {MARK}")


def test_smartleads_secret_is_stored_nowhere_even_where_the_path_has_opened(poster):
    """SmartLead sends the secret that was set there, which may be another than our key."""
    body = payload("smartlead", "email_reply") | {"secret_key": "sl-other-secret", "note": "sl-other-secret"}
    assert poster.post("smartlead", body).status_code == 200
    assert rows_with("sl-other-secret") == []


@pytest.mark.parametrize(
    ("verdict", "post"),
    [
        (Verdict.ACCEPTED, lambda p, key, body: p.post("smartlead", body)),
        (Verdict.DUPLICATE, lambda p, key, body: [p.post("smartlead", body), p.post("smartlead", body)][1]),
        (Verdict.IGNORED, lambda p, key, body: p.post("smartlead", body | {"event_type": "LEAD_SANG"})),
        (Verdict.REJECTED, lambda p, key, body: p.post("smartlead", encoded(body)[:-30])),
        (Verdict.REJECTED, lambda p, key, body: p.post("smartlead", b"\xff" + encoded(body))),
        (Verdict.REJECTED, lambda p, key, body: p.post("smartlead", f"key={key}&secret_key={key}".encode())),
        (Verdict.REJECTED, lambda p, key, body: p.post("smartlead", f'{{"secret_key": "{key}'.encode())),
    ],
)  # fmt: skip
def test_key_is_stored_nowhere_whatever_becomes_of_the_delivery(poster, verdict, post):
    key = poster.keys["smartlead"]
    body = {"secret_key": key, "note": key} | payload("smartlead", "email_reply") | {"secret_key": key}
    answer = post(poster, key, body)
    assert WebhookDelivery.objects.get(pk=answer.json()["deliveryId"]).verdict == verdict
    assert rows_with(key) == []


def test_key_of_a_delivery_for_another_account_is_stored_nowhere(poster):
    poster.configure("email", external_account_id="42")
    body = recorded("LEAD_REPLIED") | {"note": poster.keys["email"]}
    body["event"]["workspace_id"] = 43
    assert poster.post("email", body).status_code == 403
    assert WebhookDelivery.objects.get().verdict == Verdict.MISMATCH
    assert rows_with(poster.keys["email"]) == []


def test_failed_delivery_is_stored_without_its_key_and_its_replay_needs_none(poster, monkeypatch):
    key = poster.keys["smartlead"]
    body = payload("smartlead", "email_reply") | {"secret_key": key}
    with monkeypatch.context() as patch:
        patch.setattr(handlers, "handle", None)  # calling it is the defect
        assert poster.post_to("/api/webhooks/smartlead/", body).json()["stored"] is True
    failed = WebhookDelivery.objects.get()
    assert rows_with(key) == []
    assert replay.replay(failed).outcome.verdict == Verdict.ACCEPTED
    again = poster.post_to("/api/webhooks/smartlead/", body).json()
    assert again["deduped"] is True and Message.objects.count() == 1
    assert rows_with(key) == []


def test_secret_of_the_installation_that_clay_sends_is_stored_nowhere(poster, settings):
    settings.CLAY_CALLBACK_SECRET = CLAY_SECRET
    lead = make_lead(poster.workspace)
    body = payload("clay", "phone_found") | {"leadId": str(lead.pk), "note": CLAY_SECRET}
    answer = poster.post_to(
        "/api/webhooks/clay/", body, **{"X-Clay-Signature": CLAY_SECRET, "X-Note": CLAY_SECRET}
    )
    assert answer.status_code == 200
    assert rows_with(CLAY_SECRET) == []


def test_slacks_token_and_the_address_it_may_be_answered_at_are_stored_nowhere(poster, settings):
    settings.SLACK_SIGNING_SECRET = SLACK_SECRET
    body = payload("slack", "view_dashboard") | {
        "token": "verification-token", "response_url": "https://hooks.slack.com/actions/T1/2/capability",
    }  # fmt: skip
    raw = b"payload=" + quote(json.dumps(body)).encode()
    answer = poster.post_to("/api/webhooks/slack/interactions/", raw, **slack_headers(raw))
    assert answer.status_code == 200 and WebhookDelivery.objects.get().verdict != Verdict.REJECTED
    for secret in ("verification-token", "capability"):
        assert rows_with(secret) == []


def test_workspace_in_calendlys_old_address_is_no_secret(poster):
    integration = poster.integration("calendly")
    integration.credentials = {"signing_key": CALENDLY_KEY}
    integration.save()
    body = payload("calendly", "invitee_created_nested")
    raw = encoded(body | {"note": str(poster.workspace.pk)})
    poster.post_to(f"/api/webhooks/calendly/{poster.workspace.pk}/", raw, **calendly_headers(raw))
    assert bytes(WebhookDelivery.objects.get().body) == raw


@pytest.mark.parametrize("source", keyed_sources())
def test_body_without_a_secret_is_kept_byte_by_byte(poster, source):
    raw = json.dumps(EVENTS[source](), indent=3, ensure_ascii=source == "email").encode()
    raw = raw.replace(b"whsec_example", MARK.encode())
    poster.post(source, raw)
    assert bytes(WebhookDelivery.objects.get().body) == raw


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        (b'{"a": "password", "b": "token"}', b'{"a": "password", "b": "token"}'),
        (rb'{"text": "\"password\": \"hunter2\""}', rb'{"text": "\"password\": \"hunter2\""}'),
        (b'{"API_KEY" : "a\\"b", "x": 1}', b'{"API_KEY" : "[secret]", "x": 1}'),
        (b'{"secret": "", "token": null}', b'{"secret": "", "token": null}'),
        (b"token=abc&x=token", b"token=[secret]&x=token"),
        (b"a=1&secret=a%20b", b"a=1&secret=[secret]"),
        (b'{"url": "https://x.example/?a=1&token=b"}', b'{"url": "https://x.example/?a=1&token=b"}'),
    ],
)
def test_field_that_says_it_is_secret_is_taken_out_and_words_stay(body, kept):
    assert without_secrets(body, ()) == kept


def test_short_word_that_was_given_for_a_secret_takes_nothing_out_of_the_text():
    assert without_secrets(b'{"text": "the cat sat"}', ["cat", "", "t"]) == b'{"text": "the cat sat"}'


class TestUpgrade:
    """The migration cleans what a release before 0.2.0 stored, in slices."""

    @pytest.fixture
    def clean_bodies(self, monkeypatch):
        name = ("inbox", "0126_bodies_with_secrets_go")
        loader = MigrationLoader(None)
        function = loader.disk_migrations[name].operations[0].code
        monkeypatch.setitem(function.__globals__, "SLICE", 2)
        apps = loader.project_state(name).apps
        return lambda: function(apps, None)

    def store(self, poster, text: str, **fields) -> WebhookDelivery:
        body = encoded(payload("smartlead", "email_reply") | {"note": text, "secret_key": "sl-other-secret"})
        headers = {"Referer": f"/x/{text[-43:]}/?{text[-43:]}", "User-Agent": "SmartLead/1.0"}
        defaults = {"source": "smartlead", "integration": poster.integration("smartlead"), "headers": headers}
        return make_delivery(poster.workspace, **defaults | {"body": body, "body_bytes": len(body)} | fields)

    def test_every_key_that_the_account_has_had_is_taken_out(self, poster, clean_bodies):
        integration = poster.integration("smartlead")
        ended, ends = poster.keys["smartlead"], WebhookKey.rotate(integration, timedelta(0)).secret
        keys = [ended, ends, WebhookKey.rotate(integration, timedelta(days=1)).secret]
        rows = [self.store(poster, f"at {key}") for key in keys]

        clean_bodies()

        assert [rows_with(secret) for secret in (*keys, "sl-other-secret")] == [[]] * 4
        for row in rows:
            row.refresh_from_db()
            assert json.loads(bytes(row.body))["note"] == f"at {MARK}"
            assert row.headers == {"Referer": "/x/[secret]/?[query]", "User-Agent": "SmartLead/1.0"}
            assert (row.scrubbed, row.body_bytes) == (True, len(row.body))
            assert row.body_sha256 == hash_key(bytes(row.body).decode())

    def test_delivery_of_an_account_whose_secret_is_unreadable_is_emptied(self, poster, other, clean_bodies):
        emptied = [self.store(other, "x"), self.store(other, "y"), self.store(other, "z")]
        cleaned = self.store(poster, poster.keys["smartlead"])
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE integrations_webhookkey SET secret = 'no token' WHERE integration_id = %s",
                [other.integration("smartlead").pk],
            )

        clean_bodies()

        assert set(WebhookDelivery.objects.filter(body=None, headers={})) == set(emptied)
        cleaned.refresh_from_db()
        assert json.loads(bytes(cleaned.body))["note"] == MARK

    def test_clean_delivery_and_one_without_an_account_keep_their_bytes(self, poster, clean_bodies):
        body = encoded(recorded("LEAD_REPLIED"))
        ours = {"body": b'{"note": "k-1234567890"}', "headers": {"X-Mood": "good"}, "scrubbed": True}
        rows = [make_delivery(poster.workspace, body=body), make_delivery(poster.workspace, **ours)]

        clean_bodies()

        stored = [WebhookDelivery.objects.get(pk=row.pk) for row in rows]
        assert [(bytes(row.body), row.scrubbed) for row in stored] == [(body, True), (ours["body"], True)]


def test_page_shows_no_field_that_is_named_as_a_secret(poster):
    row = make_delivery(poster.workspace, source="smartlead", body=b'{"secret_key": "sl-other-secret"}')
    for show in deliveries.VIEWS:
        text, _ = deliveries.excerpt(row, show)
        assert MARK in text and "sl-other-secret" not in text


def test_hash_of_what_is_stored_gives_no_secret_away(poster):
    """A hash over the bytes with the secret would let a weak one be guessed from the rest."""
    key = poster.keys["smartlead"]
    poster.post_to("/api/webhooks/smartlead/", payload("smartlead", "email_reply") | {"secret_key": key})
    delivery = WebhookDelivery.objects.get()
    assert delivery.body_sha256 == hash_key(bytes(delivery.body).decode())


def test_of_headers_that_may_prove_something_the_names_are_kept_and_the_values_never(poster):
    values = {"X-New-Signature": "v1=5f3a9c77", "Cookie": "sid=77aa88bb", "X-Api-Key": "k-99cc00dd"}
    names = ("X-Auth", "X-Signed-Body", "X-Password", "X-Credential", "X-Session-Id", "X-Hmac", "X-Jwt")
    values |= {name: f"v-{number}1ee22ff" for number, name in enumerate(names)}
    poster.post("smartlead", payload("smartlead", "email_reply"), **values, **{"X-Mood": "good"})
    headers = WebhookDelivery.objects.get().headers
    assert {name: headers[name] for name in values} == dict.fromkeys(values, MARK)
    assert headers["X-Mood"] == "good"
    assert not [value for value in values.values() if rows_with(value)]
