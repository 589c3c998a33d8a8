"""Loads the weights that an installation has learned from people's corrections, and refuses unsuitable weights."""

import hashlib
import json
from pathlib import Path
from typing import Any, NamedTuple

from inbox.understanding import word_weights
from inbox.understanding.evaluate import Score
from inbox.understanding.rules import RULES_VERSION

MOST_SILENCED = 0.002
"""The maximum share of ordinary sentences on which a rule may be sure. A sure rule silences a lead."""
MOST_HELD = 0.02
"""The maximum share of ordinary sentences that the rules may suspect. A suspicion holds the lead for a person."""
MANIFEST = word_weights.WEIGHTS / "manifest.json"
"""The file with the training data and measurements of the product's own weights. `training.lessons` writes it."""
FIX = "Learn the weights again with this release (manage.py train_rules --corrections FILE), or unset RULE_WEIGHTS_DIR."
in_use: dict[str, Any] = {}
"""The manifest of the installation's weights while they are in use; empty while the product's own are in use."""


class Floor(NamedTuple):
    """The minimum `precision` and `recall` of sure answers, and the minimum `Score.caught`. All are from 0 to 1."""

    precision: float
    recall: float
    caught: float


FLOORS = {
    "opt_out": Floor(0.99, 0.90, 0.97),
    "bounce": Floor(0.99, 0.985, 0.985),
    "auto_reply": Floor(0.97, 0.93, 0.97),
    "out_of_office": Floor(0.97, 0.93, 0.97),
}
"""The minimum values by label for weights that are measured on `training/labelled/unseen.jsonl.gz`."""


def missed(measured: dict[str, Any]) -> list[str]:
    """Returns a sentence for each value in `measured` that is worse than FLOORS, MOST_SILENCED or MOST_HELD permit.

    `measured` is the entry of this name in a manifest. Raises KeyError or TypeError if `measured` lacks counts.
    """
    lines = []
    for label, floor in FLOORS.items():
        score = Score(**measured["unseen"][label])
        for name, least in floor._asdict().items():
            share = getattr(score, name)
            if share < least:
                lines.append(f"{label}: {name} {share:.4f} is below {least}.")
    ordinary = measured["ordinary"]
    for name, most in (("silenced", MOST_SILENCED), ("held", MOST_HELD)):
        if ordinary[name] > most * ordinary["n"]:
            lines.append(
                f"ordinary sentences: {ordinary[name]} of {ordinary['n']} {name}, but the limit is {most:.1%}."
            )
    return lines


class Unfit(ValueError):
    """Learned weights cannot be used. The message names the file, the fault and the remedy."""


def load(folder: Path) -> tuple[dict[str, Any], dict[str, word_weights.Weights]]:
    """Reads the learned weights in `folder`. Returns their manifest, and the weights by label. Raises Unfit."""
    path = folder / MANIFEST.name
    try:
        manifest = json.loads(path.read_bytes())
        problem = _problem(manifest)
    except OSError as error:
        raise Unfit(f"{path}: {error.strerror}. {FIX}") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Unfit(f"{path}: this isn’t a manifest of weights. {FIX}") from None
    if problem:
        raise Unfit(f"{path}: {problem} {FIX}")
    return manifest, {label: _weights(folder / label, sha) for label, sha in manifest["weights"].items()}


def use(folder: Path | None) -> None:
    """Makes this process use the weights in `folder`, or the product's own if it is None. Raises Unfit."""
    manifest, weights = load(folder) if folder else ({}, {})
    word_weights.use(weights)
    in_use.clear()
    in_use.update(manifest)


def _problem(manifest: dict[str, Any]) -> str:
    if manifest["rules_version"] != RULES_VERSION:
        return f"the weights are for rules {manifest['rules_version']}, but this release has rules {RULES_VERSION}."
    shipped = json.loads(MANIFEST.read_bytes())
    if manifest["code"] != shipped["code"]:
        return "the weights were learned with a different version of word_weights.py."
    if manifest["judged_by"] != shipped["judged_by"]:
        return "the weights were measured on replies from a different release."
    if manifest["weights"].keys() != shipped["weights"].keys():
        return "the manifest doesn’t list the weights of every label."
    return " ".join(missed(manifest["measured"]))


def _weights(path: Path, checksum: str) -> word_weights.Weights:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise Unfit(f"{path}: {error.strerror}. {FIX}") from None
    if digest(content) != checksum:
        raise Unfit(f"{path}: this isn’t the file that the manifest lists. {FIX}")
    return word_weights.Weights.from_bytes(content)


def hash_of(path: Path) -> str:
    """Returns the SHA-256 hash of the file at `path` in hexadecimal digits. Raises `OSError`."""
    return digest(path.read_bytes())


def digest(content: bytes) -> str:
    """Returns the SHA-256 hash of `content` in hexadecimal digits, as in the manifests of learned weights."""
    return hashlib.sha256(content).hexdigest()
