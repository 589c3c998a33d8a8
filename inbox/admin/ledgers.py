"""What went out, what came in, and who did what: append only."""

from django.contrib import admin
from django.utils.safestring import SafeString

from config.modeladmin import RecordAdmin, WorkspaceFilter, known_values, link
from inbox.models import AuditEntry, OutboundSend, WebhookDelivery
from inbox.states import state_of
from inbox.templatetags.holdfast import render_chip
from integrations.registry import SOURCES


@admin.register(OutboundSend)
class OutboundSendAdmin(RecordAdmin):
    list_display = ("created_at", "lead_link", "channel", "origin", "state_chip", "reason", "workspace")
    list_filter = ("state", "channel", "origin", WorkspaceFilter)
    list_select_related = ("lead", "workspace")
    ordering = ("-created_at",)
    search_fields = ("lead__email__exact", "provider_message_id__exact", "origin_id__exact")
    search_help_text = "The lead's address, the provider's message id, or an id"
    heavy = ("text", "rest", "recipients")
    readonly_fields = ("lead_link",)

    @admin.display(description="lead", ordering="lead")
    def lead_link(self, send: OutboundSend) -> SafeString:
        return link(send.lead, send.lead.display_name)

    @admin.display(description="state", ordering="state")
    def state_chip(self, send: OutboundSend) -> SafeString:
        return render_chip(state_of("send", send.state))


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(RecordAdmin):
    """Without the body: it may hold a provider's secret, and the page of the delivery knows how to show it."""

    list_display = (
        "received_at",
        "source",
        "event_type",
        "verdict_chip",
        "message_link",
        "job_link",
        "workspace",
    )
    list_filter = ("verdict", known_values("source", SOURCES), WorkspaceFilter)
    list_select_related = ("message", "job", "workspace")
    ordering = ("-received_at",)
    search_fields = ("event_key__exact", "event_type__exact", "message__external_id__exact")
    search_help_text = "Event type, event key, the provider's message id, or an id"
    heavy = ("body", "headers", "error_fields")
    exclude = ("body",)
    readonly_fields = ("message_link", "lead_link", "job_link")

    @admin.display(description="verdict", ordering="verdict")
    def verdict_chip(self, delivery: WebhookDelivery) -> SafeString:
        return render_chip(state_of("delivery", delivery.verdict))

    @admin.display(description="message")
    def message_link(self, delivery: WebhookDelivery) -> SafeString:
        return link(delivery.message)

    @admin.display(description="lead")
    def lead_link(self, delivery: WebhookDelivery) -> SafeString:
        return link(delivery.lead)

    @admin.display(description="job")
    def job_link(self, delivery: WebhookDelivery) -> SafeString:
        return link(delivery.job, delivery.job.kind if delivery.job else "")


@admin.register(AuditEntry)
class AuditEntryAdmin(RecordAdmin):
    list_display = ("created_at", "actor", "action", "object_type", "object_id", "workspace")
    list_filter = (WorkspaceFilter,)
    list_select_related = ("actor", "workspace")
    search_fields = ("object_id__exact", "actor__email__exact", "action__startswith")
    search_help_text = "An object's id, a person's address, or the beginning of an action"
