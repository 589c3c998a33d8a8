"""Measures how fast a button press in Slack is answered, alone and during many webhook deliveries.

`make bench` or `python -m benchmarks.slack [--rounds 5] [--json]`. Slack shows an error after 3 s. The server runs with
production's settings. The two cases alternate, so that other load on the machine affects both.
"""

import json
import statistics
import time
from pathlib import Path
from urllib.parse import quote

from benchmarks._stage import options_of, scratch, show, together
from tests.serving import WebServer

PRESSES, DELIVERIES = 8, 40
LIMIT_MS = 3_000
ALONE, AMID = "alone", "amid deliveries"


def main() -> None:
    options = options_of(__doc__, rounds=5)
    with scratch() as (folder, database):
        report = run(folder, database, options.rounds)
    show(report, text, as_json=options.json)


def run(folder: Path, database: str, rounds: int) -> dict[str, dict[str, float]]:
    """Milliseconds from a press to its answer, by case."""
    import django

    django.setup()
    from tests.recorded import payload
    from tests.webhooks.posting import SLACK_SECRET, slack_headers

    server = WebServer(database, folder / "web.log", SLACK_SIGNING_SECRET=SLACK_SECRET, DEBUG="1")
    created = json.loads(server.manage("create_workspace", "Bench", "--admin-email=a@example.com", "--json"))
    address, serial = created["webhooks"]["email"]["path"], iter(range(1_000_000))

    def press() -> float:
        body = payload("slack", "approve_send")
        body["actions"][0]["action_ts"] = f"1700000000.{next(serial):06}"
        raw = b"payload=" + quote(json.dumps(body)).encode()
        headers = slack_headers(raw) | {"Content-Type": "application/x-www-form-urlencoded"}
        began = time.monotonic()
        status, answer = server.post("/api/webhooks/slack/interactions/", raw, headers)
        if status != 200:
            raise RuntimeError(f"{status} {answer}")
        return (time.monotonic() - began) * 1000

    def deliver() -> None:
        number = next(serial)
        event = {"type": "LEAD_REPLIED"}
        lead = {"id": number, "email": f"lead{number}@example.org"}
        reply = {"id": number, "from_email_address": lead["email"], "text_body": f"Sure {number}"}
        body = json.dumps({"event": event, "data": {"lead": lead, "reply": reply}}).encode()
        server.post(address, body, {"Content-Type": "application/json"})

    took: dict[str, list[float]] = {ALONE: [], AMID: []}
    with server:
        press()
        for _ in range(rounds):
            for kind, deliveries in ((ALONE, 0), (AMID, DELIVERIES)):
                presses = [lambda kind=kind: took[kind].append(press())] * PRESSES
                together(presses + [deliver] * deliveries)
    return {
        kind: {"p50_ms": round(statistics.median(times), 1), "max_ms": round(max(times), 1)}
        for kind, times in took.items()
    }


def text(report: dict[str, dict[str, float]]) -> str:
    """The report as a table for people."""
    lines = [f"{PRESSES} presses at once, {DELIVERIES} deliveries", f"{'':16}{'p50 ms':>9}{'max ms':>9}"]
    lines += [f"{kind:16}{figures['p50_ms']:9}{figures['max_ms']:9}" for kind, figures in report.items()]
    lines.append(f"{'ratio':16}{report[AMID]['p50_ms'] / report[ALONE]['p50_ms']:9.2f}")
    return "\n".join([*lines, f"Slack gives {LIMIT_MS} ms"])


if __name__ == "__main__":
    main()
