"""Addresses that a signature opens instead of a key: one sender calls them for all tenants.

Which they are: docs/reference/addresses.md, Webhooks. What names the tenant is inside the signed bytes. Where nobody
here is meant, the delivery is kept without a workspace.
"""

import uuid

from django.utils import timezone
from rest_framework.response import Response

from inbox.intake import Outcome
from inbox.models import Lead, Workspace
from inbox.webhooks.base import Tenant, Unauthorized, WebhookView, answer
from inbox.webhooks.schema import form_schema, post_schema
from integrations import registry
from integrations.calendly import signature as calendly_signature
from integrations.clay import signature as clay_signature
from integrations.events import ButtonEvent, EnrichmentEvent
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
        return tenant_named_in(self.source.name, body)


class ClayView(WebhookView):
    """Clay: a workspace's key, or the secret of the whole installation, and then our own lead id names the tenant."""

    source = registry.SOURCES["clay"]

    def tenant(self, request, key: str, body: bytes) -> Tenant:
        if key or not clay_signature.valid(body, request.headers):
            return super().tenant(request, key, body)
        return tenant_named_in(self.source.name, body)


class CalendlyWorkspaceView(WebhookView):
    """Calendly's older address: the workspace stands in it, a valid signature opens it."""

    http_method_names = ["post", "options"]
    source = registry.SOURCES["calendly"]
    key_in_path = False  # what stands there is the workspace's id

    @post_schema
    def post(self, request, workspace_id: uuid.UUID) -> Response:
        return super().post(request, str(workspace_id))

    def tenant(self, request, key: str, body: bytes) -> Tenant:
        accounts = Integration.objects.select_related("workspace").filter(
            workspace=uuid.UUID(key), provider=Provider.CALENDLY
        )
        now = timezone.now()
        # Those that can be read first: one that cannot is no reason to refuse another's event.
        for integration in sorted(accounts, key=lambda account: account.is_unreadable):
            if calendly_signature.valid(integration.credentials, body, request.headers, now):
                return Tenant(integration.workspace, integration)
        raise Unauthorized


class SlackView(WebhookView):
    """Slack's buttons: acknowledged at once, worked in a job. The workspace is the one we wrote into the button."""

    http_method_names = ["post", "options"]
    source = registry.SLACK
    challenge = ""

    @form_schema
    def post(self, request) -> Response:
        return super().post(request)

    def tenant(self, request, key: str, body: bytes) -> Tenant:
        if not slack_signature.valid(body, request.headers, timezone.now()):
            raise Unauthorized
        self.challenge = _challenge(self.source, body)
        return tenant_named_in(self.source.name, body)

    def answered(self, outcome: Outcome) -> Response:
        if self.challenge:
            return Response({"challenge": self.challenge})
        response = answer(self.source, outcome)
        response.data["ok"] = response.status_code == 200
        if response.status_code != 200:
            response["X-Slack-No-Retry"] = "1"
        return response


def tenant_named_in(source_name: str, body: bytes) -> Tenant:
    """Whom the bytes of a signed sender mean. Only for bytes whose signature was found good."""
    source = registry.ALL_SOURCES[source_name]
    try:
        value = source.decode(body)
        if source is registry.GHL_APP:
            return _location(source.account_of(value))
        event = source.parse(value, timezone.now())
    except (
        Exception
    ):  # not the sender's shape, or a defect of ours: `process` meets it again and keeps the delivery
        return NOBODY
    if isinstance(event, EnrichmentEvent):
        lead = Lead.objects.select_related("workspace").filter(pk=_uuid(event.lead_id)).first()
        return _account(lead and lead.workspace, Provider.CLAY)
    if isinstance(event, ButtonEvent):
        workspace = Workspace.objects.filter(pk=_uuid(event.value.get("clientId"))).first()
        return _account(workspace, Provider.SLACK)
    return NOBODY


def _location(location_id: str) -> Tenant:
    found = Integration.objects.select_related("workspace").filter(
        provider=Provider.GHL, external_account_id=location_id
    )
    integration = found.first() if location_id else None
    return Tenant(integration.workspace, integration) if integration else NOBODY


def _account(workspace: Workspace | None, provider: str) -> Tenant:
    return (
        Tenant(workspace, workspace.integrations.filter(provider=provider).first()) if workspace else NOBODY
    )


def _challenge(source: registry.WebhookSource, body: bytes) -> str:
    try:
        value = source.decode(body)
    except Exception:  # as in `tenant_named_in`
        return ""
    asked = isinstance(value, dict) and value.get("type") == "url_verification"
    return str(value.get("challenge", ""))[:200] if asked else ""


def _uuid(value: object) -> uuid.UUID | None:
    try:
        return uuid.UUID(value) if isinstance(value, str) else None
    except ValueError:
        return None
