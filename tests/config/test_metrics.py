"""/metrics: for those who hold the token."""

import os
import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from django.db import OperationalError, connection
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from config import metrics
from integrations.health import writer
from integrations.models import CircuitBreaker
from jobs.db import statements_within
from jobs.models import BackgroundJob, Tick
from tests import factories
from tests.docs.pages import headings
from tests.reading import reads
from tests.serving import BEHIND_PROXY, WebServer

RUNBOOK = Path(__file__).resolve().parents[2] / "docs" / "runbook.md"
ALERTS = Path(__file__).resolve().parents[2] / "deploy" / "prometheus" / "alerts.yml"

NOWHERE = "postgres://nobody@127.0.0.1:1/nothing"

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
    assert 'holdfast_lane_promise_seconds{lane="stop"} 5.0' in text
    assert 'holdfast_lane_oldest_due_seconds{lane="bulk"} 0.0' in text


def test_it_tells_what_waits_and_has_waited_by_lane(client, settings):
    settings.METRICS_TOKEN = "right"
    now = timezone.now()
    BackgroundJob.objects.create(
        kind="t.late", lane="stop", dedupe_key="late", run_at=now - timedelta(seconds=40)
    )
    BackgroundJob.objects.create(
        kind="t.done",
        lane="proof",
        dedupe_key="done",
        status="succeeded",
        run_at=now - timedelta(seconds=9),
        started_at=now - timedelta(seconds=7),
        finished_at=now,
    )
    told = text_string_to_metric_families(scrape(client, "right").content.decode())
    values = {(one.name, *one.labels.values()): one.value for family in told for one in family.samples}

    assert values["holdfast_lane_due_jobs", "stop"] == 1
    assert 40 <= values["holdfast_lane_oldest_due_seconds", "stop"] < 90
    for part in ("p50", "p95"):
        assert values[f"holdfast_lane_wait_{part}_seconds", "proof"] == 2


def test_every_metric_that_an_alert_asks_for_is_told(client, settings):
    """Otherwise the rule would be silent for ever."""
    settings.METRICS_TOKEN = "right"
    end = timezone.now()
    BackgroundJob.objects.create(
        kind="t.done",
        lane="stop",
        dedupe_key="a",
        status="succeeded",
        run_at=end,
        started_at=end,
        finished_at=end,
    )
    told = scrape(client, "right").content.decode()
    names = set(re.findall(r"^# TYPE (\w+)", told, re.M)) | set(re.findall(r"^(holdfast_\w+)", told, re.M))
    rules = re.sub(r"#.*", "", ALERTS.read_text())
    asked = {re.sub("_(bucket|count)$", "", name) for name in re.findall(r"\bholdfast_\w+", rules)}

    assert asked
    assert sorted(asked - names) == []


def test_every_alert_is_a_part_of_the_runbook_and_says_whom_it_wakes_and_where_to_look():
    rules = re.split(r"- alert: ", ALERTS.read_text())[1:]
    names = [rule.split()[0] for rule in rules]
    assert sorted([*names, "Six drills", "Somebody has lost phone and recovery codes"]) == sorted(
        headings(RUNBOOK)[1:]
    )
    told = dict(re.findall(r"^## (\w+)\n\n\*(\w+)\.\*", RUNBOOK.read_text(), re.M))
    for name, rule in zip(names, rules, strict=True):
        severity = re.search(r"severity: (page|ticket|none)", rule)
        assert severity and told[name].lower() == severity[1], name
        assert "summary: " in rule and "fix: " in rule, name


def test_it_tells_when_a_cron_last_ended_well_and_which_breakers_are_open(client, settings):
    settings.METRICS_TOKEN = "right"
    now = timezone.now()
    runs = [
        {"at": (now - timedelta(seconds=age)).isoformat(), "ms": 5, "counts": {}, "error": error}
        for age, error in [(60, "ValueError"), (360, ""), (660, "")]
    ]
    Tick.objects.create(name="reply-poll", recent=runs)
    Tick.objects.create(name="retention", recent=runs[:1])
    CircuitBreaker.objects.create(key="ghl:x", provider="ghl", open_until=now)
    told = scrape(client, "right").content.decode()
    assert 'holdfast_breakers_open{provider="ghl"} 1.0' in told
    assert 'holdfast_tick_every_seconds{tick="reply-poll"} 300.0' in told
    values = dict(re.findall(r'holdfast_tick_last_success_seconds\{tick="([\w-]+)"\} ([\d.]+)', told))
    assert 360 <= float(values["reply-poll"]) < 600 and 60 <= float(values["retention"]) < 300


def test_accounts_that_are_off_and_those_of_a_drill_do_not_count(client, settings):
    settings.METRICS_TOKEN = "right"
    workspace = factories.make_workspace()
    drill = factories.make_workspace(drill_of=workspace)
    for place, provider, enabled in (
        (workspace, "ghl", True),
        (workspace, "unipile", False),
        (drill, "unipile", True),
    ):
        account = factories.make_integration(place, provider, enabled=enabled)
        writer.record(account, writer.Signal(writer.SignalKind.REFUSED, "auth"))
        CircuitBreaker.objects.create(
            key=CircuitBreaker.key_of(provider, place.pk),
            provider=provider,
            workspace=place,
            open_until=timezone.now(),
        )
    text = scrape(client, "right").content.decode()
    assert 'holdfast_accounts{provider="ghl",state="disconnected"} 1.0' in text
    assert 'holdfast_breakers_open{provider="ghl"} 1.0' in text
    assert 'holdfast_accounts{provider="unipile"' not in text
    assert 'holdfast_breakers_open{provider="unipile"' not in text


def test_what_a_rule_waits_for_is_there_before_its_first_event(client, settings):
    """A counter whose first sample is already an event shows no increase."""
    settings.METRICS_TOKEN = "right"
    text = scrape(client, "right").content.decode()
    for line in (
        'holdfast_webhook_deliveries_total{source="clay",verdict="mismatch"}',
        'holdfast_webhook_unauthorized_total{source="clay"}',
        'holdfast_webhook_seconds_bucket{le="+Inf",source="clay"}',
        'holdfast_request_seconds_count{kind="cron",status="500"}',
        'holdfast_provider_calls_total{outcome="shutdown",provider="clay"}',
        'holdfast_deliveries_failed{source="clay"}',
        'holdfast_deliveries_refused{source="clay"}',
    ):
        assert f"{line} 0.0" in text
    assert "holdfast_stops_failed 0.0" in text and "holdfast_jobs_failed_recently 0.0" in text


def test_requests_are_counted_by_kind_and_status(client, settings):
    settings.METRICS_TOKEN = "right"
    client.get("/login/")
    client.post("/api/webhooks/email/nobody/")
    told = scrape(client, "right").content.decode()
    assert 'holdfast_request_seconds_count{kind="page",status="200"}' in told
    assert 'holdfast_request_seconds_count{kind="webhook",status="401"}' in told


def test_it_says_that_the_database_is_out_of_reach(client, settings, monkeypatch):
    settings.METRICS_TOKEN = "right"
    assert "\nholdfast_database_up 1\n" in scrape(client, "right").content.decode()

    def away(self):
        raise OperationalError

    monkeypatch.setattr("config.metrics.DatabaseMetrics.collect", away)
    assert "\nholdfast_database_up 0\n" in scrape(client, "right").content.decode()


def test_a_long_queue_is_counted_whole(client, settings, monkeypatch):
    monkeypatch.setattr("jobs.backlog.CAP", 3)
    settings.METRICS_TOKEN = "right"
    for number in range(5):
        BackgroundJob.objects.create(kind="t.many", lane="bulk", dedupe_key=str(number))
    BackgroundJob.objects.create(kind="t.reply", lane="reply", dedupe_key="reply")

    text = scrape(client, "right").content.decode()

    assert 'holdfast_lane_due_jobs{lane="bulk"} 5.0' in text
    assert 'holdfast_lane_due_jobs{lane="reply"} 1.0' in text
    assert 'holdfast_lane_due_jobs{lane="stop"} 0.0' in text


def test_the_last_day_is_read_once(client, settings):
    settings.METRICS_TOKEN = "right"
    with reads("percentile_cont") as found:
        scrape(client, "right")
    assert len(found) == 1


def test_numbers_that_take_too_long_to_count_are_left_out_and_all_others_told(client, settings, monkeypatch):
    def too_long(**_):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(60)")

    settings.METRICS_TOKEN = "right"
    monkeypatch.setattr("config.metrics.COUNTING_MS", 500)
    monkeypatch.setattr("jobs.stats.exact_counts", too_long)
    monkeypatch.setattr("jobs.stats.exact_due", too_long)
    text = scrape(client, "right").content.decode()
    assert 'holdfast_jobs{status="queued"}' not in text and "due_jobs{" not in text
    assert 'holdfast_jobs{status="failed"} 0.0' in text, "an alert asks for it"
    assert 'holdfast_lane_oldest_due_seconds{lane="bulk"} 0.0' in text
    assert "holdfast_sends_unknown 0.0" in text and "out of reach" not in text


COUNT = """
import django
django.setup()
from integrations.http.call_reports import CALLS
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
    line = re.compile(
        r'^holdfast_provider_calls_total\{host="[^"]+",outcome="timeout",provider="ghl"\} 4.0$', re.M
    )
    assert line.search(scrape(client, "right").content.decode())
    assert sorted(path.name for path in tmp_path.glob("*.db")) == ["counter_0.db", "histogram_0.db"]
    assert line.search(scrape(client, "right").content.decode())


@pytest.mark.crash
def test_all_processes_of_all_web_units_of_a_host_show_the_same_counters_though_nobody_named_a_directory(
    tmp_path,
):
    where = {"TMPDIR": str(tmp_path), "METRICS_TOKEN": "right", "WEB_CONCURRENCY": "2"}
    first = WebServer(NOWHERE, tmp_path / "first.log", **where)
    with first, WebServer(NOWHERE, tmp_path / "second.log", **where) as second:
        for server in (first, second):
            for _ in range(6):
                asked(server, "/login/")
        shown = {
            tuple(
                re.findall(
                    r'^holdfast_request_seconds_count\{host="(.+?)",kind="page",.* (\d+)\.0$', text, re.M
                )
            )
            for server in (first, second)
            for text in [asked(server, "/metrics") for _ in range(6)]
        }
    [counts] = shown
    assert len({host for host, _ in counts}) == 1
    assert sum(int(count) for _, count in counts) == 12


def asked(server: WebServer, path: str) -> str:
    """An answer, over a connection of its own, which any process may take."""
    request = Request(
        f"http://127.0.0.1:{server.port}{path}", headers=BEHIND_PROXY | {"Authorization": "Bearer right"}
    )
    try:
        with urlopen(request, timeout=60) as answer:
            return answer.read().decode()
    except HTTPError as refusal:
        return refusal.read().decode()


def test_a_slow_statement_leaves_its_numbers_out_and_is_no_database_that_is_away(
    client, settings, monkeypatch
):
    def too_slow(*_):
        with statements_within(10), connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(60)")

    settings.METRICS_TOKEN = "right"
    monkeypatch.setattr("jobs.stats.lanes", too_slow)
    text = scrape(client, "right").content.decode()
    assert "\nholdfast_database_up 1\n" in text and "holdfast_workers_alive 0.0" in text
    assert "holdfast_sends_unknown 0.0" in text and "holdfast_lane_" not in text


def test_all_counts_of_a_scrape_share_their_time_as_prometheus_waits_for_ten_seconds(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(metrics, "time", SimpleNamespace(monotonic=lambda: now[0]))
    counting = metrics.Counting()

    def count() -> dict[str, int]:
        now[0] += 1.5
        return {"failed": 1}

    assert [counting.exactly(count) for _ in range(3)] == [{"failed": 1}, {"failed": 1}, None]
