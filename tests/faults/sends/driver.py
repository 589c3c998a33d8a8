"""The campaigns' hand inside the product: `python -m tests.faults.sends.driver COMMAND …` (main lists them).

A process of its own, because it must use the stage's database. Speaks JSON on standard output.
"""

import json
import re
import sys
import time
from collections import Counter

from sandbox import SandboxServer
from tests.faults.jobs.stage import Stage

WORKSPACES = 4
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


def prepare(count: int, sandbox_url: str) -> dict[str, object]:
    """`count` leads with a reply and a draft each, over WORKSPACES workspaces with an EmailBison account each."""
    from tests import factories

    workspaces = [_workspace(sandbox_url) for _ in range(WORKSPACES)]
    bodies = []
    for number in range(count):
        body, message = _reply(workspaces[number % WORKSPACES], number)
        factories.make_draft(message, f"Hi Dana, this is answer {number}.")
        bodies.append(body)
    return {"bodies": bodies}


def program(sandbox_url: str) -> dict[str, object]:
    """A workspace with an account, and a token with every scope."""
    from inbox.workspaces import programs
    from integrations.models import Scope

    workspace = _workspace(sandbox_url)
    _, token = programs.create_token(workspace, "Campaign", Scope.values, by=None)
    return {"workspace": str(workspace.pk), "token": token}


def leads(workspace_id: str, count: int) -> dict[str, object]:
    """`count` leads of the workspace with a reply each."""
    from inbox.models import Workspace

    replies = [_reply(Workspace.objects.get(pk=workspace_id), number) for number in range(count)]
    return {
        "bodies": [body for body, _ in replies],
        "leads": [str(message.lead_id) for _, message in replies],
    }


def _workspace(sandbox_url: str):
    from tests import factories

    workspace = factories.make_workspace()
    factories.make_member(workspace)
    factories.make_integration(
        workspace,
        credentials={"api_key": f"key-{workspace.pk}"},
        config={"base_url": f"{sandbox_url}/emailbison"},
    )
    return workspace


def _reply(workspace, number: int):
    """A new lead's reply: its key and body for the sandbox, and its message."""
    from django.utils import timezone

    from tests import factories

    now = timezone.now()
    lead = factories.make_lead(workspace, emailbison_lead_id=str(70_000 + number), last_inbound_at=now)
    message = factories.make_message(lead, external_id=str(500_000 + number), sent_at=now, processed_at=now)
    return [f"key-{workspace.pk}", _told(lead, message)], message


def _told(lead, message) -> dict[str, object]:
    """The reply as EmailBison told of it: what its lists hold."""
    return {
        "event": {"type": "LEAD_REPLIED"},
        "data": {
            "lead": {"id": int(lead.emailbison_lead_id), "email": lead.email},
            "sender_email": {"id": 311, "email": "alex@outreach.example.com"},
            "reply": {
                "id": int(message.external_id),
                "from_email_address": lead.email,
                "text_body": message.text,
            },
        },
    }


def approve(seconds: float) -> dict[str, int]:
    """Approve every draft, spread over `seconds`, each as a person does on the page."""
    from inbox.models import Draft, Membership
    from inbox.replying import review

    drafts = list(Draft.objects.filter(status="pending").select_related("lead").order_by("pk"))
    users = {one.workspace_id: one.user for one in Membership.objects.select_related("user")}
    for draft in drafts:
        review.approve(draft, user=users[draft.workspace_id], text=draft.text)
        time.sleep(seconds / len(drafts))
    return {"approved": len(drafts)}


def main() -> None:
    import os

    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.faults.jobs.settings"
    import django

    django.setup()
    name, *arguments = sys.argv[1:]
    calls = {
        "prepare": lambda: prepare(int(arguments[0]), arguments[1]),
        "approve": lambda: approve(float(arguments[0])),
        "program": lambda: program(arguments[0]),
        "leads": lambda: leads(arguments[0], int(arguments[1])),
    }
    print(json.dumps(calls[name]()))


if __name__ == "__main__":
    main()
