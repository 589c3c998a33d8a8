"""/metrics: for those who hold the token."""

import pytest

pytestmark = pytest.mark.django_db


def scrape(client, token: str):
    return client.get("/metrics", headers={"Authorization": f"Bearer {token}"})


def test_without_a_configured_token_it_is_closed(client, settings):
    settings.METRICS_TOKEN = ""
    assert client.get("/metrics").status_code == 503


def test_a_wrong_token_is_refused_before_any_query(client, settings, django_assert_num_queries):
    settings.METRICS_TOKEN = "right"
    with django_assert_num_queries(0):
        assert scrape(client, "wrong").status_code == 401


def test_it_tells_the_queue_and_what_this_process_counted(client, settings):
    settings.METRICS_TOKEN = "right"
    text = scrape(client, "right").content.decode()
    assert 'holdfast_jobs{status="queued"} 0.0' in text
    assert "holdfast_oldest_due_job_seconds 0.0" in text
    assert "holdfast_webhook_deliveries_total" in text
