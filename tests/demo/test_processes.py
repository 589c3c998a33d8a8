"""A port that the demo needs: what a killed demo left behind ends by itself, and another program's is named."""

import subprocess
import sys
from pathlib import Path

import pytest

from demo import processes

LISTEN = """
import socket
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
input()
"""


@pytest.fixture
def listener(request, tmp_path):
    """A process that listens, in the folder of the parameter; its port."""
    folder = {"here": Path.cwd(), "elsewhere": tmp_path}[request.param]
    with subprocess.Popen(
        [sys.executable, "-c", LISTEN], cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield process, int(process.stdout.readline())
        process.kill()


@pytest.mark.parametrize("listener", ["here"], indirect=True)
def test_what_a_killed_demo_left_behind_is_waited_for(listener, monkeypatch):
    process, port = listener
    monkeypatch.setattr(processes.time, "sleep", lambda _s: process.communicate("\n"))
    processes.require_free(port, "--port")
    assert process.returncode == 0


@pytest.mark.parametrize("listener", ["elsewhere"], indirect=True)
def test_the_port_of_another_program_is_named_at_once(listener, monkeypatch):
    _, port = listener
    monkeypatch.setattr(processes.time, "sleep", lambda _s: pytest.fail("it is not waited for"))
    with pytest.raises(processes.PortTaken, match=f"Port {port} is taken by another program.*--port"):
        processes.require_free(port, "--port")
