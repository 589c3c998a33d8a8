"""What went out, and who did what: append only."""

from django.contrib import admin
from django.utils.safestring import SafeString

from config.modeladmin import RecordAdmin, WorkspaceFilter, link
from inbox.models import AuditEntry, OutboundSend
from inbox.states import state_of
from inbox.templatetags.holdfast import render_chip


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


@admin.register(AuditEntry)
class AuditEntryAdmin(RecordAdmin):
    list_display = ("created_at", "actor", "action", "object_type", "object_id", "workspace")
    list_filter = (WorkspaceFilter,)
    list_select_related = ("actor", "workspace")
    search_fields = ("object_id__exact", "actor__email__exact", "action__startswith")
    search_help_text = "An object's id, a person's address, or the beginning of an action"
