"""Values that cannot be used, and parsers that fail: what the ledger keeps and what the sender is told."""

from types import SimpleNamespace
from urllib.parse import quote

import psycopg
import pytest
from django.db import OperationalError, connection

from inbox.leads.identity import normal_profile_url
from inbox.models import Lead, Message, WebhookDelivery
from inbox.webhooks import replay, views
from integrations import rawjson
from jobs.redaction import redact_path
from tests.factories import make_lead
from tests.recorded import payload
from tests.webhooks.posting import (
    CALENDLY_KEY,
    GHL_PUBLIC,
    SLACK_SECRET,
    calendly_headers,
    encoded,
    ghl_headers,
    slack_headers,
)
from tests.webhooks.test_statements import recorded

Verdict = WebhookDelivery.Verdict
LONG = "İ" * 320


@pytest.fixture
def calendly(poster):
    integration = poster.integration("calendly")
    integration.credentials = {"signing_key": CALENDLY_KEY}
    integration.save()
    return poster


def test_smartlead_address_that_cannot_be_read_is_refused_with_its_field(poster):
    body = payload("smartlead", "email_reply") | {"sl_lead_email": "nobody", "lead_correspondence": {}}
    answer = poster.post("smartlead", body)
    delivery = WebhookDelivery.objects.get()
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_payload")
    assert list(answer.json()["fields"]) == ["email"]
    assert (delivery.verdict, delivery.error_fields) == (Verdict.REJECTED, answer.json()["fields"])
    assert not Lead.objects.exists() and not Message.objects.exists()


@pytest.mark.parametrize("event", ["reply_received", "lead_unsubscribed", "email_bounced"])
def test_instantly_address_that_cannot_be_read_is_quarantined(poster, event):
    body = payload("instantly", "reply_received") | {"event_type": event, "lead_email": "nobody"}
    answer = poster.post("instantly", body)
    assert (answer.status_code, answer.json()["quarantined"]) == (200, True)
    assert WebhookDelivery.objects.get().error_fields.keys() == {"email"}


@pytest.mark.parametrize("url", ["%00", "%00%00?x=1"])
def test_profile_of_unstorable_characters_is_nobody(url):
    assert normal_profile_url(f"https://www.linkedin.com/in/{url}") == ""


def test_unstorable_character_in_a_profile_is_dropped():
    assert normal_profile_url("linkedin.com/in/Da%00na") == "https://www.linkedin.com/in/dana"


@pytest.mark.parametrize("name", ["old_invitee", "new_invitee"])
def test_calendly_invitee_longer_than_a_uri_is_refused_with_its_field(calendly, name):
    body = payload("calendly", "invitee_created_flat")
    body["payload"][name] = "x" * 501
    raw = encoded(body)
    answer = calendly.post("calendly", raw, **calendly_headers(raw))
    assert answer.json()["quarantined"] is True
    assert list(WebhookDelivery.objects.get().error_fields) == [f"payload.{name}"]


def test_sender_that_grows_in_lower_case_is_cut_to_its_column(poster):
    make_lead(poster.workspace, email="dana.reyes@reyesroofing.example.com")
    body = recorded("LEAD_REPLIED")
    body["data"]["reply"]["from_email_address"] = LONG
    assert poster.post("email", body).json()["deduped"] is False
    assert WebhookDelivery.objects.get().verdict == Verdict.ACCEPTED
    assert len(Message.objects.get().lead.current_replier_email) == 320


@pytest.fixture
def broken(monkeypatch):
    """A defect of ours in what every parser uses."""

    def fail(_value, _depth):
        raise ZeroDivisionError("somebody's words")

    monkeypatch.setattr(rawjson, "_clean", fail)


@pytest.mark.parametrize("source", ["email", "linkedin", "smartlead"])
def test_defect_of_a_parser_keeps_the_delivery_and_answers_as_promised(poster, broken, source):
    answer = poster.post(source, b'{"some": "event"}')
    delivery = WebhookDelivery.objects.get()
    stored = {"success": True, "stored": True, "deliveryId": str(delivery.pk)}
    assert (answer.status_code, answer.json()) == (200, stored)
    assert (delivery.verdict, delivery.workspace) == (Verdict.FAILED, poster.workspace)
    assert bytes(delivery.body) == b'{"some": "event"}'
    assert "ZeroDivisionError" in delivery.reason and "words" not in delivery.reason


def test_defect_of_a_parser_keeps_a_signed_sender_s_delivery_too(poster, settings, broken):
    settings.GHL_APP_PUBLIC_KEY, settings.SLACK_SIGNING_SECRET = GHL_PUBLIC, SLACK_SECRET
    form = b"payload=" + quote("{}").encode()
    for name, raw, headers in (("ghl/app", b"{}", ghl_headers), ("slack/interactions", form, slack_headers)):
        answer = poster.post_to(f"/api/webhooks/{name}/", raw, **headers(raw))
        assert (answer.status_code, answer.json()["stored"]) == (200, True)
    assert {row.verdict for row in WebhookDelivery.objects.all()} == {Verdict.FAILED}


def test_replay_completes_what_a_defect_of_a_parser_left(poster, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(rawjson, "_clean", None)  # calling it is the defect
        poster.post("email", recorded("LEAD_REPLIED"))
    delivery = WebhookDelivery.objects.get()
    assert delivery.verdict == Verdict.FAILED
    assert replay.replay(delivery).outcome.verdict == Verdict.ACCEPTED


@pytest.mark.parametrize("source", ["email", "ghl/sms", "calendly"])
@pytest.mark.parametrize("key", ["a b", "a.b", "%00", "%20" + "k" * 43, "kéy", "a:b", "'"])
def test_key_of_odd_characters_is_unauthorized_as_any_other(poster, source, key):
    for path in (f"/api/webhooks/{source}/{key}/", f"/api/webhooks/{source}/{key}"):
        for answer in (poster.post_to(path, {}), poster.client.get(path)):
            assert (answer.status_code, answer.json()) == (401, {"success": False, "error": "unauthorized"})


@pytest.mark.parametrize("key", [" " + "k" * 43, "k" * 43 + " ", "k" * 20 + "é" + "k" * 22])
def test_key_that_was_pasted_with_odd_characters_is_redacted_as_well(key):
    assert redact_path(f"/api/webhooks/email/{key}/") == "/api/webhooks/email/[key]/"


@pytest.mark.parametrize("method", ["get", "post"])
def test_database_out_of_reach_asks_to_come_again(poster, monkeypatch, method):
    def away(**_lookup):
        raise OperationalError("the connection is closed")

    monkeypatch.setattr(views, "KEYS", SimpleNamespace(get=away))
    monkeypatch.setattr(views, "drop_connection", lambda: None)  # the test's own
    answer = getattr(poster.client, method)(poster.path("email"))
    assert (answer.status_code, answer.json()) == (503, {"success": False, "error": "unavailable"})
    assert answer["Retry-After"] == str(views.RETRY_AFTER_S)


def test_a_session_that_ends_without_a_result_asks_to_come_again(poster, monkeypatch):
    """psycopg then raises InternalError, without an SQLSTATE, if a pooler ends the session while PostgreSQL stops."""

    def end(execute, sql, params, many, context):
        if sql.startswith('INSERT INTO "inbox_message"'):
            with connection.wrap_database_errors:
                raise psycopg.InternalError("got no result from the query")
        return execute(sql, params, many, context)

    monkeypatch.setattr(views, "drop_connection", lambda: None)  # the test's own
    with connection.execute_wrapper(end):
        answer = poster.post("email", recorded("LEAD_REPLIED"))
    assert (answer.status_code, answer.json()) == (503, {"success": False, "error": "unavailable"})
    assert not WebhookDelivery.objects.exists()
    assert poster.post("email", recorded("LEAD_REPLIED")).json()["leadId"]


@pytest.fixture(params=["53100", "53200", "58030"])
def exhausted(request, db):
    """PostgreSQL without disk, without memory, and with a disk that fails: each delivery's row is refused with that."""
    with connection.cursor() as cursor:
        cursor.execute(f"""CREATE FUNCTION pg_temp.refuse() RETURNS trigger LANGUAGE plpgsql AS
            $$BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = '{request.param}'; END$$""")
        cursor.execute("""CREATE TRIGGER refuse BEFORE INSERT ON inbox_webhookdelivery
            FOR EACH ROW EXECUTE FUNCTION pg_temp.refuse()""")


def test_postgresql_without_disk_or_memory_asks_to_come_again(poster, exhausted):
    answer = poster.post("smartlead", payload("smartlead", "email_reply"))
    assert (answer.status_code, answer.json()) == (503, {"success": False, "error": "unavailable"})
    assert answer["Retry-After"] == str(views.RETRY_AFTER_S)
    assert not Lead.objects.exists() and not Message.objects.exists()


def test_postgresql_without_disk_or_memory_answers_ghls_app_429(poster, exhausted, settings):
    settings.GHL_APP_PUBLIC_KEY = GHL_PUBLIC
    poster.configure("ghl/sms", external_account_id="LocNorthwind01")
    raw = encoded(payload("ghl", "app_inbound_message"))
    answer = poster.post_to("/api/webhooks/ghl/app/", raw, **ghl_headers(raw))
    assert (answer.status_code, answer["Retry-After"]) == (429, str(views.RETRY_AFTER_S))
