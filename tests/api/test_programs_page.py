"""docs/programs.md leads to a copy of the leads and to one send: its programs run as they are printed."""

import re
import sqlite3
import subprocess
import sys

import pytest

from inbox.models import Lead, OutboundSend
from tests import factories
from tests.api.conftest import no_older_transaction_elsewhere, program_of
from tests.docs.pages import ROOT
from tests.waiting import until

PAGE = (ROOT / "docs/programs.md").read_text(encoding="utf-8")
COPIES, SENDS = re.findall(r"```python\n(.*?)```", PAGE, re.S)[:2]


@pytest.fixture
def run(transactional_db, live_server, tmp_path):
    """Runs a program of the page against a server, and returns what it prints."""
    workspace = factories.make_workspace()
    factories.make_integration(workspace, credentials={"api_key": "k"})
    token = program_of(workspace, "leads:read", "sends:write").text
    place = {"HOLDFAST": f"{live_server.url}/api/v1", "TOKEN": token, "COPY": str(tmp_path / "leads.db")}

    def of(program: str) -> str:
        until(no_older_transaction_elsewhere, "the older transactions of other tests end")
        done = subprocess.run(
            [sys.executable, "-c", program], env=place, capture_output=True, text=True, check=False
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


def test_the_send_goes_out_once_though_it_is_asked_for_three_times(run):
    lead = factories.make_lead(run.workspace, needs_reply=True)
    factories.make_message(lead)
    lines = [line.split() for line in run(SENDS).splitlines()]
    assert lines == [["202", str(OutboundSend.objects.get().pk), word] for word in ("None", "true", "true")]
