"""The webhook views that the intake benchmark compares the product's with, on the same tables in the same server.

`plain` is the webhook as one would first write it with the ORM. It authenticates, validates with the same payload
model, writes the delivery's row, calls `update_or_create` for lead and campaign, `get_or_create` for the message and
`async_task` for the work, and notes the result. All of it is one transaction. `plain-autocommit` is the same with
Django's default, where each statement is a transaction of its own. A crash there leaves half a delivery. `floor` is our
own view that writes only the delivery's row, in one statement.
"""

import hashlib
import uuid

from django.db import transaction
from django.urls import path
from django.utils import timezone
from django_q.tasks import async_task
from rest_framework.response import Response
from rest_framework.views import APIView

from config.urls import urlpatterns as product
from inbox.models import Campaign, Lead, Message, WebhookDelivery
from inbox.understanding.text import newest_text
from inbox.webhooks.views import Tenant, WebhookView
from integrations.emailbison import payloads
from integrations.events import MessageEvent, PayloadInvalid
from integrations.models import WebhookKey, hash_key
from integrations.registry import keyed_sources


class FloorView(WebhookView):
    """Our own view for an unknown sender.

    It receives the request and writes its row. It looks up no tenant and does nothing with the event.
    """

    source = keyed_sources()["email"]

    def tenant(self, request, key: str, body: bytes) -> Tenant:
        return Tenant(None, None)


class PlainView(APIView):
    """The webhook written in the simplest way with the ORM."""

    authentication_classes = ()
    permission_classes = ()
    login_required = False

    def post(self, request, key: str) -> Response:
        body, data = request.body, request.data
        try:
            webhook_key = (
                WebhookKey.objects.usable()
                .select_related("integration__workspace")
                .get(key_hash=hash_key(key), integration__provider="emailbison")
            )
        except WebhookKey.DoesNotExist:
            return Response({"success": False, "error": "unauthorized"}, status=401)
        webhook_key.last_used_at = timezone.now()
        webhook_key.save(update_fields=["last_used_at"])
        delivery = _ledger_row(body, webhook_key.integration)
        try:
            event = payloads.parse(data, timezone.now())
        except PayloadInvalid as error:
            delivery.verdict, delivery.error_fields = "rejected", error.fields
            delivery.save()
            return Response(
                {"success": False, "error": "invalid_payload", "fields": error.fields}, status=400
            )
        message, created = _store(webhook_key.integration.workspace, event)
        if created and message.direction == Message.Direction.INBOUND:
            async_task("inbox.jobs.process_inbound", str(message.pk))
        delivery.event_type = event.event_type
        delivery.verdict = "accepted" if created else "duplicate"
        delivery.message, delivery.lead = message, message.lead
        delivery.save()
        return Response(
            {
                "success": True,
                "deduped": not created,
                "eventType": event.event_type,
                "deliveryId": str(delivery.pk),
                "messageId": str(message.pk),
                "leadId": str(message.lead_id),
            }
        )


class PlainTransactionView(PlainView):
    @transaction.atomic
    def post(self, request, key: str) -> Response:
        return super().post(request, key)


def _store(workspace, event: MessageEvent) -> tuple[Message, bool]:
    person = event.person
    lead, _ = Lead.objects.update_or_create(
        workspace=workspace,
        email=person.email.strip().lower(),
        defaults={
            "emailbison_lead_id": person.emailbison_lead_id,
            "first_name": person.first_name,
            "last_name": person.last_name,
            "company": person.company,
            "title": person.title,
        },
    )
    campaign = None
    if event.campaign is not None:
        campaign, _ = Campaign.objects.update_or_create(
            workspace=workspace,
            provider="emailbison",
            external_id=event.campaign.external_id,
            defaults={"name": event.campaign.name},
        )
    text = newest_text(event.text, event.html, channel=event.channel).text
    message, created = Message.objects.get_or_create(
        workspace=workspace,
        source=event.source,
        external_id=event.external_id,
        defaults={
            "lead": lead,
            "campaign": campaign,
            "direction": event.direction,
            "channel": event.channel,
            "subject": event.subject,
            "text": text,
            "raw_text": event.text,
            "raw_html": event.html,
            "from_address": event.from_address,
            "from_name": event.from_name,
            "recipients": event.recipients,
            "account_id": event.account_id,
            "account_address": event.account_address,
            "automated_reply": event.automated_reply,
            "sent_at": event.occurred_at,
        },
    )
    if created:
        lead.campaign = campaign
        lead.last_message_at, lead.last_channel = message.sent_at, message.channel
        lead.last_snippet = text[:200]
        if message.direction == Message.Direction.INBOUND:
            lead.last_inbound_at, lead.unread, lead.needs_reply = message.sent_at, True, True
        else:
            lead.last_outbound_at = message.sent_at
        lead.save()
    return message, created


def _ledger_row(body: bytes, integration) -> WebhookDelivery:
    return WebhookDelivery.objects.create(
        id=uuid.uuid4(),
        workspace=integration.workspace,
        integration=integration,
        source="email",
        verdict="accepted",
        body=body,
        body_bytes=len(body),
        body_sha256=hashlib.sha256(body).hexdigest(),
        received_at=timezone.now(),
    )


urlpatterns = [
    path("floor/<slug:key>/", FloorView.as_view()),
    path("plain/<slug:key>/", PlainTransactionView.as_view()),
    path("plain-autocommit/<slug:key>/", PlainView.as_view()),
    *product,
]
