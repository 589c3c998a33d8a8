"""Measures the processor time of judging a reply by the rules, compared with another commit, and the time for 1 MB.

    python -m benchmarks.judging [COMMIT]

Both versions judge the labelled replies of this tree, in turns and in processes of their own. The median over the
replies is compared, and the median of that over five turns. It needs git's history.
"""

import gzip
import json
import os
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from io import BytesIO
from pathlib import Path

ROOT = Path(__file__).parents[1]
BEFORE = "8ee1db7"
TURNS = 5
UNSEEN = ROOT / "training/labelled/unseen.jsonl.gz"
WORST = {
    "prose": "We will look at this tomorrow and write again. ",
    "sign-offs": "Best regards,\n",
    "rules and names": "-----\nJohn\n",
    "thanks and names": "Thanks,\nJohn\n",
    "marks": ">",
    "attributions": "On Mon, Jan 1 2026 Bob wrote:\n",
    "quoted lines": "> one two three\n",
    "dates": "back on 12 May 2026, ",
}
MB = 1_000_000
COSTS = "--costs"


def _judge():
    from inbox.understanding.rules import ReplyText, judge

    return ReplyText, judge


def _cost_ms(reply) -> float:
    _, judge = _judge()
    started = time.process_time()
    judge(reply)
    return 1_000 * (time.process_time() - started)


def replies() -> list[float]:
    """The cost of judging each labelled reply in ms, with the code in the working folder."""
    ReplyText, _ = _judge()
    lines = [json.loads(line) for line in gzip.decompress(UNSEEN.read_bytes()).splitlines()]
    cases = [
        ReplyText(
            channel=line["channel"], text=line.get("text"), html=line.get("html"), subject=line.get("subject")
        )
        for line in lines
    ]
    for case in cases[:50]:
        _cost_ms(case)
    return [_cost_ms(case) for case in cases]


def _in(folder: Path) -> float:
    """The median cost of judging a reply in ms, with the code in `folder`."""
    command = [sys.executable, str(Path(__file__)), COSTS]
    environment = os.environ | {"PYTHONPATH": str(folder)}
    return float(subprocess.run(command, env=environment, capture_output=True, check=True).stdout)


def _export(commit: str, folder: Path) -> None:
    packed = subprocess.run(
        ["git", "archive", commit, "inbox", "integrations", "jobs"], cwd=ROOT, capture_output=True, check=True
    )
    with tarfile.open(fileobj=BytesIO(packed.stdout)) as archive:
        archive.extractall(folder, filter="data")


def main() -> None:
    commit = sys.argv[1] if len(sys.argv) > 1 else BEFORE
    with tempfile.TemporaryDirectory() as before_folder, tempfile.TemporaryDirectory() as now_folder:
        _export(commit, Path(before_folder))
        _export("HEAD", Path(now_folder))
        pairs = [(_in(Path(before_folder)), _in(Path(now_folder))) for _ in range(TURNS)]
    before, now = (statistics.median(column) for column in zip(*pairs, strict=True))
    ratio = statistics.median(new / old for old, new in pairs)
    print(f"median per reply: {commit} {before:.3f} ms, now {now:.3f} ms; ratio {ratio:.2f} ({TURNS} turns)")
    ReplyText, _ = _judge()
    for name, words in WORST.items():
        text = words * (MB // len(words))
        print(f"1 MB of {name}: {min(_cost_ms(ReplyText('email', text)) for _ in range(3)):.0f} ms")
    html = "<p>Hello you there</p>" * (MB // 22)
    print(f"1 MB of HTML: {min(_cost_ms(ReplyText('email', None, html)) for _ in range(3)):.0f} ms")


if __name__ == "__main__":
    print(statistics.median(replies())) if sys.argv[1:] == [COSTS] else main()
