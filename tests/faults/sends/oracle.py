"""The sandbox as the oracle: what it accepted, by the marker in each message, is compared with what our rows say."""

import json
import re
import subprocess
import sys
from collections import Counter

from sandbox import SandboxServer
from tests.faults.jobs.stage import ROOT, Cluster, Stage

MARKER = re.compile(r"<!-- ref:([0-9a-f-]{36}) -->")
REPLY = r"/replies/\d+/reply$"


def over(stage: Stage, cluster: Cluster, sandbox: SandboxServer) -> bool:
    """Whether nothing is on its way and nothing that the provider has is still uncertain."""
    cluster.keep_alive()
    states = dict(stage.query("SELECT id::text, state FROM inbox_outboundsend"))
    if "intent" in states.values():
        return False
    accepted = accepted_sends(sandbox)
    return not any(state == "unknown" and accepted[send] for send, state in states.items())


def accepted_sends(sandbox: SandboxServer) -> Counter[str]:
    """How often the provider accepted each send, by the marker in the message."""
    return Counter(MARKER.search(send["text"])[1] for send in sandbox.sends(provider="emailbison"))


def start(stage: Stage, *arguments: str) -> subprocess.Popen:
    """A command of the driver as a process."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.faults.sends.driver", *arguments],
        cwd=ROOT,
        env=stage.environment(ALLOW_LOOPBACK_PROVIDERS="1"),
        stdout=subprocess.PIPE,
        text=True,
    )


def drive(stage: Stage, *arguments: str) -> dict:
    """The answer of a command of the driver."""
    output, _ = start(stage, *arguments).communicate(timeout=300)
    return json.loads(output.strip().splitlines()[-1])
