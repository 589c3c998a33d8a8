"""The tables of insights: one reading per lead, packs of readings, and questions about a pack."""

from datetime import datetime, timedelta

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone

from jobs.columns import Row, blank_text, check, index, unique


class ConversationInsight(Row):
    """A reading: a model's findings in one lead's conversation.

    The model is paid for a new reading only if `content_hash`, which covers the messages, the schema and the prompt,
    has changed. A worker claims the right to ask the model by a conditional upsert in `insights.readings`. The model's
    answer is stored only while the worker's claim token is in the row.
    """

    class Outcome(models.TextChoices):
        BOOKED = "BOOKED", "Booked"
        REQUESTED = "REQUESTED", "Meeting requested"
        STALLED = "STALLED", "Stalled"
        NO_RESPONSE = "NO_RESPONSE", "No response"
        UNKNOWN = "UNKNOWN", "Not clear"

    class Source(models.TextChoices):
        CHAT_PACK = "chat_pack", "Context pack"
        BOOKED_CRON = "booked_cron", "Booked summary"

    workspace = models.ForeignKey("inbox.Workspace", on_delete=models.CASCADE, related_name="insights")
    lead = models.OneToOneField("inbox.Lead", on_delete=models.CASCADE, related_name="insight")
    outcome = models.CharField(max_length=12, choices=Outcome.choices, default=Outcome.UNKNOWN)
    data = models.JSONField(default=dict, help_text="The extracted insight (insights.schema.Insight).")
    schema_version = models.CharField(max_length=40, blank=True, default="")
    prompt_version = models.CharField(max_length=40, blank=True, default="")
    content_hash = models.CharField(max_length=64, blank=True, default="")
    source = models.CharField(max_length=12, choices=Source.choices, default=Source.CHAT_PACK)
    cost_microusd = models.PositiveBigIntegerField(
        default=0, help_text="Cost of this reading, in millionths of a dollar."
    )
    read_at = models.DateTimeField(null=True, blank=True, help_text="Empty: never read completely.")

    claim_token = models.UUIDField(null=True, blank=True)
    claim_expires_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [index("insight_by_workspace", "workspace", "-read_at")]

    def __str__(self) -> str:
        return f"reading {str(self.pk)[-6:]}: {self.get_outcome_display()}"


class ContextPack(Row):
    """One build of a context pack: conversations that a model has read to answer a question. A new build is a new row
    with the same `scope_key`, so a failed build leaves the last good build untouched. A constraint allows one
    unfinished build per `scope_key`.
    """

    class Window(models.TextChoices):
        H24 = "H24", "Last 24 hours"
        D7 = "D7", "Last 7 days"
        D30 = "D30", "Last 30 days"
        CUSTOM = "CUSTOM", "From … to …"

    class Status(models.TextChoices):
        PENDING = "PENDING", "Waiting"
        RUNNING = "RUNNING", "Building"
        COMPLETE = "COMPLETE", "Complete"
        FAILED = "FAILED", "Failed"

    SPANS = {Window.H24: timedelta(hours=24), Window.D7: timedelta(days=7), Window.D30: timedelta(days=30)}
    FRESH_FOR = {Window.H24: timedelta(hours=6), Window.D7: timedelta(days=1), Window.D30: timedelta(days=2)}
    UNDER_WAY = (Status.PENDING, Status.RUNNING)

    workspace = models.ForeignKey("inbox.Workspace", on_delete=models.CASCADE, related_name="packs")
    created_by = models.ForeignKey("inbox.User", on_delete=models.SET_NULL, null=True, blank=True)
    question = models.CharField(max_length=500)
    window = models.CharField(max_length=6, choices=Window.choices)
    window_from = models.DateTimeField()
    window_to = models.DateTimeField()
    campaigns = models.ManyToManyField("inbox.Campaign", blank=True, help_text="None: the whole workspace.")
    scope_key = models.CharField(max_length=64, help_text="Hash of question, window and campaigns.")
    keep_fresh = models.BooleanField(default=False, help_text="Rebuild automatically when stale.")

    status = models.CharField(max_length=8, choices=Status.choices, default=Status.PENDING)
    selected_at = models.DateTimeField(null=True, blank=True)
    target_threads = models.PositiveIntegerField(default=0)
    early_answer = models.JSONField(
        null=True, blank=True, help_text="Like `synthesis`, but from the first conversations."
    )
    early_threads = models.PositiveIntegerField(default=0)
    synthesis = models.JSONField(null=True, blank=True, help_text="insights.readings.stored()")
    metrics = models.JSONField(default=dict, help_text="Counts of the conversations read, by outcome.")
    model = models.CharField(max_length=60, blank=True, default="")
    prompt_version = models.CharField(max_length=40, blank=True, default="")
    cost_microusd = models.PositiveBigIntegerField(default=0, help_text="Millionths of a dollar.")
    synthesis_attempts = models.PositiveSmallIntegerField(default=0)
    error = blank_text(300, "Why it failed, as a sentence.")
    previous = models.ForeignKey(
        "self",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="The last complete build of this scope before this one.",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            unique(
                "pack_one_build_at_once", "workspace", "scope_key", where=Q(status__in=["PENDING", "RUNNING"])
            ),
            check("pack_status_known", Q(status__in=["PENDING", "RUNNING", "COMPLETE", "FAILED"])),
            check("pack_window_known", Q(window__in=["H24", "D7", "D30", "CUSTOM"])),
        ]
        indexes = [
            index("pack_by_workspace", "workspace", "-created_at"),
            index("pack_by_scope", "workspace", "scope_key", "-id"),
            index("pack_under_way", "created_at", where=Q(status__in=["PENDING", "RUNNING"])),
            index("pack_kept_fresh", "finished_at", where=Q(keep_fresh=True)),
        ]

    def __str__(self) -> str:
        return f"pack {str(self.pk)[-6:]}: {self.get_status_display()}"

    @property
    def under_way(self) -> bool:
        return self.status in self.UNDER_WAY

    @property
    def stale_from(self) -> datetime | None:
        """The time (aware) when this build becomes stale; None for chosen days, and for an incomplete build."""
        if self.status != self.Status.COMPLETE or self.window == self.Window.CUSTOM:
            return None
        return self.window_to + self.FRESH_FOR[self.Window(self.window)]

    @property
    def stale_since(self) -> datetime | None:
        """The time (aware) when this build became stale; None if it is still fresh."""
        at = self.stale_from
        return at if at and at <= timezone.now() else None


class PackThread(models.Model):
    """One conversation of a context pack: the reason for its selection, and the result of reading it."""

    class Status(models.TextChoices):
        PENDING = "pending", "To be read"
        DONE = "done", "Read"
        FAILED = "failed", "Failed"

    class Reason(models.TextChoices):
        POSITIVE = "positive", "Booked or requested"
        SCORE = "score", "High score"
        OBJECTION = "objection", "Objection"
        STALLED = "stalled", "Went silent"
        NEGATIVE = "negative", "Declined"

    pack = models.ForeignKey(ContextPack, on_delete=models.CASCADE, related_name="threads")
    lead = models.ForeignKey("inbox.Lead", on_delete=models.CASCADE, related_name="+")
    reason = models.CharField(max_length=10, choices=Reason.choices)
    position = models.PositiveSmallIntegerField()
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.PENDING)
    outcome = blank_text(12, choices=ConversationInsight.Outcome.choices)
    insight = models.ForeignKey(ConversationInsight, on_delete=models.SET_NULL, null=True, blank=True)
    paid = models.BooleanField(default=False, help_text="Whether this pack paid for the reading.")
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=200, blank=True, default="")
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["position"]
        constraints = [
            unique("pack_thread_once", "pack", "lead"),
            check("pack_thread_status_known", Q(status__in=["pending", "done", "failed"])),
        ]
        indexes = [index("pack_threads_by_status", "pack", "status", "position")]

    def __str__(self) -> str:
        return f"{self.pack_id} {self.lead_id}: {self.status}"


class PackQuestion(Row):
    """A user's follow-up question, which a job answers. `answer` is JSON in the form of `ContextPack.synthesis`."""

    class Status(models.TextChoices):
        PENDING = "pending", "Being answered"
        ANSWERED = "answered", "Answered"
        FAILED = "failed", "Not answered"

    workspace = models.ForeignKey("inbox.Workspace", on_delete=models.CASCADE, related_name="+")
    pack = models.ForeignKey(ContextPack, on_delete=models.CASCADE, related_name="questions")
    asked_by = models.ForeignKey("inbox.User", on_delete=models.SET_NULL, null=True, blank=True)
    client_token = models.UUIDField(unique=True, help_text="Set by the form, so a repeated submit asks once.")
    text = models.CharField(max_length=500)
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.PENDING)
    answer = models.JSONField(null=True, blank=True)
    model = models.CharField(max_length=60, blank=True, default="")
    prompt_version = models.CharField(max_length=40, blank=True, default="")
    cost_microusd = models.PositiveBigIntegerField(default=0)
    error = models.CharField(max_length=300, blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["created_at", "id"]
        constraints = [check("question_status_known", models.Q(status__in=["pending", "answered", "failed"]))]
        indexes = [
            index("question_by_workspace", "workspace", "-created_at"),
            index("question_pending", "created_at", where=models.Q(status="pending")),
        ]

    def __str__(self) -> str:
        return f"question {str(self.pk)[-6:]}: {self.get_status_display()}"


class LeadDay(models.Model):
    """The numbers of one lead's messages on one day in the workspace's time zone, and the lead's present state. The
    numbers are computed from messages by `insights.lead_days`, which reads messages instead where these may be newer.
    """

    # The database deletes these rows with their workspace or lead (migration insights.0006).
    workspace = models.ForeignKey(
        "inbox.Workspace", models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    lead = models.ForeignKey(
        "inbox.Lead", models.CASCADE, related_name="days", db_index=False, db_constraint=False
    )
    day = models.DateField()
    first_at = models.DateTimeField(help_text="The first reply or message to the lead.")
    last_at = models.DateTimeField()
    replies = models.PositiveIntegerField()
    positive = models.PositiveIntegerField(help_text="Replies with a positive tag.")
    answer_s = models.FloatField(null=True, help_text="Seconds from the day's first reply to its answer.")
    previous_reply_at = models.DateTimeField(null=True, help_text="The last reply before this day.")
    contacted = models.BooleanField(help_text="We wrote to the lead.")
    previous_contact_at = models.DateTimeField(null=True)
    answered_by = ArrayField(
        models.BigIntegerField(null=True), help_text="The user who wrote or approved each answer."
    )
    waited_s = ArrayField(models.FloatField(), help_text="Seconds that the lead waited for each answer.")
    kept = ArrayField(models.BooleanField(null=True), help_text="Whether each answer kept the promise.")
    hours = ArrayField(
        models.PositiveSmallIntegerField(), help_text="The local hour in which each answered reply arrived."
    )
    campaign_id = models.UUIDField(null=True)
    tag = models.CharField(max_length=32)
    booked_at = models.DateTimeField(null=True)
    waits = models.BooleanField()

    class Meta:
        verbose_name = "day in the numbers"
        verbose_name_plural = "days in the numbers"
        constraints = [unique("lead_day_once", "lead", "day")]
        indexes = [
            index(
                "lead_day_by_time",
                "workspace",
                "first_at",
                include=["last_at", "contacted", "previous_contact_at", "lead"],
            ),
            index("lead_day_replies", "workspace", "first_at", where=Q(replies__gt=0)),
            index("lead_day_answers", "workspace", "first_at", where=~Q(answered_by=[])),
        ]

    def __str__(self) -> str:
        return f"{self.lead_id} on {self.day}"


class LeadDayProgress(models.Model):
    """How far a workspace's rows of LeadDay are up to date: they contain all changes by transactions before `xid`.
    During a full recount, `next_lead` is the lead at which the recount continues.
    """

    workspace = models.OneToOneField(
        "inbox.Workspace", models.CASCADE, primary_key=True, related_name="+", db_constraint=False
    )
    xid = models.BigIntegerField(default=0)
    basis = models.CharField(max_length=32, default="")
    next_lead = models.UUIDField(null=True)
    at = models.DateTimeField(default=timezone.now, help_text="When `xid` was read.")

    def __str__(self) -> str:
        return f"{self.workspace_id} up to {self.xid}"
