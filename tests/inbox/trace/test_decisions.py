"""What the audit log says in words."""

import re
from pathlib import Path

from inbox.trace.decisions import WORDS, in_words

ROOT = Path(__file__).resolve().parents[3]
RECORDED = re.compile(r"audit\.record(?:_all|_jobs)?\((?:[^()]|\([^()]*\))*?\"([a-z_]+\.[a-z_-]+)\"")


def test_every_decision_that_the_code_records_has_words():
    files = (
        path
        for room in ("admin", "inbox", "insights", "integrations")
        for path in (ROOT / room).rglob("*.py")
    )
    recorded = {action for path in files for action in RECORDED.findall(path.read_text())}

    assert len(recorded) > 40 and recorded - set(WORDS) == set()
    assert in_words("fact.add") == "Added a fact" and in_words("from.before") == "from.before"
