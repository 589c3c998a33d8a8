"""Read-only admin pages of follow-ups, meetings, refused channels and enrichment. Members change these in the
workspace.
"""

from django.contrib import admin

from admin.base import LeadRecordAdmin, RecordAdmin
from admin.columns import chip, known_values, linked
from admin.integrations import provider_name
from inbox.models import (
    Appointment,
    BookingCheck,
    ChannelRefusal,
    Enrichment,
    FollowUpInstance,
    FollowUpSequence,
    FollowUpStep,
    FollowUpTask,
)
from integrations import registry


def pauses() -> dict[str, str]:
    """Returns the reasons for which a follow-up can be paused, as stored values with labels, for a filter."""
    values = [*FollowUpInstance.Pause.values]
    values += [FollowUpInstance.pause_for(provider) for provider in registry.stating("pauses_follow_ups")]
    return {pause: FollowUpInstance.pause_words(pause) for pause in values}


@admin.register(FollowUpSequence)
class FollowUpSequenceAdmin(RecordAdmin):
    ordering = ("name", "pk")
    list_display = ("name", "starts", "enabled", "business_hours_only", "created_at")
    search_fields = ("name__istartswith",)
    search_help_text = "Name or ID"
    readonly_fields = ("related",)
    pages_in_workspace = (("Edit in the workspace", "inbox:sequence", "pk"),)
    related_lists = (("Steps", FollowUpStep, "sequence"), ("Leads", FollowUpInstance, "sequence"))


@admin.register(FollowUpStep)
class FollowUpStepAdmin(RecordAdmin):
    workspace_path = "sequence__workspace"
    text_fields = ("subject", "text")
    ordering = ("sequence", "position", "pk")
    search_fields = ("sequence__name__istartswith",)
    search_help_text = "Sequence name or ID"

    def in_words(self, row: FollowUpStep) -> str:
        return f"Step {row.position} of {row.sequence}"


@admin.register(FollowUpInstance)
class FollowUpInstanceAdmin(LeadRecordAdmin):
    plain_texts = ("waits_for", "finish_reason")
    list_display = ("started_at", linked("lead"), "sequence", "status", "paused_words", "due_at", "waits_for")
    list_filter = ("status", known_values("paused_for", pauses))
    readonly_fields = ("related",)
    related_lists = (("Steps in this follow-up", FollowUpTask, "instance"),)

    @admin.display(description="paused for", ordering="paused_for")
    def paused_words(self, instance: FollowUpInstance) -> str:
        return FollowUpInstance.pause_words(instance.paused_for) if instance.paused_for else ""


@admin.register(FollowUpTask)
class FollowUpTaskAdmin(LeadRecordAdmin):
    list_display = ("claimed_at", linked("lead"), "channel", chip("status", "followup"), "reason", "response")
    text_fields = ("subject", "text", "offered")
    plain_texts = ("reason",)


@admin.register(ChannelRefusal)
class ChannelRefusalAdmin(LeadRecordAdmin):
    list_display = ("since", linked("lead"), "channel", "code", "recheck_at")


@admin.register(Appointment)
class AppointmentAdmin(LeadRecordAdmin):
    plain_texts = ("external_id", "event_uri", "event_type_uri", "invitee_email", "replaces_id")
    list_display = (
        "starts_at",
        linked("lead"),
        provider_name,
        chip("status", "meeting"),
        "booked_at",
        "handled_at",
    )
    list_filter = ("status", known_values("provider", lambda: registry.labels("calendar")))
    search_fields = ("lead__email__exact", "external_id__exact")
    search_help_text = "Lead’s email, calendar ID or another ID"


@admin.register(BookingCheck)
class BookingCheckAdmin(LeadRecordAdmin):
    plain_texts = ("last_error",)
    list_display = ("next_at", linked("lead"), "checked_at", "failures", "last_error")
    ordering = ("next_at",)


@admin.register(Enrichment)
class EnrichmentAdmin(LeadRecordAdmin):
    list_display = ("created_at", linked("lead"), "kind", "status", "source", "answered_at", "errors")
