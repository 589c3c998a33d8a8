"""The adapters: how the campaign starts a product, where it says things, and how it is asked what it knows."""

import json
import re
import secrets
from dataclasses import dataclass, field
from typing import Any

import requests
from cryptography.fernet import Fernet

from sandbox import SandboxServer
from tests.campaign.players import request
from tests.campaign.stage import PooledStage
from tests.serving import free_port

PACE = 5
"""Every limit of both products is divided by this, so that a run ends. Those of the senders are not."""
FETCH_S, DRAFT_S, BACKGROUND_DRAFT_S = 15 / PACE, 30 / PACE, 120 / PACE
"""The predecessor's limits for a call to a provider, and for a draft within a webhook and elsewhere."""


@dataclass
class Account:
    """A customer's accounts at the providers, and what the product gave them."""

    emailbison: str
    linkedin: str
    email_path: str = ""
    linkedin_path: str = ""
    workspace: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    cookies: str = ""


class Product:
    """What the campaign asks of both. The statements give one row for each message (its lead's workspace and address,
    and its text), lead that is there again, draft (the text that it answers), send (its text and state), and
    conversation that was read (the workspaces of its report and of its lead, and the lead)."""

    name: str
    works_later: bool
    """Whether anything goes on after an answer."""
    tries: int
    """How often one draft's first call is made at least, if each comes too late for a webhook."""
    messages: str
    doubled_leads: str
    drafted: str
    sends: str
    readings: str

    def __init__(self, stage: PooledStage, sandbox: SandboxServer, count: int) -> None:
        self.stage, self.port = stage, free_port()
        self.accounts = [Account(f"key-{number}", f"uni_acc_{number}") for number in range(count)]
        self.environment = {
            "DATABASE_URL": stage.pooler.url(self.name),
            "EMAILBISON_URL": sandbox.url("emailbison"),
            "UNIPILE_URL": sandbox.url("unipile"),
            "OPENAI_URL": f"{sandbox.url('openai')}/v1",
        }

    def ready(self) -> bool:
        return request(self.port, "GET", "/healthz")[0] == 200

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        return self.stage.query(statement, database=self.name)

    def run(self, *command: str) -> str:
        """What a command of the product prints."""
        return self.stage.run([*command], self.stage.services["web"].environment)


class Control(Product):
    name, works_later, tries = "control", False, 3
    messages = (
        "SELECT account_id::text, email, text FROM control_lead l JOIN control_message m ON m.lead_id = l.id"
        " UNION ALL SELECT account_id::text, email, text FROM control_lead l JOIN control_send s ON s.lead_id = l.id"
        " WHERE state = 'sent' AND channel = 'email'"
    )
    doubled_leads = "SELECT email FROM control_lead GROUP BY account_id, email HAVING count(*) > 1"
    drafted = "SELECT m.text FROM control_message m JOIN control_draft d ON d.message_id = m.id"
    sends = "SELECT text, state FROM control_send WHERE channel = 'email' ORDER BY id"
    readings = (
        "SELECT p.account_id::text, l.account_id::text, l.id FROM control_reading r"
        " JOIN control_pack p ON p.id = r.pack_id JOIN control_lead l ON l.id = r.lead_id"
    )
    crons = ("/cron/followups/", "/cron/context-packs/")
    cron_headers: dict[str, str] = {}

    def open(self) -> None:
        self.stage.query("CREATE DATABASE control")
        settings = {"FETCH_S": str(FETCH_S), "DRAFT_S": str(DRAFT_S)}
        web = ["-m", "gunicorn", "--workers=2", "--threads=8", f"--bind=127.0.0.1:{self.port}"]
        self.stage.serve("web", [*web, "tests.control.wsgi"], self.environment | settings)
        self.run("-m", "django", "migrate", "--run-syncdb", "-v0", "--settings=tests.control.settings")
        for account in self.accounts:
            account.email_path = f"/webhooks/email/{account.emailbison}/"
            account.linkedin_path = "/webhooks/linkedin/"
            row = (account.emailbison, account.emailbison, account.linkedin)
            [(account.workspace,)] = self.rows(
                "INSERT INTO control_account (key, emailbison_key, linkedin_account)"
                f" VALUES {row} RETURNING id::text"
            )

    def pages(self, account: Account, lead: str) -> list[str]:
        return [f"/leads/{lead}/"]

    def send(self, account: Account, lead: str, channel: str, text: str) -> int:
        """The status of the answer to a program that sends."""
        return request(self.port, "POST", f"/leads/{lead}/send/", {"channel": channel, "text": text})[0]

    def ask_pack(self, account: Account) -> None:
        request(self.port, "POST", f"/packs/{account.emailbison}/", {"question": "Why do they answer?"})

    def disconnected(self) -> set[str]:
        """The LinkedIn accounts of which an address says that they are disconnected."""
        answers = [str(request(self.port, "GET", path)[1]) for path in ("/healthz", *self.crons)]
        said = " ".join(answer for answer in answers if "disconnected" in answer)
        return {account.linkedin for account in self.accounts if account.linkedin in said}


class Holdfast(Product):
    name, works_later, tries = "holdfast", True, 1
    messages = "SELECT l.workspace_id::text, l.email, m.text FROM inbox_lead l JOIN inbox_message m ON m.lead_id = l.id"
    doubled_leads = (
        "SELECT email FROM inbox_lead WHERE email <> '' GROUP BY workspace_id, email HAVING count(*) > 1"
    )
    drafted = "SELECT m.text FROM inbox_message m JOIN inbox_draft d ON d.trigger_message_id = m.id"
    sends = "SELECT text, state FROM inbox_outboundsend WHERE channel = 'email' ORDER BY id"
    readings = (
        "SELECT p.workspace_id::text, l.workspace_id::text, l.id FROM insights_packthread t"
        " JOIN insights_contextpack p ON p.id = t.pack_id JOIN inbox_lead l ON l.id = t.lead_id"
        " WHERE t.status = 'done'"
    )
    calling = (
        "SELECT w.pid FROM jobs_worker w JOIN jobs_backgroundjob j ON j.worker_id = w.id AND j.status = 'running'"
        " JOIN inbox_outboundsend s ON s.id::text = j.payload->>'send_id'"
        " WHERE s.state = 'intent' AND s.called_at IS NOT NULL"
    )
    """The processes that have called a provider to send, and have no answer yet."""
    crons = (
        "/api/cron/followups/",
        "/api/cron/insights/context-packs/",
        "/api/cron/integration-health/",
        "/api/cron/background-jobs/",
    )

    def open(self) -> None:
        secret = secrets.token_urlsafe(40)
        self.cron_headers = {"Authorization": f"Bearer {secret}"}
        settings = {
            "DEBUG": "1",
            "ALLOW_LOOPBACK_PROVIDERS": "1",
            "SECRET_KEY": secrets.token_urlsafe(50),
            "FIELD_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
            "CRON_SECRET": secret,
            "WEB_CONCURRENCY": "2",
            "WEB_THREADS": "8",
            "WORKER_PROCESSES": "2",
            "OPENAI_API_KEY": "key-openai",
            "OPENAI_BASE_URL": self.environment["OPENAI_URL"],
            "OPENAI_DRAFT_TIMEOUT_MS": str(int(BACKGROUND_DRAFT_S * 1_000)),
            "EMAILBISON_TIMEOUT_MS": str(int(FETCH_S * 1_000)),
        }
        self.stage.serve_web(self.environment | settings, self.port)
        self.stage.serve("worker", ["manage.py", "qcluster"], self.environment | settings)
        script = SET_UP.format(accounts=[(account.emailbison, account.linkedin) for account in self.accounts])
        made = json.loads(self.run("manage.py", "shell", "-v0", "-c", script).splitlines()[-1])
        self.stage.wait(self.ready, "the web server")
        for account, facts in zip(self.accounts, made, strict=True):
            account.workspace = facts["workspace"]["id"]
            account.email_path = facts["webhooks"]["email"]["path"]
            account.linkedin_path = facts["webhooks"]["linkedin"]["path"]
            account.headers = {"Authorization": f"Bearer {facts['token']}"}
            account.cookies = self._log_in(facts["admin"]["email"])

    def _log_in(self, email: str) -> str:
        session, url = requests.Session(), f"http://127.0.0.1:{self.port}/login/"
        session.trust_env = False
        session.get(url, timeout=60)
        form = {"username": email, "password": PASSWORD, "csrfmiddlewaretoken": session.cookies["csrftoken"]}
        session.post(url, form, headers={"Referer": url}, timeout=60).raise_for_status()
        return "; ".join(f"{name}={text}" for name, text in session.cookies.items())

    def pages(self, account: Account, lead: str) -> list[str]:
        page = f"/w/{account.workspace}/inbox/{lead}/"
        return [page, f"{page}history/"]

    def send(self, account: Account, lead: str, channel: str, text: str) -> int:
        body, headers = {"lead": lead, "channel": channel, "text": text}, {"Idempotency-Key": text}
        return request(self.port, "POST", "/api/v1/sends/", body, account.headers | headers)[0]

    def ask_pack(self, account: Account) -> None:
        token = re.search(r"csrftoken=(\w+)", account.cookies)[1]
        answer = requests.post(
            f"http://127.0.0.1:{self.port}/w/{account.workspace}/insights/packs/",
            {"question": "Why do they answer?", "window": "D7", "csrfmiddlewaretoken": token},
            headers={"Cookie": account.cookies},
            timeout=60,
            allow_redirects=False,
        )
        if "/insights/packs/" not in answer.headers.get("Location", ""):
            raise RuntimeError(f"no pack, but {answer.status_code}")

    def disconnected(self) -> set[str]:
        rows: list[dict[str, Any]] = []
        for account in self.accounts:
            status, answer, _ = request(self.port, "GET", "/api/v1/accounts/", headers=account.headers)
            if status != 200:
                raise RuntimeError(f"accounts/ answers {status}")
            rows += [row for row in answer["data"] if row["provider"] == "unipile"]
        return {row["accountId"] for row in rows if row["state"] == "disconnected"}


PASSWORD = "a-long-password-of-the-campaign"
SET_UP = """
import io, json, os
from django.core.management import call_command
def output(*words):
    call_command(*words, stdout=(text := io.StringIO()))
    return text.getvalue()
made = []
for number, (emailbison, linkedin) in enumerate({accounts}):
    name, email = f"Campaign {{number}}", f"owner{{number}}@example.com"
    facts = json.loads(output("create_workspace", name, "--admin-email", email, "--admin-password",
        "a-long-password-of-the-campaign", "--json"))
    output("connect_integration", name, "emailbison", "--set", f"api_key={{emailbison}}",
        "--set", "base_url=" + os.environ["EMAILBISON_URL"])
    output("connect_integration", name, "unipile", "--set", "api_key=key-unipile",
        "--set", f"account_id={{linkedin}}", "--set", "base_url=" + os.environ["UNIPILE_URL"])
    scopes = [word for scope in ("leads:read", "sends:write", "health:read") for word in ("--scope", scope)]
    facts["token"] = json.loads(output("create_token", name, "Campaign", *scopes, "--json"))["token"]
    made.append(facts)
print(json.dumps(made))
"""
