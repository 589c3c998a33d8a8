"""Programs write and receive while everything breaks: no send and no event is doubled, lost or out of order.

`make campaign-programs` runs the long form.
"""

import json
from collections import Counter
from copy import deepcopy
from dataclasses import asdict

import pytest

from sandbox import SandboxServer
from tests.faults.programs import campaign, checker

PLAN = campaign.Plan(sends=40, kills=8, restarts=1, pause_s=1, hangs=1, gone=1)


@pytest.mark.faults
@pytest.mark.timeout(1_800)
@pytest.mark.slow(seconds=60)
def test_no_send_and_no_event_is_doubled_lost_or_out_of_order(stage):
    with SandboxServer() as sandbox:
        report = campaign.Campaign(stage, sandbox, PLAN).run()
    print(json.dumps(asdict(report)))

    assert report.wrong == []
    assert sum(report.sends.values()) == PLAN.sends
    assert sum(report.harm.values()) == PLAN.kills + PLAN.restarts
    assert report.recovered >= 1


LEAD, SEND = "lead-1", "send-1"


def event(number: int, kind: str, **facts: str) -> dict:
    data = {"leadId": LEAD} | facts
    return {"id": f"event-{number}", "type": kind, "timestamp": f"2026-12-01T09:00:0{number}Z", "data": data}


@pytest.fixture
def evidence() -> checker.Evidence:
    """A lead with two tags and a send, of which nothing is wrong."""
    events = [
        event(1, "lead.created"),
        event(2, "message.received"),
        event(3, "lead.tagged", tag="Interested", previousTag="New"),
        event(4, "send.sent", sendId=SEND),
        event(5, "lead.tagged", tag="Objection", previousTag="Interested"),
    ]
    return checker.Evidence(
        answers={"key": [{"id": SEND}, {"id": SEND}]},
        sends={SEND: "sent"},
        accepted=Counter({SEND: 1}),
        written={LEAD: ["Interested", "Objection"]},
        ledger={row["id"] for row in events},
        pulled=deepcopy(events),
        received={"good": deepcopy(events)},
    )


def test_the_checker_accepts_a_repetition_with_the_same_id(evidence):
    evidence.received["good"].append(evidence.received["good"][1])
    assert checker.wrong(evidence) == []


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda one: one.received["good"].pop(3), "1 lost"),
        (lambda one: one.received["good"].reverse(), "another order"),
        (lambda one: one.received["good"].append(event(6, "lead.created")), "lead.created doubled"),
        (lambda one: one.pulled.pop(1), "GET events/: 1 lost"),
        (lambda one: one.pulled.append(one.pulled[0]), "1 doubled"),
        (lambda one: one.pulled.__setitem__(3, event(4, "send.failed", sendId=SEND)), "is sent after"),
        (lambda one: one.written[LEAD].append("Neutral"), "written"),
        (lambda one: one.accepted.update([SEND]), "accepted 2 times"),
        (lambda one: one.accepted.clear(), "accepted 0 times"),
        (lambda one: one.answers["key"].append({"id": "send-2"}), "2 sends"),
        (lambda one: one.answers.clear(), "0 sends were answered"),
    ],
)
def test_the_checker_finds_what_is_wrong(evidence, spoil, words):
    spoil(evidence)
    assert words in "\n".join(checker.wrong(evidence))
