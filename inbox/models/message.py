"""The model of a message. The provider's own id makes each message unique in its workspace."""

from typing import Any

from django.contrib.postgres.indexes import GinIndex
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import MD5, Left, Lower, Trim
from django.utils import timezone

from inbox.models.lead import Channel, Suspicion, Tag
from inbox.models.row import MarkedRow
from inbox.models.words import WordsField
from integrations import registry
from jobs.columns import Row, blank_text, flag, index, moment, short_text, unique

ALIKE_CHARS = 1_000
"""The number of characters at the beginning of a text that are compared by words."""
WORDS = Trim(
    Lower(
        Func(
            Left("text", ALIKE_CHARS),
            # The characters are listed, because character classes differ between databases. "?" does not count as
            # punctuation.
            Value(
                "[\\s!.,;:\"'`()*_\u2018\u2019\u201c\u201d\u2026\u2013\u2014\uff01\uff0c\u3002\u3001\u060c-]+"
            ),
            Value(" "),
            Value("g"),
            function="regexp_replace",
        )
    )
)
"""The words of a text without capitals, spaces and punctuation. Question marks stay."""
SAME_WORDS = MD5(WORDS)
"""The expression of the index for texts with the same words. Only a query with this exact expression uses it."""


OWN_ID = "text:"
"""The prefix of an `external_id` that we created because the provider has not reported the message's id yet."""


OWN = "holdfast"
"""The source of messages that this product sent. All other sources belong to providers (docs/reference/names.md)."""


def known_source(name: str) -> None:
    """Raises ValidationError if no provider declares `name` as a source of messages."""
    if name != OWN and name not in registry.message_sources():
        raise ValidationError(f"“{name}” isn’t a message source. No provider declares it.")


COMPLAINTS = Q(tag_decided_by__contains=": complaint.")
"""A filter for messages that report a spam complaint."""
OF_MAILBOX = Q(channel="email") & ~Q(account_address="") | COMPLAINTS
"""A filter for the mails that are counted by mailbox. Only a query with this exact filter uses its index."""


class MessageManager(models.Manager["Message"]):
    """The manager of messages. Messages are loaded without the column `found_by`, which only the search uses."""

    def get_queryset(self) -> models.QuerySet["Message"]:
        return super().get_queryset().defer("found_by")

    def inbound(self, *conditions: Any, **values: Any) -> models.QuerySet["Message"]:
        return self.filter(*conditions, direction=Message.Direction.INBOUND, **values)

    def outbound(self, **values: Any) -> models.QuerySet["Message"]:
        return self.filter(direction=Message.Direction.OUTBOUND, **values)


class Message(Row, MarkedRow):
    """A message from or to a lead, on any channel."""

    class Direction(models.TextChoices):
        INBOUND = "inbound", "Inbound"
        OUTBOUND = "outbound", "Outbound"

    # Each of these foreign keys is the first column of an index below, and so needs no separate index.
    workspace = models.ForeignKey(
        "inbox.Workspace", on_delete=models.CASCADE, related_name="messages", db_index=False
    )
    lead = models.ForeignKey("inbox.Lead", on_delete=models.CASCADE, related_name="messages", db_index=False)
    campaign = models.ForeignKey("inbox.Campaign", on_delete=models.SET_NULL, null=True, blank=True)
    source = models.CharField(
        max_length=20, validators=[known_source], help_text="The list that contains `external_id`."
    )
    external_id = models.CharField(max_length=200)
    direction = models.CharField(max_length=8, choices=Direction.choices)
    channel = models.CharField(max_length=10, choices=Channel.choices)

    subject = models.TextField(blank=True, default="")
    text = models.TextField(
        blank=True, default="", help_text="The newest text by a person, without quotes and signatures."
    )
    raw_text = models.TextField(blank=True, default="")
    raw_html = models.TextField(blank=True, default="")
    from_address = models.CharField(max_length=320, blank=True, default="")
    from_name = models.CharField(max_length=200, blank=True, default="")
    recipients = models.JSONField(
        default=dict, blank=True, help_text="to, cc and bcc as the provider gave them"
    )
    account_id = blank_text(120, "The provider's ID of our sender.")
    account_address = models.CharField(max_length=320, blank=True, default="")
    thread_id = models.CharField(max_length=200, blank=True, default="")
    attachments = models.JSONField(default=list, blank=True)
    automated_reply = models.BooleanField(null=True, blank=True)
    by_hand = flag("A person wrote the message at the provider, outside any campaign.")
    provider_interested = models.BooleanField(default=False)
    tag = models.CharField(max_length=32, choices=Tag.choices, blank=True, default="")
    tag_decided_by = blank_text(80, "The rule or model, and version.")
    tag_evidence = models.TextField(blank=True, default="", help_text="The words that decided the tag.")
    suspected = short_text(16, "What the rules suspected on arrival.", choices=Suspicion.choices)
    suspected_words = models.TextField(
        blank=True, default="", db_default="", help_text="The sentence that raised the suspicion."
    )
    suspicion_decided_by = short_text(80, "The model or person that decided. Empty: not decided yet.")
    content_hash = models.CharField(max_length=64, blank=True, default="")
    stamp = short_text(
        64,
        "The local time in a text without an ID (ISO, no zone; empty if unreadable).",
    )
    stopped_again_at = moment("When this STOP arrived again without an ID. It may have been a second one.")
    id_reused = models.BooleanField(
        default=False, help_text="The provider has already used this ID for a different text."
    )

    sent_at = models.DateTimeField(help_text="The provider's time.")
    received_at = models.DateTimeField(default=timezone.now)
    processed_at = moment("When the job for this message finished. The job itself is deleted later.")
    draft = models.ForeignKey(  # needs no separate index, because look-ups use message_per_draft
        "inbox.Draft", on_delete=models.SET_NULL, null=True, blank=True, db_index=False
    )
    part = models.PositiveSmallIntegerField(default=0)
    found_by = WordsField(null=True, blank=True, editable=False, help_text="The text used for search.")

    objects = MessageManager()

    class Meta:
        base_manager_name = "objects"
        constraints = [
            unique("message_once", "workspace", "source", "external_id"),
            unique("message_per_draft", "draft", "part", where=Q(draft__isnull=False)),
        ]
        indexes = [
            *MarkedRow.indexes("message"),
            index("message_timeline", "lead", "sent_at", "received_at"),
            index("message_by_workspace", "workspace", "-received_at"),
            # Index for texts that may arrive without an id, and are then looked up by their words.
            index(
                "message_by_content",
                "workspace",
                "content_hash",
                where=Q(source__in=["ghl_message", "instantly_reply", "instantly_sent"]),
            ),
            index("message_by_chat", "workspace", "thread_id", where=Q(source="unipile_message")),
            # Index for replies with the same words (inbox.pipeline.alike).
            models.Index(
                F("workspace"), SAME_WORDS, condition=Q(direction="inbound"), name="message_same_words"
            ),
            # Index for recent suspicions of the rules.
            index(
                "message_suspected", "workspace", "received_at", include=["suspected"], where=~Q(suspected="")
            ),
            # Index for the counts of each mailbox.
            models.Index(
                fields=["workspace", "received_at"],
                include=["account_address", "direction", "sent_at", "source", "tag_decided_by"],
                condition=OF_MAILBOX,
                name="message_of_mailbox",
            ),
            # Each search reads all entries that are not yet sorted into the index, so their list is kept short.
            GinIndex(fields=["found_by"], name="message_search", gin_pending_list_limit=512),
            # Release 0.2.0 uses this index. The next release drops this column.
            index("message_without_words", "workspace", "-received_at", where=Q(found_by__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"{self.source}:{self.external_id}"

    @property
    def has_own_id(self) -> bool:
        """Whether `external_id` is an id that we created because the provider has not reported the message's id yet."""
        return self.external_id.startswith(OWN_ID)
