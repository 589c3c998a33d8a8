"""Clay: one callback under many names."""

from datetime import UTC, datetime

import pytest

from integrations.clay.payloads import parse
from integrations.events import PayloadInvalid
from tests.recorded import payload

NOW = datetime(2026, 10, 14, 14, 5, tzinfo=UTC)
LEAD = "0199d0c0-0000-7000-8000-000000000001"


@pytest.mark.parametrize(
    ("name", "kind", "status", "data"),
    [
        ("phone_found", "phone", "found", "+15555550123"),
        ("phone_found_validated", "phone", "found", "(555) 555-0137"),
        ("linkedin_found_snake_case", "linkedin", "found", "https://www.linkedin.com/in/dana-reyes-example/"),
        ("linkedin_found_boolean", "linkedin", "found", "linkedin.com/in/peter-hollander-example?trk=x"),
        ("phone_not_found", "phone", "not_found", ""),
        ("linkedin_missing", "linkedin", "not_found", ""),
        ("phone_found_without_data", "phone", "not_found", ""),
        ("phone_error", "phone", "error", ""),
    ],
)
def test_reads_every_name_of_a_callback(name, kind, status, data):
    event = parse(payload("clay", name), NOW)
    assert (event.lead_id, event.kind, event.status) == (LEAD, kind, status)
    assert (event.phone if kind == "phone" else event.linkedin_url) == data
    assert event.event_type == f"enrichment.{kind}"


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("SUCCESS", "found"),
        ("Not Found", "not_found"),
        ("not-found", "not_found"),
        ("Failed", "error"),
        ("", "found"),
    ],
)
def test_state_is_read_leniently(word, status):
    body = {"leadId": LEAD, "type": "phone", "status": word, "phone": 15555550123}
    assert parse(body, NOW).status == status


def test_key_repeats_for_the_same_result_and_changes_with_it():
    body = payload("clay", "phone_found")
    assert parse(body, NOW).event_key == parse(body | {"extra": {"confidence": 1}}, NOW).event_key
    assert parse(body, NOW).event_key != parse(body | {"phone": "+15555550999"}, NOW).event_key


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"leadId": None}, "leadId"),
        ({"leadId": 5}, "leadId"),
        ({"enrichmentType": None}, "enrichmentType"),
        ({"enrichmentType": "email"}, "enrichmentType"),
        ({"status": "perhaps"}, "status"),
    ],
)
def test_missing_or_unknown_fields_are_named(change, field):
    with pytest.raises(PayloadInvalid) as caught:
        parse(payload("clay", "phone_found") | change, NOW)
    assert field in caught.value.fields
