"""The skip matrix: which steps a reply of each kind is not worked on with, and why."""

from types import SimpleNamespace

import pytest

from inbox.models.lead import Tag
from inbox.pipeline import skip_conditions as when
from inbox.pipeline.situation import Situation
from inbox.pipeline.table import STEPS
from integrations import registry
from tests import factories

pytestmark = pytest.mark.django_db

BY_NAME = {step.name: step for step in STEPS}

# What the tag alone rules out. Everything else is given: connected accounts, a campaign, a phone-less new lead.
MATRIX = {
    Tag.BLACKLIST: {
        "assign": when.STOPPED,
        "snooze": when.STOPPED,
        "enrich-text": when.STOPPED,
        "enrich-variables": when.STOPPED,
        "enrich-signature": when.STOPPED,
        "draft": when.STOPPED,
    },
    Tag.AUTOMATED_REPLY: {
        "assign": when.AUTOMATIC,
        "snooze": when.AUTOMATIC,
        "enrich-text": when.AUTOMATIC,
        "enrich-variables": when.AUTOMATIC,
        "enrich-signature": when.AUTOMATIC,
        "draft": when.AUTOMATIC,
    },
    Tag.OUT_OF_OFFICE: {
        "close-drafts": when.AWAY,
        "assign": when.AWAY,
        "enrich-text": when.AWAY,
        "enrich-variables": when.AWAY,
        "enrich-signature": when.AWAY,
        "draft": when.AWAY,
    },
    Tag.NOT_INTERESTED: {
        "assign": when.NOT_INTERESTED,
        "enrich-variables": when.NOT_INTERESTED,
        "enrich-signature": when.NOT_INTERESTED,
        "draft": when.NOT_INTERESTED,
    },
    Tag.OBJECTION: {
        "assign": when.NOT_POSITIVE,
        "enrich-variables": when.NOT_POSITIVE,
        "enrich-signature": when.NOT_POSITIVE,
        "draft": when.NOTHING_TO_ANSWER,
    },
    Tag.NEUTRAL: {
        "assign": when.NOT_POSITIVE,
        "enrich-variables": when.NOT_POSITIVE,
        "enrich-signature": when.NOT_POSITIVE,
        "draft": when.NOTHING_TO_ANSWER,
    },
    Tag.FOLLOW_UP: {},
    Tag.CALL_REQUESTED: {
        "snooze": when.WANTS_ANSWER_NOW,
        "draft": when.CALL_WITHOUT_PHONE,
        "gates": when.CALL,
    },
    Tag.MEETING_REQUESTED: {"snooze": when.WANTS_ANSWER_NOW},
    Tag.INFORMATION_REQUESTED: {"snooze": when.WANTS_ANSWER_NOW},
    Tag.INTERESTED: {"snooze": when.WANTS_ANSWER_NOW},
    Tag.MEETING_BOOKED: {"snooze": when.WANTS_ANSWER_NOW, "gates": when.BOOKED},
}
BY_TAG = set().union(*(row.keys() for row in MATRIX.values()))


def situation(tag: str = "", **message) -> Situation:
    workspace = factories.make_workspace(assign_in_turn=True)
    for provider in ("emailbison", "ghl", "clay"):
        factories.make_integration(workspace, provider)
    lead_fields = message.pop("lead", {})
    campaign = factories.make_campaign(workspace)
    lead = factories.make_lead(workspace, tag=tag or "Neutral", emailbison_lead_id="7", **lead_fields)
    text = message.pop("text", "A question?")
    made = factories.make_message(
        lead,
        text,
        campaign=campaign,
        raw_text=f"{text}\n\n-- \nDana Reyes\nReyes Roofing, Owner",
        tag=tag,
        **message,
    )
    lead.last_inbound_at = made.sent_at
    lead.save()
    return Situation.load(made.pk, workspace.pk)


@pytest.mark.parametrize("tag", MATRIX)
def test_a_tag_skips_exactly_its_steps_and_says_why(tag, settings):
    settings.OPENAI_API_KEY = "key"
    found = situation(tag, tag_decided_by="rules 1: test")
    if tag not in (Tag.BLACKLIST, Tag.AUTOMATED_REPLY, Tag.OUT_OF_OFFICE):
        factories.make_draft(found.message)

    skipped = {name: BY_NAME[name].reason_to_skip(found) for name in BY_TAG - {"gates"}}

    expected = {name: condition.reason for name, condition in MATRIX[tag].items() if name != "gates"}
    assert {name: reason for name, reason in skipped.items() if reason} == expected
    if "gates" in MATRIX[tag]:
        assert BY_NAME["gates"].reason_to_skip(found) == MATRIX[tag]["gates"].reason


@pytest.mark.parametrize(
    ("name", "condition", "fields"),
    [
        ("identity", when.KNOWN_THERE, {}),
        ("identity", when.NOT_EMAIL, {"channel": "sms", "source": "ghl_message"}),
        ("identity", when.NOT_EMAILBISON, {"source": "smartlead_reply"}),
        ("stop-future-emails", when.OTHER_CHANNEL, {"channel": "sms", "source": "ghl_message"}),
        ("stop-future-emails", when.UNKNOWN_THERE, {"lead": {"emailbison_lead_id": ""}}),
        ("sent-history", when.UNKNOWN_THERE, {"lead": {"emailbison_lead_id": ""}}),
        ("rules", when.NO_DECISION, {}),
        ("sentiment", when.NO_TEXT, {"text": ""}),
        ("sentiment", when.PROVIDER_DECIDED, {"provider_interested": True}),
        ("draft", when.NO_TEXT, {"tag": "Interested", "text": " "}),
        ("draft", when.CHANNEL_REFUSED, {"tag": "Interested", "lead": {"refused_channels": ["email"]}}),
        ("gates", when.NO_DRAFT, {"tag": "Interested"}),
        ("enrich-text", when.COMPLETE, {"lead": {"phone": "+15555550123", "linkedin_url": "https://x"}}),
        ("enrich-signature", when.NOT_EMAIL, {"tag": "Interested", "channel": "linkedin"}),
    ],
)
def test_a_circumstance_skips_its_step(name, condition, fields, settings):
    settings.OPENAI_API_KEY = "key"
    lead = {"emailbison_lead_id": "7"} | fields.get("lead", {})
    workspace = factories.make_workspace()
    factories.make_integration(workspace, "emailbison")
    made_lead = factories.make_lead(workspace, tag=fields.get("tag", "Neutral"), **lead)
    extra = {key: value for key, value in fields.items() if key not in ("lead", "text")}
    message = factories.make_message(
        made_lead, fields.get("text", "A question?"), campaign=factories.make_campaign(workspace), **extra
    )

    reason = BY_NAME[name].reason_to_skip(Situation.load(message.pk, workspace.pk))

    assert reason == condition.reason


def test_without_a_model_what_needs_one_is_skipped(settings):
    settings.OPENAI_API_KEY = ""

    reasons = {name: BY_NAME[name].reason_to_skip(situation()) for name in ("sentiment",)}
    reasons |= {"draft": BY_NAME["draft"].reason_to_skip(situation(Tag.INTERESTED))}

    assert set(reasons.values()) == {when.NO_MODEL.reason}


def test_an_older_reply_is_tagged_but_neither_snoozed_nor_answered(settings):
    settings.OPENAI_API_KEY = "key"
    found = situation(lead={})
    newer = factories.make_message(found.lead, sent_at=found.message.sent_at.replace(year=2099))
    found.lead.last_inbound_at = newer.sent_at

    assert BY_NAME["sentiment"].reason_to_skip(found) == ""
    assert BY_NAME["snooze"].reason_to_skip(found) == when.OLDER.reason
    found.message.tag = Tag.INTERESTED
    assert BY_NAME["draft"].reason_to_skip(found) == when.OLDER.reason


def test_a_stopped_lead_has_the_campaign_stopped_whatever_the_channel():
    found = situation(channel="sms", source="ghl_message")
    found.lead.opted_out_at = found.message.sent_at

    assert BY_NAME["stop-future-emails"].reason_to_skip(found) == ""


def test_every_step_has_a_name_of_its_own_and_a_time_limit_within_the_job():
    assert len(BY_NAME) == len(STEPS)
    assert sum(step.seconds for step in STEPS) <= 600


def test_every_reason_fits_its_column():
    every = [value for value in vars(when).values() if isinstance(value, when.Condition)]

    met = [SimpleNamespace(spec=spec) for spec in registry.specs().values()]
    assert all(0 < len(condition.words(situation)) <= 200 for condition in every for situation in met)
