"""The version number and the commit of this source tree. `make release` writes NUMBER. ARCHIVED is written by
`git archive`, and by the build of an image.
"""

import subprocess
from pathlib import Path

NUMBER = "0.3.0.dev"
ARCHIVED = "$Format:%H$"
SHOWN = 12
"""The number of commit digits that are shown."""


def commit(root: Path) -> str:
    """The commit of the source tree in `root`, from ARCHIVED or from git. The commit is "" if neither knows it."""
    if not ARCHIVED.startswith("$"):
        return ARCHIVED
    if not (root / ".git").exists():
        return ""
    # Another user may own the source tree, which git would refuse.
    git = ("git", "-c", "safe.directory=*", "-C", str(root), "rev-parse", "HEAD")
    try:
        process = subprocess.run(git, capture_output=True, text=True, check=True, timeout=5)
    except (OSError, subprocess.SubprocessError):
        return ""
    return process.stdout.strip()


def version(commit: str) -> str:
    """The version of a release, such as `0.2.0+0123456789ab`, or `0.3.0.dev+0123456789ab` between releases."""
    return f"{NUMBER}+{commit[:SHOWN] or 'unknown'}"
