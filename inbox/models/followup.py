"""Models of follow-ups: the plan (sequence, step), a lead's progress in it (instance), and each executed step (task).

Constraints allow one live instance per lead and sequence, and one task per instance and step. A removed step is marked
as retired and stays in the database, so that every sent message keeps its step.
"""

from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q

from inbox.models.lead import WRITTEN_ON, Channel
from inbox.models.row import program_key
from integrations import registry
from jobs.columns import Row, blank_text, flag, index, unique


class FollowUpSequence(Row):
    """A plan of messages to leads who have stopped replying. A workspace uses one sequence for many leads."""

    class Start(models.TextChoices):
        PERSON = "person", "When a person enrols a lead"
        BOOKED = "booked", "When a meeting is booked"

    workspace = models.ForeignKey("inbox.Workspace", on_delete=models.CASCADE, related_name="sequences")
    name = models.CharField(max_length=120)
    enabled = models.BooleanField(
        default=True, help_text="If off, its leads wait, and the Follow-ups page counts them as excluded."
    )
    starts = models.CharField(max_length=10, choices=Start.choices, default=Start.PERSON)
    business_hours_only = models.BooleanField(
        default=True, help_text="Only send on weekdays during the workspace's business hours."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = "follow-up sequence"
        constraints = [unique("sequence_name_once", "workspace", "name")]
        ordering = ["name", "id"]

    def __str__(self) -> str:
        return self.name


class FollowUpStep(Row):
    """A message of a sequence, due `offset_days` and `offset_minutes` after the previous step, or after the start."""

    class Condition(models.TextChoices):
        ALWAYS = "always", "Always"
        CONNECTED = "connected", "Only if connected on LinkedIn"
        NOT_CONNECTED = "not_connected", "Only if not connected on LinkedIn"
        HAS_PHONE = "has_phone", "Only if a phone number is known"
        NO_PHONE = "no_phone", "Only if no phone number is known"
        NOTHING_SENT = "nothing_sent", "Only if no earlier step was sent"

    sequence = models.ForeignKey(FollowUpSequence, on_delete=models.CASCADE, related_name="steps")
    position = models.PositiveSmallIntegerField(default=0)
    offset_days = models.PositiveSmallIntegerField(default=0, validators=[MaxValueValidator(365)])
    offset_minutes = models.PositiveSmallIntegerField(default=0, validators=[MaxValueValidator(1440)])
    channel = models.CharField(max_length=10, choices=WRITTEN_ON, default=Channel.EMAIL)
    condition = models.CharField(max_length=16, choices=Condition.choices, default=Condition.ALWAYS)
    needs_approval = models.BooleanField(default=False)
    subject = models.CharField(max_length=200, blank=True, default="")
    text = models.TextField(max_length=8_000)
    retired = models.BooleanField(default=False)

    class Meta:
        verbose_name = "follow-up step"
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return f"step {self.position}"


class FollowUpInstance(Row):
    """A lead's progress in a sequence. `due_at` is empty while a step is being prepared, sent or approved."""

    class Status(models.TextChoices):
        ACTIVE = "active", "Running"
        PAUSED = "paused", "Paused"
        COMPLETED = "completed", "Completed"
        STOPPED = "stopped", "Stopped"

    class Pause(models.TextChoices):
        """The reasons why a follow-up is paused, except a disconnected account, which `pause_for` names."""

        REPLIED = "replied", "The lead has replied"
        ERROR = "error", "A step failed on our side"
        PERSON = "person", "Paused manually"
        UNBOOKED = "unbooked", "The meeting fell through"

    LIVE = (Status.ACTIVE, Status.PAUSED)

    workspace = models.ForeignKey("inbox.Workspace", on_delete=models.CASCADE, related_name="followups")
    lead = models.ForeignKey("inbox.Lead", on_delete=models.CASCADE, related_name="followups")
    sequence = models.ForeignKey(FollowUpSequence, on_delete=models.CASCADE, related_name="instances")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.ACTIVE)
    next_step = models.ForeignKey(
        FollowUpStep, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    due_at = models.DateTimeField(null=True, blank=True)
    waits_for = blank_text(200, "Why the step was postponed.")
    paused_for = models.CharField(max_length=40, blank=True, default="")
    in_doubt = flag("A step may have gone out during the period missing from the restored database.")
    quiet_since = models.DateTimeField(help_text="A reply after this moment pauses the follow-up.")
    started_by = models.ForeignKey(
        "inbox.User", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    program = program_key()
    started_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    finish_reason = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        verbose_name = "follow-up"
        constraints = [
            unique("followup_one_live", "lead", "sequence", where=Q(status__in=["active", "paused"]))
        ]
        indexes = [
            index("followup_by_due", "workspace", "due_at", where=Q(status="active")),
            index("followup_paused", "workspace", "paused_for", where=Q(status="paused")),
        ]

    def __str__(self) -> str:
        return f"follow-up {str(self.pk)[-6:]}: {self.get_status_display()}"

    @staticmethod
    def pause_for(provider: str) -> str:
        """Returns the value of `paused_for` while a follow-up waits for a disconnected account at `provider`."""
        return f"{provider}_disconnected"

    @classmethod
    def pause_words(cls, pause: str) -> str:
        """Returns the reason `pause` as a text for users. Raises ValueError if the reason is unknown."""
        for provider in registry.stating("pauses_follow_ups"):
            if pause == cls.pause_for(provider):
                return str(registry.spec_of(provider).pauses_follow_ups)
        return str(cls.Pause(pause).label)

    def get_paused_for_display(self) -> str:
        return self.pause_words(self.paused_for) if self.paused_for else ""


class FollowUpTask(Row):
    """The execution of a step in a lead's follow-up. `attempt` counts the tries, each of which sends at most one
    message.
    """

    class Status(models.TextChoices):
        CLAIMED = "claimed", "Being prepared"
        WAITING = "waiting", "Put off"
        APPROVAL = "approval", "Waiting for approval"
        SENDING = "sending", "Going out"
        SENT = "sent", "Sent"
        SKIPPED = "skipped", "Skipped"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"

    class Response(models.TextChoices):
        """How the lead responded to the message of a follow-up step."""

        CONVERTED = "converted", "Converted"
        OBJECTION = "objection", "Objection"
        REPLIED = "replied", "Replied"
        NEGATIVE = "negative", "Not interested"

    OPEN = (Status.CLAIMED, Status.WAITING, Status.APPROVAL, Status.SENDING)

    workspace = models.ForeignKey("inbox.Workspace", on_delete=models.CASCADE, related_name="followup_tasks")
    lead = models.ForeignKey("inbox.Lead", on_delete=models.CASCADE, related_name="followup_tasks")
    instance = models.ForeignKey(FollowUpInstance, on_delete=models.CASCADE, related_name="tasks")
    step = models.ForeignKey(FollowUpStep, on_delete=models.CASCADE, related_name="tasks")
    channel = models.CharField(max_length=10, choices=WRITTEN_ON)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.CLAIMED)
    reason = models.CharField(max_length=200, blank=True, default="", help_text="Shown to users.")
    attempt = models.PositiveIntegerField(default=1)
    subject = models.CharField(max_length=300, blank=True, default="")
    text = models.TextField(blank=True, default="")
    offered = models.JSONField(
        default=list, blank=True, help_text="The meeting times in the text, each in ISO format and in words."
    )
    send = models.OneToOneField(
        "inbox.OutboundSend", on_delete=models.SET_NULL, null=True, blank=True, related_name="followup_task"
    )
    decided_by = models.ForeignKey(
        "inbox.User", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    claimed_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    response = models.CharField(max_length=10, choices=Response.choices, blank=True, default="")
    response_message = models.ForeignKey(
        "inbox.Message", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    responded_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "follow-up task"
        constraints = [unique("followup_task_once_per_step", "instance", "step")]
        indexes = [
            index("followup_task_by_status", "workspace", "status", "-claimed_at"),
            index("followup_task_in_hand", "claimed_at", where=Q(status__in=["claimed", "sending"])),
        ]

    def __str__(self) -> str:
        return f"task {self.id}: {self.status}"


class ChannelRefusal(models.Model):
    """A provider's report that a lead cannot be reached on a channel. It does not count as a failed send."""

    WORDS = {
        "sms_dnd": "Do not disturb",
        "missing_phone": "GoHighLevel has no number",
        "invalid_country_code": "The number's country isn't supported",
    }

    workspace = models.ForeignKey("inbox.Workspace", on_delete=models.CASCADE, related_name="+")
    lead = models.ForeignKey("inbox.Lead", on_delete=models.CASCADE, related_name="refusals")
    channel = models.CharField(max_length=10, choices=WRITTEN_ON)
    code = models.CharField(max_length=64)
    since = models.DateTimeField()
    recheck_at = models.DateTimeField(help_text="When the channel may be tried again.")

    class Meta:
        constraints = [unique("refusal_once_per_channel", "lead", "channel")]

    def __str__(self) -> str:
        return f"{self.channel} of {self.lead_id}: {self.code}"

    @property
    def words(self) -> str:
        """The provider's reason why the lead cannot be reached on the channel, as a text for users."""
        return self.WORDS.get(self.code) or f"Cannot be reached ({self.code.replace('_', ' ')})"
