"""What a step knows: one reply, its lead and its workspace as they are now, read afresh for each step."""

from functools import cached_property
from uuid import UUID
from zoneinfo import ZoneInfo

from inbox import asking
from inbox.accounts import NotAnswerable, answering, connected
from inbox.leads import suspicion
from inbox.models import Campaign, Draft, Lead, Message, SendingPolicy, Workspace
from inbox.models.lead import Tag
from inbox.replying import claims, policies
from inbox.understanding.text import newest_text
from integrations import registry
from integrations.models import Integration
from integrations.spec import ProviderSpec


class NotNow(Exception):
    """A step found out by itself that it is not needed, or cannot be done now; the text is the recorded reason."""


class Situation:
    """Everything else than `message` is asked of the database when a condition or a step first wants it."""

    def __init__(self, message: Message) -> None:
        self.message = message
        self.lead: Lead = message.lead
        self.workspace: Workspace = message.workspace

    @classmethod
    def load(cls, message_id: UUID | str, workspace_id: UUID) -> "Situation":
        """Raises Message.DoesNotExist where the workspace has no such message (any more)."""
        messages = Message.objects.select_related("lead__campaign", "workspace", "campaign")
        return cls(messages.get(pk=message_id, workspace_id=workspace_id))

    @property
    def tag(self) -> str:
        """What the lead says with this message; the lead's own state where this is the newest one."""
        return self.lead.tag if self.newest else self.message.tag or Tag.NEUTRAL

    @property
    def suspected(self) -> str:
        """What this message may be (a Suspicion), where nobody has decided yet; else ""."""
        return suspicion.of(self.message)

    @cached_property
    def tag_before(self) -> str:
        """The tag of the lead's reply before this one; "" where there is none."""
        earlier = Message.objects.filter(
            lead=self.lead, direction=Message.Direction.INBOUND, sent_at__lt=self.message.sent_at
        )
        return earlier.order_by("-sent_at", "-pk").values_list("tag", flat=True).first() or ""

    @cached_property
    def newest(self) -> bool:
        """Whether no later reply of the lead is known."""
        last = self.lead.last_inbound_at
        return last is None or self.message.sent_at >= last

    @property
    def channel(self) -> str:
        return self.message.channel

    @property
    def campaign(self) -> Campaign | None:
        return self.message.campaign or self.lead.campaign

    @property
    def model_ready(self) -> bool:
        return asking.ready()

    @cached_property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.workspace.timezone)

    @cached_property
    def signature(self) -> str:
        """What stands below the person's own words and is not quoted: their signature, as far as there is one."""
        message = self.message
        sender = f"{message.from_name} <{message.from_address}>"
        parts = newest_text(message.raw_text, message.raw_html, channel=message.channel, sender=sender)
        lines = [line for line in parts.quoted.splitlines() if not line.startswith(">")]
        return "\n".join(lines).strip()[:2_000]

    @cached_property
    def draft(self) -> Draft | None:
        """The draft that answers this message."""
        return Draft.objects.filter(trigger_message=self.message, channel=self.channel).first()

    @cached_property
    def answered(self) -> bool:
        """Whether something of ours went out, or is going out, after this message."""
        return claims.answered_since(self.message)

    @cached_property
    def has_context(self) -> bool:
        """Whether we know of anything that went out to the lead on this channel."""
        outbound = Message.objects.filter(lead=self.lead, direction=Message.Direction.OUTBOUND)
        return outbound.filter(channel=self.channel).exists()

    @cached_property
    def policy(self) -> SendingPolicy:
        return policies.of(self.workspace, self.campaign)

    @property
    def spec(self) -> ProviderSpec:
        """What the provider that the message came by can do."""
        return registry.spec_of(registry.provider_of(self.message.source))

    @cached_property
    def account(self) -> Integration | None:
        """The workspace's account that the message came to."""
        return self.integration(self.spec.name)

    def integration(self, provider: str) -> Integration | None:
        """The workspace's account at `provider`: the one that the message came to, where it came by this provider."""
        if self.spec.name != provider:
            return connected(self.workspace.pk, provider)
        try:
            return answering(self.message, provider)
        except NotAnswerable:
            return None
