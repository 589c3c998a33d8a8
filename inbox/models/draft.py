"""Models of a proposed answer (draft), and of each outgoing message (send)."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from inbox.models.decisions import SendingPolicy
from inbox.models.lead import WRITTEN_ON
from inbox.models.row import MarkedRow, program_key
from jobs.columns import Row, blank_text, flag, index, json, moment, short_text, unique


class Draft(Row, MarkedRow):
    """A proposed answer to one message on one channel. A person decides about it, or the policy and the gates do."""

    class Status(models.TextChoices):
        PENDING = "pending", "Waiting for review"
        APPROVED = "approved", "Approved"
        SENT = "sent", "Sent"
        REJECTED = "rejected", "Rejected"

    workspace = models.ForeignKey("inbox.Workspace", on_delete=models.CASCADE, related_name="drafts")
    lead = models.ForeignKey("inbox.Lead", on_delete=models.CASCADE, related_name="drafts")
    trigger_message = models.ForeignKey("inbox.Message", on_delete=models.CASCADE, related_name="drafts")
    channel = models.CharField(max_length=10, choices=WRITTEN_ON)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PENDING)
    status_reason = models.CharField(max_length=200, blank=True, default="")
    subject = models.TextField(blank=True, default="")
    text = models.TextField()
    generated_text = models.TextField(help_text="The model's original text, to detect edits.")
    strategy = models.JSONField(default=dict, blank=True)
    verification = models.JSONField(default=dict, blank=True)
    model = models.CharField(max_length=64, blank=True, default="")
    prompt_version = models.CharField(max_length=64, blank=True, default="")
    made_of = json(
        dict,
        "The facts, free times, messages and model calls at the time (inbox.replying.provenance).",
    )
    revision = models.PositiveSmallIntegerField(default=1)

    # The result of all gates together. The verdict of each gate is a row of GateResult.
    evaluation = json(dict, "The verdict of the evaluating model.")
    gate_mode = short_text(6, "The policy when the checks ran.")
    would_send = models.BooleanField(null=True, blank=True, help_text="Whether every check passed.")
    send_at = moment("When the draft goes out automatically. Empty: never.")
    held_by_person = flag("Whether a person put the draft on hold. It then never goes out automatically.")
    slack_channel = short_text(40)
    slack_ts = short_text(40, "Slack's ID of the review card.")
    decided_by = models.ForeignKey("inbox.User", on_delete=models.SET_NULL, null=True, blank=True)
    program = program_key()
    decided_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            unique("draft_once_per_trigger", "trigger_message", "channel"),
        ]
        indexes = [
            *MarkedRow.indexes("draft"),
            index("draft_pending", "workspace", "-created_at", where=Q(status="pending")),
            # Index for the drafts that have waited longest, over all workspaces.
            index("draft_waiting", "created_at", where=Q(status="pending")),
            index("draft_by_lead", "lead", "-created_at"),
            index("draft_judged", "workspace", "-created_at", where=Q(would_send__isnull=False)),
            index("draft_reviewed", "workspace", "decided_at", where=Q(decided_by__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"draft {str(self.pk)[-6:]}"

    @property
    def author(self) -> str:
        """The name of the person or program that decided; "" if the product did, or if nobody has decided yet."""
        return str(self.program or self.decided_by or "")

    @property
    def policy(self) -> SendingPolicy:
        """The sending policy for the draft, read from the database."""
        return SendingPolicy.of(self.workspace, self.trigger_message.campaign or self.lead.campaign)

    @property
    def was_edited(self) -> bool:
        """Whether a person changed the model's text. Line ends are ignored: forms once stored carriage returns."""
        return self.text.strip().splitlines() != self.generated_text.strip().splitlines()


class OutboundSend(Row):
    """A message to a lead. The row is written before the provider is called, and is the only record of the outcome.

    A person's message counts down until `send_at`, and can be taken back until the provider is called. If someone takes
    back a text of their own, the state becomes `taken_back`, and the text returns to the composer. If someone takes
    back a draft, the row is deleted. The state `later` means that a person chose the time `send_at`; until then, other
    messages to the lead may go out. `intent` means that the provider has not been called, or that the caller died.
    `unknown` means that the provider was called and the outcome is open. Then the provider is asked, or a person
    decides; nothing is repeated automatically.
    """

    class Origin(models.TextChoices):
        DRAFT = "draft", "Draft"
        FOLLOWUP = "followup", "Follow-up step"
        PERSON = "person", "Written by a person"
        PROGRAM = "program", "Written by a program"

    class State(models.TextChoices):
        LATER = "later", "Going out later"
        INTENT = "intent", "Going out"
        SENT = "sent", "Sent"
        FAILED = "failed", "Failed"
        UNKNOWN = "unknown", "May have been sent"
        TAKEN_BACK = "taken_back", "Taken back"

    workspace = models.ForeignKey("inbox.Workspace", on_delete=models.CASCADE, related_name="sends")
    lead = models.ForeignKey("inbox.Lead", on_delete=models.CASCADE, related_name="sends")
    channel = models.CharField(max_length=10, choices=WRITTEN_ON)
    origin = models.CharField(max_length=10, choices=Origin.choices)
    origin_id = models.CharField(max_length=64)
    part = models.PositiveSmallIntegerField(default=0)
    draft = models.ForeignKey(Draft, on_delete=models.SET_NULL, null=True, blank=True, related_name="sends")
    reply_to = models.ForeignKey(
        "inbox.Message", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    approved_by = models.ForeignKey("inbox.User", on_delete=models.SET_NULL, null=True, blank=True)
    program = program_key()

    state = models.CharField(max_length=10, choices=State.choices, default=State.INTENT)
    reason = blank_text(300, "One sentence that never contains people's text.")
    subject = models.TextField(blank=True, default="")
    text = models.TextField()
    recipients = models.JSONField(default=dict, blank=True)
    rest = json(list, "The texts of the remaining parts. Each is sent after the one before it.")
    provider = short_text(20, "The provider that sends the message.")
    account_id = models.CharField(max_length=120, blank=True, default="")
    provider_message_id = models.CharField(max_length=200, blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)
    send_at = moment("When the countdown ends. Empty: there is none.")
    answer_by = moment("When this answer was due by the promise (Lead.answer_by).")
    called_at = moment("Stored just before the provider is called.")
    finished_at = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text="How many times a person sent the message again."
    )
    looked_at = moment("When the provider was last asked about this send.")
    lost_from = moment("May have gone out after this, in the period missing from the restored database.")

    class Meta:
        permissions = [("settle_outboundsend", "Can set the outcome of sends or send them again")]
        constraints = [
            unique("send_once_per_origin", "workspace", "origin", "origin_id", "part"),
            # Each lead has at most one pending send per channel, so a follow-up and an answer cannot both go out.
            unique("send_one_at_a_time", "lead", "channel", where=Q(state__in=["intent", "unknown"])),
        ]
        indexes = [
            index("send_uncertain", "workspace", "-created_at", where=Q(state__in=["unknown", "failed"])),
            index("send_by_lead", "lead", "-created_at"),
            index("send_later", "workspace", where=Q(state="later")),
            # Index for finding a send by its id, from a provider's event or in a person's search.
            index(
                "send_by_provider_id", "workspace", "provider_message_id", where=~Q(provider_message_id="")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.origin} {self.origin_id}/{self.part}: {self.state}"

    @property
    def author(self) -> str:
        """The name of the person or program that sent the message; "" for the product itself."""
        return str(self.program or self.approved_by or "")

    @property
    def shown_subject(self) -> str:
        """The subject of the message; without one, the subject of the message that it answers."""
        return self.subject or (self.reply_to.subject if self.reply_to else "")

    @property
    def can_be_taken_back(self) -> bool:
        """Whether a person can take the message back: a first part with a `send_at`, whose provider was not called."""
        counted = self.send_at is not None and not self.part
        return counted and self.called_at is None and self.state in (self.State.INTENT, self.State.LATER)

    @property
    def counts_down(self) -> bool:
        """Whether the message waits for the end of its countdown."""
        return self.can_be_taken_back and self.send_at is not None and self.send_at > timezone.now()
