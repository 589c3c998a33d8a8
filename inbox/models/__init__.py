from inbox.models.delivery import WebhookDelivery
from inbox.models.draft import Draft, OutboundSend
from inbox.models.lead import Campaign, Lead
from inbox.models.message import Message
from inbox.models.workspace import AuditEntry, Membership, User, Workspace

__all__ = [
    "AuditEntry",
    "Campaign",
    "Draft",
    "Lead",
    "Membership",
    "Message",
    "OutboundSend",
    "User",
    "WebhookDelivery",
    "Workspace",
]
