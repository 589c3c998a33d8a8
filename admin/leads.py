"""Admin pages of leads, campaigns, messages and drafts, which link to each other."""

import uuid
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from admin.base import EditAdmin, LeadRecordAdmin, RecordAdmin
from admin.columns import chip, choice_filter, known_values, linked
from admin.integrations import provider_name
from admin.scope import scope_of
from inbox.leads import facts, merge
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
from inbox.pages import leads
from inbox.pages.access import signed_in
from inbox.pages.desk.search_terms import names_query
from inbox.pages.forms import refusals_shown
from integrations import registry

WORDS = "words"
"""The search by word prefixes, which has its own index."""


def message_sources() -> dict[str, str]:
    """Returns the possible sources of a message, for a filter."""
    return {name: name for name in (OWN, *registry.message_sources())}


@admin.register(Campaign)
class CampaignAdmin(RecordAdmin):
    plain_texts = ("external_id", "name")
    list_display = ("name", provider_name, "external_id", "created_at")
    list_filter = (known_values("provider", registry.labels),)
    search_fields = ("name__istartswith", "external_id__exact")
    search_help_text = "Name or provider’s ID"


@admin.register(Lead)
class LeadAdmin(EditAdmin):
    """Leads. Only a lead's names, company, title and identity conflict can be edited; messages determine the rest."""

    trace_kind = "lead"
    text_fields = ("last_snippet", "suspected_words")
    plain_texts = (
        *("email", "linkedin_url", "company", "title", "current_replier_email", "current_replier_name"),
        *("sources", "score_reason", "repair_reason", "last_account"),
    )
    logs_values = False
    list_display = ("display_name", "company", "email", chip("tag", "tag"), "needs_reply", "last_message_at")
    list_filter = ("needs_reply", "tag", "last_channel", "identity_conflict", "sample")
    linked_by = ("awaiting_model__exact",)
    ordering = ("-pk",)
    ordering_of_one = ("-last_message_at", "-pk")
    search_fields = ("email__exact", "phone__exact", WORDS)
    search_help_text = "Email, name, ID, or phone number like +15555550119"
    pages_in_workspace = (("Conversation", "inbox:conversation", "pk"),)
    related_lists = (
        ("Messages", Message, "lead"),
        ("Drafts", Draft, "lead"),
        ("Sends", OutboundSend, "lead"),
        ("Deliveries", WebhookDelivery, "lead"),
        ("Follow-ups", FollowUpInstance, "lead"),
        ("Meetings", Appointment, "lead"),
    )
    editable = ("first_name", "last_name", "company", "title", "identity_conflict")
    views: ClassVar = {"<uuid:pk>/merge/": "merge"}

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

    def get_readonly_fields(self, request: HttpRequest, obj: Lead | None = None) -> list[str]:
        return [name for name in self.get_fields(request, obj) if name not in self.editable]

    def save_model(self, request: HttpRequest, obj: Lead, form: "ModelForm[Lead]", change: bool) -> None:
        entered = {name: form.cleaned_data[name] for name in form.changed_data if name in facts.FACTS}
        facts.enter(obj, entered, signed_in(request))
        columns = [name for name in form.changed_data if name not in entered]
        # saves only the changed columns, because messages may have changed the lead's roll-ups since
        obj.save(update_fields=[*columns, "updated_at"])

    def merge(self, request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
        """Previews the merge of `other` into this lead, at `<lead>/merge/?q=…&other=<lead>`. A POST merges them."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        keep = self.get_object(request, str(pk))
        choice = leads.Asked(request, keep)
        if request.method == "POST" and choice.other is not None:
            with refusals_shown(request, merge.MergeRefused):
                merge.merge(keep, choice.other, signed_in(request))
                messages.info(request, "Leads merged.")
                return redirect("admin:inbox_lead_change", pk)
        context = leads.context_of(request, choice, reads=self.may_read(request, keep))
        title = f"Merge another lead into {keep.display_name}"
        return self.page(request, "admin/inbox/lead/merge.html", title, context)

    @admin.display(description="related")
    def related(self, row: Model) -> SafeString:
        merging_page = reverse("admin:inbox_lead_merge", args=[row.pk])
        merging_link = format_html('<a href="{}">Merge another lead into this one…</a>', merging_page)
        return format_html("{} · {}", merging_link, super().related(row))


@admin.register(Message)
class MessageAdmin(LeadRecordAdmin):
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
    secret_fields = ("found_by",)  # the search vector: words in index order, which no one can read
    plain_texts = ("external_id", "from_address", "from_name", "recipients", "account_address", "thread_id")
    list_display = ("sent_at", "source", "external_id", "direction", linked("lead"), "tag", "processed_at")
    list_filter = (known_values("source", message_sources), "direction")
    ordering_of_one = ("-received_at",)
    search_fields = ("external_id__exact", "lead__email__exact")
    search_help_text = "Provider ID, lead’s email, or another ID"
    index_begins: ClassVar = {"external_id__exact": ("source", message_sources)}
    readonly_fields = ("related",)
    related_lists = (("Deliveries for this message", WebhookDelivery, "message"),)


@admin.register(Note)
class NoteAdmin(LeadRecordAdmin):
    """Colleagues' notes beside a conversation. Notes are user text. People can add them, but not change them."""

    text_fields = ("text",)
    list_display = ("created_at", linked("lead"), "author")


def of_sample(drafts: QuerySet[Draft], choice: str) -> QuerySet[Draft]:
    """Returns the drafts for samples (`choice` "1") or for real leads ("0")."""
    return drafts.filter(lead__sample=choice == "1") if choice in ("0", "1") else drafts.none()


@admin.register(Draft)
class DraftAdmin(LeadRecordAdmin):
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
    list_display = ("created_at", linked("lead"), "channel", chip("status", "draft"), "decided_by")
    list_filter = ("status", "channel", choice_filter("sample", lambda: {"0": "No", "1": "Yes"}, of_sample))
    readonly_fields = ("related",)
    related_lists = (("Sends of this draft", OutboundSend, "draft"),)
