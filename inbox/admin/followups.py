"""Follow-ups, meetings and what was asked of others about leads: looked at here, decided on the workspace's pages."""

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from config.modeladmin import RecordAdmin, WorkspaceFilter, known_values, link, list_link
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
from inbox.states import state_of
from inbox.templatetags.holdfast import render_chip
from integrations import registry


class LeadRecordAdmin(RecordAdmin):
    """A record that belongs to a lead."""

    list_select_related = ("lead", "workspace")
    search_fields = ("lead__email__exact",)
    search_help_text = "The lead's address, or an id"
    readonly_fields: tuple[str, ...] = ("lead_link",)

    @admin.display(description="lead", ordering="lead")
    def lead_link(self, row) -> SafeString:
        return link(row.lead, row.lead.display_name)


@admin.register(FollowUpSequence)
class FollowUpSequenceAdmin(RecordAdmin):
    list_display = ("name", "starts", "enabled", "business_hours_only", "workspace", "created_at")
    list_filter = ("enabled", "starts", WorkspaceFilter)
    list_select_related = ("workspace",)
    search_fields = ("name__istartswith",)
    search_help_text = "Beginning of the name, or an id"
    readonly_fields = ("related",)

    @admin.display(description="related")
    def related(self, sequence: FollowUpSequence) -> SafeString:
        page = reverse("inbox:sequence", args=[sequence.workspace_id, sequence.pk])
        links = [
            format_html('<a href="{}">Edit in the workspace</a>', page),
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
    list_filter = ("channel", "condition", "needs_approval", "retired")
    list_select_related = ("sequence",)
    search_fields = ("sequence__name__istartswith",)
    search_help_text = "Beginning of the sequence's name, or an id"
    heavy = ("text",)


@admin.register(FollowUpInstance)
class FollowUpInstanceAdmin(LeadRecordAdmin):
    list_display = (
        "started_at",
        "lead_link",
        "sequence",
        "status",
        "paused_for",
        "due_at",
        "waits_for",
        "workspace",
    )
    list_filter = ("status", "paused_for", WorkspaceFilter)
    list_select_related = ("lead", "sequence", "workspace")
    ordering = ("-started_at",)
    readonly_fields = ("lead_link", "tasks")

    @admin.display(description="tasks")
    def tasks(self, instance: FollowUpInstance) -> SafeString:
        return list_link(FollowUpTask, "Steps of this follow-up", instance=instance.pk)


@admin.register(FollowUpTask)
class FollowUpTaskAdmin(LeadRecordAdmin):
    list_display = ("claimed_at", "lead_link", "channel", "status_chip", "reason", "response", "workspace")
    list_filter = ("status", "response", "channel", WorkspaceFilter)
    ordering = ("-claimed_at",)
    heavy = ("text", "offered")
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
    ordering = ("-since",)


@admin.register(Appointment)
class AppointmentAdmin(LeadRecordAdmin):
    list_display = (
        "starts_at",
        "lead_link",
        "provider",
        "status_chip",
        "booked_at",
        "handled_at",
        "workspace",
    )
    list_filter = ("status", known_values("provider", lambda: registry.labels("calendar")), WorkspaceFilter)
    ordering = ("-created_at",)
    search_fields = ("lead__email__exact", "external_id__exact")
    search_help_text = "The lead's address, the calendar's id, or an id"

    @admin.display(description="status", ordering="status")
    def status_chip(self, appointment: Appointment) -> SafeString:
        return render_chip(state_of("meeting", appointment.status))


@admin.register(BookingCheck)
class BookingCheckAdmin(LeadRecordAdmin):
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
    ordering = ("-created_at",)
