"""Runs the product on the machine: a release's folder, its settings, and its processes as systemd would run them."""

import json
import os
import re
import secrets
import shutil
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

from cryptography.fernet import Fernet

from deploy.rehearsal.machine import DEPLOY, ROOT, Failed, Machine, free_port, stop, wait_for

REHEARSAL_SETTINGS = """
from config.settings import *

ALLOW_LOOPBACK_PROVIDERS = True  # the only thing that is not production's: the providers are played on this machine
"""


class Installation:
    """An installation on one machine and one database: its settings in `etc`, its link `current` and its processes."""

    def __init__(self, machine: Machine, name: str, settings: dict[str, str], roles: dict[str, str]) -> None:
        """Writes the settings. `roles` maps each role (owner, web, worker) to its DATABASE_URL."""
        self.machine, self.name, self.roles = machine, name, roles
        self.current = machine.home / f"{name}-current"
        self.environment = machine.home / "etc" / f"{name}.env"
        library = machine.home / "etc" / "python"
        library.mkdir(exist_ok=True)
        (library / "rehearsal_settings.py").write_text(REHEARSAL_SETTINGS)
        more = {
            "DATABASE_URL": roles["web"],
            "DJANGO_SETTINGS_MODULE": "rehearsal_settings",
            "PYTHONPATH": str(library),
        }
        self.environment.write_text("".join(f"{key}={value}\n" for key, value in (settings | more).items()))
        self.webs = (free_port(), free_port())
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def manage(self, *arguments: str, role: str = "web", check: bool = True, **more: str) -> str:
        """Runs deploy/manage of the current release. Returns its output. If it fails and `check` is True, raises
        Failed.
        """
        environment = {"PATH": os.environ["PATH"], "HOLDFAST_ENV": str(self.environment)} | more
        if role != "web":
            environment["DATABASE_URL"] = self.roles[role]
        command = (self.current / "deploy/manage", *arguments)
        return self.machine.run(*command, check=check, env=environment, cwd="/")

    def switch_to(self, release: Path) -> None:
        """Points the link `current` to the folder `release`."""
        self.current.unlink(missing_ok=True)
        self.current.symlink_to(release)

    def restart_all(self) -> None:
        """Restarts the processes one at a time, and waits until each restarted web process is ready."""
        for number, port in enumerate(self.webs):
            self.restart(f"web-{number}", "holdfast-web@.service", port)
            wait_for(lambda port=port: self.is_ready(port), f"web at {port} is ready")  # type: ignore[misc]
        for number in range(2):
            self.restart(f"worker-{number}", "holdfast-worker.service", None)

    def restart(self, name: str, unit: str, port: int | None) -> None:
        """Restarts the process `name` as `systemctl restart` does, with the command and the environment of `unit`."""
        if name in self._running:
            stop(self._running.pop(name))
        text = (DEPLOY / "systemd" / unit).read_text(encoding="utf-8").replace("%i", str(port))
        text = text.replace("/opt/holdfast/current", str(self.current))
        text = text.replace("/run/holdfast", str(self.machine.home / "run"))
        given = " ".join(re.findall(r"^Environment=(.*)$", text, re.M))
        environment = dict(pair.split("=", 1) for pair in given.split())
        environment |= read(self.environment) | {"PATH": os.environ["PATH"]}
        if port is None:
            environment["DATABASE_URL"] = self.roles["worker"]
        command = re.search(r"^ExecStart=(.+)$", text, re.M)
        if command is None:
            raise Failed(f"{unit} has no ExecStart")
        # The folder is resolved now, because the process keeps its release when the link `current` is changed later.
        self._running[name] = self.machine.start(
            f"{self.name}-{name}", *command[1].split(), env=environment, cwd=self.current.resolve()
        )

    def stop(self) -> None:
        for process in self._running.values():
            process.terminate()
        for process in self._running.values():
            stop(process)
        self._running.clear()

    def ready(self, port: int) -> dict[str, object]:
        """Returns the answer of `/readyz` from the web process at `port`, or {} if it does not answer 200."""
        token = read(self.environment)["METRICS_TOKEN"]
        headers = {"X-Forwarded-Proto": "https", "Authorization": f"Bearer {token}"}
        request = urllib.request.Request(f"http://127.0.0.1:{port}/readyz", headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                found: dict[str, object] = json.load(answer)
                return found
        except (OSError, urllib.error.HTTPError):
            return {}

    def is_ready(self, port: int) -> bool:
        return bool(self.ready(port).get("ready"))


def settings_for(machine: Machine, sandbox: str, redis: str, url: str) -> dict[str, str]:
    """Returns values for settings of deploy/.env.example, by name, as this machine needs them."""
    return {
        "SECRET_KEY": secrets.token_urlsafe(50),
        "FIELD_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
        "ALLOWED_HOSTS": "localhost,127.0.0.1",
        "PUBLIC_URL": url,
        "TRUSTED_PROXY": "1",
        "WEB_CONCURRENCY": "1",
        "WORKER_PROCESSES": "1",
        "WORKER_THREADS": "8",
        "Q_BROKER_URL": redis,
        "METRICS_TOKEN": secrets.token_urlsafe(32),
        "CRON_SECRET": secrets.token_urlsafe(32),
        "OPENAI_BASE_URL": f"{sandbox}/openai/v1",
        "OPENAI_API_KEY": "key-openai",
    }


def read(environment: Path) -> dict[str, str]:
    return dict(line.split("=", 1) for line in environment.read_text().splitlines())


def release_of(machine: Machine, name: str, commit: str) -> Path:
    """Makes a release's folder from the files of `commit`, or of this checkout if `commit` is empty. Returns the
    folder.
    """
    folder = machine.home / "releases" / name
    folder.mkdir()
    if commit:
        machine.run("git", "-C", ROOT, "archive", f"--output={folder}.tar", commit)
        shutil.unpack_archive(f"{folder}.tar", folder, filter="data")
    else:
        listed = machine.run(
            "git", "-C", ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard"
        )
        for path in filter(None, listed.split("\0")):
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            if (ROOT / path).is_file():
                shutil.copy(ROOT / path, folder / path)
    same = (folder / "requirements.txt").read_bytes() == (ROOT / "requirements.txt").read_bytes()
    if same:  # the release needs the same packages as the checkout
        (folder / ".venv").symlink_to((ROOT / ".venv").resolve())
    else:
        if not (folder / "deploy/build").exists():  # as in release 0.1.0
            shutil.copy(DEPLOY / "build", folder / "deploy/build")
        machine.run(folder / "deploy/build", env=dict(os.environ))
    return folder


def has(commit: str) -> bool:
    """Whether the git repository of this checkout has the commit."""
    looked = subprocess.run(
        ["git", "-C", ROOT, "cat-file", "-e", f"{commit}^{{commit}}"], capture_output=True
    )
    return looked.returncode == 0
