"""Packs, readings and questions in the admin: records, looked at and not edited."""

from django.contrib import admin

from config.modeladmin import RecordAdmin, WorkspaceFilter
from insights.models import ContextPack, ConversationInsight, PackQuestion


@admin.register(ContextPack)
class ContextPackAdmin(RecordAdmin):
    list_display = ("created_at", "workspace", "window", "status", "target_threads", "cost_microusd", "error")
    list_filter = ("status", "window", WorkspaceFilter)
    list_select_related = ("workspace",)
    heavy = ("synthesis", "early_answer", "metrics")


@admin.register(ConversationInsight)
class ConversationInsightAdmin(RecordAdmin):
    list_display = (
        "created_at",
        "workspace",
        "outcome",
        "source",
        "prompt_version",
        "read_at",
        "cost_microusd",
    )
    list_filter = ("outcome", "source", WorkspaceFilter)
    list_select_related = ("workspace",)
    heavy = ("data",)


@admin.register(PackQuestion)
class PackQuestionAdmin(RecordAdmin):
    list_display = ("created_at", "workspace", "pack", "status", "cost_microusd", "error")
    list_filter = ("status", WorkspaceFilter)
    list_select_related = ("workspace", "pack")
    heavy = ("answer",)
