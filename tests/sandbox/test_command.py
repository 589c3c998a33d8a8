"""`manage.py sandbox` as its users start and stop it, and the wall between sandbox and product."""

import ast
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import requests
from django.core.management import CommandError, call_command

import sandbox
from sandbox import SandboxServer
from tests.waiting import PATIENCE_S

ROOT = Path(__file__).parents[2]
PACKAGE = Path(sandbox.__file__).parent


def test_it_says_where_it_listens_and_ends_cleanly_when_told():
    command = [sys.executable, "manage.py", "sandbox", "--port", "0"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            url = re.search(r"http://[\d.]+:\d+", process.stdout.readline())[0]
            assert requests.get(url + "/_control/state.json", timeout=PATIENCE_S).status_code == 200
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=PATIENCE_S) == 0
        finally:
            process.kill()


def test_a_taken_port_is_an_error_that_says_what_to_do():
    with SandboxServer() as running, pytest.raises(CommandError, match="try another --port"):
        call_command("sandbox", port=running.port)


def imports(file: Path) -> set[str]:
    tree = ast.parse(file.read_text())
    named = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    return named | {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}


def test_the_sandbox_imports_itself_and_two_libraries_but_none_of_the_product():
    used = {module for file in PACKAGE.glob("*.py") for module in imports(file)}
    foreign = {m for m in used if m.split(".")[0] not in sys.stdlib_module_names}
    assert {m.split(".")[0] for m in foreign} == {"joserfc", "pydantic", "sandbox"}


def test_product_code_does_not_know_the_sandbox():
    rooms = (ROOT / room for room in ("admin", "api", "config", "inbox", "insights", "integrations", "jobs"))
    files = [file for room in rooms for file in room.rglob("*.py")]
    knowing = {file.relative_to(ROOT).as_posix() for file in files if "sandbox" in str(imports(file))}
    drill = "inbox/health/drill.py"  # the fire drill is the one feature that starts a provider of its own
    assert knowing == {"integrations/management/commands/sandbox.py", drill}
