"""Models for meetings with leads, as reported by calendars."""

from django.db import models

from integrations.models import known_provider
from jobs.columns import Row, blank_text, index, moment, unique


class Appointment(Row):
    """One invitee of one meeting, identified by the calendar's own id.

    The webhooks of a reschedule or a cancellation may arrive in any order. So the row stores each reported fact, and
    `status` is derived from these facts.
    """

    class Status(models.TextChoices):
        BOOKED = "booked", "Booked"
        CANCELLED = "cancelled", "Cancelled"
        RESCHEDULED = "rescheduled", "Moved to another time"
        NO_SHOW = "no_show", "Did not show up"

    FELL_THROUGH = (Status.CANCELLED, Status.NO_SHOW)
    """The states that need a person's attention."""

    workspace = models.ForeignKey("inbox.Workspace", on_delete=models.CASCADE, related_name="appointments")
    lead = models.ForeignKey("inbox.Lead", on_delete=models.CASCADE, related_name="appointments")
    provider = models.CharField(max_length=20, validators=[known_provider])
    external_id = models.CharField(max_length=500, help_text="Calendly invitee URI or GHL appointment ID.")
    event_uri = models.CharField(max_length=500, blank=True, default="")
    event_type_uri = models.CharField(max_length=500, blank=True, default="")
    invitee_email = models.CharField(max_length=320, blank=True, default="")
    starts_at = models.DateTimeField(null=True, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True)
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.BOOKED)
    booked_at = models.DateTimeField(null=True, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    no_show_at = models.DateTimeField(null=True, blank=True)
    told_at = moment("When the calendar reported the change, if stated. Older reports are ignored.")
    replaced = models.BooleanField(default=False, help_text="Replaced by a booking at another time.")
    replaces_id = blank_text(500, "The calendar's ID of the earlier booking.")
    handled_at = moment("When a person handled the cancellation.")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [unique("appointment_once", "workspace", "provider", "external_id")]
        indexes = [
            index("appointment_by_lead", "lead", "-starts_at"),
            index("appointment_by_workspace", "workspace", "starts_at"),
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.external_id}: {self.status}"

    def derive(self) -> None:
        """Sets `status` from the other columns: booked, cancelled, missed or rescheduled. Does not save the row."""
        if self.replaced:
            self.status = self.Status.RESCHEDULED
        elif self.cancelled_at is not None:
            self.status = self.Status.CANCELLED
        elif self.no_show_at is not None:
            self.status = self.Status.NO_SHOW
        else:
            self.status = self.Status.BOOKED

    def stands(self) -> bool:
        """Whether the meeting takes place: it is booked, and neither cancelled, moved nor missed."""
        return self.status == self.Status.BOOKED and self.booked_at is not None


class BookingCheck(models.Model):
    """The time (`next_at`) of the next comparison of a lead's meetings with the calendar. Each comparison sets it."""

    workspace = models.ForeignKey("inbox.Workspace", on_delete=models.CASCADE, related_name="+")
    lead = models.OneToOneField("inbox.Lead", on_delete=models.CASCADE, related_name="booking_check")
    next_at = models.DateTimeField()
    checked_at = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveSmallIntegerField(default=0)
    last_error = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        indexes = [index("booking_check_by_time", "workspace", "next_at")]

    def __str__(self) -> str:
        return f"check of {self.lead_id} at {self.next_at}"
