"""The sandbox as the oracle: what it accepted, by the marker in each message, is compared with what our rows say."""

import json
import re
from collections import Counter

from sandbox import SandboxServer
from tests.faults.jobs.stage import Stage

MARKER = re.compile(r"<!-- ref:([0-9a-f-]{36}) -->")
REPLY = r"/replies/\d+/reply$"


def accepted_sends(sandbox: SandboxServer) -> Counter[str]:
    """How often the provider accepted each send, by the marker in the message."""
    return Counter(MARKER.search(send["text"])[1] for send in sandbox.sends(provider="emailbison"))


def drive(stage: Stage, *arguments: str) -> dict:
    """The answer of a command of the driver."""
    output = stage.run(
        ["-m", "tests.faults.sends.driver", *arguments], stage.environment(ALLOW_LOOPBACK_PROVIDERS="1")
    )
    return json.loads(output.splitlines()[-1])
