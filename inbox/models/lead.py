"""Models of a lead and of the campaign that reached it, and their tags and channels."""

from functools import reduce
from operator import or_

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce, Now, Reverse
from django.utils import timezone

from inbox.models.row import MarkedRow
from inbox.models.words import names_vector
from inbox.models.workspace import Workspace
from integrations.models import known_provider
from jobs.columns import Row, flag, index, json, moment, several, short_text, unique

HOT_SCORE = 3
"""The minimum score (1 to 4) of a hot lead."""
WORTH = Coalesce("score", 2)
WAITS_SINCE = Coalesce("last_inbound_at", "last_message_at")
"""WORTH and WAITS_SINCE order the list over all workspaces: the highest score first, then the longest wait. A lead
without a score counts as 2, like a neutral reply. Only a query with these exact expressions uses their index.
"""
PROMISED = Q(warn_at__isnull=False)
"""The leads whose answer a workspace has promised within a certain time, among those that wait (`is_promised`)."""
IDENTITY_FIELDS = (
    "email",
    "phone",
    "linkedin_member_id",
    "linkedin_url",
    "emailbison_lead_id",
    "ghl_contact_id",
)
"""The columns that identify a lead. If an event names several leads, the first of these columns decides."""
LEAD_WORDS = names_vector("first_name", "last_name", "company", "email")
"""The words by which the admin's search finds a lead. Only a query with this exact expression uses its index."""
LEAD_WORDS_HERE = names_vector("first_name", "last_name", "company", "email", of_workspace=True)
"""The words by which the search of a workspace finds a lead. Each word begins with a prefix of the workspace."""


class Tag(models.TextChoices):
    """The meaning of a lead's newest reply. `inbox.leads.tags` defines the order of tags and what each one causes."""

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


DECLINES = (Tag.NOT_INTERESTED, Tag.BLACKLIST)
"""The tags of leads who declined. Their answer is overdue only if the workspace promised it."""
TOWARDS_A_MEETING = (Tag.MEETING_REQUESTED, Tag.CALL_REQUESTED, Tag.INTERESTED, Tag.MEETING_BOOKED)
"""The tags of leads who may have a meeting that no webhook reported."""
HAS_BOOKED = Q(booked_at__isnull=False) | Q(tag=Tag.MEETING_BOOKED)
"""A filter for leads with a meeting. Only a query with this exact filter uses its index."""


class Channel(models.TextChoices):
    """The channels of messages. We only receive messages on ELSEWHERE; people answer them on the provider's pages."""

    EMAIL = "email", "Email"
    SMS = "sms", "SMS"
    LINKEDIN = "linkedin", "LinkedIn"
    ELSEWHERE = "elsewhere", "Elsewhere"


WRITTEN_ON = [(channel.value, channel.label) for channel in Channel if channel is not Channel.ELSEWHERE]
"""The channels on which we write, as choices."""


class Suspicion(models.TextChoices):
    """The rules' suspicion about a reply. Until a model or a person decides, the lead gets nothing automatically."""

    OPT_OUT = "opt_out", "Possible opt-out"
    BOUNCE = "bounce", "Possible bounce"
    OUT_OF_OFFICE = "out_of_office", "Possible out-of-office reply"
    AUTO_REPLY = "auto_reply", "Possible automated reply"


class Campaign(Row):
    """A campaign (a series of mails) at a provider. We know its id and name from the provider's events."""

    workspace = models.ForeignKey("inbox.Workspace", on_delete=models.CASCADE, related_name="campaigns")
    provider = models.CharField(max_length=20, validators=[known_provider])
    external_id = models.CharField(max_length=200)
    name = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [unique("campaign_once", "workspace", "provider", "external_id")]
        ordering = ["name", "id"]

    def __str__(self) -> str:
        return self.name or self.external_id


def by_alternate_email(address: str) -> Q:
    """Returns a filter for leads who also wrote from `address` (lower case). Only this exact filter uses the index."""
    return Q(alternate_emails__contains=[address]) & ~Q(alternate_emails=[])


def by_alternate_phone(number: str) -> Q:
    """Returns a filter for leads who also have the phone `number` (E.164). Only this exact filter uses the index."""
    return Q(alternate_phones__contains=[number]) & ~Q(alternate_phones=[])


def are_named_by(identities: dict[str, str]) -> Q:
    """Returns a filter for leads with any of `identities` (normalised, at least one), even as an alternate."""
    matches = reduce(or_, (Q(**{name: text}) for name, text in identities.items()))
    if email := identities.get("email"):
        matches |= by_alternate_email(email)
    if phone := identities.get("phone"):
        matches |= by_alternate_phone(phone)
    if contact_id := identities.get("ghl_contact_id"):
        matches |= Q(alternate_contacts__contains=[contact_id]) & ~Q(alternate_contacts=[])
    return matches


def _unique(field: str) -> models.UniqueConstraint:
    return unique(f"lead_one_{field}", "workspace", field, where=~Q(**{field: ""}))


class Lead(Row, MarkedRow):
    """A person to whom a workspace writes.

    Identity columns hold normalised values (lower case, E.164, canonical URL) or "". Identities are unique within a
    workspace, so two simultaneous first messages create one lead.
    """

    workspace = models.ForeignKey(  # look-ups of a lead's newest message use the index lead_by_last_message
        "inbox.Workspace", on_delete=models.CASCADE, related_name="leads", db_index=False
    )

    email = models.CharField(max_length=320, blank=True, default="")
    phone = models.CharField(max_length=32, blank=True, default="")
    linkedin_member_id = models.CharField(max_length=120, blank=True, default="")
    linkedin_url = models.CharField(max_length=300, blank=True, default="")
    emailbison_lead_id = models.CharField(max_length=64, blank=True, default="")
    ghl_contact_id = models.CharField(max_length=64, blank=True, default="")
    alternate_emails = ArrayField(models.CharField(max_length=320), default=list, blank=True)
    alternate_phones = several(32, "The lead's other numbers. Nothing is sent to them.")
    alternate_contacts = several(
        64, "The lead's other GoHighLevel contacts, such as one for each other number."
    )
    refused_channels = several(10, "Channels that the lead turned down when asking for a different one.")

    first_name = models.CharField(max_length=120, blank=True, default="")
    last_name = models.CharField(max_length=120, blank=True, default="")
    company = models.CharField(max_length=200, blank=True, default="")
    title = models.CharField(max_length=200, blank=True, default="")
    sources = json(dict, "The source and time of each fact above, by column.")
    campaign = models.ForeignKey(
        Campaign, on_delete=models.SET_NULL, null=True, blank=True, related_name="leads"
    )
    assigned_to = models.ForeignKey("inbox.User", on_delete=models.SET_NULL, null=True, blank=True)
    handed_over_at = moment(
        "When someone else assigned this lead to the member. Empty once the member opens it."
    )

    # The person who now answers for the lead, such as an assistant or a colleague in CC.
    current_replier_email = models.CharField(max_length=320, blank=True, default="")
    current_replier_name = models.CharField(max_length=200, blank=True, default="")
    current_replier_since = models.DateTimeField(null=True, blank=True)

    tag = models.CharField(max_length=32, choices=Tag.choices, default=Tag.NEW)
    tag_decided_by = models.CharField(max_length=80, blank=True, default="")
    awaiting_model = models.BooleanField(default=False)
    suspected = short_text(
        16,
        "What a reply is suspected of, until someone decides (inbox.leads.suspicion).",
        choices=Suspicion.choices,
    )
    suspected_words = short_text(300, "The sentence that raised the suspicion.")
    provider_interested = models.BooleanField(default=False)
    provider_said_at = moment("When someone last categorised the lead at a provider.")
    opted_out_at = models.DateTimeField(null=True, blank=True)
    opted_out_stamp = short_text(64, "The time stated in the STOP itself (Message.stamp).")
    opted_in_stamp = short_text(64)
    opted_in_at = moment("The last START. It revokes older STOPs.")
    bounced_at = models.DateTimeField(null=True, blank=True)
    booked_at = moment("When the current meeting was booked. Empty if there is none.")
    linkedin_connected_at = models.DateTimeField(null=True, blank=True)
    snoozed_until = models.DateTimeField(null=True, blank=True)
    sample = flag("Created by “Send a test event”. Nothing is sent to it, and it isn’t counted.")
    erasing_at = moment(
        "When someone started erasing this lead. The lead gets no more messages and will be deleted soon."
    )
    identity_conflict = models.BooleanField(
        default=False, help_text="An event named both this lead and a different one. A person should check."
    )

    score = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="0 stopped, 1 cold, up to 4 ready. Empty: not scored."
    )
    score_reason = short_text(200)
    repair_reason = short_text(200, "Why the provider doesn’t have this lead.")

    # These roll-ups summarise the lead's messages, so that the list of conversations need not read them.
    last_inbound_at = models.DateTimeField(null=True, blank=True)
    last_outbound_at = models.DateTimeField(null=True, blank=True)
    answered_at = moment("The last answer outside a campaign, or the last time someone chose Done.")
    answer_by = moment("When an answer is due under the promise. Empty if none is due.")
    warn_at = moment(
        "When the next person is notified that the answer is almost due. If nobody is, as answer_by."
    )
    warned_ids = ArrayField(
        models.BigIntegerField(),
        default=list,
        db_default=[],
        blank=True,
        help_text="The users who were notified about the newest reply.",
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
            *MarkedRow.indexes("lead"),
            # Index for the inbox's list of leads, newest first.
            index("lead_by_last_message", "workspace", "-last_message_at", "-id"),
            index("lead_needs_reply", "workspace", "-last_message_at", where=Q(needs_reply=True)),
            models.Index(
                F("workspace"),
                WORTH.desc(),
                WAITS_SINCE,
                F("id"),
                condition=Q(needs_reply=True),
                name="lead_by_worth",
            ),
            # Indexes for leads whose promised answer is late, is due soon, or has been announced to people.
            index("lead_answer_by", "workspace", "answer_by", where=Q(answer_by__isnull=False)),
            index("lead_warn_at", "warn_at", where=Q(warn_at__isnull=False)),
            index("lead_warned", "workspace", where=~Q(warned_ids=[])),
            # Index for leads of a member, or of nobody, that need a reply.
            index(
                "lead_waits_for", "workspace", "assigned_to", "-last_message_at", where=Q(needs_reply=True)
            ),
            # Index for all leads of a member, which become unassigned when the member leaves.
            index(
                "lead_of_member",
                "workspace",
                "assigned_to",
                "-last_message_at",
                where=Q(assigned_to__isnull=False),
            ),
            # Index for leads that were given to a member who has not opened them yet.
            index("lead_handed_over", "workspace", "assigned_to", where=Q(handed_over_at__isnull=False)),
            index("lead_unread", "workspace", "-last_message_at", where=Q(unread=True)),
            index("lead_snoozed", "workspace", "snoozed_until", where=Q(snoozed_until__isnull=False)),
            # Index for leads who may have a meeting, which the calendar check compares with the calendar.
            index("lead_towards_meeting", "workspace", "last_inbound_at", where=Q(tag__in=TOWARDS_A_MEETING)),
            # Index for leads with a meeting, over all workspaces.
            models.Index(
                Coalesce("booked_at", "last_message_at").desc(nulls_last=True),
                condition=HAS_BOOKED,
                name="lead_has_booked",
            ),
            # Index for leads that wait for a model, over all workspaces.
            index("lead_awaits_model", "last_inbound_at", where=Q(awaiting_model=True)),
            # Index for the one or two samples of a workspace.
            index("lead_sample", "workspace", where=Q(sample=True)),
            # Follow-ups of suspected leads are looked up by lead. Few leads are suspected.
            index("lead_suspected", "id", where=~Q(suspected="")),
            # Indexes for the search by words, and by the last digits of a phone number.
            GinIndex(LEAD_WORDS, name="lead_names"),
            GinIndex(LEAD_WORDS_HERE, name="lead_names_here"),
            models.Index(
                F("workspace"),
                OpClass(Reverse("phone"), name="text_pattern_ops"),
                condition=~Q(phone=""),
                name="lead_phone_digits",
            ),
            # Few leads have such a value, so these indexes leave the other leads out.
            *(
                GinIndex(fields=[column], condition=~Q(**{column: []}), name=f"lead_{column}")
                for column in ("alternate_emails", "alternate_phones", "alternate_contacts")
            ),
        ]

    def __str__(self) -> str:
        return self.display_name

    @property
    def refused(self) -> list[Channel]:
        """The channels that the lead refused, for pages."""
        return [Channel(channel) for channel in self.refused_channels]

    @property
    def display_name(self) -> str:
        """The lead's name for pages; without a name, the email address, phone number or profile."""
        name = f"{self.first_name} {self.last_name}".strip()
        return name or self.email or self.phone or self.linkedin_url or "Unknown person"

    @property
    def is_understood(self) -> bool:
        """Whether the meaning of the newest reply is decided: a reply that waits for the model is not understood."""
        return not self.awaiting_model or bool(self.tag_decided_by)

    @property
    def tagged_by_id(self) -> int | None:
        """The id of the user who tagged the lead; None if no person did."""
        who, _, number = self.tag_decided_by.partition(" ")
        return int(number) if who == "person" and number.isascii() and number.isdecimal() else None

    @property
    def is_promised(self) -> bool:
        """Whether the lead waits for an answer that the workspace has promised within a certain time."""
        return self.needs_reply and self.warn_at is not None

    @property
    def is_over(self) -> bool:
        """Whether the lead is in the folder *Overdue*: the answer is later than the workspace has promised or, for a
        lead who has not declined, than a day.
        """
        is_late = self.needs_reply and self.answer_by is not None and self.answer_by < timezone.now()
        return is_late and not self.is_snoozed and (self.is_promised or self.tag not in DECLINES)

    @property
    def is_answered(self) -> bool:
        """Whether we have answered, or somebody has marked as done, everything that the lead wrote."""
        since = self.last_inbound_at
        return self.answered_at is not None and (since is None or self.answered_at >= since)

    @property
    def is_snoozed(self) -> bool:
        return self.snoozed_until is not None and self.snoozed_until > timezone.now()

    @property
    def is_hot(self) -> bool:
        """Whether the lead's score is at least HOT_SCORE, and the lead may still receive messages."""
        return self.score is not None and self.score >= HOT_SCORE and not self.is_stopped

    @property
    def is_stopped(self) -> bool:
        """Whether nothing more may be sent to this lead, because of an opt-out or a bounce."""
        return self.opted_out_at is not None or self.bounced_at is not None


class ErasedMark(models.Model):
    """A keyed hash of an address or id of an erased person, or of one of their messages' ids (`inbox.leads.erased`).

    If `opted_out_at` is set, nothing is sent to the address or id from that time on. Addresses that a lead refused have
    such rows too (`inbox.leads.refused_addresses`). A message whose id has a row is recognised when delivered again.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+", db_index=False)
    digest = models.CharField(max_length=64)
    opted_out_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [unique("erased_mark_once", "workspace", "digest")]

    def __str__(self) -> str:
        return f"mark {self.pk}"


class LeadChange(models.Model):
    """A record that a transaction changed data of a lead that pages show. Database triggers add it for every writer
    (inbox/sql/follow_leads.sql). A row is never updated, so no transaction waits for another.

    `xid` is the number of this transaction. A reader that keeps a snapshot of the database (`pg_current_snapshot()`)
    finds exactly the changes that the snapshot did not include, in any order of commits. Rows are deleted after an
    hour.
    """

    pk = models.CompositePrimaryKey("workspace_id", "xid", "lead_id")
    workspace_id = models.UUIDField()
    xid = models.BigIntegerField()
    lead_id = models.UUIDField()
    at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"{self.lead_id} in {self.xid}"
