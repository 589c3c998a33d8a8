"""Models for decisions and their reasons: tags of messages, sending policies, and verdicts of gates."""

from typing import Self

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from inbox.models.lead import Campaign, Suspicion, Tag
from inbox.models.row import program_key
from inbox.models.workspace import Workspace
from jobs.columns import Row, check, index, short_text, unique


class TagDecision(Row):
    """A decision about a message's tag, by a rule, the model, the provider or a person. Each decision adds a row.

    `quote` holds the decisive words of the lead. `by` names the rule, or the model with the version of its prompt.
    """

    class Kind(models.TextChoices):
        RULE = "rule", "Rule"
        MODEL = "model", "Model"
        PROVIDER = "provider", "Provider"
        PERSON = "person", "Person"

    class Objection(models.TextChoices):
        NONE = "none", "None"
        PRICING = "pricing", "Pricing"
        TIMING = "timing", "Timing"
        AUTHORITY = "authority", "Authority"
        NEED = "need", "Need"
        TRUST = "trust", "Trust"
        COMPETITOR = "competitor", "Competitor"

    workspace = models.ForeignKey("inbox.Workspace", on_delete=models.CASCADE, related_name="tag_decisions")
    lead = models.ForeignKey("inbox.Lead", on_delete=models.CASCADE, related_name="tag_decisions")
    message = models.ForeignKey("inbox.Message", on_delete=models.CASCADE, related_name="tag_decisions")
    tag = models.CharField(max_length=32, choices=Tag.choices)
    kind = models.CharField(max_length=8, choices=Kind.choices)
    by = models.CharField(max_length=80)
    user = models.ForeignKey("inbox.User", on_delete=models.SET_NULL, null=True, blank=True)
    program = program_key()
    denied = short_text(
        16,
        "The meaning a person ruled out. If set, `tag` is the earlier tag, not their choice.",
        choices=Suspicion.choices,
    )
    alike_to = models.UUIDField(
        null=True,
        blank=True,
        help_text="The reply that the person decided about, if it was a different one with the same text.",
    )
    quote = models.TextField(blank=True, default="")
    reason = models.CharField(max_length=300, blank=True, default="")
    # No code reads the column `confidence`. The next release drops the column.
    confidence = models.FloatField(null=True, blank=True)
    objection = models.CharField(max_length=10, choices=Objection.choices, default=Objection.NONE)
    follow_up_on = models.DateField(
        null=True, blank=True, help_text="The day when the lead wants to hear from us again."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            # A repeated job must not add a second row. People may change their minds.
            unique("tag_decided_once", "message", "kind", "by", where=~Q(kind="person"))
        ]
        indexes = [
            index("tagdecision_by_lead", "lead", "-id"),
            index("tagdecision_corrections", "workspace", "-id", where=Q(kind="person")),
            # Index for counting each rule's recent decisions from the index alone.
            index("tagdecision_of_rules", "workspace", "created_at", include=["by"], where=Q(kind="rule")),
        ]

    def __str__(self) -> str:
        return f"{self.tag} by {self.by}"

    @property
    def author(self) -> str:
        """The name of the person or program that decided; "" for a rule, the model or a provider."""
        return str(self.program or self.user or "")


class ProviderWord(Row):
    """A tag that people at a provider, or the provider's model, gave to a lead. The row never changes;
    `inbox.leads.provider_tags` applies the tag to the reply that was the lead's newest at the time `said_at`.
    """

    workspace = models.ForeignKey("inbox.Workspace", on_delete=models.CASCADE, related_name="+")
    lead = models.ForeignKey(
        "inbox.Lead", on_delete=models.CASCADE, related_name="provider_words", db_index=False
    )
    tag = models.CharField(max_length=32, choices=Tag.choices)
    by = models.CharField(max_length=80)
    said_at = models.DateTimeField()

    class Meta:
        indexes = [index("word_by_lead", "lead", "said_at")]

    def __str__(self) -> str:
        return f"{self.tag} by {self.by}"


class SendingPolicy(models.Model):
    """The rules by which drafts may go out without a person. A campaign's policy precedes that of its workspace."""

    class Mode(models.TextChoices):
        OFF = "off", "Off"
        SHADOW = "shadow", "Shadow: only record what would have gone out"
        AUTO = "auto", "Auto: send drafts that pass every gate"

    workspace = models.ForeignKey("inbox.Workspace", on_delete=models.CASCADE, related_name="policies")
    campaign = models.OneToOneField(
        "inbox.Campaign", on_delete=models.CASCADE, null=True, blank=True, related_name="policy"
    )
    mode = models.CharField(max_length=6, choices=Mode.choices, default=Mode.OFF)
    confidence_threshold = models.FloatField(
        default=0.9, validators=[MinValueValidator(0.5), MaxValueValidator(1.0)]
    )
    min_delay_s = models.PositiveIntegerField(default=180, validators=[MinValueValidator(30)])
    max_delay_s = models.PositiveIntegerField(default=420, validators=[MaxValueValidator(3600)])
    business_hours_only = models.BooleanField(default=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name_plural = "sending policies"
        constraints = [
            unique("policy_one_default", "workspace", where=Q(campaign=None)),
            check("policy_delay_in_order", Q(min_delay_s__lte=models.F("max_delay_s"))),
        ]

    def __str__(self) -> str:
        return f"{self.campaign or self.workspace}: {self.mode}"

    @classmethod
    def of(cls, workspace: Workspace, campaign: Campaign | None) -> Self:
        """Returns the campaign's policy, else the workspace's, else an unsaved policy that is switched off."""
        rows = cls.objects.filter(workspace=workspace, campaign__in=[campaign] if campaign else [])
        default = cls.objects.filter(workspace=workspace, campaign=None)
        return rows.first() or default.first() or cls(workspace=workspace, campaign=campaign)


class GateResult(models.Model):
    """A gate's verdict on a draft, with a sentence of evidence. A draft has one row per stage and gate: the newest
    verdict.
    """

    class Stage(models.TextChoices):
        DRAFT = "draft", "When it was written"
        SEND = "send", "When it was due"

    workspace = models.ForeignKey("inbox.Workspace", on_delete=models.CASCADE, related_name="+")
    draft = models.ForeignKey("inbox.Draft", on_delete=models.CASCADE, related_name="gate_results")
    stage = models.CharField(max_length=5, choices=Stage.choices)
    gate = models.CharField(max_length=40)
    position = models.PositiveSmallIntegerField()
    passed = models.BooleanField()
    evidence = models.CharField(max_length=300)
    policy_version = models.CharField(max_length=20)
    decided_at = models.DateTimeField()

    class Meta:
        constraints = [unique("gate_once_per_stage", "draft", "stage", "gate")]
        indexes = [
            # Index for the gates that held drafts (inbox.replying.shadow).
            index(
                "gate_held",
                "workspace",
                "decided_at",
                include=["gate", "draft"],
                where=Q(passed=False, stage="draft"),
            )
        ]
        ordering = ["draft", "stage", "position"]

    def __str__(self) -> str:
        return f"{self.gate}: {'pass' if self.passed else 'fail'}"
