"""The lanes of the job queue. Jobs wait only behind others of their lane, and each lane promises a longest wait.

A place is a thread of a worker, which runs one job at a time (`jobs.places`). Every lane except `draft` has places of
its own that no other lane may use. The other places go to the first lane in the order of LANES that has due jobs. Every
AGED_EVERYth claim goes instead to the lane that has waited longest compared with its promise. So all lanes move even if
there are too few places for each. Within a lane the workspaces take turns (`jobs.queue.CLAIM`).
"""

from dataclasses import dataclass

AGED_EVERY = 8


@dataclass(frozen=True)
class Lane:
    """A job in the lane should start within `promise_s` seconds. `half`: it may use at most half of all places, as some
    of its jobs take minutes. `turn`: the order in which lanes get a place of their own if there are few; None: never.
    """

    name: str
    promise_s: int
    what: str
    turn: int | None
    half: bool = True


STOP, PROOF, PERSON, REPLY, DRAFT, STEPS, BULK = "stop", "proof", "person", "reply", "draft", "steps", "bulk"

LANES = (
    Lane(STOP, 5, "what must not go out any more: opt-outs, stopped campaigns", 0, half=False),
    Lane(PROOF, 30, "whether accounts work, what became of a send, notices to people", 2),
    Lane(PERSON, 60, "what somebody waits for at a page", 1),
    Lane(REPLY, 30, "understanding replies, and sending answers", 5, half=False),
    Lane(DRAFT, 300, "writing answers", None, half=False),
    Lane(STEPS, 600, "follow-ups, facts about leads, the CRM", 4),
    Lane(BULK, 3600, "polls, catching up, summaries", 3),
)
"""In the order in which they are served."""

BY_NAME = {lane.name: lane for lane in LANES}
CHOICES = [(lane.name, lane.name.capitalize()) for lane in LANES]
