"""Admin pages of what decides about replies and answers: tags, gates, policies, facts, and model outages."""

from django.contrib import admin

from admin.base import LeadRecordAdmin, RecordAdmin
from admin.columns import linked
from admin.integrations import provider_name
from admin.scope import INSTALLATION
from inbox.models import GateResult, ModelOutage, ProviderWord, SendingPolicy, TagDecision, WorkspaceFact


@admin.register(TagDecision)
class TagDecisionAdmin(LeadRecordAdmin):
    """Each judgement of a reply: which tag, and which rule, model, provider or person gave it."""

    text_fields = ("quote", "reason")
    list_display = ("created_at", linked("lead"), "tag", "kind", "by")
    list_filter = ("kind", "tag")
    search_help_text = "The lead's address, or the id of the decision or of its message"
    id_fields = ("message",)


@admin.register(ProviderWord)
class ProviderWordAdmin(LeadRecordAdmin):
    """What people at a provider said of a lead."""

    list_display = ("said_at", linked("lead"), "tag", "by")
    list_filter = ("tag",)


@admin.register(GateResult)
class GateResultAdmin(RecordAdmin):
    """What each gate said of a draft, when it was written and when it was due."""

    workspace_path = "workspace"
    text_fields = ("evidence",)
    list_display = ("decided_at", linked("draft"), "stage", "gate", "passed", "policy_version")
    list_filter = ("stage", "passed")
    id_fields = ("draft",)


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
    list_filter = ("mode", "business_hours_only")
    ordering = ("-updated_at", "pk")
    pages_in_workspace = (("Change it in the workspace", "inbox:automation"),)


@admin.register(WorkspaceFact)
class WorkspaceFactAdmin(RecordAdmin):
    """Facts that answers may rest on. The workspace's admins change them on their page Facts."""

    workspace_path = "workspace"
    text_fields = ("question", "folded", "answer")
    list_display = ("updated_at", "kind", "position", "updated_by")
    list_filter = ("kind",)
    pages_in_workspace = (("Change it in the workspace", "inbox:fact", "pk"),)


@admin.register(ModelOutage)
class ModelOutageAdmin(RecordAdmin):
    """Providers of models that cannot be reached now. The first call that works takes the row away."""

    workspace_path = INSTALLATION
    plain_texts = ("why",)
    list_display = (provider_name, "since", "tried_at", "why")
    ordering = ("provider",)
