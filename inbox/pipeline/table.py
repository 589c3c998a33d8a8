"""What is done with a reply, in this order, and what each step is skipped for: one table, which the tests walk.

The first condition that holds is the recorded reason. Work of other machines that may take
its time, or fail for hours, is a job of its own: the step enqueues it, and neither tag nor draft waits for it.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from inbox.pipeline import answering, enriching, history, notices, routing, sentiment
from inbox.pipeline import conditions as when
from inbox.pipeline.situation import Situation
from jobs.deadline import Deadline


class Step(NamedTuple):
    """`run` returns what is recorded: ids and settings, never people's text. `seconds`: its own time limit."""

    name: str
    run: Callable[[Situation, Deadline], Any]
    skipped_for: tuple[when.Condition, ...] = ()
    seconds: int = 10

    def reason_to_skip(self, situation: Situation) -> str:
        """Why the step is not done here; "" where it is."""
        return next((one.said(situation) for one in self.skipped_for if one.holds(situation)), "")


STEPS = (
    Step(
        "identity",
        history.identify,
        (when.NOT_EMAIL, when.NOT_EMAILBISON, when.KNOWN_THERE, when.NO_EMAILBISON),
    ),
    Step(
        "stop-future-emails",
        history.stop_future,
        (
            when.OTHER_CHANNEL,
            when.NO_CAMPAIGN,
            when.UNKNOWN_THERE,
            when.NO_EMAILBISON,
            when.PERHAPS_A_MACHINE,
        ),
    ),
    Step(
        "sent-history",
        history.import_sent,
        (when.NOT_EMAIL, when.NO_HISTORY, when.NOT_KNOWN, when.NOT_CONNECTED),
        seconds=20,
    ),
    Step(
        "sms-history",
        history.import_texts,
        (when.NOT_SMS, when.NO_HISTORY, when.NOT_CONNECTED, when.NOT_KNOWN, when.LONG_TEXT, when.IN_CONTEXT),
        seconds=20,
    ),
    Step("rules", sentiment.keep_rules, (when.NO_DECISION,)),
    Step(
        "sentiment",
        sentiment.read,
        (when.RULE_DECIDED, when.PROVIDER_DECIDED, when.NO_TEXT, when.NO_MODEL),
        seconds=30,
    ),
    Step(
        "stop-future-emails-after-all",
        history.stop_future,
        (
            when.NOT_SUSPECTED,
            when.OTHER_CHANNEL,
            when.NO_CAMPAIGN,
            when.UNKNOWN_THERE,
            when.NO_EMAILBISON,
            when.PERHAPS_A_MACHINE,
        ),
    ),
    Step("notices", notices.tell, (when.OLDER, when.SAID_BEFORE, when.NOBODY_TOLD, when.NO_SLACK)),
    Step("close-drafts", routing.close_drafts, (when.AWAY, when.OLDER, when.PERHAPS_A_MACHINE)),
    Step("assign", routing.assign, (*when.COLD, when.NOT_IN_TURN, when.ASSIGNED)),
    Step("follow-ups", routing.tell_follow_ups),
    Step(
        "snooze",
        routing.snooze,
        (when.STOPPED, when.AUTOMATIC, when.SUSPECTED, when.WANTS_ANSWER_NOW, when.OLDER),
    ),
    Step("enrich-text", enriching.from_text, (*when.NOBODY, when.COMPLETE)),
    Step(
        "enrich-variables",
        enriching.from_variables,
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
        enriching.from_signature,
        (*when.COLD, when.NOT_EMAIL, when.COMPLETE, when.NO_SIGNATURE, when.NO_MODEL),
        seconds=25,
    ),
    Step(
        "enrich-clay",
        enriching.ask_clay,
        (*when.COLD, when.BOOKED, when.LATER, when.COMPLETE, when.NO_CLAY),
    ),
    Step("crm-contact", enriching.tell_crm, (*when.COLD, when.BOOKED, when.LATER, when.NO_GHL)),
    Step(
        "draft",
        answering.draft,
        (*when.UNANSWERABLE, when.NO_MODEL),
        seconds=120,
    ),
    Step("gates", answering.judge, (when.CALL, when.BOOKED, when.NO_DRAFT), seconds=40),
    Step("review", answering.ask_for_review, (when.NO_DRAFT, when.NO_REVIEW_CHANNEL)),
    Step("score", routing.score),
    Step("finish", routing.finish),
)
