"""Defines the minimum quality of learned weights, on replies that they never learned from, before they are used."""

from typing import Any, NamedTuple

from inbox.understanding.evaluate import Score


class Floor(NamedTuple):
    """The minimum `precision` and `recall` of sure answers, and share `caught` (sure or suspected), 0 to 1."""

    precision: float
    recall: float
    caught: float


FLOORS = {
    "opt_out": Floor(0.99, 0.90, 0.97),
    "bounce": Floor(0.99, 0.985, 0.985),
    "auto_reply": Floor(0.97, 0.93, 0.97),
    "out_of_office": Floor(0.97, 0.93, 0.97),
}
"""The minimum values by label, measured on `training/labelled/unseen.jsonl.gz`."""
MOST_SILENCED = 0.002
"""The maximum share of ordinary sentences on which a rule may be sure. A sure rule silences a lead."""
MOST_HELD = 0.02
"""The maximum share of ordinary sentences that the rules may suspect. A suspicion holds the lead for a person."""


def missed(measured: dict[str, Any]) -> list[str]:
    """One sentence for each value in `measured` (of `training.measured`) that misses its floor; [] if all are met.

    Raises KeyError or TypeError if `measured` has no such counts.
    """
    lines = []
    for label, floor in FLOORS.items():
        score = Score(**measured["unseen"][label])
        for name, least in floor._asdict().items():
            share = getattr(score, name)
            if share < least:
                lines.append(f"{label}: {name} {share:.4f} is under {least}.")
    ordinary = measured["ordinary"]
    for name, most in (("silenced", MOST_SILENCED), ("held", MOST_HELD)):
        if ordinary[name] > most * ordinary["n"]:
            lines.append(
                f"ordinary sentences: {ordinary[name]} of {ordinary['n']} {name}, at most {most:.1%} may be."
            )
    return lines
