"""Measures what grows with an installation: each kind of page, the API, the admin and /metrics at two sizes.

`python -m benchmarks.scale [--rounds 12] [--small URL] [--large URL] [--only TEXT …] [--json]`. It fills two databases
of its own (`manage.py seed_scale`: 10 workspaces with 10,000 messages, and 100 workspaces of 20 accounts with
1,000,000), or takes seeded ones by their URLs; it adds people and a token to them. One process for each asks the
addresses in turn, so that other load on the machine affects both, and the aim is a ratio: p95 at most 1.3 times. `rows`
and `buffers` are what the statements of an address looked at and read; they do not depend on the load. The list over
all workspaces is asked as one person of 1, 10 and 50 workspaces.
"""

import argparse
import contextlib
import json
import logging
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from operator import attrgetter
from typing import Any

from benchmarks._stage import show
from benchmarks.search import percentile
from benchmarks.ticks import ROOT, filled

AIM = 1.3
SMALL, LARGE = (10_000, "--workspaces=10"), (1_000_000, "--workspaces=100", "--accounts=20")
MEMBERSHIPS = (1, 10, 50)
INBOX = {
    "needs reply": "",
    "unread": "?view=unread",
    "over the promise": "?view=over",
    "drafts to review": "?view=drafts",
    "failed to send": "?view=failed",
    "all": "?view=all",
    "with a label": "?view=all&label={label}",
    "search for a word": "?view=all&q=price",
    "search for two words": "?view=all&q=price+call",
    "search for a person": "?view=all&q={email}",
    "conversation": "{lead}/?view=all",
    "longest conversation": "{longest}/?view=all",
    "for you": "for-you/",
}
PAGES = (
    "health/", "integrations/", "deliveries/", "deliveries/?q={email}", "jobs/", "jobs/?status=failed", "followups/",
    "followups/sequences/", "automation/", "facts/", "labels/", "programs/", "programs/endpoints/{endpoint}/",
    "trace/?q={email}", "people/", "insights/", "insights/?days=90", "insights/packs/",
)  # fmt: skip
DESK = ("", "?view=hot", "?view=drafts", "?view=over", "?view=declined", "?label={label_name}")
API = (
    "me/", "leads/", "leads/?limit=100&cursor={cursor}", "leads/?updatedSince={changed}", "leads/?email={email}",
    "leads/?needsReply=true", "leads/{lead}/", "leads/{longest}/timeline/", "messages/", "messages/?lead={longest}",
    "drafts/?status=pending", "events/", "events/?after={event}", "accounts/",
    "webhook-endpoints/{endpoint}/attempts/", "insights/overview/",
)  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--small", help="URL of a database that seed_scale has filled")
    parser.add_argument("--large", help="URL of a larger one")
    parser.add_argument("--only", nargs="*", default=[], help="parts of the addresses' names")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--answer", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.answer:
        return answer()
    with contextlib.ExitStack() as stack:
        urls = [
            url or stack.enter_context(filled(*size))
            for url, size in ((options.small, SMALL), (options.large, LARGE))
        ]
        sites = [stack.enter_context(site(url)) for url in urls]
        names = [
            name for name in sites[0]() if not options.only or any(part in name for part in options.only)
        ]
        report = {"load": round(os.getloadavg()[0], 1), "addresses": measured(sites, names, options.rounds)}
    show(report, text, as_json=options.json)
    return int(any(row["ratio"] > AIM for row in report["addresses"].values()))


@contextlib.contextmanager
def site(url: str) -> Iterator[Callable[..., Any]]:
    """A process over the database `url`. It is called with an address's name and "time" or "explain"."""
    words = [sys.executable, "-m", "benchmarks.scale", "--answer"]
    environment = os.environ | {"DATABASE_URL": url, "DEBUG": "1", "METRICS_TOKEN": "of-the-benchmark"}
    with subprocess.Popen(
        words, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin
        assert process.stdout
        streams = process.stdin, process.stdout

        def call(*words: str) -> Any:
            streams[0].write(json.dumps(words) + "\n")
            streams[0].flush()
            return json.loads(streams[1].readline())

        yield call
        process.stdin.close()


def measured(sites: list[Callable[..., Any]], names: list[str], rounds: int) -> dict[str, dict[str, Any]]:
    """Asks both sites for each address in turn. Times in ms, sizes in bytes."""
    report = {}
    for name in names:
        times: list[list[float]] = [[], []]
        for number in range(-1, rounds):
            for ask, ms in zip(sites, times, strict=True):
                took = ask(name, "time")["ms"]
                if number >= 0:
                    ms.append(took)
        small, large = (ask(name, "explain") for ask in sites)
        p95s = [percentile(ms, 95) for ms in times]
        report[name] = {
            "p50": [round(statistics.median(ms)) for ms in times],
            "p95": [round(ms) for ms in p95s],
            "ratio": round(p95s[1] / p95s[0], 2),
            **{key: [small[key], large[key]] for key in small},
        }
        print(line(name, report[name]), file=sys.stderr, flush=True)
    return report


def answer() -> int:
    """Answers the lines of standard input: [] with the names of the addresses, [name, how] with its figures."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    from django.conf import settings
    from django.core.cache import cache
    from django.db import transaction
    from django.test.utils import setup_test_environment

    from tests.reading import reads

    settings.DEBUG = False
    setup_test_environment()
    logging.disable(logging.WARNING)
    requests = addresses()
    for words in map(json.loads, sys.stdin):
        figures: Any = list(requests)
        if words:
            client, path = requests[words[0]]
            if words[1] == "time":
                began = time.perf_counter()
                response = client.get(path)
                figures = {"ms": (time.perf_counter() - began) * 1_000}
            else:
                cache.clear()
                with transaction.atomic(), reads("") as statements:
                    response = client.get(path)
                    transaction.set_rollback(True)
                figures = {
                    "statements": len(statements),
                    "rows": sum(statement.rows for statement in statements),
                    "buffers": sum(statement.buffers for statement in statements),
                    "bytes": len(response.content),
                    "most": max(statements, key=attrgetter("buffers")).sql[:3_000] if statements else "",
                }
            assert response.status_code == 200, (path, response.status_code)
        print(json.dumps(figures), flush=True)
    return 0


def addresses() -> dict[str, tuple[Any, str]]:
    """Each address with the client that asks for it, by name. The names are the same at any size."""
    from django.conf import settings
    from django.contrib import admin
    from django.db.models import Count
    from django.test import Client
    from django.urls import reverse

    from inbox.models import Event, Label, Lead, Membership, User, Workspace
    from inbox.workspaces import programs
    from integrations.models import Scope, WebhookEndpoint

    workspace = Workspace.objects.get(name="Scale 00")
    leads = Lead.objects.filter(workspace=workspace, last_inbound_at__isnull=False)
    lead = leads.order_by("-last_message_at")[0]
    label = Label.objects.filter(workspace=workspace)[0]
    some = {
        "lead": lead.pk, "email": lead.email, "label": label.pk, "label_name": label.name,
        "longest": leads.annotate(size=Count("messages")).order_by("-size")[0].pk,
        "endpoint": WebhookEndpoint.objects.filter(workspace=workspace)[0].pk,
        "event": Event.objects.filter(workspace=workspace).order_by("pk")[100].pk,
    }  # fmt: skip

    def of(user: User) -> Client:
        client = Client()
        client.force_login(user, backend=settings.PASSWORD_BACKEND)
        return client

    owner = of(workspace.memberships.get(role=Membership.Role.OWNER).user)
    text = programs.create_token(workspace, "Benchmark", Scope.values, by=None)[1]
    program = Client(headers={"Authorization": f"Bearer {text}"})
    page = program.get("/api/v1/leads/?limit=100").json()
    some |= {"cursor": page["nextCursor"], "changed": page["data"][-1]["updatedAt"].replace("+", "%2B")}
    requests = {
        f"inbox: {name}": (owner, f"/w/{workspace.pk}/inbox/{path}".format(**some))
        for name, path in INBOX.items()
    }
    requests |= {f"w/{path}": (owner, f"/w/{workspace.pk}/{path}".format(**some)) for path in PAGES}
    for number in MEMBERSHIPS:
        user, _ = User.objects.get_or_create(email=f"{number}@agency.example.com")
        for place in Workspace.objects.order_by("name")[:number]:
            Membership.objects.get_or_create(workspace=place, user=user, role=Membership.Role.MEMBER)
        client = of(user)
        requests |= {f"desk/{path} of {number}": (client, f"/desk/{path}".format(**some)) for path in DESK}
        requests[f"account/ of {number}"] = client, "/account/"
    requests |= {f"api/v1/{path}": (program, f"/api/v1/{path}".format(**some)) for path in API}
    staff = of(User.objects.filter(is_superuser=True)[0])
    requests["admin/"] = staff, reverse("admin:index")
    for model in admin.site._registry:
        name = f"{model._meta.app_label}_{model._meta.model_name}"
        requests[f"admin: {name}"] = staff, reverse(f"admin:{name}_changelist")
    requests["metrics"] = Client(headers={"Authorization": f"Bearer {settings.METRICS_TOKEN}"}), "/metrics"
    return requests


def line(name: str, row: dict[str, Any]) -> str:
    """One address: p50 and p95 in ms, ratio, statements, rows, buffers and bytes, small beside large."""
    pairs = (f"{row[key][0]:,}/{row[key][1]:,}" for key in ("p50", "p95"))
    rest = (f"{row[key][0]:,}/{row[key][1]:,}" for key in ("statements", "rows", "buffers", "bytes"))
    return " | ".join(["", name, *pairs, f"{row['ratio']:.2f}", *rest, ""]).strip()


def text(report: dict[str, Any]) -> str:
    """The report as a Markdown table."""
    head = [
        "| address | p50 ms | p95 ms | ratio | statements | rows | buffers | bytes |",
        "|---|---|---|---|---|---|---|---|",
    ]
    rows = [line(name, row) for name, row in report["addresses"].items()]
    most = [
        f"{name}: {' '.join(row['most'][1].split())[:600]}"
        for name, row in report["addresses"].items()
        if row["ratio"] > AIM
    ]
    return "\n".join([f"Load {report['load']}; aim of the ratio {AIM}.", "", *head, *rows, "", *most])


if __name__ == "__main__":
    sys.exit(main())
