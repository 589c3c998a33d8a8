"""The conditions under which steps of the pipeline are skipped, each with the reason that is recorded."""

from collections.abc import Callable
from typing import NamedTuple

from inbox.leads import suspicion
from inbox.leads.provider_tags import MODEL, by_provider
from inbox.leads.tags import DRAFTED, POSITIVE
from inbox.models.lead import Channel, Tag
from inbox.pipeline.situation import Situation
from inbox.replying import slack_cards
from inbox.replying.prompts import model_calls
from inbox.workspaces.accounts import slack_for_replies
from integrations import clay, emailbison, ghl, registry
from integrations.spec import stated

SHORT_TEXT = 25
"""The maximum length, in characters, of a text that has no meaning without our message ("yes", "5pm works")."""


class Condition(NamedTuple):
    """A condition for skipping a step. `reason`: a sentence of up to 200 characters, or a function that returns it."""

    reason: str | Callable[[Situation], str]
    holds: Callable[[Situation], bool]

    def words(self, situation: Situation) -> str:
        return self.reason if isinstance(self.reason, str) else self.reason(situation)


SAMPLE = Condition("This is a sample, so it isn’t shared with other services.", lambda s: s.lead.sample)
STOPPED = Condition(
    "Outreach to this lead has stopped.", lambda s: s.lead.is_stopped or s.tag == Tag.BLACKLIST
)
CHANNEL_REFUSED = Condition("The lead declined this channel.", lambda s: s.channel in s.lead.refused_channels)
NOT_CARRIED = Condition(
    lambda s: f"Your team answers this reply in {s.spec.label}.", lambda s: s.channel == Channel.ELSEWHERE
)
AUTOMATIC = Condition("This is an automated reply.", lambda s: s.tag == Tag.AUTOMATED_REPLY)
AWAY = Condition("The lead is out of the office.", lambda s: s.tag == Tag.OUT_OF_OFFICE)
NOT_INTERESTED = Condition("The lead isn’t interested.", lambda s: s.tag == Tag.NOT_INTERESTED)
NOT_POSITIVE = Condition(
    "The reply doesn’t ask for anything.",
    lambda s: s.tag not in POSITIVE and s.tag not in (Tag.FOLLOW_UP, Tag.MEETING_BOOKED),
)
NOTHING_TO_ANSWER = Condition("This kind of reply doesn’t get a draft.", lambda s: s.tag not in DRAFTED)
LATER = Condition("The lead asked to be contacted later.", lambda s: s.tag == Tag.FOLLOW_UP)
WANTS_ANSWER_NOW = Condition(
    "The lead wants an answer now.", lambda s: s.tag in POSITIVE or s.tag == Tag.MEETING_BOOKED
)
CALL = Condition("The lead asked for a call.", lambda s: s.tag == Tag.CALL_REQUESTED)
CALL_WITHOUT_PHONE = Condition(
    "The lead asked for a call, but there’s no phone number.",
    lambda s: s.tag == Tag.CALL_REQUESTED and not s.lead.phone,
)
BOOKED = Condition("A meeting is booked.", lambda s: s.tag == Tag.MEETING_BOOKED)
OLDER = Condition("A newer reply from this lead has arrived.", lambda s: not s.newest)
ANSWERED = Condition("The reply has been answered.", lambda s: s.answered)
NO_TEXT = Condition("The reply contains no new text.", lambda s: not s.message.text.strip())
NO_MODEL = Condition(model_calls.NO_KEY, lambda _s: not model_calls.ready())
RULE_DECIDED = Condition(
    "A rule or a person has already tagged this reply.",
    lambda s: (
        bool(s.message.tag) and not s.message.tag_decided_by.startswith(MODEL) and not by_provider(s.message)
    ),
)
PROVIDER_DECIDED = Condition(
    "Someone tagged this lead at the provider.",
    lambda s: (s.message.provider_interested or by_provider(s.message)) and not s.suspected,
)
SUSPECTED = Condition("The suspicion isn’t resolved yet.", lambda s: bool(s.suspected))
PERHAPS_A_MACHINE = Condition(
    "The reply may be automated, so nothing is stopped permanently.",
    lambda s: (
        s.suspected in suspicion.MACHINES
        or (
            s.message.suspected in suspicion.MACHINES
            and s.message.tag in (Tag.AUTOMATED_REPLY, Tag.OUT_OF_OFFICE)
        )
    ),
)
NOT_SUSPECTED = Condition("Never looked automated.", lambda s: s.message.suspected not in suspicion.MACHINES)
NO_DECISION = Condition(
    "Neither a rule nor the provider has tagged this reply.",
    lambda s: not s.message.tag and not s.message.provider_interested,
)

NOT_EMAIL = Condition("This message isn’t an email.", lambda s: s.channel != Channel.EMAIL)
NOT_SMS = Condition("This message isn’t a text message.", lambda s: s.channel != Channel.SMS)
NOT_EMAILBISON = Condition(
    "The reply isn’t from EmailBison.", lambda s: registry.provider_of(s.message.source) != emailbison.NAME
)
NO_EMAILBISON = Condition("EmailBison isn’t connected.", lambda s: s.integration(emailbison.NAME) is None)
NO_GHL = Condition("GoHighLevel isn’t connected.", lambda s: s.integration(ghl.NAME) is None)
NO_CLAY = Condition("Clay isn’t connected.", lambda s: s.integration(clay.NAME) is None)
KNOWN_THERE = Condition("This lead is in EmailBison.", lambda s: bool(s.lead.emailbison_lead_id))
UNKNOWN_THERE = Condition("EmailBison doesn’t have this lead.", lambda s: not s.lead.emailbison_lead_id)
NO_CAMPAIGN = Condition(
    "The lead isn’t in an EmailBison campaign.",
    lambda s: s.campaign is None or s.campaign.provider != emailbison.NAME,
)
OTHER_CHANNEL = Condition(
    "This reply isn’t an email, and outreach to the lead hasn’t stopped.",
    lambda s: s.channel != Channel.EMAIL and not s.lead.is_stopped,
)
NO_HISTORY = Condition(lambda s: f"{s.spec.label} lists no earlier messages.", lambda s: not s.spec.history)
NOT_CONNECTED = Condition(lambda s: f"{s.spec.label} isn’t connected.", lambda s: s.account is None)
NOT_KNOWN = Condition(
    lambda s: f"{s.spec.label} doesn’t have this lead.",
    lambda s: not getattr(s.lead, stated(s.spec.history).known_by),
)

LONG_TEXT = Condition("The text is clear on its own.", lambda s: len(s.message.text) > SHORT_TEXT)
IN_CONTEXT = Condition("Holdfast already knows which message this reply answers.", lambda s: s.has_context)

ASSIGNED = Condition("The lead already has an assignee.", lambda s: s.lead.assigned_to_id is not None)
NOT_IN_TURN = Condition("Automatic assignment is off.", lambda s: not s.workspace.assign_in_turn)
COMPLETE = Condition("Phone and LinkedIn are known.", lambda s: bool(s.lead.phone and s.lead.linkedin_url))
NO_SIGNATURE = Condition("The reply has no signature.", lambda s: not s.signature)
NO_DRAFT = Condition("No draft to evaluate.", lambda s: s.draft is None or s.draft.status != "pending")
NOBODY_TOLD = Condition("Notifications for this tag are off.", lambda s: s.tag not in s.workspace.notice_tags)
SAID_BEFORE = Condition("The previous reply got the same tag.", lambda s: s.tag == s.tag_before)
NO_SLACK = Condition("No Slack channel for replies.", lambda s: slack_for_replies(s.workspace.pk) is None)
NO_REVIEW_CHANNEL = Condition(
    "No Slack channel is set for reviews.", lambda s: slack_cards.channel_of(s.workspace.pk) is None
)

NOBODY = (STOPPED, AUTOMATIC, AWAY)
COLD = (*NOBODY, NOT_INTERESTED, NOT_POSITIVE)
NO_CAMPAIGN_MAIL = (OTHER_CHANNEL, NO_CAMPAIGN, UNKNOWN_THERE, NO_EMAILBISON, PERHAPS_A_MACHINE)
UNANSWERABLE = (
    *NOBODY,
    NOT_INTERESTED,
    NOT_CARRIED,
    NOTHING_TO_ANSWER,
    CALL_WITHOUT_PHONE,
    NO_TEXT,
    CHANNEL_REFUSED,
    OLDER,
    ANSWERED,
)
"""The conditions under which no draft is written, with or without a model."""
