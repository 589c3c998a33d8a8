"""The lanes of the job queue. A job waits only behind jobs of its own lane, and each lane promises a longest wait.

A place is a thread of a worker, which runs one job at a time (`jobs.places`). Every lane except `draft` has places
reserved for it. The other places serve the first lane in LANES that has due jobs. One claim in AGED_EVERY instead
serves the lane that has waited longest relative to its promise, so every lane moves even with too few places. Within a
lane, workspaces take turns (`jobs.queue.CLAIM`).
"""

from dataclasses import dataclass

AGED_EVERY = 8


@dataclass(frozen=True)
class Lane:
    """A job should start within `promise_s` seconds. `half`: the lane may use at most half of all places, because some
    jobs take minutes. `turn`: the lane's rank for a reserved place if places are few; None if it gets none.
    """

    name: str
    promise_s: int
    what: str
    turn: int | None
    half: bool = True


STOP, PROOF, PERSON, REPLY, DRAFT, STEPS, BULK = "stop", "proof", "person", "reply", "draft", "steps", "bulk"
EVENTS = "events"

LANES = (
    Lane(STOP, 5, "Opt-outs and stopped campaigns", 0, half=False),
    Lane(PROOF, 30, "Account checks, send results, notifications", 2),
    Lane(PERSON, 60, "Actions that a user is waiting for", 1),
    Lane(REPLY, 30, "Reading replies, sending answers", 5, half=False),
    Lane(EVENTS, 30, "Events for programs", 6),
    Lane(DRAFT, 300, "Writing answers", None, half=False),
    Lane(STEPS, 600, "Follow-ups, lead research, CRM", 4),
    Lane(BULK, 3600, "Polling, catching up, summaries", 3),
)
"""Lanes are served in this order."""

BY_NAME = {lane.name: lane for lane in LANES}
CHOICES = [(lane.name, lane.name.capitalize()) for lane in LANES]
