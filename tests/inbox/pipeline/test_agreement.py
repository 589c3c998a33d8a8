"""How often people agreed with a rule: by what they said, and by nothing else."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from inbox.intake import tag_decisions
from inbox.models import Message, TagDecision
from inbox.pipeline import agreement
from inbox.pipeline.agreement import Agreement, by_rule
from inbox.pipeline.alike import Alike
from tests import factories
from tests.reading import reads

pytestmark = pytest.mark.django_db

RULE = "not_interested.refusal"


@pytest.fixture
def workspace():
    return factories.make_workspace()


@pytest.fixture
def user(workspace):
    return factories.make_member(workspace)


def judged(workspace, tag="Not Interested", by=f"rules 6: {RULE}") -> Message:
    message = factories.make_message(factories.make_lead(workspace), "No thanks.", tag=tag, tag_decided_by=by)
    tag_decisions.record_rules(message)
    return message


def suspected(workspace) -> Message:
    return factories.make_message(
        factories.make_lead(workspace), "Leave us.", suspected="opt_out", suspected_words="Leave us."
    )


def test_a_tag_that_nobody_corrected_is_no_agreement(workspace):
    judged(workspace)
    judged(workspace, by=f"rules 5: {RULE}")
    assert by_rule(workspace.pk) == {RULE: Agreement(decided=2)}
    assert by_rule(workspace.pk)[RULE].looked_at == 0


def test_the_same_tag_said_again_is_agreement_and_another_one_is_not(workspace, user):
    right, wrong, _ = (judged(workspace) for _ in range(3))
    tag_decisions.correct(right, "Not Interested", user=user)
    tag_decisions.correct(wrong, "Objection", user=user)
    found = by_rule(workspace.pk)[RULE]
    assert found == Agreement(decided=3, agreed=1, corrected=1)
    assert (found.looked_at, found.percent) == (2, 50)


def test_the_last_word_counts(workspace, user):
    message = judged(workspace)
    tag_decisions.correct(message, "Objection", user=user)
    tag_decisions.correct(message, "Not Interested", user=user)
    assert by_rule(workspace.pk)[RULE] == Agreement(decided=1, agreed=1)


def test_yes_and_no_to_a_suspicion_are_agreement_and_none(workspace, user):
    yes, no, other, _ = (suspected(workspace) for _ in range(4))
    tag_decisions.decide(yes, is_it=True, user=user)
    tag_decisions.decide(no, is_it=False, user=user)
    tag_decisions.correct(other, "Objection", user=user)
    assert by_rule(workspace.pk) == {"opt_out.suspected": Agreement(decided=4, agreed=1, corrected=2)}


def test_what_was_treated_alike_counts_once(workspace, user):
    first, other = judged(workspace), judged(workspace)
    tag_decisions.correct(first, "Objection", user=user)
    assert Alike.to(first).treat(other.pk, user)
    assert by_rule(workspace.pk)[RULE] == Agreement(decided=2, corrected=1)


def test_what_a_model_or_nobody_had_read_says_nothing_of_a_rule(workspace, user):
    message = factories.make_message(factories.make_lead(workspace), "Hm.")
    tag_decisions.correct(message, "Objection", user=user)
    assert by_rule(workspace.pk) == {}


def test_what_is_older_does_not_count(workspace, user):
    message, held = judged(workspace), suspected(workspace)
    tag_decisions.correct(message, "Objection", user=user)
    old = factories.ago(days=agreement.DAYS + 1)
    TagDecision.objects.update(created_at=old)
    Message.objects.filter(pk=held.pk).update(received_at=old)
    assert by_rule(workspace.pk) == {}


def test_another_workspace_s_people_say_nothing_of_ours(workspace):
    other = factories.make_workspace()
    tag_decisions.correct(judged(other), "Objection", user=factories.make_member(other))
    assert by_rule(workspace.pk) == {}


def test_many_replies_take_as_many_statements_as_one_and_none_reads_what_does_not_count(workspace, user):
    for number in range(12):
        message = judged(workspace) if number % 2 else suspected(workspace)
        tag_decisions.correct(message, "Objection", user=user)
    lead, old = message.lead, factories.ago(days=agreement.DAYS + 1)
    others = Message.objects.bulk_create(
        Message(
            workspace=workspace, lead=lead, source="emailbison_reply", external_id=f"many-{number}",
            direction="inbound", channel="email", text="Hm.", sent_at=old,
        )
        for number in range(600)
    )  # fmt: skip
    made = TagDecision.objects.bulk_create(
        TagDecision(
            workspace=workspace, lead=lead, message=one, tag="Neutral", kind=kind, by=f"{kind} 1: {RULE}"
        )
        for one in others
        for kind in ("rule", "model")
    )
    TagDecision.objects.filter(pk__in=[one.pk for one in made]).update(created_at=old)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE inbox_message, inbox_tagdecision")
    with CaptureQueriesContext(connection) as statements, reads("SELECT") as found:
        by_rule(workspace.pk)
    assert len(found) == 3 and len([one for one in statements if "EXPLAIN" not in one["sql"]]) == 3
    assert [one.sql for one in found if one.rows > 150] == []
