"""Weights that an installation has learned from its own corrections: judged by only where they fit this code and are
no worse than the product promises. Nothing is learned here; `manage.py train_rules --corrections` does that.
"""

import json
from pathlib import Path

from inbox.understanding import floors, training, wording
from inbox.understanding.rules import RULES_VERSION

FIX = (
    "Learn them anew with this release (manage.py train_rules --corrections FILE), or unset RULE_WEIGHTS_DIR."
)


in_use: dict = {}
"""The manifest of the own weights that are judged by; empty where they are the product's."""


class Unfit(ValueError):
    """The weights in a folder are not judged by. The message names the file, what is wrong, and what to do."""


def load(folder: Path) -> tuple[dict, dict[str, wording.Weights]]:
    """The manifest of the weights kept in `folder`, and the weights by label. Raises Unfit."""
    path = folder / training.MANIFEST.name
    try:
        manifest = json.loads(path.read_bytes())
        problem = _problem(manifest)
    except OSError as error:
        raise Unfit(f"{path}: {error.strerror}. {FIX}") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Unfit(f"{path}: this is no manifest of weights. {FIX}") from None
    if problem:
        raise Unfit(f"{path}: {problem} {FIX}")
    return manifest, {label: _weights(folder / label, known) for label, known in manifest["weights"].items()}


def use(folder: Path | None) -> None:
    """Judge by the weights in `folder` from now on, or by the product's own (None). Raises Unfit; then nothing has
    changed."""
    manifest, weights = load(folder) if folder else ({}, {})
    wording.use(weights)
    in_use.clear()
    in_use.update(manifest)


def _problem(manifest: dict) -> str:
    if manifest["rules_version"] != RULES_VERSION:
        return f"learned for rules {manifest['rules_version']}; these are rules {RULES_VERSION}."
    if manifest["code"] != training.hash_of(Path(wording.__file__)):
        return "learned with another version of the code that reads words."
    if manifest["judged_by"] != training.judged_by():
        return "measured on other replies than this release holds."
    if manifest["weights"].keys() != {lesson.label for lesson in training.LESSONS}:
        return "it does not name the weights of every label."
    return " ".join(floors.missed(manifest["measured"]))


def _weights(path: Path, known: str) -> wording.Weights:
    try:
        kept = path.read_bytes()
    except OSError as error:
        raise Unfit(f"{path}: {error.strerror}. {FIX}") from None
    if training.digest(kept) != known:
        raise Unfit(f"{path}: not the file that the manifest names. {FIX}")
    return wording.Weights.from_bytes(kept)
