"""Measures how much longer than its Deadline a provider call takes, compared with `requests` and the same timeout.

`make bench` or `python -m benchmarks.deadlines [--calls 20] [--json]`: so many of ours for each fault, and one of
requests. Both call the same misbehaving provider on bare
sockets. `requests` limits each read and not the whole call, so an answer that drips slowly takes as long as it drips
(20 s here).
"""

import statistics
import time
from collections.abc import Callable
from contextlib import suppress

import requests

from benchmarks._stage import options_of, scratch, show

BUDGET_S = 0.3
AIM_MS = 250
PROVIDER = "emailbison"


def main() -> None:
    options = options_of(__doc__, calls=20)
    with scratch():
        report = run(options.calls)
    show(report, text, as_json=options.json)


def run(calls: int) -> dict[str, dict[str, float]]:
    """Milliseconds that calls took beyond the Deadline, by fault."""
    import django

    django.setup()
    from integrations.errors import ProviderError
    from integrations.http import breaker
    from integrations.http.session import ProviderSession
    from jobs.deadline import Deadline
    from tests.integrations import fault_server as faults

    breaker.OPEN_AFTER_FAILURES = breaker.WINDOW = 1_000_000
    session = ProviderSession(provider=PROVIDER, max_retries=0)

    def ours(url: str) -> None:
        with suppress(ProviderError):
            session.request("GET", url, operation="bench", deadline=Deadline.after_ms(BUDGET_S * 1000))

    def plain(url: str) -> None:
        with suppress(requests.RequestException):
            requests.get(url, timeout=BUDGET_S)

    report = {}
    for fault in (
        faults.hang,
        faults.hang_in_headers,
        faults.hang_in_body,
        faults.drip_headers,
        faults.drip_body,
    ):
        with faults.FaultServer(fault) as server:
            url = f"{server.url}/thing"
            ours(url)  # not measured, because the first call imports modules and connects
            beyond = sorted(_beyond_ms(ours, url) for _ in range(calls))
            report[_name_of(faults, fault)] = {
                "p50_ms": round(statistics.median(beyond), 1),
                "max_ms": round(beyond[-1], 1),
                "requests_ms": round(_beyond_ms(plain, url), 1),
            }
    return report


def _name_of(module: object, function: object) -> str:
    return next(name for name, member in vars(module).items() if member is function)


def _beyond_ms(call: Callable[[str], None], url: str) -> float:
    began = time.monotonic()
    call(url)
    return (time.monotonic() - began - BUDGET_S) * 1000


def text(report: dict[str, dict[str, float]]) -> str:
    """The report as a table for people."""
    lines = [
        f"Milliseconds beyond a Deadline of {BUDGET_S * 1000:.0f} ms",
        f"{'':18}{'p50':>9}{'max':>9}{'requests':>10}",
    ]
    for fault, figures in report.items():
        lines.append(f"{fault:18}{figures['p50_ms']:9}{figures['max_ms']:9}{figures['requests_ms']:10}")
    return "\n".join([*lines, f"the aim is at most {AIM_MS} ms beyond it, whatever the provider does"])


if __name__ == "__main__":
    main()
