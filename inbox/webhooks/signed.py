"""The webhook addresses whose requests are authenticated by a signature. At each address, one sender calls for all
workspaces.

docs/reference/addresses.md, Webhooks, lists these addresses. The signed bytes name the workspace, which may be unknown.
"""

import uuid
from collections.abc import Callable

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from inbox.intake.receipt import IntakeResult
from inbox.webhooks.schema import form_schema, post_schema
from inbox.webhooks.tenants import Tenant, Unauthorized
from inbox.webhooks.views import WebhookView, answer
from integrations import calendly, registry, slack
from integrations.calendly import signature as calendly_signature
from integrations.health import probes
from integrations.models import Integration
from integrations.slack import payloads as slack_payloads
from integrations.spec import WebhookSource


class SignedView(WebhookView):
    """A webhook address that is authenticated only by the provider's signature."""

    http_method_names = ["post", "options"]


class CalendlyWorkspaceView(SignedView):
    """Calendly's older webhook address, which contains the workspace's id and is authenticated by a signature."""

    source = registry.webhook_source(calendly.NAME)
    key_in_path = False  # the path holds the workspace's id and no key

    @post_schema
    def post(self, request: Request, workspace_id: uuid.UUID) -> Response:  # type: ignore[override]  # so the address names it
        return super().post(request, str(workspace_id))

    def tenant(self, request: Request, key: str, body: Callable[[], bytes]) -> Tenant:
        """Returns the workspace with the id `key`, and its account that signed. If none did, raises Unauthorized."""
        accounts = Integration.objects.select_related("workspace").filter(
            workspace=uuid.UUID(key), provider=calendly.NAME
        )
        now = timezone.now()
        # Accounts with readable secrets come first. An unreadable account must not refuse another account's event.
        for integration in sorted(accounts, key=lambda account: account.is_unreadable):
            if calendly_signature.valid(integration.credentials, body(), request.headers, now):
                return Tenant(integration.workspace, integration)
        raise Unauthorized


class SlackView(SignedView):
    """The address to which Slack posts button presses. A press is acknowledged at once, and a job does its work.

    Slack also reports here that a team removed the app or revoked its tokens. A probe of each Slack account then
    detects the change.
    """

    challenge = ""

    @form_schema
    def post(self, request: Request, key: str = "") -> Response:
        return super().post(request, key)

    def tenant(self, request: Request, key: str, body: Callable[[], bytes]) -> Tenant:
        tenant = super().tenant(request, key, body)
        self.challenge = _challenge(self.source, body())
        return tenant

    def answered(self, outcome: IntakeResult) -> Response:
        """Answers a refused button press so that Slack does not send it again."""
        if self.challenge:
            return Response({"challenge": self.challenge})
        if outcome.event_type in slack_payloads.REVOKED:
            probes.enqueue_probes(Integration.objects.filter(provider=slack.NAME, enabled=True))
        response = answer(self.source, outcome)
        response.data["ok"] = response.status_code == 200
        if response.status_code != 200:
            response["X-Slack-No-Retry"] = "1"
        return response


def _challenge(source: WebhookSource, body: bytes) -> str:
    try:
        parsed = source.decode(body)
    except Exception:  # `process` reports an unreadable body
        return ""
    is_challenge = isinstance(parsed, dict) and parsed.get("type") == "url_verification"
    return str(parsed.get("challenge", ""))[:200] if is_challenge else ""
