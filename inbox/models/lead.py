"""The person on the other side, and the campaign that reached them."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.search import SearchVector
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Replace, Reverse

from integrations.models import known_provider
from jobs.ids import uuid7


class Tag(models.TextChoices):
    """What the newest reply says; priorities and consequences live in `inbox.understanding.tags`."""

    NEW = "New"
    INTERESTED = "Interested"
    INFORMATION_REQUESTED = "Information Requested"
    CALL_REQUESTED = "Call Requested"
    MEETING_REQUESTED = "Meeting Requested"
    MEETING_BOOKED = "Meeting Booked"
    FOLLOW_UP = "Follow Up"
    OBJECTION = "Objection"
    NOT_INTERESTED = "Not Interested"
    BLACKLIST = "Blacklist"
    OUT_OF_OFFICE = "Out of Office"
    AUTOMATED_REPLY = "Automated Reply"
    NEUTRAL = "Neutral"
    SNOOZED = "Snoozed"
    WRONG_PERSON = "Wrong Person"


class Channel(models.TextChoices):
    EMAIL = "email", "Email"
    SMS = "sms", "SMS"
    LINKEDIN = "linkedin", "LinkedIn"


class Suspicion(models.TextChoices):
    """What a reply may be, where the rules are not sure: nothing goes out by itself until that is decided."""

    OPT_OUT = "opt_out", "Perhaps an opt-out"
    BOUNCE = "bounce", "Perhaps a failure report"
    OUT_OF_OFFICE = "out_of_office", "Perhaps an absence"
    AUTO_REPLY = "auto_reply", "Perhaps an automatic reply"


class Campaign(models.Model):
    """A provider's campaign, as far as its events name it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workspace = models.ForeignKey("inbox.Workspace", on_delete=models.CASCADE, related_name="campaigns")
    provider = models.CharField(max_length=20, validators=[known_provider])
    external_id = models.CharField(max_length=200)
    name = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "provider", "external_id"], name="campaign_once")
        ]
        ordering = ["name", "id"]

    def __str__(self) -> str:
        return self.name or self.external_id


IDENTITY_FIELDS = (
    "email",
    "phone",
    "linkedin_member_id",
    "linkedin_url",
    "emailbison_lead_id",
    "ghl_contact_id",
)
"""The columns that can name a lead, in the order in which a match counts when they disagree: e-mail wins."""


def by_alternate_email(address: str) -> Q:
    """Leads who have written from another `address` (lower case) too. Said as their index wants it: they have some."""
    return Q(alternate_emails__contains=[address]) & ~Q(alternate_emails=[])


LEAD_WORDS = SearchVector(
    "first_name", "last_name", "company", Replace("email", Value("@"), Value(" ")), config="simple"
)
"""What a search by words looks at: a query must use this very expression to be served by its index."""


def _unique(field: str) -> models.UniqueConstraint:
    return models.UniqueConstraint(
        fields=["workspace", field], condition=~Q(**{field: ""}), name=f"lead_one_{field}"
    )


class Lead(models.Model):
    """One person in one workspace.

    Identity columns hold normalised values (lower-case address, E.164 phone, canonical profile URL) or "", and each
    is unique per workspace where it is set: the constraint, not a look-up, keeps two first messages from making two
    leads.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workspace = models.ForeignKey(  # its look-ups use lead_by_last_message
        "inbox.Workspace", on_delete=models.CASCADE, related_name="leads", db_index=False
    )

    email = models.CharField(max_length=320, blank=True, default="")
    phone = models.CharField(max_length=32, blank=True, default="")
    linkedin_member_id = models.CharField(max_length=120, blank=True, default="")
    linkedin_url = models.CharField(max_length=300, blank=True, default="")
    emailbison_lead_id = models.CharField(max_length=64, blank=True, default="")
    ghl_contact_id = models.CharField(max_length=64, blank=True, default="")
    alternate_emails = ArrayField(models.CharField(max_length=320), default=list, blank=True)
    refused_channels = ArrayField(
        models.CharField(max_length=10),
        default=list,
        db_default=[],
        blank=True,
        help_text="Channels that the person ended while they named another.",
    )

    first_name = models.CharField(max_length=120, blank=True, default="")
    last_name = models.CharField(max_length=120, blank=True, default="")
    company = models.CharField(max_length=200, blank=True, default="")
    title = models.CharField(max_length=200, blank=True, default="")
    sources = models.JSONField(
        default=dict,
        db_default={},
        blank=True,
        help_text="Where the facts above come from: source and time by column.",
    )
    campaign = models.ForeignKey(
        Campaign, on_delete=models.SET_NULL, null=True, blank=True, related_name="leads"
    )
    assigned_to = models.ForeignKey("inbox.User", on_delete=models.SET_NULL, null=True, blank=True)

    # Another person who answers for the lead (assistant, colleague in CC), while they do.
    current_replier_email = models.CharField(max_length=320, blank=True, default="")
    current_replier_name = models.CharField(max_length=200, blank=True, default="")
    current_replier_since = models.DateTimeField(null=True, blank=True)

    tag = models.CharField(max_length=32, choices=Tag.choices, default=Tag.NEW)
    tag_decided_by = models.CharField(max_length=80, blank=True, default="")
    awaiting_model = models.BooleanField(default=False)
    suspected = models.CharField(
        max_length=16,
        choices=Suspicion.choices,
        blank=True,
        default="",
        db_default="",
        help_text="What a reply may be that nobody has decided about yet (inbox.leads.suspicion).",
    )
    suspected_words = models.CharField(
        max_length=300, blank=True, default="", db_default="", help_text="The sentence that says so."
    )
    provider_interested = models.BooleanField(default=False)
    provider_said_at = models.DateTimeField(
        null=True, blank=True, help_text="When a provider's people last said what the lead means."
    )
    opted_out_at = models.DateTimeField(null=True, blank=True)
    opted_out_stamp = models.CharField(
        max_length=64,
        blank=True,
        default="",
        db_default="",
        help_text="What a STOP says of its own time (Message.stamp).",
    )
    opted_in_stamp = models.CharField(max_length=64, blank=True, default="", db_default="")
    opted_in_at = models.DateTimeField(
        null=True, blank=True, help_text="The last START, which takes older STOPs back."
    )
    bounced_at = models.DateTimeField(null=True, blank=True)
    booked_at = models.DateTimeField(
        null=True, blank=True, help_text="When the meeting that stands was booked; empty where none stands."
    )
    linkedin_connected_at = models.DateTimeField(null=True, blank=True)
    snoozed_until = models.DateTimeField(null=True, blank=True)
    identity_conflict = models.BooleanField(
        default=False, help_text="Events named this lead together with another one: a person should look."
    )

    score = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="0 stopped, 1 cold to 4 ready; empty: not scored."
    )
    score_reason = models.CharField(max_length=200, blank=True, default="", db_default="")
    repair_reason = models.CharField(
        max_length=200,
        blank=True,
        default="",
        db_default="",
        help_text="Why the provider does not know this lead, in words.",
    )

    # Roll-ups, so that the list needs no look at the messages.
    last_inbound_at = models.DateTimeField(null=True, blank=True)
    last_outbound_at = models.DateTimeField(null=True, blank=True)
    answered_at = models.DateTimeField(
        null=True, blank=True, help_text="The last answer that was no campaign step, or a person's “done”."
    )
    last_message_at = models.DateTimeField(null=True, blank=True)
    last_channel = models.CharField(max_length=10, choices=Channel.choices, blank=True, default="")
    last_snippet = models.CharField(max_length=200, blank=True, default="")
    last_account = models.CharField(max_length=320, blank=True, default="")
    needs_reply = models.BooleanField(default=False)
    unread = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [_unique(field) for field in IDENTITY_FIELDS]
        indexes = [
            # inbox list, newest first
            models.Index(fields=["workspace", "-last_message_at", "-id"], name="lead_by_last_message"),
            models.Index(
                fields=["workspace", "-last_message_at"],
                condition=Q(needs_reply=True),
                name="lead_needs_reply",
            ),
            models.Index(
                fields=["workspace", "-last_message_at"], condition=Q(unread=True), name="lead_unread"
            ),
            models.Index(
                fields=["workspace", "snoozed_until"],
                condition=Q(snoozed_until__isnull=False),
                name="lead_snoozed",
            ),
            # what waits for a model, over all workspaces
            models.Index(
                fields=["last_inbound_at"], condition=Q(awaiting_model=True), name="lead_awaits_model"
            ),
            # search: words, and a phone number by its last digits
            GinIndex(LEAD_WORDS, name="lead_words"),
            models.Index(
                F("workspace"),
                OpClass(Reverse("phone"), name="text_pattern_ops"),
                condition=~Q(phone=""),
                name="lead_phone_digits",
            ),
            # Few leads have any: the others need no entry in it.
            GinIndex(
                fields=["alternate_emails"],
                condition=~Q(alternate_emails=[]),
                name="lead_alternate_emails",
            ),
        ]

    def __str__(self) -> str:
        return self.display_name

    @property
    def refused(self) -> list[Channel]:
        """The channels that the person ended while they named another, for pages."""
        return [Channel(channel) for channel in self.refused_channels]

    @property
    def display_name(self) -> str:
        """The name, or the best address that is known."""
        name = f"{self.first_name} {self.last_name}".strip()
        return name or self.email or self.phone or self.linkedin_url or "Unknown person"

    @property
    def is_understood(self) -> bool:
        """Whether anybody (a rule, a model, the provider, a person) has said what the newest reply means."""
        return not self.awaiting_model or bool(self.tag_decided_by)

    @property
    def is_stopped(self) -> bool:
        """Whether nothing may be sent to this lead any more."""
        return self.opted_out_at is not None or self.bounced_at is not None
