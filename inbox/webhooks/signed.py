"""Addresses that a signature opens instead of a key: one sender calls them for all tenants (contract, Webhooks).

What names the tenant is inside the signed bytes. A tenant that nobody here is gets a ledger row without a workspace.
"""

import uuid

from django.utils import timezone
from rest_framework.response import Response

from inbox.intake import Outcome
from inbox.models import Lead, Workspace
from inbox.webhooks.base import Tenant, Unauthorized, WebhookView, answer
from integrations import registry
from integrations.calendly import signature as calendly_signature
from integrations.clay import signature as clay_signature
from integrations.events import ButtonEvent, Event, PayloadInvalid
from integrations.ghl import signature as ghl_signature
from integrations.models import Integration, Provider
from integrations.slack import signature as slack_signature

NOBODY = Tenant(None, None)


class GhlAppView(WebhookView):
    """GoHighLevel's Marketplace app: the location names the tenant, and belongs to one integration only."""

    http_method_names = ["post", "options"]
    source = registry.GHL_APP

    def tenant(self, request, key: str, body: bytes) -> Tenant:
        if not ghl_signature.valid(body, request.headers):
            raise Unauthorized
        try:
            location = self.source.account_of(self.source.decode(body))
        except PayloadInvalid:
            location = ""
        if not location:
            return NOBODY
        found = Integration.objects.select_related("workspace").filter(
            provider=Provider.GHL, external_account_id=location
        )
        integration = found.first()
        return Tenant(integration.workspace, integration) if integration else NOBODY


class ClayView(WebhookView):
    """Clay: a workspace's key, or the secret of the whole installation, and then our own lead id names the tenant."""

    source = registry.SOURCES["clay"]

    def tenant(self, request, key: str, body: bytes) -> Tenant:
        if key:
            return super().tenant(request, key, body)
        if not clay_signature.valid(body, request.headers):
            return super().tenant(request, key, body)
        workspace = _workspace_of_lead(_event(self.source, body))
        if workspace is None:
            return NOBODY
        return Tenant(workspace, workspace.integrations.filter(provider=Provider.CLAY).first())


class CalendlyWorkspaceView(WebhookView):
    """The predecessor's Calendly address: the workspace stands in it, a valid signature opens it."""

    http_method_names = ["post", "options"]
    source = registry.SOURCES["calendly"]

    def post(self, request, workspace_id: uuid.UUID) -> Response:
        return super().post(request, str(workspace_id))

    def tenant(self, request, key: str, body: bytes) -> Tenant:
        accounts = Integration.objects.select_related("workspace").filter(
            workspace=uuid.UUID(key), provider=Provider.CALENDLY
        )
        now = timezone.now()
        for integration in accounts:
            if calendly_signature.valid(integration.credentials, body, request.headers, now):
                return Tenant(integration.workspace, integration)
        raise Unauthorized


class SlackView(WebhookView):
    """Slack's buttons: acknowledged at once, worked in a job. The workspace is the one we wrote into the button."""

    http_method_names = ["post", "options"]
    source = registry.SLACK
    challenge = ""

    def tenant(self, request, key: str, body: bytes) -> Tenant:
        if not slack_signature.valid(body, request.headers, timezone.now()):
            raise Unauthorized
        self.challenge = _challenge(self.source, body)
        event = _event(self.source, body)
        workspace = _workspace(event.value.get("clientId")) if isinstance(event, ButtonEvent) else None
        if workspace is None:
            return NOBODY
        return Tenant(workspace, workspace.integrations.filter(provider=Provider.SLACK).first())

    def answered(self, outcome: Outcome) -> Response:
        if self.challenge:
            return Response({"challenge": self.challenge})
        response = answer(self.source, outcome)
        response.data["ok"] = response.status_code == 200
        if response.status_code != 200:
            response["X-Slack-No-Retry"] = "1"
        return response


def _event(source: registry.WebhookSource, body: bytes) -> Event | None:
    try:
        return source.parse(source.decode(body), timezone.now())
    except PayloadInvalid:
        return None


def _challenge(source: registry.WebhookSource, body: bytes) -> str:
    try:
        value = source.decode(body)
    except PayloadInvalid:
        return ""
    asked = isinstance(value, dict) and value.get("type") == "url_verification"
    return str(value.get("challenge", ""))[:200] if asked else ""


def _workspace_of_lead(event: Event | None) -> Workspace | None:
    lead = Lead.objects.select_related("workspace").filter(pk=_uuid(getattr(event, "lead_id", ""))).first()
    return lead.workspace if lead else None


def _workspace(value: object) -> Workspace | None:
    return Workspace.objects.filter(pk=_uuid(value)).first()


def _uuid(value: object) -> uuid.UUID | None:
    try:
        return uuid.UUID(value) if isinstance(value, str) else None
    except ValueError:
        return None
