"""What weights must reach on the replies that nothing is learned from, before the product judges by them."""

from typing import NamedTuple

from inbox.understanding.evaluate import Score


class Floor(NamedTuple):
    """The least `precision` and `recall` of what is acted on, and the least share that is acted on or held."""

    precision: float
    recall: float
    caught: float


FLOORS = {
    "opt_out": Floor(0.99, 0.80, 0.97),
    "bounce": Floor(0.99, 0.985, 0.985),
    "auto_reply": Floor(0.97, 0.93, 0.97),
    "out_of_office": Floor(0.97, 0.93, 0.97),
}
"""By label, on `labelled/unseen.jsonl`."""
MOST_SILENCED = 0.002
"""Share of ordinary people's sentences (`labelled/ordinary-unseen.txt.gz`) that may be silenced."""
MOST_HELD = 0.02
"""Share of them that may be held."""


def missed(measured: dict) -> list[str]:
    """Which floors the counts of `training.measured` miss, a sentence each. Raises KeyError or TypeError where they are
    no such counts."""
    found = []
    for label, floor in FLOORS.items():
        score = Score(**measured["unseen"][label])
        for name, least in floor._asdict().items():
            share = getattr(score, name)
            if share < least:
                found.append(f"{label}: {name} {share:.4f} is under {least}.")
    ordinary = measured["ordinary"]
    for name, most in (("silenced", MOST_SILENCED), ("held", MOST_HELD)):
        if ordinary[name] > most * ordinary["n"]:
            found.append(
                f"ordinary sentences: {ordinary[name]} of {ordinary['n']} {name}, at most {most:.1%} may be."
            )
    return found
