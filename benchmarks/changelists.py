"""Measures every list of the Django admin at a million messages: its pages, filters, orders and searches.

`python -m benchmarks.changelists [--messages 1000000] [--database URL] [--over MS] [--json]`. It fills a database of
its own (`manage.py seed_scale`), or takes a seeded one by its URL. Each address is asked three times in this process,
as a superuser who sees all workspaces and as one who has chosen the largest; the median counts. Baseline of the
ratio: the same list narrowed to one row by its primary key, which costs what the page itself costs. The aim is 300 ms
of server time on an idle machine and ten queries.
"""

import argparse
import contextlib
import json
import os
import statistics
import time
from collections.abc import Iterator
from typing import Any

from benchmarks.ticks import filled

AIM_MS = 300
AIM_QUERIES = 10
ROUNDS = 3
MOST_CHOICES = 15
"""The most choices of one filter that are asked; the filters by workspace and person have more."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--database", help="URL of a database that seed_scale has filled")
    parser.add_argument("--only", nargs="*", default=[], help="names of models, such as message")
    parser.add_argument(
        "--over", type=int, default=AIM_MS, help="list the addresses that took more ms than this"
    )
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with contextlib.nullcontext(options.database) if options.database else filled(options.messages) as url:
        os.environ |= {"DATABASE_URL": url, "DEBUG": "1", "DJANGO_SETTINGS_MODULE": "config.settings"}
        import django

        django.setup()
        rows = measure(options.only)
    print(json.dumps(rows, indent=2) if options.json else text(rows, options.over))


def measure(only: list[str]) -> list[dict[str, Any]]:
    """Asks all lists, each for the first time before its three rounds. Returns a row for each address."""
    import logging

    from django.conf import settings
    from django.contrib import admin
    from django.db import transaction
    from django.test.utils import setup_test_environment

    settings.DEBUG = False
    setup_test_environment()
    logging.disable(logging.WARNING)
    rows = []
    with transaction.atomic():  # the one who looks goes again
        for scope, client in clients():
            for model_admin in admin.site._registry.values():
                name = model_admin.opts.model_name
                if not only or name in only:
                    rows += list_of(client, scope, model_admin)
        transaction.set_rollback(True)
    return rows


def clients() -> "list[tuple[str, Any]]":
    """One client that sees all workspaces, and one that has chosen the one with the most leads."""
    from django.db.models import Count
    from django.test import Client
    from django.urls import reverse

    from inbox.models import Lead, User

    person = User.objects.create_superuser("benchmark@example.com", "x")
    largest = Lead.objects.values_list("workspace").annotate(n=Count("pk")).order_by("-n")[0][0]
    everywhere, narrowed = Client(), Client()
    for client in (everywhere, narrowed):
        client.force_login(person)
    narrowed.post(reverse("admin:switch"), {"workspace": largest})
    return [("all", everywhere), ("one", narrowed)]


def list_of(client: Any, scope: str, model_admin: Any) -> list[dict[str, Any]]:
    """A row for each address of one list."""
    from django.urls import reverse

    opts = model_admin.opts
    path = reverse(f"admin:{opts.app_label}_{opts.model_name}_changelist")
    base = asked(client, path + f"?{opts.pk.name}__exact={first_key(model_admin)}")["ms"]
    rows = []
    for query in dict.fromkeys(queries_of(client, path, model_admin)):
        row = asked(client, path + query)
        rows.append(
            {"scope": scope, "list": opts.model_name, "query": query, "ratio": row["ms"] / base, **row}
        )
    return rows


def first_key(model_admin: Any) -> Any:
    return model_admin.model._default_manager.values_list("pk", flat=True).order_by("pk").first() or 0


def queries_of(client: Any, path: str, model_admin: Any) -> Iterator[str]:
    """The queries of one list: its pages, its filters' choices, its columns' orders, a search for each field."""
    from urllib.parse import urlencode

    yield ""
    response = client.get(path)
    shown = response.context["cl"]
    if shown.paginator.num_pages > 1:
        yield f"?p={shown.paginator.num_pages}"
    for spec in shown.filter_specs:
        for choice in list(spec.choices(shown))[:MOST_CHOICES]:
            if "query_string" in choice:
                yield choice["query_string"]
    for number in range(1, len(shown.list_display)):
        yield f"?o={number}"
        yield f"?o=-{number}"
    for text in searches(model_admin, shown):
        yield "?" + urlencode({"q": text})


def searches(model_admin: Any, shown: Any) -> Iterator[str]:
    """What each field that is searched holds in the list's newest rows, their names, and words that nothing has."""
    from django.core.exceptions import FieldError

    if not model_admin.search_fields:
        return
    newest = list(shown.result_list)
    rows = model_admin.model._default_manager.filter(pk__in=[row.pk for row in newest])
    for name in model_admin.search_fields:
        first, _, lookup = name.rpartition("__")
        column = first if lookup in ("exact", "startswith", "istartswith") else name
        try:
            yield from [str(term) for term in rows.values_list(column, flat=True) if term][:1]
        except FieldError:  # words of a name, or the id alone
            yield from [str(row) for row in newest[:1]]
    yield from [str(newest[0].pk)] if newest else []
    yield "nothing-has-this"
    yield "nobody@nowhere.example"


def asked(client: Any, address: str) -> dict[str, Any]:
    """The median time of three answers after a first one, and the queries of the last."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client.get(address)
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        response = client.get(address)
        times.append((time.perf_counter() - began) * 1_000)
    with CaptureQueriesContext(connection) as captured:
        client.get(address)
    slowest = max(
        captured.captured_queries, key=lambda query: float(query["time"]), default={"sql": "", "time": 0}
    )
    return {
        "ms": round(statistics.median(times), 1),
        "queries": len(captured),
        "status": response.status_code,
        "slowest_ms": round(float(slowest["time"]) * 1_000),
        "slowest": slowest["sql"],
    }


def text(rows: list[dict[str, Any]], over_ms: int) -> str:
    """A line for each list with its slowest address, then the addresses over `over_ms` or over ten queries."""
    lines = [
        f"{len(rows)} addresses, load {os.getloadavg()[0]:.1f}",
        "",
        "slowest of each list (ms, × one row, queries):",
    ]
    worst: dict[tuple[str, str], dict[str, Any]] = {}
    for row in rows:
        key = (row["scope"], row["list"])
        worst[key] = max(worst.get(key, row), row, key=lambda row: row["ms"])
    for row in sorted(worst.values(), key=lambda row: -row["ms"]):
        lines.append(
            f"{row['ms']:8.0f} {row['ratio']:6.1f} {row['queries']:3d}  {row['scope']} {row['list']} {row['query']}"
        )
    lines += ["", f"over {over_ms} ms, over {AIM_QUERIES} queries, or not answered with 200:"]
    for row in rows:
        if row["ms"] > over_ms or row["queries"] > AIM_QUERIES or row["status"] != 200:
            lines.append(
                f"{row['ms']:8.0f} {row['queries']:3d} {row['status']} {row['scope']} {row['list']} {row['query']}"
                f"  ({row['slowest_ms']} ms: {row['slowest'][:300]})"
            )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
