"""The number and commit of this tree. `make release` writes NUMBER, `git archive` and the image's build ARCHIVED."""

import subprocess
from pathlib import Path

NUMBER = "0.3.0.dev"
ARCHIVED = "$Format:%H$"
SHOWN = 12
"""So many digits of a commit are shown."""


def commit(root: Path) -> str:
    """The commit whose tree is in `root`; "" if neither an archive's mark nor git's history there says so."""
    if not ARCHIVED.startswith("$"):
        return ARCHIVED
    if not (root / ".git").exists():
        return ""
    # The tree may be another user's.
    git = ("git", "-c", "safe.directory=*", "-C", str(root), "rev-parse", "HEAD")
    try:
        process = subprocess.run(git, capture_output=True, text=True, check=True, timeout=5)
    except (OSError, subprocess.SubprocessError):
        return ""
    return process.stdout.strip()


def version(commit: str) -> str:
    """Number and commit: `0.2.0+0123456789ab`, or between two releases `0.3.0.dev+0123456789ab`."""
    return f"{NUMBER}+{commit[:SHOWN] or 'unknown'}"
