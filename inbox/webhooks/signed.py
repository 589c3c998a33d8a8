"""Addresses that a signature opens instead of a key: one sender calls them for all tenants.

Which they are: docs/reference/addresses.md, Webhooks. What names the tenant is inside the signed bytes. Where nobody
here is meant, the delivery is kept without a workspace.
"""

import uuid

from django.utils import timezone
from rest_framework.response import Response

from inbox.intake import Outcome
from inbox.webhooks.base import WebhookView, answer
from inbox.webhooks.schema import form_schema, post_schema
from inbox.webhooks.tenants import Tenant, Unauthorized
from integrations import calendly, registry
from integrations.calendly import signature as calendly_signature
from integrations.models import Integration
from integrations.spec import WebhookSource


class SignedView(WebhookView):
    """An address that nothing but the provider's signature opens."""

    http_method_names = ["post", "options"]


class CalendlyWorkspaceView(WebhookView):
    """Calendly's older address: the workspace stands in it, a valid signature opens it."""

    http_method_names = ["post", "options"]
    source = registry.webhook_source(calendly.NAME)
    key_in_path = False  # what stands there is the workspace's id

    @post_schema
    def post(self, request, workspace_id: uuid.UUID) -> Response:
        return super().post(request, str(workspace_id))

    def tenant(self, request, key: str, body: bytes) -> Tenant:
        accounts = Integration.objects.select_related("workspace").filter(
            workspace=uuid.UUID(key), provider=calendly.NAME
        )
        now = timezone.now()
        # Those that can be read first: one that cannot is no reason to refuse another's event.
        for integration in sorted(accounts, key=lambda account: account.is_unreadable):
            if calendly_signature.valid(integration.credentials, body, request.headers, now):
                return Tenant(integration.workspace, integration)
        raise Unauthorized


class SlackView(SignedView):
    """Slack's buttons: acknowledged at once, worked in a job. The workspace is the one we wrote into the button."""

    challenge = ""

    @form_schema
    def post(self, request) -> Response:
        return super().post(request)

    def tenant(self, request, key: str, body: bytes) -> Tenant:
        tenant = super().tenant(request, key, body)
        self.challenge = _challenge(self.source, body)
        return tenant

    def answered(self, outcome: Outcome) -> Response:
        if self.challenge:
            return Response({"challenge": self.challenge})
        response = answer(self.source, outcome)
        response.data["ok"] = response.status_code == 200
        if response.status_code != 200:
            response["X-Slack-No-Retry"] = "1"
        return response


def _challenge(source: WebhookSource, body: bytes) -> str:
    try:
        value = source.decode(body)
    except Exception:  # as in `tenants.named_in`
        return ""
    asked = isinstance(value, dict) and value.get("type") == "url_verification"
    return str(value.get("challenge", ""))[:200] if asked else ""
