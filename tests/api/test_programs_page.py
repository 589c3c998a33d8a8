"""docs/programs.md leads to a copy of the leads, to one send and to a received event: its programs and its commands run
as they are printed.
"""

import io
import json
import os
import re
import shlex
import socket
import sqlite3
import subprocess
import sys

import pytest
from django.core.management import call_command

from demo import seed
from inbox.events import delivery
from inbox.models import Lead, OutboundSend
from jobs.worker import drain
from tests import factories
from tests.api.conftest import no_older_transaction_elsewhere, program_of
from tests.docs.pages import ROOT
from tests.waiting import until

PAGE = (ROOT / "docs/programs.md").read_text(encoding="utf-8")
COPIES, SENDS = re.findall(r"```python\n(.*?)```", PAGE, re.S)
COMMANDS = [
    block
    for block in re.findall(
        r"(?:^ {4,}\S.*\n)+", re.sub(r"```.*?```", "", PAGE, flags=re.DOTALL), re.MULTILINE
    )
    if not block.lstrip().startswith("{")
]
MORE = "…"
"""What the reader puts in: a token, an id or a secret."""


@pytest.fixture
def run(transactional_db, live_server, tmp_path):
    """Runs a program of the page against a server, and returns what it prints."""
    workspace = factories.make_workspace()
    factories.make_integration(workspace, credentials={"api_key": "k"})
    token = program_of(workspace, "leads:read", "sends:write").text
    place = {"HOLDFAST": f"{live_server.url}/api/v1", "TOKEN": token, "COPY": str(tmp_path / "leads.db")}

    def of(program: str, *words: str) -> str:
        until(no_older_transaction_elsewhere, "the older transactions of other tests end")
        done = subprocess.run(
            [sys.executable, "-c", program, *words], env=place, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    of.workspace, of.copy = workspace, tmp_path / "leads.db"
    return of


def test_the_copy_holds_all_leads_and_later_what_has_changed(run):
    leads = [factories.make_lead(run.workspace) for _ in range(60)]
    assert run(COPIES) == "60 leads\n"
    Lead.objects.filter(pk=leads[3].pk).update(tag="Interested")
    factories.make_lead(run.workspace)
    assert run(COPIES) == run(COPIES) == "61 leads\n"
    copy = sqlite3.connect(run.copy)
    assert copy.execute("SELECT id FROM lead WHERE tag = 'Interested'").fetchall() == [(str(leads[3].pk),)]
    leads[5].delete()
    assert run(COPIES) == "61 leads\n" and run(COPIES, "--whole") == "60 leads\n"
    assert copy.execute("SELECT id FROM lead WHERE id = ?", [str(leads[5].pk)]).fetchall() == []


def test_the_send_goes_out_once_though_it_is_asked_for_three_times(run):
    lead = factories.make_lead(run.workspace, needs_reply=True)
    factories.make_message(lead)
    lines = [line.split() for line in run(SENDS).splitlines()]
    assert lines == [["202", str(OutboundSend.objects.get().pk), word] for word in ("None", "true", "true")]


class Shell:
    """A reader's shell. `place` holds what the reader puts into the environment."""

    def __init__(self, folder, **place: str) -> None:
        (folder / ".curlrc").write_text("silent\nshow-error\nfail-with-body\n")
        self.place = {"PATH": os.environ["PATH"], "CURL_HOME": str(folder)} | place

    def run(self, block: str, **read: str) -> list[dict]:
        """Runs a block of the page with `read` in place of what it leaves open. Returns the JSON of the answers."""
        until(no_older_transaction_elsewhere, "the older transactions of other tests end")
        for name, text in read.items():
            block = re.sub(rf"\b{name}=\S*{MORE}", f"{name}={text}", block)
        assert MORE not in block
        done = subprocess.run(
            ["bash", "-ec", block], env=self.place, cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        decoder, answers, rest = json.JSONDecoder(), [], done.stdout
        while rest:
            answer, end = decoder.raw_decode(rest)
            answers, rest = [*answers, answer], rest[end:].lstrip()
        return answers


def listens(port: int) -> bool:
    with socket.socket() as caller:
        return not caller.connect_ex(("127.0.0.1", port))


def test_the_commands_lead_from_a_token_to_a_send_and_a_received_event(
    transactional_db, live_server, tmp_path
):
    workspace = factories.make_workspace("Acme", undo_send_s=60)
    factories.make_integration(workspace, credentials={"api_key": "k"})
    lead = factories.make_lead(workspace, needs_reply=True)
    factories.make_message(lead)
    create, me, leads, send, ask, take_back, add, listen, try_it, events = COMMANDS
    assert f"workspace is `{seed.WORKSPACES['northwind']['name']}`" in " ".join(PAGE.split())

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    words = shlex.split(create.replace("\\\n", ""))
    assert words.pop(0) == "manage.py"
    printed = io.StringIO()
    call_command(*words, stdout=printed)
    base, token = f"{live_server.url}/api/v1", printed.getvalue().split()[-1]
    shell = Shell(tmp_path, HOLDFAST=base, TOKEN=token)

    assert "HOLDFAST=https://holdfast.example.com/api/v1" in me
    [about] = shell.run(me.replace("https://holdfast.example.com/api/v1", base), TOKEN=token)
    assert about["workspace"]["name"] == "Acme"
    [page] = shell.run(leads)
    assert [row["id"] for row in page["data"]] == [str(lead.pk)]
    [going] = shell.run(send, LEAD=page["data"][0]["id"])
    assert going == shell.run(send, LEAD=str(lead.pk))[0] and going["state"] == "intent"
    assert [answer["state"] for answer in shell.run(ask, SEND=going["id"])] == ["intent"]
    assert shell.run(take_back.replace("$SEND", going["id"]))[0]["state"] == "taken_back"
    [endpoint] = shell.run(add.replace("8899", port))
    receiver = listen.strip().replace("8899", port).replace(f"whsec_{MORE}", endpoint["secret"])
    with subprocess.Popen(
        ["bash", "-c", f"exec env {receiver}"], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as listening:
        try:
            until(lambda: listens(int(port)), "the receiver listens")
            [tested] = shell.run(try_it, ENDPOINT=endpoint["id"])
            delivery.feed()
            drain()
            line = json.loads(listening.stdout.readline())
        finally:
            listening.kill()
    assert (line["id"], line["type"]) == (tested["id"], "endpoint.test")
    assert line["data"] == {"endpointId": endpoint["id"]}
    [page] = shell.run(events)
    assert [row["type"] for row in page["data"]] == ["lead.created", "lead.waiting", "message.received"]
