"""A workspace's own labels, and the labels of its leads."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower, Now

from inbox.models.decisions import TagDecision
from inbox.models.row import program_key
from jobs.columns import Row, flag, short_text, unique

NAME_CHARS = 40
MOST = 30
"""The maximum number of labels per workspace. The limit is low, because the model reads all labels with each reply."""


class Label(Row):
    """A name that a workspace gives to some of its leads, beside their tag."""

    class Colour(models.TextChoices):
        GREY = "", "Grey"
        BLUE = "info", "Blue"
        GREEN = "ok", "Green"
        AMBER = "warn", "Amber"
        RED = "bad", "Red"
        PINK = "hot", "Pink"

    workspace = models.ForeignKey("inbox.Workspace", on_delete=models.CASCADE, related_name="labels")
    name = models.CharField(max_length=NAME_CHARS)
    colour = models.CharField(max_length=4, choices=Colour.choices, blank=True, default=Colour.GREY)
    meaning = models.CharField(
        max_length=200,
        blank=True,
        help_text="One sentence. If you leave it empty, the model never suggests this label.",
    )
    aliases = ArrayField(
        models.CharField(max_length=NAME_CHARS, blank=True),
        verbose_name="names at your providers",
        size=20,
        default=list,
        blank=True,
        help_text="Comma-separated. An Instantly label, a SmartLead category or an EmailBison tag with one of these "
        "names, or with the label’s own name, puts the label on the lead.",
    )
    notice = flag("Post in Slack when a lead gets this label.")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = [Lower("name")]
        constraints = [models.UniqueConstraint("workspace", Lower("name"), name="label_once")]

    def __str__(self) -> str:
        return self.name


class LeadLabel(Row):
    """The current decision about whether a lead has a label: one row per lead and label.

    If a person took the label off, models and providers cannot put it on again.
    """

    class State(models.TextChoices):
        ON = "on", "On"
        SUGGESTED = "suggested", "Suggested"
        OFF = "off", "Off"

    workspace = models.ForeignKey("inbox.Workspace", on_delete=models.CASCADE, related_name="+")
    lead = models.ForeignKey(
        "inbox.Lead", on_delete=models.CASCADE, related_name="lead_labels", db_index=False
    )
    label = models.ForeignKey(Label, on_delete=models.CASCADE, related_name="lead_labels")
    state = models.CharField(max_length=9, choices=State.choices)
    kind = models.CharField(max_length=8, choices=TagDecision.Kind.choices)
    by = models.CharField(max_length=80)
    user = models.ForeignKey("inbox.User", on_delete=models.SET_NULL, null=True, blank=True)
    program = program_key()
    reason = short_text(300, "Why the model suggests this label.")
    decided_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [unique("leadlabel_once", "lead", "label")]

    def __str__(self) -> str:
        return f"{self.state} by {self.by}"
