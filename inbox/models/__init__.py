"""All models of the inbox, importable from one place."""

from inbox.models.booking import Appointment, BookingCheck
from inbox.models.decisions import GateResult, ProviderWord, SendingPolicy, TagDecision
from inbox.models.delivery import Deviation, WebhookDelivery
from inbox.models.draft import Draft, OutboundSend
from inbox.models.enrichment import Enrichment
from inbox.models.event import Event
from inbox.models.followup import (
    ChannelRefusal,
    FollowUpInstance,
    FollowUpSequence,
    FollowUpStep,
    FollowUpTask,
)
from inbox.models.health import HiddenBanner, MailboxAlarm, ModelOutage
from inbox.models.invitation import Invitation
from inbox.models.label import Label, LeadLabel
from inbox.models.lead import Campaign, ErasedMark, Lead, LeadChange
from inbox.models.message import Message
from inbox.models.note import Mention, Note
from inbox.models.origin import DatabaseOrigin
from inbox.models.saved_view import SavedView
from inbox.models.second_factor import RecoveryCode, SecondFactor
from inbox.models.session import BrowserSession
from inbox.models.snippet import Snippet
from inbox.models.text_access import TextAccess
from inbox.models.workspace import AuditEntry, Membership, User, Workspace
from inbox.models.workspace_fact import WorkspaceFact
