"""A workspace whose providers are the sandbox, and what happens to it: replies come in, jobs run, mails go out."""

from dataclasses import dataclass, field
from typing import Any

from django.test import Client, override_settings

from inbox.models import Draft, Lead, Message, OutboundSend, User, Workspace
from inbox.workspaces.creation import webhook_path
from integrations.http import session
from integrations.http.breaker import breakers
from integrations.http.transport import adapter_of
from integrations.models import Integration, WebhookKey
from jobs.models import BackgroundJob, JobStep
from jobs.worker import drain
from sandbox import SandboxServer
from tests import factories

SENDER = {"id": 311, "email": "alex@outreach.example.com", "name": "Alex"}


def settings_for(sandbox: SandboxServer, **more: Any) -> override_settings:
    """Settings that point every provider of the installation at the sandbox, with a model connected."""
    values = {
        "OPENAI_API_KEY": "key-openai",
        "OPENAI_BASE_URL": f"{sandbox.url('openai')}/v1",
        "UNIPILE_DSN": sandbox.url("unipile"),
        "UNIPILE_API_KEY": "key-unipile",
        "GHL_BASE_URL": sandbox.url("ghl"),
        "SLACK_BASE_URL": f"{sandbox.url('slack')}/api",
    }
    return override_settings(**values | more)


def forget_calls() -> None:
    """Closed breakers, a full retry budget, no pooled connection: what an earlier test left behind."""
    breakers.forget()
    adapter_of.cache_clear()
    session._budgets.clear()


@dataclass
class World:
    """`key` is the EmailBison account's API key, its name in the sandbox."""

    sandbox: SandboxServer
    workspace: Workspace
    user: User
    key: str
    client: Client = field(default_factory=Client)
    paths: dict[str, str] = field(default_factory=dict)

    @classmethod
    def make(cls, sandbox: SandboxServer, name: str = "Northwind", **fields: Any) -> "World":
        defaults = {
            "timezone": "America/New_York",
            "persona_name": "Alex Moreno",
            "signature": "Alex Moreno\nNorthwind",
        }
        workspace = factories.make_workspace(name, **defaults | fields)
        user = factories.make_member(workspace)
        key = f"key-{workspace.pk}"
        world = cls(sandbox, workspace, user, key)
        world.add_webhook("email", "email", world.connect("emailbison", api_key=key))
        return world

    def add_webhook(self, name: str, source: str, integration: Integration) -> None:
        """Give `integration` an address, known to this world by `name`."""
        self.paths[name] = webhook_path(source, WebhookKey.issue(integration).secret)

    def connect(self, provider: str, account: str = "", **credentials: str) -> Integration:
        """Connect an account of `provider` that is played by the sandbox."""
        url = self.sandbox.url(provider)
        return factories.make_integration(
            self.workspace,
            provider,
            credentials=credentials,
            config={"base_url": url},
            external_account_id=account,
        )

    def reply(
        self, text: str, *, event: str = "LEAD_REPLIED", email: str = "dana@example.org", **fields: Any
    ) -> Message:
        """Somebody answers by e-mail: the sandbox learns it, the webhook is taken, the message is returned."""
        lead = {"email": email, "first_name": "Dana", "last_name": "Reyes", "company": "Reyes Roofing"}
        told = self.sandbox.emit(
            "emailbison",
            self.key,
            event,
            deliver=False,
            lead=lead | fields.pop("lead", {}),
            text=text,
            subject="Re: winter work",
            campaign={"id": 901, "name": "Q1 Founders"},
            sender=SENDER,
            **fields,
        )
        return self.take(told["body"])

    def take(self, body: dict[str, Any], source: str = "email") -> Message:
        """Post a provider's webhook body to our own address."""
        answer = self.client.post(self.paths[source], body, content_type="application/json")
        assert answer.status_code == 200, answer.content
        return Message.objects.select_related("lead").get(pk=answer.json()["messageId"])

    def work(self) -> dict[str, int]:
        """Run everything that is due."""
        return drain()

    def job(self, message: Message) -> BackgroundJob:
        return BackgroundJob.objects.get(kind="inbound.process", payload__message_id=str(message.pk))

    def steps(self, message: Message) -> dict[str, tuple[str, str]]:
        """How each step of the message's job ended: its status and the reason of a skip."""
        rows = JobStep.objects.filter(job=self.job(message))
        return {row.name: (row.status, row.reason) for row in rows}

    def draft(self, message: Message) -> Draft | None:
        return Draft.objects.filter(trigger_message=message).first()

    def lead(self) -> Lead:
        return Lead.objects.get(workspace=self.workspace)

    def sends(self) -> list[OutboundSend]:
        return list(OutboundSend.objects.filter(workspace=self.workspace).order_by("created_at"))

    def posted(self, provider: str = "emailbison") -> list[dict[str, Any]]:
        """What the provider accepted."""
        return self.sandbox.sends(provider=provider)
