"""Admin pages of rows that decide about replies and answers: tags, gates, policies, facts and model outages."""

from django.contrib import admin

from admin.base import LeadRecordAdmin, RecordAdmin
from admin.columns import linked
from admin.integrations import provider_name
from admin.scope import INSTALLATION
from inbox.models import (
    GateResult,
    Label,
    LeadLabel,
    ModelOutage,
    ProviderWord,
    SendingPolicy,
    TagDecision,
    WorkspaceFact,
)


@admin.register(TagDecision)
class TagDecisionAdmin(LeadRecordAdmin):
    """The tags of replies, each with the rule, model, provider or person that gave the tag."""

    text_fields = ("quote", "reason")
    list_display = ("created_at", linked("lead"), "tag", "kind", "by")
    search_help_text = "Lead’s email, or the ID of the decision or its message"
    id_fields = ("message",)


@admin.register(ProviderWord)
class ProviderWordAdmin(LeadRecordAdmin):
    """Tags that people at a provider, or the provider's model, gave to leads."""

    list_display = ("said_at", linked("lead"), "tag", "by")


@admin.register(LeadLabel)
class LeadLabelAdmin(LeadRecordAdmin):
    """Labels that leads have or that were suggested for them, each with the model, provider or person that chose it."""

    text_fields = ("reason",)
    list_display = ("decided_at", linked("lead"), "label", "state", "kind", "by")


@admin.register(Label)
class LabelAdmin(RecordAdmin):
    """The labels of workspaces. Workspace admins change labels on the page Settings → Labels."""

    plain_texts = ("name", "meaning", "aliases")
    list_display = ("name", "colour", "workspace", "created_at")
    ordering = ("-created_at", "pk")
    pages_in_workspace = (("Change it in the workspace", "inbox:label", "pk"),)


@admin.register(GateResult)
class GateResultAdmin(RecordAdmin):
    """The verdicts of gates on drafts. Each gate judges a draft when it is written, and again when it is due."""

    text_fields = ("evidence",)
    list_display = ("decided_at", linked("draft"), "stage", "gate", "passed", "policy_version")
    id_fields = ("draft",)


@admin.register(SendingPolicy)
class SendingPolicyAdmin(RecordAdmin):
    """The policies that say what may be sent without a person, by workspace and campaign. Workspace admins change these
    policies on the Automation page.
    """

    ordering = ("-updated_at", "pk")
    pages_in_workspace = (("Change it in the workspace", "inbox:automation"),)


@admin.register(WorkspaceFact)
class WorkspaceFactAdmin(RecordAdmin):
    """Facts that answers may rely on. Workspace admins change these facts on the Facts page."""

    text_fields = ("question", "folded", "answer")
    list_display = ("updated_at", "kind", "position", "updated_by")
    pages_in_workspace = (("Change it in the workspace", "inbox:fact", "pk"),)


@admin.register(ModelOutage)
class ModelOutageAdmin(RecordAdmin):
    """Model providers that cannot be reached at the moment. A successful call to the provider deletes the row."""

    workspace_path = INSTALLATION
    plain_texts = ("why",)
    list_display = (provider_name, "since", "tried_at", "why")
    ordering = ("provider",)
