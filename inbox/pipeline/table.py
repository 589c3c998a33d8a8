"""The table of the pipeline: the steps in their order, and the conditions under which each step is skipped. The first
condition that holds is recorded as the reason. Calls that may take long, or fail for hours, are made by separate jobs,
so that neither tag nor draft waits for them.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from inbox.pipeline import answer_steps, assignment, campaign_mail, missing_facts, tag_notices
from inbox.pipeline import skip_conditions as when
from inbox.pipeline.situation import Situation
from jobs.deadline import Deadline
from jobs.lanes import DRAFT

Conditions = tuple[when.Condition, ...]


class Step(NamedTuple):
    """A step of the pipeline. `run` returns ids and settings to record, never people's text. `outside`: whether the
    step sends or requests data about the lead anywhere else. `seconds`: the step's time limit. `lane`: the queue to
    which the job moves before the step, so that an unread reply does not wait behind answers.
    """

    name: str
    run: Callable[[Situation, Deadline], Any]
    outside: bool
    skipped_for: Conditions
    seconds: int = 10
    lane: str = ""

    def reason_to_skip(self, situation: Situation) -> str:
        held = (condition.words(situation) for condition in self.skipped_for if condition.holds(situation))
        return next(held, "")


def _inside(name: str, run: Callable[..., Any], skipped_for: Conditions = (), **limits: Any) -> Step:
    """Returns a step that only changes our rows, asks the model, or reads our own calendar."""
    return Step(name, run, False, skipped_for, **limits)


def _outside(name: str, run: Callable[..., Any], skipped_for: Conditions = (), **limits: Any) -> Step:
    """Returns a step that sends or requests data about the lead elsewhere. The step is skipped for a sample's reply."""
    return Step(name, run, True, (when.SAMPLE, *skipped_for), **limits)


STEPS = (
    _outside(
        "identity",
        campaign_mail.identify,
        (when.NOT_EMAIL, when.NOT_EMAILBISON, when.KNOWN_THERE, when.NO_EMAILBISON),
    ),
    _outside("stop-future-emails", campaign_mail.stop_future, when.NO_CAMPAIGN_MAIL),
    _outside(
        "sent-history",
        campaign_mail.import_sent,
        (when.NOT_EMAIL, when.NO_HISTORY, when.NOT_KNOWN, when.NOT_CONNECTED),
        seconds=20,
    ),
    _outside(
        "sms-history",
        campaign_mail.import_texts,
        (when.NOT_SMS, when.NO_HISTORY, when.NOT_CONNECTED, when.NOT_KNOWN, when.LONG_TEXT, when.IN_CONTEXT),
        seconds=20,
    ),
    _inside("rules", answer_steps.keep_rules, (when.NO_DECISION,)),
    _inside(
        "sentiment",
        answer_steps.read,
        (when.RULE_DECIDED, when.PROVIDER_DECIDED, when.NO_TEXT, when.NO_MODEL),
        seconds=30,
    ),
    _outside(
        "stop-future-emails-after-all",
        campaign_mail.stop_future,
        (when.NOT_SUSPECTED, *when.NO_CAMPAIGN_MAIL),
    ),
    _outside("notices", tag_notices.tell, (when.OLDER, when.SAID_BEFORE, when.NOBODY_TOLD, when.NO_SLACK)),
    _inside("close-drafts", assignment.close_drafts, (when.AWAY, when.OLDER, when.PERHAPS_A_MACHINE)),
    _inside("assign", assignment.assign, (when.SAMPLE, *when.COLD, when.NOT_IN_TURN, when.ASSIGNED)),
    _inside("follow-ups", assignment.tell_follow_ups),
    _inside(
        "snooze",
        assignment.snooze,
        (when.STOPPED, when.AUTOMATIC, when.SUSPECTED, when.WANTS_ANSWER_NOW, when.OLDER),
    ),
    _inside("enrich-text", missing_facts.from_text, (*when.NOBODY, when.COMPLETE)),
    _outside(
        "enrich-variables",
        missing_facts.from_variables,
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
    _inside(
        "enrich-signature",
        missing_facts.from_signature,
        (*when.COLD, when.NOT_EMAIL, when.COMPLETE, when.NO_SIGNATURE, when.NO_MODEL),
        seconds=25,
        lane=DRAFT,
    ),
    _outside(
        "enrich-clay",
        missing_facts.ask_clay,
        (*when.COLD, when.BOOKED, when.LATER, when.COMPLETE, when.NO_CLAY),
    ),
    _outside("crm-contact", missing_facts.tell_crm, (*when.COLD, when.BOOKED, when.LATER, when.NO_GHL)),
    _inside("draft", answer_steps.draft, (*when.UNANSWERABLE, when.NO_MODEL), seconds=120, lane=DRAFT),
    _inside("gates", answer_steps.judge, (when.CALL, when.BOOKED, when.NO_DRAFT), seconds=40, lane=DRAFT),
    _outside("review", answer_steps.ask_for_review, (when.NO_DRAFT, when.NO_REVIEW_CHANNEL)),
    _inside("score", assignment.score),
    _inside("finish", assignment.finish),
)
