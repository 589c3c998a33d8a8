"""Admin pages of what decides about replies and answers: tags, gates, policies, facts, and model outages."""

from django.contrib import admin
from django.urls import reverse
from django.utils.safestring import SafeString

from admin.base import RecordAdmin, WorkspaceFilter, link
from admin.integrations import provider_name
from admin.scope import INSTALLATION
from inbox.models import GateResult, ModelOutage, ProviderWord, SendingPolicy, TagDecision, WorkspaceFact


@admin.register(TagDecision)
class TagDecisionAdmin(RecordAdmin):
    """Each judgement of a reply: which tag, and which rule, model, provider or person gave it."""

    workspace_path = "workspace"
    named_by = "lead"
    text_fields = ("quote", "reason")
    list_display = ("created_at", "lead_link", "tag", "kind", "by", "workspace")
    list_filter = ("kind", "tag", WorkspaceFilter)
    list_select_related = ("lead", "workspace")
    search_fields = ("lead__email__exact",)
    search_help_text = "The lead's address, or the id of the decision or of its message"
    id_fields = ("message",)
    ordering = ("-pk",)
    readonly_fields = ("lead_link",)

    @admin.display(description="lead", ordering="lead")
    def lead_link(self, decision: TagDecision) -> SafeString:
        return link(decision.lead, decision.lead.display_name)


@admin.register(ProviderWord)
class ProviderWordAdmin(RecordAdmin):
    """What people at a provider said of a lead."""

    workspace_path = "workspace"
    named_by = "lead"
    list_display = ("said_at", "lead_link", "tag", "by", "workspace")
    list_filter = ("tag", WorkspaceFilter)
    list_select_related = ("lead", "workspace")
    ordering = ("-pk",)
    readonly_fields = ("lead_link",)

    @admin.display(description="lead", ordering="lead")
    def lead_link(self, word: ProviderWord) -> SafeString:
        return link(word.lead, word.lead.display_name)


@admin.register(GateResult)
class GateResultAdmin(RecordAdmin):
    """What each gate said of a draft, when it was written and when it was due."""

    workspace_path = "workspace"
    text_fields = ("evidence",)
    list_display = ("decided_at", "draft_link", "stage", "gate", "passed", "policy_version", "workspace")
    list_filter = ("stage", "passed", WorkspaceFilter)
    list_select_related = ("draft", "workspace")
    id_fields = ("draft",)
    ordering = ("-pk",)
    readonly_fields = ("draft_link",)

    @admin.display(description="draft", ordering="draft")
    def draft_link(self, verdict: GateResult) -> SafeString:
        return link(verdict.draft)


@admin.register(SendingPolicy)
class SendingPolicyAdmin(RecordAdmin):
    """What may go out without a person, by workspace and campaign. Its admins change it on their Automation page."""

    workspace_path = "workspace"
    list_display = (
        "workspace",
        "campaign",
        "mode",
        "confidence_threshold",
        "min_delay_s",
        "max_delay_s",
        "updated_at",
    )
    list_filter = ("mode", "business_hours_only", WorkspaceFilter)
    list_select_related = ("workspace", "campaign")
    ordering = ("-updated_at", "pk")

    def workspace_pages(self, row: SendingPolicy) -> list[tuple[str, str]]:
        return [("Change it in the workspace", reverse("inbox:automation", args=[row.workspace_id]))]


@admin.register(WorkspaceFact)
class WorkspaceFactAdmin(RecordAdmin):
    """Facts that answers may rest on. The workspace's admins change them on their page Facts."""

    workspace_path = "workspace"
    text_fields = ("question", "folded", "answer")
    list_display = ("updated_at", "workspace", "kind", "position", "updated_by")
    list_filter = ("kind", WorkspaceFilter)
    list_select_related = ("workspace", "updated_by")
    ordering = ("-pk",)

    def workspace_pages(self, row: WorkspaceFact) -> list[tuple[str, str]]:
        return [("Change it in the workspace", reverse("inbox:fact", args=[row.workspace_id, row.pk]))]


@admin.register(ModelOutage)
class ModelOutageAdmin(RecordAdmin):
    """Providers of models that cannot be reached now. The first call that works takes the row away."""

    workspace_path = INSTALLATION
    plain_texts = ("why",)
    list_display = (provider_name, "since", "tried_at", "why")
    ordering = ("provider",)
