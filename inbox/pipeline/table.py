"""The table of the pipeline: the steps in their order, and the conditions under which each is skipped. The first
condition that holds is recorded as the reason. Calls that may take long, or fail for hours, are separate jobs, so that
neither tag nor draft waits for them.
"""

from collections.abc import Callable
from enum import Enum, auto
from typing import Any, NamedTuple

from inbox.pipeline import (
    answer_steps,
    assignment,
    campaign_mail,
    missing_facts,
    sentiment,
    snoozing,
    tag_notices,
)
from inbox.pipeline import skip_conditions as when
from inbox.pipeline.situation import Situation
from jobs.deadline import Deadline
from jobs.lanes import DRAFT


class Reach(Enum):
    """Whether a step affects only the product itself. A sample's reply runs only the steps with INSIDE."""

    INSIDE = auto()  # changes our rows, asks the model, reads our own calendar
    OUTSIDE = auto()  # sends or requests data about the lead anywhere else


class Step(NamedTuple):
    """`run` returns ids and settings to record, never people's text. `seconds`: the time limit. `lane`: the queue to
    which the job moves first, so that an unread reply does not wait behind answers.
    """

    name: str
    run: Callable[[Situation, Deadline], Any]
    reach: Reach
    skipped_for: tuple[when.Condition, ...] = ()
    seconds: int = 10
    lane: str = ""

    def reason_to_skip(self, situation: Situation) -> str:
        conditions = self.skipped_for if self.reach is Reach.INSIDE else (when.SAMPLE, *self.skipped_for)
        return next(
            (condition.words(situation) for condition in conditions if condition.holds(situation)), ""
        )


STEPS = (
    Step(
        "identity",
        campaign_mail.identify,
        Reach.OUTSIDE,
        (when.NOT_EMAIL, when.NOT_EMAILBISON, when.KNOWN_THERE, when.NO_EMAILBISON),
    ),
    Step(
        "stop-future-emails",
        campaign_mail.stop_future,
        Reach.OUTSIDE,
        when.NO_CAMPAIGN_MAIL,
    ),
    Step(
        "sent-history",
        campaign_mail.import_sent,
        Reach.OUTSIDE,
        (when.NOT_EMAIL, when.NO_HISTORY, when.NOT_KNOWN, when.NOT_CONNECTED),
        seconds=20,
    ),
    Step(
        "sms-history",
        campaign_mail.import_texts,
        Reach.OUTSIDE,
        (when.NOT_SMS, when.NO_HISTORY, when.NOT_CONNECTED, when.NOT_KNOWN, when.LONG_TEXT, when.IN_CONTEXT),
        seconds=20,
    ),
    Step("rules", sentiment.keep_rules, Reach.INSIDE, (when.NO_DECISION,)),
    Step(
        "sentiment",
        sentiment.read,
        Reach.INSIDE,
        (when.RULE_DECIDED, when.PROVIDER_DECIDED, when.NO_TEXT, when.NO_MODEL),
        seconds=30,
    ),
    Step(
        "stop-future-emails-after-all",
        campaign_mail.stop_future,
        Reach.OUTSIDE,
        (when.NOT_SUSPECTED, *when.NO_CAMPAIGN_MAIL),
    ),
    Step(
        "notices",
        tag_notices.tell,
        Reach.OUTSIDE,
        (when.OLDER, when.SAID_BEFORE, when.NOBODY_TOLD, when.NO_SLACK),
    ),
    Step(
        "close-drafts", assignment.close_drafts, Reach.INSIDE, (when.AWAY, when.OLDER, when.PERHAPS_A_MACHINE)
    ),
    Step(
        "assign", assignment.assign, Reach.INSIDE, (when.SAMPLE, *when.COLD, when.NOT_IN_TURN, when.ASSIGNED)
    ),
    Step("follow-ups", assignment.tell_follow_ups, Reach.INSIDE),
    Step(
        "snooze",
        snoozing.snooze,
        Reach.INSIDE,
        (when.STOPPED, when.AUTOMATIC, when.SUSPECTED, when.WANTS_ANSWER_NOW, when.OLDER),
    ),
    Step("enrich-text", missing_facts.from_text, Reach.INSIDE, (*when.NOBODY, when.COMPLETE)),
    Step(
        "enrich-variables",
        missing_facts.from_variables,
        Reach.OUTSIDE,
        (
            *when.COLD,
            when.NOT_EMAIL,
            when.NOT_EMAILBISON,
            when.COMPLETE,
            when.UNKNOWN_THERE,
            when.NO_EMAILBISON,
        ),
        seconds=15,
    ),
    Step(
        "enrich-signature",
        missing_facts.from_signature,
        Reach.INSIDE,
        (*when.COLD, when.NOT_EMAIL, when.COMPLETE, when.NO_SIGNATURE, when.NO_MODEL),
        seconds=25,
        lane=DRAFT,
    ),
    Step(
        "enrich-clay",
        missing_facts.ask_clay,
        Reach.OUTSIDE,
        (*when.COLD, when.BOOKED, when.LATER, when.COMPLETE, when.NO_CLAY),
    ),
    Step(
        "crm-contact",
        missing_facts.tell_crm,
        Reach.OUTSIDE,
        (*when.COLD, when.BOOKED, when.LATER, when.NO_GHL),
    ),
    Step(
        "draft",
        answer_steps.draft,
        Reach.INSIDE,
        (*when.UNANSWERABLE, when.NO_MODEL),
        seconds=120,
        lane=DRAFT,
    ),
    Step(
        "gates",
        answer_steps.judge,
        Reach.INSIDE,
        (when.CALL, when.BOOKED, when.NO_DRAFT),
        seconds=40,
        lane=DRAFT,
    ),
    Step("review", answer_steps.ask_for_review, Reach.OUTSIDE, (when.NO_DRAFT, when.NO_REVIEW_CHANNEL)),
    Step("score", assignment.score, Reach.INSIDE),
    Step("finish", assignment.finish, Reach.INSIDE),
)
