"""What the log says of a delivery: ids and times, an overrun loudly, no key and no person's words."""

import logging

import pytest
from django.db import connection

from config.logs import redact_event
from inbox.models import WebhookDelivery
from inbox.webhooks import views
from jobs.redaction import redact_path
from tests.recorded import payload
from tests.webhooks.test_statements import recorded


def told(caplog) -> list[logging.LogRecord]:
    return [record for record in caplog.records if record.name == "inbox.webhooks.views"]


def test_delivery_over_its_budget_is_a_warning_with_event_type_and_milliseconds(poster, caplog, monkeypatch):
    monkeypatch.setattr(views, "SLOW_MS", 0)
    poster.post("email", recorded("LEAD_REPLIED"))
    (record,) = told(caplog)
    assert record.levelno == logging.WARNING
    assert record.getMessage() == "webhook delivery over its budget"
    assert (record.event_type, record.source) == ("LEAD_REPLIED", "email")
    assert record.ms > 0


def test_delivery_within_its_budget_is_no_warning(poster, caplog, monkeypatch):
    monkeypatch.setattr(views, "SLOW_MS", 60_000)
    caplog.set_level(logging.INFO, logger="inbox.webhooks.views")
    poster.post("email", recorded("LEAD_REPLIED"))
    (record,) = told(caplog)
    assert (record.levelno, record.verdict) == (logging.INFO, "accepted")


def test_a_delivery_that_the_database_refuses_says_which_column_and_where_in_our_code(poster, caplog):
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE inbox_message ADD COLUMN of_the_next_release integer NOT NULL")
    answer = poster.post("email", recorded("LEAD_REPLIED")).json()

    record = next(one for one in caplog.records if one.getMessage() == "delivery failed on our side")
    assert (record.table, record.column, record.sqlstate) == ("inbox_message", "of_the_next_release", "23502")
    assert record.where.startswith("inbox/") and record.error_class == "IntegrityError"
    kept = WebhookDelivery.objects.get(pk=answer["deliveryId"])
    assert kept.verdict == "failed" and kept.reason.endswith("column of_the_next_release")


@pytest.mark.parametrize(
    "source", ["email", "ghl/sms", "linkedin", "smartlead", "instantly", "clay", "calendly"]
)
@pytest.mark.parametrize("slash", ["/", ""])
def test_key_in_a_path_is_redacted(poster, source, slash):
    path = poster.path(source).rstrip("/") + slash
    assert redact_path(path) == f"/api/webhooks/{source}/[key]{slash}"


def test_request_that_django_hands_to_its_loggers_is_redacted(rf):
    request = rf.post("/api/webhooks/email/wrong-key-wrong-key/")
    event = redact_event(
        None, "", {"event": "Unauthorized: /api/webhooks/email/wrong-key-wrong-key/", "request": request}
    )
    assert "wrong-key" not in str(event) and "[key]" in event["request"]


def test_no_log_line_of_a_delivery_holds_its_key_or_its_words(poster, caplog):
    caplog.set_level(logging.DEBUG)
    body = recorded("LEAD_REPLIED")
    poster.post("email", body)
    poster.post_to(poster.path("email"), b"{")
    poster.post("clay", payload("clay", "phone_found"))
    lines = [str(vars(record)) for record in caplog.records if not record.name.startswith("django.db")]
    for secret in (poster.keys["email"], poster.keys["clay"], body["data"]["lead"]["email"]):
        assert not [line for line in lines if secret in line and "WSGIRequest" not in line]
