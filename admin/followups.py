"""Admin pages of follow-ups, meetings, refused channels and enrichment. They only show; people decide in the
workspace.
"""

from typing import Any, ClassVar

from django.contrib import admin
from django.urls import reverse
from django.utils.safestring import SafeString

from admin.base import RecordAdmin, WorkspaceFilter, known_values, link, list_link
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
from inbox.pages.state_marks import state_of
from inbox.pages.templatetags.holdfast import render_chip
from integrations import registry


class LeadRecordAdmin(RecordAdmin):
    """The base of admin pages for records that belong to a lead."""

    workspace_path = "workspace"
    named_by = "lead"
    ordering: ClassVar[tuple[str, ...]] = ("-pk",)
    list_select_related: ClassVar[tuple[str, ...]] = ("lead", "workspace")
    search_fields: ClassVar[tuple[str, ...]] = ("lead__email__exact",)
    search_help_text = "The lead's address, or an id"
    readonly_fields: ClassVar[tuple[str, ...]] = ("lead_link",)

    @admin.display(description="lead", ordering="lead")
    def lead_link(self, row: Any) -> SafeString:
        return link(row.lead, row.lead.display_name)


def pauses() -> dict[str, str]:
    """The reasons for which a follow-up can be paused, each stored value with its words, for a filter."""
    values = [*FollowUpInstance.Pause.values]
    values += [FollowUpInstance.pause_for(provider) for provider in registry.stating("pauses_follow_ups")]
    return {pause: FollowUpInstance.pause_words(pause) for pause in values}


@admin.register(FollowUpSequence)
class FollowUpSequenceAdmin(RecordAdmin):
    workspace_path = "workspace"
    ordering = ("name", "pk")
    list_display = ("name", "starts", "enabled", "business_hours_only", "workspace", "created_at")
    list_filter = ("enabled", "starts", WorkspaceFilter)
    list_select_related = ("workspace",)
    search_fields = ("name__istartswith",)
    search_help_text = "Beginning of the name, or an id"
    readonly_fields = ("related",)

    def workspace_pages(self, row: FollowUpSequence) -> list[tuple[str, str]]:
        return [("Edit in the workspace", reverse("inbox:sequence", args=[row.workspace_id, row.pk]))]

    @admin.display(description="related")
    def related(self, sequence: FollowUpSequence) -> SafeString:
        links = [
            list_link(FollowUpStep, "Steps", sequence=sequence.pk),
            list_link(FollowUpInstance, "Leads in it", sequence=sequence.pk),
        ]
        return SafeString(" · ".join(links))


@admin.register(FollowUpStep)
class FollowUpStepAdmin(RecordAdmin):
    workspace_path = "sequence__workspace"
    list_display = (
        "sequence",
        "position",
        "channel",
        "offset_days",
        "offset_minutes",
        "condition",
        "needs_approval",
        "retired",
    )
    text_fields = ("subject", "text")
    ordering = ("sequence", "position", "pk")
    list_filter = ("channel", "condition", "needs_approval", "retired", WorkspaceFilter)
    list_select_related = ("sequence",)
    search_fields = ("sequence__name__istartswith",)
    search_help_text = "Beginning of the sequence's name, or an id"

    def in_words(self, row: FollowUpStep) -> str:
        return f"Step {row.position} of {row.sequence}"


@admin.register(FollowUpInstance)
class FollowUpInstanceAdmin(LeadRecordAdmin):
    plain_texts = ("waits_for", "finish_reason")
    list_display = (
        "started_at",
        "lead_link",
        "sequence",
        "status",
        "paused_words",
        "due_at",
        "waits_for",
        "workspace",
    )
    list_filter = ("status", known_values("paused_for", pauses), WorkspaceFilter)
    list_select_related = ("lead", "sequence", "workspace")
    readonly_fields = ("lead_link", "tasks")

    @admin.display(description="paused for", ordering="paused_for")
    def paused_words(self, instance: FollowUpInstance) -> str:
        return FollowUpInstance.pause_words(instance.paused_for) if instance.paused_for else ""

    @admin.display(description="tasks")
    def tasks(self, instance: FollowUpInstance) -> SafeString:
        return list_link(FollowUpTask, "Steps of this follow-up", instance=instance.pk)


@admin.register(FollowUpTask)
class FollowUpTaskAdmin(LeadRecordAdmin):
    list_display = ("claimed_at", "lead_link", "channel", "status_chip", "reason", "response", "workspace")
    list_filter = ("status", "response", "channel", WorkspaceFilter)
    text_fields = ("subject", "text", "offered")
    plain_texts = ("reason",)
    readonly_fields = ("lead_link", "send_link")

    @admin.display(description="status", ordering="status")
    def status_chip(self, task: FollowUpTask) -> SafeString:
        return render_chip(state_of("followup", task.status))

    @admin.display(description="send")
    def send_link(self, task: FollowUpTask) -> SafeString:
        return link(task.send)


@admin.register(ChannelRefusal)
class ChannelRefusalAdmin(LeadRecordAdmin):
    list_display = ("since", "lead_link", "channel", "code", "recheck_at", "workspace")
    list_filter = ("channel", WorkspaceFilter)


@admin.register(Appointment)
class AppointmentAdmin(LeadRecordAdmin):
    plain_texts = ("external_id", "event_uri", "event_type_uri", "invitee_email", "replaces_id")
    list_display = (
        "starts_at",
        "lead_link",
        provider_name,
        "status_chip",
        "booked_at",
        "handled_at",
        "workspace",
    )
    list_filter = ("status", known_values("provider", lambda: registry.labels("calendar")), WorkspaceFilter)
    search_fields = ("lead__email__exact", "external_id__exact")
    search_help_text = "The lead's address, the calendar's id, or an id"

    @admin.display(description="status", ordering="status")
    def status_chip(self, appointment: Appointment) -> SafeString:
        return render_chip(state_of("meeting", appointment.status))


@admin.register(BookingCheck)
class BookingCheckAdmin(LeadRecordAdmin):
    plain_texts = ("last_error",)
    list_display = ("next_at", "lead_link", "checked_at", "failures", "last_error", "workspace")
    list_filter = (WorkspaceFilter,)
    ordering = ("next_at",)


@admin.register(Enrichment)
class EnrichmentAdmin(LeadRecordAdmin):
    list_display = (
        "created_at",
        "lead_link",
        "kind",
        "status",
        "source",
        "answered_at",
        "errors",
        "workspace",
    )
    list_filter = ("kind", "status", WorkspaceFilter)
