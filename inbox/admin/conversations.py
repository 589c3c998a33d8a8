"""Leads, campaigns, messages and drafts, with the ways between them."""

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from config.modeladmin import RecordAdmin, WorkspaceFilter, known_values, link, list_link
from inbox.admin.merging import MergingAdmin
from inbox.leads import facts
from inbox.models import (
    Appointment,
    Campaign,
    Draft,
    FollowUpInstance,
    Lead,
    Message,
    OutboundSend,
    WebhookDelivery,
)
from inbox.states import state_of
from inbox.templatetags.holdfast import render_chip
from integrations import registry


@admin.register(Campaign)
class CampaignAdmin(RecordAdmin):
    list_display = ("name", "provider", "external_id", "workspace", "created_at")
    list_filter = (known_values("provider", registry.labels), WorkspaceFilter)
    list_select_related = ("workspace",)
    search_fields = ("name", "external_id__exact")
    search_help_text = "Name, or the provider's id"


@admin.register(Lead)
class LeadAdmin(MergingAdmin):
    """Names can be corrected; identities and roll-ups follow from messages and stay as they are."""

    list_display = (
        "display_name",
        "company",
        "email",
        "tag_chip",
        "needs_reply",
        "workspace",
        "last_message_at",
    )
    list_filter = ("needs_reply", "tag", "last_channel", "identity_conflict", WorkspaceFilter)
    list_select_related = ("workspace",)
    ordering = ("-last_message_at", "-pk")
    search_fields = ("email__startswith", "phone__exact", "first_name__istartswith", "last_name__istartswith")
    search_help_text = "Beginning of a name or address, a phone number as +15555550119, or an id"
    editable = ("first_name", "last_name", "company", "title", "identity_conflict")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Lead | None = None) -> bool:
        return False

    def get_fields(self, request: HttpRequest, obj: Lead | None = None) -> list[str]:
        names = [field.name for field in Lead._meta.fields if field.name not in self.editable]
        return [*self.editable, "related", *names]

    def get_readonly_fields(self, request: HttpRequest, obj: Lead | None = None) -> list[str]:
        return [name for name in self.get_fields(request, obj) if name not in self.editable]

    def save_model(self, request: HttpRequest, obj: Lead, form, change: bool) -> None:
        entered = {name: form.cleaned_data[name] for name in form.changed_data if name in facts.FACTS}
        facts.enter(obj, entered, request.user)
        others = [name for name in form.changed_data if name not in entered]
        obj.save(update_fields=[*others, "updated_at"])  # the roll-ups may have moved on meanwhile

    @admin.display(description="tag", ordering="tag")
    def tag_chip(self, lead: Lead) -> SafeString:
        return render_chip(state_of("tag", lead.tag))

    @admin.display(description="related")
    def related(self, lead: Lead) -> SafeString:
        page = reverse("inbox:conversation", args=[lead.workspace_id, lead.pk])
        merging_page = reverse("admin:inbox_lead_merge", args=[lead.pk])
        links = [
            format_html('<a href="{}">Conversation</a>', page),
            format_html('<a href="{}">Merge another lead into this one…</a>', merging_page),
            list_link(Message, "Messages", lead=lead.pk),
            list_link(Draft, "Drafts", lead=lead.pk),
            list_link(OutboundSend, "Sends", lead=lead.pk),
            list_link(WebhookDelivery, "Deliveries", lead=lead.pk),
            list_link(FollowUpInstance, "Follow-ups", lead=lead.pk),
            list_link(Appointment, "Meetings", lead=lead.pk),
        ]
        return SafeString(" · ".join(links))


@admin.register(Message)
class MessageAdmin(RecordAdmin):
    list_display = (
        "sent_at",
        "source",
        "external_id",
        "direction",
        "lead_link",
        "tag",
        "processed_at",
        "workspace",
    )
    list_filter = ("source", "direction", "channel", "id_reused", WorkspaceFilter)
    list_select_related = ("lead", "workspace")
    ordering = ("-received_at",)
    search_fields = ("external_id__exact", "lead__email__exact")
    search_help_text = "The provider's id, the lead's address, or an id"
    heavy = ("text", "raw_text", "raw_html", "tag_evidence")
    readonly_fields = ("lead_link", "deliveries")

    @admin.display(description="lead", ordering="lead")
    def lead_link(self, message: Message) -> SafeString:
        return link(message.lead, message.lead.display_name)

    @admin.display(description="deliveries")
    def deliveries(self, message: Message) -> SafeString:
        return list_link(WebhookDelivery, "Deliveries of this message", message=message.pk)


@admin.register(Draft)
class DraftAdmin(RecordAdmin):
    list_display = ("created_at", "lead_link", "channel", "status_chip", "decided_by", "workspace")
    list_filter = ("status", "channel", WorkspaceFilter)
    list_select_related = ("lead", "decided_by", "workspace")
    ordering = ("-created_at",)
    search_fields = ("lead__email__exact",)
    search_help_text = "The lead's address, or an id"
    heavy = ("text", "generated_text", "strategy", "verification")
    readonly_fields = ("lead_link", "sends")

    @admin.display(description="lead", ordering="lead")
    def lead_link(self, draft: Draft) -> SafeString:
        return link(draft.lead, draft.lead.display_name)

    @admin.display(description="status", ordering="status")
    def status_chip(self, draft: Draft) -> SafeString:
        return render_chip(state_of("draft", draft.status))

    @admin.display(description="sends")
    def sends(self, draft: Draft) -> SafeString:
        return list_link(OutboundSend, "Sends of this draft", draft=draft.pk)
