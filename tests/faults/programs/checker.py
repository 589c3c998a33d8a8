"""Counts what was doubled, lost or out of order. It reads rows and JSON, and calls nothing of the product."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

Event = dict[str, Any]
ENDS = {
    "sent": (["send.sent"], ["send.unknown", "send.settled"]),
    "failed": (["send.failed"], ["send.unknown", "send.settled"]),
    "unknown": (["send.unknown"],),
}
"""The events that a send may have had, by its state."""


@dataclass
class Evidence:
    """`answers`: of each key of a send. `sends`: the state of each in the database, and `accepted` how often the
    provider took it. `written`: the tags of each lead, in the order in which its program wrote them. `ledger`: the ids
    in the table of events. `pulled`: what `GET events/` gave. `received`: what each receiver took, in its order.
    """

    answers: dict[str, list[Any]]
    sends: dict[str, str]
    accepted: Counter[str]
    written: dict[str, list[str]]
    ledger: set[str]
    pulled: list[Event]
    received: dict[str, list[Event]]


def wrong(evidence: Evidence) -> list[str]:
    """What does not hold, each in a sentence; empty if all holds."""
    lines = _of_sends(evidence) + _of_set("GET events/", evidence.pulled, evidence, repeats=False)
    for name, events in evidence.received.items():
        lines += _of_set(name, events, evidence, repeats=True)
    order = _by_lead(evidence.pulled)
    for name, events in {"GET events/": evidence.pulled, **evidence.received}.items():
        for lead, of_lead in _by_lead(_first(events)).items():
            lines += _of_lead(f"{name}, lead {lead}", of_lead, evidence.written.get(lead))
            if [event["id"] for event in of_lead] != [event["id"] for event in order[lead]]:
                lines.append(f"{name}, lead {lead}: another order than GET events/")
        lines += _of_ends(name, _first(events), evidence.sends)
    return lines


def _of_sends(evidence: Evidence) -> list[str]:
    lines, senders = [], defaultdict(set)
    for key, answers in evidence.answers.items():
        ids = {answer["id"] for answer in answers}
        if len(ids) != 1:
            lines.append(f"{key}: {len(ids)} sends")
        for one in ids:
            senders[one].add(key)
    lines += [f"send {one}: {len(keys)} keys" for one, keys in senders.items() if len(keys) > 1]
    if set(senders) != set(evidence.sends):
        lines.append(f"{len(senders)} sends were answered, {len(evidence.sends)} exist")
    for one, state in evidence.sends.items():
        times = evidence.accepted[one]
        if times > 1:
            lines.append(f"send {one}: accepted {times} times")
        if (state == "sent" and not times) or (times and state not in ("sent", "unknown")):
            lines.append(f"send {one}: {state}, accepted {times} times")
    return lines


def _of_set(name: str, events: list[Event], evidence: Evidence, *, repeats: bool) -> list[str]:
    ids = Counter(event["id"] for event in events)
    lost, foreign = evidence.ledger - set(ids), set(ids) - evidence.ledger
    lines = [f"{name}: {len(lost)} lost"] * bool(lost) + [f"{name}: {len(foreign)} unknown"] * bool(foreign)
    if not repeats and ids.total() != len(ids):
        lines.append(f"{name}: {ids.total() - len(ids)} doubled")
    return lines


def _first(events: Iterable[Event]) -> list[Event]:
    """As a receiver that drops repeats by id."""
    by_id: dict[str, Event] = {}
    for event in events:
        by_id.setdefault(event["id"], event)
    return list(by_id.values())


def _by_lead(events: Iterable[Event]) -> dict[str, list[Event]]:
    by_lead = defaultdict(list)
    for event in events:
        if "leadId" in event["data"]:
            by_lead[event["data"]["leadId"]].append(event)
    return by_lead


def _of_lead(name: str, events: list[Event], written: list[str] | None) -> list[str]:
    types = Counter(event["type"] for event in events)
    lines = [f"{name}: begins with {events[0]['type']}"] * (events[0]["type"] != "lead.created")
    lines += [f"{name}: {kind} doubled" for kind in ("lead.created", "message.received") if types[kind] != 1]
    tagged = [event["data"] for event in events if event["type"] == "lead.tagged"]
    if written is not None and [facts["tag"] for facts in tagged] != written:
        lines.append(f"{name}: tagged {[facts['tag'] for facts in tagged]}, written {written}")
    if any(facts["previousTag"] != before["tag"] for before, facts in zip(tagged, tagged[1:], strict=False)):
        lines.append(f"{name}: a tag does not follow the one before")
    times = [event["timestamp"] for event in events]
    return lines + [f"{name}: times go back"] * (times != sorted(times))


def _of_ends(name: str, events: list[Event], sends: dict[str, str]) -> list[str]:
    ends = defaultdict(list)
    for event in events:
        if event["type"].startswith("send."):
            ends[event["data"]["sendId"]].append(event["type"])
    return [
        f"{name}: send {one} is {state} after {ends[one]}"
        for one, state in sends.items()
        if ends[one] not in ENDS.get(state, ())
    ]
