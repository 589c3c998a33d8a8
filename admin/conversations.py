"""Admin pages of leads, campaigns, messages and drafts, linked with each other."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from admin.base import RecordAdmin, WorkspaceFilter, known_values, link, list_link
from admin.integrations import provider_name
from admin.merging import MergingAdmin
from admin.scope import scope_of
from inbox.leads import facts
from inbox.models import (
    Appointment,
    Campaign,
    Draft,
    FollowUpInstance,
    Lead,
    Message,
    Note,
    OutboundSend,
    WebhookDelivery,
)
from inbox.models.lead import LEAD_WORDS
from inbox.models.message import OWN
from inbox.models.words import HasWords
from inbox.pages.access import signed_in
from inbox.pages.desk.search_terms import names_query
from inbox.pages.state_marks import state_of
from inbox.pages.templatetags.holdfast import render_chip
from integrations import registry

WORDS = "words"
"""The search by beginnings of words, which has an index of its own."""


def message_sources() -> dict[str, str]:
    """The sources that a message can have, for a filter."""
    return {name: name for name in (OWN, *registry.message_sources())}


@admin.register(Campaign)
class CampaignAdmin(RecordAdmin):
    workspace_path = "workspace"
    plain_texts = ("external_id", "name")
    list_display = ("name", provider_name, "external_id", "workspace", "created_at")
    list_filter = (known_values("provider", registry.labels), WorkspaceFilter)
    list_select_related = ("workspace",)
    ordering = ("-pk",)
    search_fields = ("name__istartswith", "external_id__exact")
    search_help_text = "Beginning of the name, or the provider's id"


@admin.register(Lead)
class LeadAdmin(MergingAdmin):
    """Leads. Their names can be corrected. Identities and roll-ups follow from messages and cannot be edited."""

    workspace_path = "workspace"
    trace_kind = "lead"
    text_fields = ("last_snippet", "suspected_words")
    plain_texts = (
        *("email", "linkedin_url", "company", "title", "current_replier_email", "current_replier_name"),
        *("sources", "score_reason", "repair_reason", "last_account"),
    )
    logs_values = False
    list_display = (
        "display_name",
        "company",
        "email",
        "tag_chip",
        "needs_reply",
        "workspace",
        "last_message_at",
    )
    list_filter = ("needs_reply", "tag", "last_channel", "identity_conflict", "sample", WorkspaceFilter)
    linked_by = ("awaiting_model__exact",)
    list_select_related = ("workspace",)
    ordering = ("-pk",)
    ordering_of_one = ("-last_message_at", "-pk")
    search_fields = ("email__exact", "phone__exact", WORDS)
    search_help_text = "Address, beginnings of names, a phone number as +15555550119, or an id"
    editable = ("first_name", "last_name", "company", "title", "identity_conflict")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Lead | None = None) -> bool:
        return False

    def get_fields(self, request: HttpRequest, obj: Lead | None = None) -> list[Any]:
        names = [field.name for field in Lead._meta.fields if field.name not in self.editable]
        hidden = () if obj is not None and self.may_read(request, obj) else self.text_fields
        return [*self.editable, "related", *(name for name in names if name not in hidden)]

    def found_by(self, request: HttpRequest, name: str, term: str) -> list[QuerySet[Lead]]:
        if name != WORDS:
            return super().found_by(request, name, term.lower())
        query = names_query(term)
        rows = scope_of(request).limit(Lead.objects.all(), self.workspace_path)
        return [rows.filter(HasWords(LEAD_WORDS, query))] if query else [rows.none()]

    def workspace_pages(self, row: Lead) -> list[tuple[str, str]]:
        return [("Conversation", reverse("inbox:conversation", args=[row.workspace_id, row.pk]))]

    def get_readonly_fields(self, request: HttpRequest, obj: Lead | None = None) -> list[str]:
        return [name for name in self.get_fields(request, obj) if name not in self.editable]

    def save_model(self, request: HttpRequest, obj: Lead, form: "ModelForm[Lead]", change: bool) -> None:
        entered = {name: form.cleaned_data[name] for name in form.changed_data if name in facts.FACTS}
        facts.enter(obj, entered, signed_in(request))
        columns = [name for name in form.changed_data if name not in entered]
        # only these columns, as the roll-ups may have changed meanwhile
        obj.save(update_fields=[*columns, "updated_at"])

    @admin.display(description="tag", ordering="tag")
    def tag_chip(self, lead: Lead) -> SafeString:
        return render_chip(state_of("tag", lead.tag))

    @admin.display(description="related")
    def related(self, lead: Lead) -> SafeString:
        merging_page = reverse("admin:inbox_lead_merge", args=[lead.pk])
        links = [
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
    workspace_path = "workspace"
    named_by = "lead"
    trace_kind = "message"
    text_fields = (
        "subject",
        "text",
        "raw_text",
        "raw_html",
        "attachments",
        "tag_evidence",
        "suspected_words",
    )
    secret_fields = ("found_by",)  # the words of the text, in an order that says nothing to people
    plain_texts = ("external_id", "from_address", "from_name", "recipients", "account_address", "thread_id")
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
    list_filter = (
        known_values("source", message_sources),
        "direction",
        WorkspaceFilter,
    )
    list_select_related = ("lead", "workspace")
    ordering = ("-pk",)
    ordering_of_one = ("-received_at",)
    search_fields = ("external_id__exact", "lead__email__exact")
    search_help_text = "The provider's id, the lead's address, or an id"
    readonly_fields = ("lead_link", "deliveries")

    def found_by(self, request: HttpRequest, name: str, term: str) -> list[QuerySet[Message]]:
        parts: list[QuerySet[Message]] = super().found_by(request, name, term)
        if name != "external_id__exact":
            return parts
        # the index of ids begins with workspace and source
        return [part.filter(source__in=list(message_sources())) for part in parts]

    def workspace_pages(self, row: Message) -> list[tuple[str, str]]:
        return [("Conversation", reverse("inbox:conversation", args=[row.workspace_id, row.lead_id]))]

    @admin.display(description="lead", ordering="lead")
    def lead_link(self, message: Message) -> SafeString:
        return link(message.lead, message.lead.display_name)

    @admin.display(description="deliveries")
    def deliveries(self, message: Message) -> SafeString:
        return list_link(WebhookDelivery, "Deliveries of this message", message=message.pk)


@admin.register(Note)
class NoteAdmin(RecordAdmin):
    """What colleagues noted beside a conversation. It is people's text, and only added."""

    workspace_path = "workspace"
    named_by = "lead"
    text_fields = ("text",)
    list_display = ("created_at", "lead_link", "author", "workspace")
    list_filter = (WorkspaceFilter,)
    list_select_related = ("lead", "author", "workspace")
    ordering = ("-pk",)
    search_fields = ("lead__email__exact",)
    search_help_text = "The lead's address, or an id"
    readonly_fields = ("lead_link",)

    @admin.display(description="lead", ordering="lead")
    def lead_link(self, note: Note) -> SafeString:
        return link(note.lead, note.lead.display_name)


class SampleFilter(admin.SimpleListFilter):
    """A filter for drafts that are for people, or for samples."""

    title = "sample"
    parameter_name = "sample"

    def lookups(self, request: HttpRequest, model_admin: "admin.ModelAdmin[Any]") -> list[tuple[str, str]]:
        return [("0", "No"), ("1", "Yes")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        chosen = self.value()
        return queryset if chosen is None else queryset.filter(lead__sample=chosen == "1")


@admin.register(Draft)
class DraftAdmin(RecordAdmin):
    workspace_path = "workspace"
    named_by = "lead"
    trace_kind = "draft"
    text_fields = (
        "subject",
        "text",
        "generated_text",
        "strategy",
        "verification",
        "made_of",
        "evaluation",
        "status_reason",
    )
    list_display = ("created_at", "lead_link", "channel", "status_chip", "decided_by", "workspace")
    list_filter = ("status", "channel", SampleFilter, WorkspaceFilter)
    list_select_related = ("lead", "decided_by", "workspace")
    ordering = ("-pk",)
    search_fields = ("lead__email__exact",)
    search_help_text = "The lead's address, or an id"
    readonly_fields = ("lead_link", "sends")

    @admin.display(description="lead", ordering="lead")
    def lead_link(self, draft: Draft) -> SafeString:
        return link(draft.lead, draft.lead.display_name)

    @admin.display(description="status", ordering="status")
    def status_chip(self, draft: Draft) -> SafeString:
        return render_chip(state_of("draft", draft.status))

    def workspace_pages(self, row: Draft) -> list[tuple[str, str]]:
        return [("Conversation", reverse("inbox:conversation", args=[row.workspace_id, row.lead_id]))]

    @admin.display(description="sends")
    def sends(self, draft: Draft) -> SafeString:
        return list_link(OutboundSend, "Sends of this draft", draft=draft.pk)
