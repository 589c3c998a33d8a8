"""Read-only admin pages of packs, readings and questions."""

from django.contrib import admin

from admin.base import RecordAdmin
from admin.columns import linked
from admin.integrations import cost
from insights.models import ContextPack, ConversationInsight, PackQuestion, PackThread


@admin.register(ContextPack)
class ContextPackAdmin(RecordAdmin):
    text_fields = ("question", "synthesis", "early_answer", "metrics")
    plain_texts = ("error",)
    list_display = ("created_at", "window", "status", "target_threads", cost, "error")


@admin.register(PackThread)
class PackThreadAdmin(RecordAdmin):
    """The conversations of a context pack, each with the reason for its selection and the result of its reading."""

    workspace_path = "pack__workspace"
    named_by = "lead"
    plain_texts = ("error",)
    list_display = ("pack", "position", "reason", "status", "outcome", "paid", "attempts", "error")


@admin.register(ConversationInsight)
class ConversationInsightAdmin(RecordAdmin):
    named_by = "lead"
    text_fields = ("data",)
    list_display = ("created_at", "outcome", "source", "prompt_version", "read_at", cost)


@admin.register(PackQuestion)
class PackQuestionAdmin(RecordAdmin):
    text_fields = ("text", "answer")
    plain_texts = ("error",)
    list_display = ("created_at", linked("pack"), "status", cost, "error")
