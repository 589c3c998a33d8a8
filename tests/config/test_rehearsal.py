"""What `deploy/rehearse` makes of the files of deploy/ is what they say, with other places. The whole takes minutes."""

import re
import subprocess

import pytest

from deploy.rehearsal import machine, product
from deploy.rehearsal.__main__ import release_before as newest_release
from deploy.rehearsal.machine import Failed, Machine
from tests.config.test_deploy import shipped
from tests.rehearsals import release_before


def test_the_site_of_nginx_has_other_places_alone(tmp_path):
    home = Machine(tmp_path / "home")
    text = machine.nginx_site(home, 8443, (8001, 8002)).read_text()
    assert "server 127.0.0.1:8001 " in text and "server 127.0.0.1:8002 " in text
    assert "holdfast.example.com" not in text and "/etc/ssl" not in text and "/var/log" not in text


def test_a_file_that_says_something_else_now_is_told(tmp_path):
    with pytest.raises(Failed, match="has no 'listen 81;'"):
        Machine(tmp_path / "home").render("nginx/holdfast.conf", "x", {"listen 81;": "listen 82;"})


def test_the_settings_are_of_those_that_are_shipped(tmp_path):
    given = product.settings_for(
        Machine(tmp_path / "home"), "http://sandbox", "redis://r", "https://localhost"
    )
    assert given.keys() <= shipped().keys()
    assert "DEBUG" not in given


def test_a_command_that_is_missing_fails_the_rehearsal_without_a_traceback(tmp_path):
    with pytest.raises(Failed, match="nothing-of-this-name .* cannot be run"):
        Machine(tmp_path / "home").run("nothing-of-this-name", "--now")


def test_a_release_without_a_build_of_its_own_is_built_by_ours(tmp_path, monkeypatch):
    """0.1.0, from which upgrades are rehearsed, came before deploy/build."""
    clone = tmp_path / "clone"
    (clone / "deploy").mkdir(parents=True)
    git = ("git", "-C", clone, "-c", "user.name=x", "-c", "user.email=x@example.com")
    (clone / "requirements.txt").write_text("of the release before\n")
    (clone / "deploy" / "manage").write_text("")
    for command in (("init", "-q"), ("add", "."), ("commit", "-qm", "Release")):
        subprocess.run([*git, *command], check=True)
    (clone / "requirements.txt").write_text("of today\n")
    (clone / "deploy" / "build").write_text(
        '#!/bin/sh\ncd "$(dirname "$0")/.." && cp requirements.txt built\n'
    )
    (clone / "deploy" / "build").chmod(0o755)
    monkeypatch.setattr(product, "ROOT", clone)
    monkeypatch.setattr(product, "DEPLOY", clone / "deploy")

    release = product.release_of(Machine(tmp_path / "home"), "before", "HEAD")
    assert (release / "built").read_text() == "of the release before\n"


def test_the_rehearsal_of_a_release_says_what_runs_while_it_runs(tmp_path, monkeypatch):
    (tmp_path / "manage.py").write_text(
        "import pathlib, time\nwhile not pathlib.Path('seen').exists(): time.sleep(0.01)\nprint('done')"
    )
    lines = []

    def say(words: str) -> None:
        lines.append(words)
        if "goes on" in words:
            (tmp_path / "seen").touch()

    monkeypatch.setattr(release_before, "say", say)
    monkeypatch.setattr(release_before, "TELL_EVERY_S", 0.05)
    release = release_before.Release("before", tmp_path, {}, tmp_path)
    assert release.manage("migrate", "-v0") == "done\n"
    assert lines[:2] == ["before: manage.py migrate …", "before: manage.py migrate goes on"]


def test_the_newest_release_has_all_that_a_build_needs():
    build = (machine.DEPLOY / "build").read_text(encoding="utf-8")
    needs = set(re.findall(r"(?:--requirement |python )(\w[\w./]*\.(?:txt|py))", build))
    assert {"requirements.txt", "manage.py"} <= needs
    needs |= {"deploy/manage", "config/gunicorn.py"}  # which the rehearsal starts
    assert missing_in_the_newest_release(needs) == set()


def missing_in_the_newest_release(paths: set[str]) -> set[str]:
    """The files that git does not have of it. Without git's history the rehearsal takes this release instead."""
    if not (commit := newest_release()):
        return {path for path in paths if not (machine.ROOT / path).is_file()}
    git = ["git", "-C", machine.ROOT, "ls-tree", "-r", "--name-only", commit]
    return paths - set(subprocess.run(git, check=True, capture_output=True, text=True).stdout.split())
