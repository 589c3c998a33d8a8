"""The data of a step of the pipeline: one reply, its lead and its workspace. Each step gets newly read data."""

from functools import cached_property
from uuid import UUID
from zoneinfo import ZoneInfo

from inbox.leads import suspicion
from inbox.models import Campaign, Draft, Lead, Message, SendingPolicy, Workspace
from inbox.models.lead import Channel, Tag
from inbox.replying import send_claims
from inbox.understanding.text import newest_text
from inbox.workspaces.accounts import NotAnswerable, answering, connected
from integrations import registry
from integrations.models import Integration
from integrations.spec import ProviderSpec


class NotNow(Exception):
    """A step is not needed, or cannot be done now. The exception's text is recorded as the reason."""


class Situation:
    """A reply with its lead and workspace. Everything else is read from the database on first use."""

    def __init__(self, message: Message) -> None:
        self.message = message
        self.lead: Lead = message.lead
        self.workspace: Workspace = message.workspace

    @classmethod
    def load(cls, message_id: UUID | str, workspace_id: UUID) -> "Situation":
        """Reads the reply with its lead. Raises Message.DoesNotExist if the workspace has no such message."""
        messages = Message.objects.select_related("lead__campaign", "workspace", "campaign")
        return cls(messages.get(pk=message_id, workspace_id=workspace_id))

    @property
    def tag(self) -> str:
        """The lead's tag if this is the newest reply; otherwise the reply's own tag, or Neutral."""
        return self.lead.tag if self.newest else self.message.tag or Tag.NEUTRAL

    @property
    def suspected(self) -> str:
        """The rules' open suspicion of this reply; "" if there is none."""
        return suspicion.of(self.message)

    @cached_property
    def tag_before(self) -> str:
        earlier = Message.objects.inbound(lead=self.lead, sent_at__lt=self.message.sent_at)
        return earlier.order_by("-sent_at", "-pk").values_list("tag", flat=True).first() or ""

    @cached_property
    def newest(self) -> bool:
        """Whether this is the lead's newest reply, apart from channels that we do not answer."""
        last = self.lead.last_inbound_at
        if last is None or self.message.sent_at >= last:
            return True
        later = Message.objects.inbound(lead=self.lead, sent_at__gt=self.message.sent_at)
        return not later.exclude(channel=Channel.ELSEWHERE).exists()

    @property
    def channel(self) -> str:
        return self.message.channel

    @property
    def campaign(self) -> Campaign | None:
        return self.message.campaign or self.lead.campaign

    @cached_property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.workspace.timezone)

    @cached_property
    def signature(self) -> str:
        """The lead's signature: the unquoted lines below the lead's own words, at most 2000 characters."""
        message = self.message
        sender = f"{message.from_name} <{message.from_address}>"
        parts = newest_text(message.raw_text, message.raw_html, channel=message.channel, sender=sender)
        lines = [line for line in parts.quoted.splitlines() if not line.startswith(">")]
        return "\n".join(lines).strip()[:2_000]

    @cached_property
    def draft(self) -> Draft | None:
        return Draft.objects.filter(trigger_message=self.message, channel=self.channel).first()

    @cached_property
    def answered(self) -> bool:
        """Whether our answer went to the lead after this reply, or is pending on its channel."""
        return send_claims.answered_since(self.message)

    @cached_property
    def has_context(self) -> bool:
        return Message.objects.outbound(lead=self.lead).filter(channel=self.channel).exists()

    @cached_property
    def policy(self) -> SendingPolicy:
        return SendingPolicy.of(self.workspace, self.campaign)

    @property
    def spec(self) -> ProviderSpec:
        return registry.spec_of(registry.provider_of(self.message.source))

    @cached_property
    def account(self) -> Integration | None:
        return self.integration(self.spec.name)

    def integration(self, provider: str) -> Integration | None:
        """Returns the workspace's account at `provider`: the one that received the reply, if one did."""
        if self.spec.name != provider:
            return connected(self.workspace.pk, provider)
        try:
            return answering(self.message, provider)
        except NotAnswerable:
            return None
