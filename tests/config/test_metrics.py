"""/metrics: for those who hold the token."""

import os
import subprocess
import sys

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


COUNT = """
import django
django.setup()
from integrations.outcomes import CALLS
CALLS.labels("ghl", "timeout").inc(2)
"""


def test_it_adds_up_what_other_processes_counted_also_when_they_are_gone(client, settings, tmp_path):
    """The library is told by the environment at its import: so the counting is done in processes of their own."""
    settings.METRICS_TOKEN, settings.METRICS_DIR = "right", str(tmp_path)
    environment = os.environ | {
        "PROMETHEUS_MULTIPROC_DIR": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DEBUG": "1",
    }
    for _ in range(2):
        subprocess.run([sys.executable, "-c", COUNT], env=environment, check=True, timeout=60)
    line = 'holdfast_provider_calls_total{outcome="timeout",provider="ghl"} 4.0'
    assert line in scrape(client, "right").content.decode()
    assert sorted(path.name for path in tmp_path.glob("*.db")) == ["counter_0.db"]
    assert line in scrape(client, "right").content.decode()
