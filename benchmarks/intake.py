"""Measures how many webhooks per second the product takes, compared with a plain ORM webhook and with one bare INSERT.

`make bench` or `python -m benchmarks.intake [--rounds 3] [--seconds 1] [--json]`, the seconds of each path in each
round. All run in one gunicorn on one
PostgreSQL, in turns, and medians are shown, so that other load on the machine affects all alike. All three write the
delivery's row; the views to compare with are in `_intake_rivals`. The server runs with production's settings
(`tests.serving`), and the clients keep 16 connections open.
"""

import json
import math
import statistics
import threading
import time
from collections import defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection
from pathlib import Path

import psycopg

from benchmarks._stage import options_of, scratch, show, together
from tests.serving import BEHIND_PROXY, WebServer

OURS, PLAIN, AUTOCOMMIT, FLOOR = "holdfast", "plain", "plain, autocommit", "floor"
PATHS = {  # in the order of a round; every second round goes backwards
    FLOOR: "/floor/{key}/",
    OURS: "/api/webhooks/email/{key}/",
    PLAIN: "/plain/{key}/",
    AUTOCOMMIT: "/plain-autocommit/{key}/",
}
CONNECTIONS = 16
WARM_UP = 200
MOST_PER_SECOND = 3_000
BURST = 500
CAMPAIGNS = 8
HEADERS = BEHIND_PROXY | {"Content-Type": "application/json", "User-Agent": "benchmark"}
# Each reply differs, because the rules cache their work on a text for a while.
REPLY = """Hi Alex,

thanks for reaching out. We look after {number} buildings and the boilers are due in spring, so the timing is fair.
Could you send over what a service plan costs for a building with 4{number} units, and who would come out?

Dana Reyes
Reyes Roofing {number}, operations

On Mon, Oct 12, 2026 at 9:14 AM Alex Moreno <alex@outreach.example.com> wrote:
> Hi Dana{number}, we keep boilers running through the winter. Is that something you look after at Reyes Roofing?
"""


def main() -> None:
    options = options_of(__doc__, rounds=3, seconds=1.0)
    with scratch() as (folder, database), served(folder, database) as server:
        report = Bench(server, database, options.rounds, options.seconds).run()
    show(report, text, as_json=options.json)


@contextmanager
def served(folder: Path, database: str) -> Iterator[WebServer]:
    """The web server with the compared views, on the database."""
    server = WebServer(database, folder / "web.log", DJANGO_SETTINGS_MODULE="benchmarks._intake_settings")
    with server:
        yield server


class Bench:
    """The measurements. Each of the compared paths has a workspace of its own."""

    def __init__(self, server: WebServer, database_url: str, rounds: int, seconds: float) -> None:
        self._database_url = database_url
        self._server, self._rounds, self._seconds = server, rounds, seconds
        self._most = int(MOST_PER_SECOND * seconds)
        self._serial = 0
        self.addresses = {name: path.format(key=self._key(name)) for name, path in PATHS.items()}

    def _key(self, name: str) -> str:
        created = self._server.manage("create_workspace", name, "--admin-email=bench@example.com", "--json")
        return json.loads(created)["webhooks"]["email"]["key"]

    def run(self) -> dict:
        """Measure everything: deliveries per second, their ratios, and the latencies of a burst in ms."""
        self.warm_up()
        rates: dict[str, list[float]] = defaultdict(list)
        for number in range(self._rounds):
            self._round(rates, list(PATHS) if number % 2 else list(reversed(PATHS)))
        burst = [self._burst() for _ in range(min(self._rounds, 3))]
        return {
            "rounds": self._rounds,
            "seconds": self._seconds,
            "per_second": {name: round(statistics.median(values), 1) for name, values in rates.items()},
            "ratios": ratios(rates),
            "burst": {
                "size": BURST,
                **{
                    name: round(statistics.median(figures[name] for figures in burst), 1) for name in burst[0]
                },
            },
        }

    def warm_up(self) -> None:
        """Post until both server processes have imported, connected and planned their statements.

        It then runs ANALYZE, as autovacuum would, so that PostgreSQL's planner knows the tables.
        """
        for kind in (reply, sent):
            for name in PATHS:
                self._post_all(name, [kind(number, 0) for number in self.numbers(WARM_UP)])
        with psycopg.connect(self._database_url, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")

    def _round(self, rates: dict[str, list[float]], order: list[str]) -> None:
        for kind in (reply, sent):
            posted: dict[str, list[bytes]] = {}
            for name in order:
                bodies = [kind(number, number % CAMPAIGNS) for number in self.numbers(self._most)]
                done, rate = self.window(name, bodies)
                rates[f"{name}, {kind.__name__}"].append(rate)
                posted[name] = bodies[:done]
            for name in order:
                if name != FLOOR:
                    again = (posted[name] * (self._most // len(posted[name]) + 1))[: self._most]
                    rates[f"{name}, {kind.__name__} again"].append(self.window(name, again)[1])

    def window(self, name: str, bodies: list[bytes]) -> tuple[int, float]:
        """Post `bodies` in order until the time is up.

        Returns how many were posted, and how many that is per second.
        """
        began = time.perf_counter()
        done = self._post_all(name, bodies, until=began + self._seconds)
        return done, done / (time.perf_counter() - began)

    def numbers(self, count: int) -> range:
        self._serial += count
        return range(self._serial - count, self._serial)

    def _post_all(self, name: str, bodies: list[bytes], until: float = math.inf) -> int:
        waiting, troubles = deque(bodies), []

        def work() -> None:
            try:
                connection = HTTPConnection("127.0.0.1", self._server.port, timeout=60)
                with suppress(IndexError):
                    while time.perf_counter() < until:
                        _post(connection, self.addresses[name], waiting.popleft())
                connection.close()
            except Exception as error:
                troubles.append(f"{name}: {error!r}")

        together([work] * CONNECTIONS)
        if troubles:
            raise SystemExit("\n".join([*troubles, self._server.log.read_text()[-2_000:]]))
        if not waiting and until < math.inf:
            raise SystemExit(f"{name}: MOST_PER_SECOND is too small for this machine")
        return len(bodies) - len(waiting)

    def _burst(self) -> dict[str, float]:
        """Post 500 steps of one campaign at the same moment, each on its own connection. Returns latencies in ms."""
        campaign, waits = 1_000 + self._serial, []
        ready = threading.Barrier(BURST)

        def work(body: bytes) -> None:
            connection = HTTPConnection("127.0.0.1", self._server.port, timeout=120)
            ready.wait(60)
            began = time.perf_counter()
            _post(connection, self.addresses[OURS], body)
            waits.append((time.perf_counter() - began) * 1000)
            connection.close()

        bodies = [sent(number, campaign) for number in self.numbers(BURST)]
        together([lambda body=body: work(body) for body in bodies])
        if len(waits) != BURST:
            raise SystemExit(f"{BURST - len(waits)} deliveries of the burst failed")
        waits.sort()
        p50, p99 = waits[BURST // 2], waits[int(BURST * 0.99)]
        return {"p50_ms": p50, "p99_ms": p99, "p99_to_p50": p99 / p50}


def _post(connection: HTTPConnection, path: str, body: bytes) -> None:
    connection.request("POST", path, body, HEADERS)
    response = connection.getresponse()
    answer = response.read()
    if response.status != 200 or b'"success":true' not in answer or b'"stored"' in answer:
        raise RuntimeError(f"{response.status} {answer[:200]!r}")


def ratios(rates: dict[str, list[float]]) -> dict[str, float]:
    """The ratios between the paths: the median over the rounds of the ratio within a round."""

    def ratio(path: str, rival_path: str) -> float:
        return round(statistics.median(a / b for a, b in zip(rates[path], rates[rival_path], strict=True)), 2)

    figures = {}
    for kind in ("reply", "sent"):
        for rival in (PLAIN, AUTOCOMMIT, FLOOR):
            figures[f"{kind}: holdfast to {rival}"] = ratio(f"{OURS}, {kind}", f"{rival}, {kind}")
        figures[f"{kind}: duplicates to first"] = ratio(f"{OURS}, {kind} again", f"{OURS}, {kind}")
    return figures


def reply(number: int, campaign: int) -> bytes:
    """The body of a LEAD_REPLIED webhook from a new lead."""
    email, text = f"dana{number}@example.com", REPLY.format(number=number)
    return _event(
        "LEAD_REPLIED",
        campaign,
        number,
        email,
        reply={
            "id": number,
            "email_subject": "Re: winter work",
            "from_email_address": email,
            "from_name": "Dana Reyes",
            "to": [{"address": "alex@outreach.example.com", "name": "Alex"}],
            "html_body": f"<div>{text.replace(chr(10), '<br>')}</div>",
            "text_body": text,
            "date_received": "2026-10-14T12:00:00.000000Z",
            "automated_reply": False,
            "interested": False,
        },
    )


def sent(number: int, campaign: int) -> bytes:
    """The body of an EMAIL_SENT webhook: a campaign's step to a new lead."""
    email = f"sam{number}@example.com"
    return _event(
        "EMAIL_SENT",
        campaign,
        10_000_000 + number,
        email,
        scheduled_email={
            "id": number,
            "email_subject": "winter work",
            "email_body": "<p>Hi Sam, we keep boilers running through the winter. Is that yours to look after?</p>",
            "sent_at": "2026-10-14T12:00:00.000000Z",
        },
    )


def _event(kind: str, campaign: int, lead: int, email: str, **data) -> bytes:
    return json.dumps(
        {
            "event": {"type": kind, "name": kind.title(), "instance_url": "https://send.example.com"},
            "data": {
                "campaign": {"id": campaign, "name": f"Campaign {campaign}"},
                "lead": {
                    "id": lead,
                    "email": email,
                    "first_name": "Dana",
                    "last_name": "Reyes",
                    "company": "Reyes Roofing",
                    "title": "Operations",
                },
                "sender_email": {"id": 311, "email": "alex@outreach.example.com", "name": "Alex"},
                **data,
            },
        }
    ).encode()


def text(report: dict) -> str:
    """The report as Markdown tables."""
    rates, burst = report["per_second"], report["burst"]
    lines = [
        f"Median of {report['rounds']} rounds of {report['seconds']} s each over {CONNECTIONS} connections",
        "",
        "| deliveries per second | reply | reply again | sent | sent again |",
        "|---|---|---|---|---|",
    ]
    for name in PATHS:
        cells = [
            str(rates.get(f"{name}, {kind}", "")) for kind in ("reply", "reply again", "sent", "sent again")
        ]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    lines += ["", "| ratio | |", "|---|---|"]
    lines += [f"| {name} | {figure} |" for name, figure in report["ratios"].items()]
    lines += [
        "",
        f"{burst['size']} EMAIL_SENT of one campaign at once: p50 {burst['p50_ms']} ms, p99 {burst['p99_ms']} ms, "
        f"{burst['p99_to_p50']} times as long.",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
