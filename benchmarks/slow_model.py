"""What waits while a model is slow: drafts a minute, and everything that must not wait behind them.

`make bench` or `python -m benchmarks.slow_model [--replies 500] [--model-s 6] [--away] [--json]`. One gunicorn with its
own settings, one qcluster with the defaults (or WORKER_PROCESSES and WORKER_THREADS), one sandbox whose model takes
`--model-s` seconds a call. Replies over 5 workspaces come at once; while they are worked on, people opt out by a
keyword and in words, accounts are probed and packs asked for. Afterwards single replies come to an idle cluster.

With `--away` the model is away while the replies come, and back once all of them wait for it. Then it is measured, too,
whether they are answered in the order in which they came.
"""

import argparse
import json
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import requests

from demo.postgres import EmbeddedPostgres

if TYPE_CHECKING:
    from demo.processes import Processes
    from sandbox import SandboxServer

WORKSPACES = 5
ASK_EVERY_S = 4
"""Between two of each thing that must not wait."""
IDLE_REPLIES = 8
PATIENCE_S = 1_800
WORKER = "worker"
"""The name by which the cluster's sessions are counted."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--replies", type=int, default=500)
    parser.add_argument("--model-s", type=float, default=6)
    parser.add_argument("--away", action="store_true", help="the replies come while the model is away")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="holdfast-bench-") as scratch,
        EmbeddedPostgres(Path(scratch) / "pg") as postgres,
    ):
        os.environ |= {
            "DATABASE_URL": postgres.url(),
            "DEBUG": "1",
            "ALLOW_LOOPBACK_PROVIDERS": "1",
            "DJANGO_SETTINGS_MODULE": "benchmarks._slow_model_settings",
        }
        report = run(Path(scratch), options.replies, options.model_s, away=options.away)
    print(json.dumps(report, indent=2) if options.json else text(report))


def run(scratch: Path, replies: int, model_s: float, *, away: bool) -> dict[str, Any]:
    """All of it; times in seconds."""
    from sandbox import SandboxServer

    with SandboxServer() as sandbox:
        os.environ |= {
            "OPENAI_API_KEY": "key-openai",
            "OPENAI_BASE_URL": f"{sandbox.url('openai')}/v1",
            "SLACK_BASE_URL": f"{sandbox.url('slack')}/api",
        }
        import django

        django.setup()
        from django.core.management import call_command

        from demo.processes import Processes
        from tests.faults.site import web_server

        call_command("migrate", interactive=False, verbosity=0)
        postmaster = int((scratch / "pg" / "postmaster.pid").read_text().split()[0])
        with web_server(scratch / "web.log", processes=2, threads=8) as server:
            cluster = Processes(scratch, {"DATABASE_URL": _named(os.environ["DATABASE_URL"])})
            cluster.start("worker", "manage.py", "qcluster")
            # As docs/operations.md has it where web and workers share a machine.
            os.setpriority(os.PRIO_PROCESS, cluster.running["worker"].pid, 10)
            try:
                bench = Bench(f"http://127.0.0.1:{server.port}", sandbox, cluster, postmaster)
                return bench.run(replies, model_s, away=away)
            finally:
                cluster.stop()


def _named(url: str) -> str:
    return f"{url}{'&' if '?' in url else '?'}application_name={WORKER}"


class Bench:
    """Workspaces whose providers are the sandbox, and what happens to them at once."""

    def __init__(self, url: str, sandbox: "SandboxServer", cluster: "Processes", postmaster: int) -> None:
        from inbox.workspaces import creation
        from inbox.workspaces.creation import webhook_path
        from integrations.models import Integration
        from tests import factories

        self._sandbox, self._cluster = sandbox, cluster
        self._postmaster = psutil.Process(postmaster)
        self._number = 0
        self._lock = threading.Lock()
        self._http = requests.Session()
        self.workspaces, self._hooks, self._accounts = [], [], []
        self._admins = []
        for number in range(WORKSPACES):
            created = creation.create(f"Bench {number}", "bench@example.com", factories.PASSWORD)
            account = Integration.objects.get(workspace=created.workspace, provider="emailbison")
            account.credentials = {"api_key": f"key-{number}"}
            account.config = {"base_url": sandbox.url("emailbison")}
            account.save()
            factories.make_integration(
                created.workspace,
                "slack",
                credentials={"bot_token": "xoxb-test"},
                config={"base_url": f"{sandbox.url('slack')}/api", "review_channel": "C0SANDBOX02"},
            )
            self.workspaces.append(created.workspace)
            self._admins.append(created.admin)
            self._accounts.append(account)
            self._hooks.append((url + webhook_path("email", created.keys["email"]), f"key-{number}"))

    def run(self, replies: int, model_s: float, *, away: bool) -> dict[str, Any]:
        """The burst, and what is asked for beside it; then single replies to an idle cluster."""
        load = os.getloadavg()[0]
        normal = [self._sent(number) for number in range(60)]
        self._sandbox.fault(provider="openai", kind="latency", ms=int(model_s * 1000), path="/responses")
        cpu, database_cpu, opened, began = self._cpu_s(), self._database_cpu_s(), self._opened(), time.time()
        if away:
            self._sandbox.set_account("openai", "key-openai", status="down")
        for number in range(replies):
            self._reply(number, f"How much is it for {number} crews?")
        if away:
            self._until_all_wait(replies)
            self._sandbox.set_account("openai", "key-openai", status="ok")
        watch = Watch(self)
        replies_sent = self._ask_beside(replies, watch)
        took, cpu = time.time() - began, self._cpu_s() - cpu
        whole = replies + len(replies_sent["keyword"]) + len(replies_sent["words"])
        report = self._numbers(replies, model_s, replies_sent) | {
            "whole_run_s": round(took, 1),
            "drafts_per_minute_from_the_first_reply_on": round(
                replies / (self._last_draft() - began) * 60, 1
            ),
            "load_before_and_after": [round(load, 1), round(os.getloadavg()[0], 1)],
            "cpu_s_per_reply": round(cpu / whole, 2),
            "database_cpu_s_per_reply": round((self._database_cpu_s() - database_cpu) / whole, 2),
            "connections_opened": self._opened() - opened,
            "oldest_due_s_by_lane": {name: round(waited, 1) for name, waited in watch.oldest_s.items()},
            "out_of_order": self._out_of_order(),
            "pss_mb": round(watch.pss_mb),
            "connections": watch.connections,
            "webhook_p95_ratio": round(_p95(replies_sent["webhook"]) / _p95(normal), 2),
            "idle_reply_to_draft_over_model_p95_s": self._idle(),
        }
        return report

    # --- traffic ---

    def _post(self, number: int, body: dict[str, Any]) -> float:
        hook, _ = self._hooks[number % WORKSPACES]
        began = time.monotonic()
        answer = self._http.post(hook, json=body, timeout=60)
        assert answer.status_code == 200, answer.text
        return time.monotonic() - began

    def _sent(self, number: int) -> float:
        """A webhook that makes no job; its latency in s."""
        lead = {"id": 500_000 + self._next(), "email": f"sent{self._number}@example.org"}
        mail = {"id": self._number, "lead_id": lead["id"], "email_subject": "Hi", "email_body": "<p>Hi</p>"}
        return self._post(
            number, {"event": {"type": "EMAIL_SENT"}, "data": {"lead": lead, "scheduled_email": mail}}
        )

    def _reply(self, number: int, text: str) -> str:
        """Somebody answers by e-mail; the address."""
        _, key = self._hooks[number % WORKSPACES]
        email = f"lead{self._next()}@example.org"
        emitted = self._sandbox.emit(
            "emailbison",
            key,
            "LEAD_REPLIED",
            deliver=False,
            lead={"email": email, "first_name": "Dana", "last_name": "Reyes"},
            text=text,
            subject="Re: winter work",
            campaign={"id": 901, "name": "Q1 Founders"},
        )
        self._post(number, emitted["body"])
        return email

    def _until_all_wait(self, replies: int) -> None:
        from jobs.models import BackgroundJob

        put_off = BackgroundJob.objects.filter(kind="inbound.process", snoozes__gt=0)
        _until(lambda: put_off.count() >= replies)

    def _next(self) -> int:
        with self._lock:
            self._number += 1
            return self._number

    def _ask_beside(self, replies: int, watch: "Watch") -> dict[str, list[Any]]:
        """Until all replies are drafted: what must not wait, every few seconds."""
        from inbox.models import Draft
        from insights import packs
        from integrations.health import probes

        replies_sent: dict[str, list[Any]] = {"keyword": [], "words": [], "webhook": []}
        ends, turn = time.monotonic() + PATIENCE_S, 0
        while Draft.objects.count() < replies and time.monotonic() < ends:
            turn += 1
            replies_sent["keyword"].append((self._reply(turn, "STOP"), time.time()))
            replies_sent["words"].append(
                (self._reply(turn, "My colleague said don't email her"), time.time())
            )
            probes.enqueue_probe(self._accounts[turn % WORKSPACES])
            if turn % 4 == 1 and turn < 20:
                packs.request(
                    self.workspaces[turn % WORKSPACES],
                    self._admins[turn % WORKSPACES],
                    question=f"What do they ask for? {turn}",
                    window="D7",
                )
            replies_sent["webhook"] += [self._sent(turn) for _ in range(4)]
            watch.look()
            time.sleep(ASK_EVERY_S)
        return replies_sent

    def _idle(self) -> float:
        """Single replies to a cluster that has nothing else to do: reply to draft beyond the model's own time, p95."""
        from django.db.models import Sum

        from inbox.models import Draft
        from integrations.models import AiCall
        from jobs.models import BackgroundJob

        _until(lambda: not BackgroundJob.objects.filter(status="running").exists())
        beyond = []
        for number in range(IDLE_REPLIES):
            began = time.time()
            email = self._reply(number, f"How much is it for {900 + number} crews?")
            draft = _until(lambda email=email: Draft.objects.filter(lead__email=email).first())
            jobs = BackgroundJob.objects.filter(payload__message_id=str(draft.trigger_message_id)).values(
                "pk"
            )
            thought = AiCall.objects.filter(job_id__in=jobs, created_at__lte=draft.created_at)
            model_s = (thought.aggregate(ms=Sum("duration_ms"))["ms"] or 0) / 1000
            beyond.append(draft.created_at.timestamp() - began - model_s)
        return round(_p95(beyond), 2)

    # --- numbers ---

    def _out_of_order(self) -> int:
        """The most replies of a workspace that came later than another one and whose draft was begun before its."""
        from jobs.models import BackgroundJob, JobStep

        worst = 0
        for workspace in self.workspaces:
            jobs = BackgroundJob.objects.filter(workspace=workspace, kind="inbound.process")
            begun = dict(
                JobStep.objects.filter(job__in=jobs, name="draft", status="done").values_list(
                    "job_id", "started_at"
                )
            )
            came = sorted(begun)  # the ids are in the order in which they were made
            for place, job_id in enumerate(came):
                worst = max(worst, sum(begun[later] < begun[job_id] for later in came[place + 1 :]))
        return worst

    def _numbers(self, replies: int, model_s: float, replies_sent: dict[str, list[Any]]) -> dict[str, Any]:
        from django.db.models import F, Sum

        from inbox.models import Draft
        from integrations.models import AiCall
        from jobs.models import BackgroundJob, Worker

        times = sorted(draft.created_at.timestamp() for draft in Draft.objects.all())
        middle = times[len(times) // 10 : -(len(times) // 10) or None]
        per_minute = (len(middle) - 1) / (middle[-1] - middle[0]) * 60
        drafted = BackgroundJob.objects.filter(
            kind="inbound.process", steps__name="draft", steps__status="done"
        )
        calls = AiCall.objects.filter(job_id__in=drafted.values("pk"))
        thought_s = (calls.aggregate(ms=Sum("duration_ms"))["ms"] or 0) / 1000 / len(times)
        places = Worker.objects.filter(ended_at=None).aggregate(n=Sum("places"))["n"] or 0
        waits = BackgroundJob.objects.annotate(waited=F("started_at") - F("run_at")).filter(
            started_at__isnull=False
        )

        def waited(kind: str) -> list[float]:
            return [job.waited.total_seconds() for job in waits.filter(kind=kind)]

        cards = [
            (job.finished_at - Draft.objects.get(pk=job.payload["draft_id"]).created_at).total_seconds()
            for job in BackgroundJob.objects.filter(kind="slack.card", status="succeeded")
        ]
        return {
            "replies": replies,
            "model_s_per_call": model_s,
            "model_s_per_reply": round(thought_s, 1),
            "places": places,
            "drafts_per_minute": round(per_minute, 1),
            "of_what_places_allow": round(per_minute / (places * 60 / thought_s), 2),
            "keyword_to_provider_p95_s": round(_p95(self._until_stopped(replies_sent["keyword"])), 1),
            "words_to_provider_p95_s": round(_p95(self._until_stopped(replies_sent["words"])), 1),
            "card_after_draft_p95_s": round(_p95(cards), 1),
            "probe_p95_s": round(_p95(waited("health.probe")), 1),
            "pack_begins_p95_s": round(_p95(waited("insights.build_pack")), 1),
            "jobs_failed": BackgroundJob.objects.filter(status="failed").count(),
        }

    def _until_stopped(self, replies_sent: list[tuple[str, float]]) -> list[float]:
        """Seconds until EmailBison was asked to stop the campaign for the lead."""
        from inbox.models import Lead
        from jobs.models import BackgroundJob

        waits_s = []
        for email, at in replies_sent:
            lead = Lead.objects.get(email=email)
            job = BackgroundJob.objects.filter(
                kind="campaign.stop-emails", payload__lead_id=str(lead.pk), status="succeeded"
            ).first()
            waits_s.append(job.finished_at.timestamp() - at if job else float("inf"))
        return waits_s

    def processes(self) -> list[psutil.Process]:
        parent = psutil.Process(self._cluster.running["worker"].pid)
        return [parent, *parent.children(recursive=True)]

    def _cpu_s(self) -> float:
        return sum(sum(process.cpu_times()[:2]) for process in self.processes())

    def _database_cpu_s(self) -> float:
        """Processor seconds of PostgreSQL and all its sessions until now."""
        sessions = self._postmaster.children()
        ended = sum(self._postmaster.cpu_times()[:4])
        return ended + sum(sum(session.cpu_times()[:2]) for session in sessions if session.is_running())

    def _last_draft(self) -> float:
        from django.db.models import Max

        from inbox.models import Draft

        at: float = Draft.objects.aggregate(at=Max("created_at"))["at"].timestamp()
        return at

    def _opened(self) -> int:
        """How many connections anybody has opened until now."""
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute("SELECT sessions FROM pg_stat_database WHERE datname = current_database()")
            count: int = cursor.fetchone()[0]
            return count


class Watch:
    """The most that the cluster used, as far as was seen."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self.pss_mb, self.connections = 0.0, 0
        self.oldest_s: dict[str, float] = {}

    def look(self) -> None:
        from django.db import connection

        from jobs import stats

        for state in stats.lanes(None):
            name = state.queue.lane.name
            self.oldest_s[name] = max(self.oldest_s.get(name, 0.0), state.queue.oldest_s)
        pss = sum(process.memory_full_info().pss for process in self._bench.processes())
        self.pss_mb = max(self.pss_mb, pss / 2**20)
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE application_name = %s", [WORKER])
            self.connections = max(self.connections, cursor.fetchone()[0])


def _until(condition: Callable[[], Any]) -> Any:
    ends = time.monotonic() + PATIENCE_S
    while not (outcome := condition()):
        assert time.monotonic() < ends
        time.sleep(0.05)
    return outcome


def _p95(values: list[float]) -> float:
    if len(values) < 2:
        return values[0] if values else 0.0
    return (
        statistics.quantiles(values, n=20, method="inclusive")[-1]
        if float("inf") not in values
        else max(values)
    )


AIMS = {
    "drafts_per_minute": ">= 120",
    "of_what_places_allow": ">= 0.8",
    "keyword_to_provider_p95_s": "<= 5",
    "words_to_provider_p95_s": "<= 30",
    "card_after_draft_p95_s": "<= 30",
    "probe_p95_s": "<= 60",
    "oldest_due_s_by_lane": "stop 5, proof 30, person 60, reply 30, draft 300, steps 600, bulk 3600",
    "out_of_order": "<= places",
    "pack_begins_p95_s": "<= 60",
    "webhook_p95_ratio": "<= 2",
    "pss_mb": "<= 400",
    "connections": "<= 24",
    "idle_reply_to_draft_over_model_p95_s": "<= 1.5",
}


def text(report: dict[str, Any]) -> str:
    """The report as a table for people."""
    lines = [f"{name:40}{figure!s:>10}   {AIMS.get(name, '')}" for name, figure in report.items()]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
