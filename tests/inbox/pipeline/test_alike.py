"""Similar replies: those in the same words, what would change for them, and the update."""

import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from inbox.intake import tag_decisions
from inbox.leads import rollup
from inbox.models import AuditEntry, Draft, Lead, Membership, Message, TagDecision
from inbox.models.message import SAME_WORDS, WORDS
from inbox.pipeline import alike
from inbox.pipeline.alike import Alike, NotAlike
from jobs.models import BackgroundJob
from jobs.worker import drain
from tests import factories
from tests.racing import at_once, waiting_for_a_lock
from tests.reading import reads
from tests.waiting import PATIENCE_S, until

pytestmark = pytest.mark.django_db

WORDING = "rules 6: auto_reply.wording"


@pytest.fixture
def workspace():
    return factories.make_workspace("Northwind")


@pytest.fixture
def user(workspace):
    return factories.make_member(workspace)


def reply(workspace, text="Thanks, noted.", tag="Automated Reply", by=WORDING, **fields) -> Message:
    """A reply that was judged when it came, of a lead of its own, as the roll-ups leave it."""
    lead = factories.make_lead(workspace)
    message = factories.make_message(lead, text, tag=tag, tag_decided_by=by, **fields)
    lead.last_inbound_at = message.sent_at
    if tag == "Blacklist":
        rollup.opt_out(lead, message.sent_at)
    rollup.follow(lead, message)
    rollup.decided(lead)
    return message


def corrected(message: Message, tag: str, user) -> Alike:
    tag_decisions.correct(message, tag, user=user)
    return Alike.to(message)


def treat(others: Alike, user) -> int:
    """Have the job do it; how many had been offered."""
    count = others.start(timezone.now(), user)
    with_jobs = BackgroundJob.objects.exclude(kind=alike.JOB).filter(status="queued")
    with_jobs.update(run_at=timezone.now() + timedelta(days=1))  # what a tag sets going is tested elsewhere
    drain()
    return count


def tags(*messages: Message) -> list[str]:
    return [Message.objects.get(pk=message.pk).tag for message in messages]


# Which are alike


@pytest.mark.parametrize(
    "text", ["Thanks, noted.", "THANKS NOTED!", " thanks —\n  “noted” ", "Thanks: noted…", "thanks noted"]
)
def test_capitals_spaces_and_punctuation_say_nothing(workspace, user, text):
    first, other = reply(workspace), reply(workspace, text)
    assert list(corrected(first, "Interested", user).replies()) == [other]


@pytest.mark.parametrize("text", ["Thanks, noted?", "Thanks, not noted.", "Danke, notiert.", "谢谢"])
def test_other_words_and_questions_are_not_alike(workspace, user, text):
    first = reply(workspace)
    reply(workspace, text)
    assert not corrected(first, "Interested", user).count


def test_letters_of_other_scripts_are_letters(workspace, user):
    first, same = reply(workspace, "谢谢，收到。"), reply(workspace, "谢谢 收到")
    reply(workspace, "不需要")
    reply(workspace, "¿Qué?")
    assert list(corrected(first, "Interested", user).replies()) == [same]


@pytest.mark.parametrize("text", ["", "...", "x" * 1_001])
def test_without_words_or_with_too_many_nothing_is_alike(workspace, user, text):
    first = reply(workspace, text)
    reply(workspace, text)
    assert not corrected(first, "Interested", user).count


@pytest.mark.parametrize(
    ("other", "same"),
    [
        ({"by": "rules 5: auto_reply.wording"}, True),
        ({"by": "rules 6: auto_reply.headers"}, False),
        ({"tag": "Neutral", "by": "model gpt-test, prompt 1"}, False),
        ({"tag": "Interested"}, False),
        ({"by": "person 1"}, False),
        ({"by": "provider: EmailBison"}, False),
        ({"provider_interested": True}, False),
        ({"direction": "outbound"}, False),
        ({"source": "emailbison_bounce"}, False),
    ],
)
def test_only_what_was_judged_the_same_way_is_alike(workspace, user, other, same):
    first = reply(workspace)
    reply(workspace, **other)
    assert corrected(first, "Interested", user).count == same


def test_another_workspace_s_replies_are_never_alike(workspace, user):
    first = reply(workspace)
    theirs = reply(factories.make_workspace("Bluebird"))
    others = corrected(first, "Interested", user)
    assert not others.count
    assert not others.treat(theirs.pk, user)
    assert tags(theirs) == ["Automated Reply"]


@pytest.mark.parametrize(
    "by",
    [
        "rules 6: opt_out.keyword",
        "rules 6: opt_out.carrier_keyword",
        "rules 6: complaint.report",
        "provider: bounced",
    ],
)
def test_a_stop_by_evidence_is_never_taken_back_for_many(workspace, user, by):
    first = reply(workspace, "STOP", "Blacklist", by)
    reply(workspace, "STOP", "Blacklist", by)
    assert not corrected(first, "Interested", user).count


def test_what_nobody_has_judged_is_alike_to_what_nobody_had_judged(workspace, user):
    first, other = reply(workspace, tag="", by=""), reply(workspace, tag="", by="")
    reply(workspace)
    assert list(corrected(first, "Not Interested", user).replies()) == [other]


def test_what_models_read_alike_is_alike_whatever_their_version(workspace, user):
    first = reply(workspace, tag="Neutral", by="model gpt-test, prompt 1")
    TagDecision.objects.create(
        workspace=workspace,
        lead=first.lead,
        message=first,
        kind="model",
        by="model gpt-test, prompt 1",
        tag="Neutral",
    )
    other = reply(workspace, tag="Neutral", by="model gpt-next, prompt 2")
    assert list(corrected(first, "Objection", user).replies()) == [other]


def test_saying_the_same_again_offers_nothing(workspace, user):
    first = reply(workspace)
    reply(workspace)
    assert not corrected(first, "Automated Reply", user).count


def test_the_search_reads_no_other_replies_than_those_in_the_same_words(workspace, user):
    first, other = reply(workspace), reply(workspace)
    Message.objects.bulk_create(
        Message(
            workspace=workspace, lead=first.lead, source="emailbison_reply", external_id=f"many-{number}",
            direction="inbound", channel="email", text=f"Reply {number}", tag="Automated Reply",
            tag_decided_by=WORDING, sent_at=first.sent_at,
        )
        for number in range(500)
    )  # fmt: skip
    others = corrected(first, "Interested", user)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE inbox_message")
    with reads("regexp_replace") as found:
        assert list(others.replies()) == [other]
    assert sum(one.rows for one in found) < 50


def test_words_are_what_the_index_holds(workspace):
    message = reply(workspace, "  “It’s — FINE!!”\n")
    words, key = Message.objects.values_list(WORDS, SAME_WORDS).get(pk=message.pk)
    assert words == "it s fine" and len(key) == 32


# What would change, and that it does


def change(others: Alike, message: Message) -> alike.AlikeChange:
    return next(one for one in others.changes() if one.message == message)


def test_the_dry_run_says_what_then_happens_to_each_and_changes_nothing(workspace, user):
    first, plain, older, stopped = (reply(workspace) for _ in range(4))
    factories.make_message(older.lead, "And Friday?", sent_at=timezone.now() + timedelta(seconds=9))
    rollup.recompute(rollup.locked(older.lead))
    lead = rollup.locked(stopped.lead)
    rollup.opt_out(lead, timezone.now() + timedelta(seconds=5))
    rollup.save(lead)

    others = corrected(first, "Interested", user)
    told = {one.message.pk: one for one in others.changes()}
    assert tags(plain, older, stopped) == ["Automated Reply"] * 3

    assert treat(others, user) == 3
    assert tags(plain, older, stopped) == ["Interested"] * 3
    leads = [Lead.objects.get(pk=one.lead_id) for one in (plain, older, stopped)]
    assert [told[one.pk].then for one in (plain, older, stopped)] == [
        "A draft will be written.",
        "A later reply already set this lead’s tag.",
        "Outreach to the lead stays stopped for another reason.",
    ]
    assert [(lead.tag, lead.needs_reply, lead.is_stopped) for lead in leads] == [
        ("Interested", True, False),
        ("Neutral", True, False),
        ("Blacklist", False, True),
    ]
    assert BackgroundJob.objects.filter(kind="inbound.catch_up", payload__message_id=str(plain.pk)).exists()
    assert told[plain.pk][1:3] == ("Automated Reply", "Interested")


def test_blacklisting_all_stops_each_lead_and_its_campaign_as_a_person_does(workspace, user):
    campaign = factories.make_campaign(workspace)
    model = {"tag": "", "by": ""}
    first, other, back = (reply(workspace, "leave it", **model) for _ in range(3))
    Lead.objects.filter(pk=other.lead_id).update(emailbison_lead_id="77", campaign=campaign)
    Lead.objects.filter(pk=back.lead_id).update(opted_in_at=timezone.now() + timedelta(seconds=5))
    draft = factories.make_draft(other)

    others = corrected(first, "Blacklist", user)
    assert change(others, other).then == "All outreach to the lead stops, including campaigns."
    assert change(others, back).then.startswith(
        "Outreach continues, because the lead has since opted back in"
    )
    treat(others, user)

    draft.refresh_from_db()
    lead = Lead.objects.get(pk=other.lead_id)
    assert lead.opted_out_at == other.sent_at and draft.status == Draft.Status.REJECTED
    assert (
        BackgroundJob.objects.filter(kind="campaign.stop-emails", payload__lead_id=str(lead.pk)).count() == 1
    )
    assert not Lead.objects.get(pk=back.lead_id).is_stopped


def test_taking_an_opt_out_back_lifts_only_the_stops_that_these_replies_caused(workspace, user):
    by = "rules 6: opt_out.wording"
    first, other, again = (reply(workspace, "we are done here for good", "Blacklist", by) for _ in range(3))
    stop = factories.make_message(
        again.lead, "STOP", tag="Blacklist", tag_decided_by="rules 6: opt_out.keyword"
    )
    Lead.objects.filter(pk=again.lead_id).update(opted_out_at=stop.sent_at)

    others = corrected(first, "Objection", user)
    assert change(others, other).then == "This reply no longer stops outreach to the lead."
    assert change(others, again).then == "Outreach to the lead stays stopped for another reason."
    treat(others, user)

    assert not Lead.objects.get(pk=other.lead_id).is_stopped
    assert Lead.objects.get(pk=again.lead_id).opted_out_at == stop.sent_at


def suspected(workspace, kind="auto_reply") -> Message:
    return reply(workspace, tag="", by="", suspected=kind, suspected_words="Thanks, noted.")


def test_a_no_to_a_suspicion_is_a_no_for_all_that_are_suspected_alike(workspace, user):
    first, other, decided, wish = (suspected(workspace) for _ in range(4))
    Message.objects.filter(pk=wish.pk).update(suspected="opt_out")
    tag_decisions.decide(decided, is_it=True, user=user)
    tag_decisions.decide(first, is_it=False, user=user)
    others = Alike.to(first)

    assert list(others.replies()) == [other]
    assert change(others, other)[1:3] == ("Possible automated reply", "Reread")
    treat(others, user)

    newest = other.tag_decisions.get()
    assert (newest.denied, newest.user, newest.alike_to) == ("auto_reply", user, first.pk)
    assert Lead.objects.get(pk=other.lead_id).suspected == ""
    assert tags(other, decided) == ["", "Automated Reply"]


@pytest.mark.parametrize(
    ("kind", "stopped_by"), [("opt_out", "opted_out_at"), ("bounce", "bounced_at"), ("auto_reply", "")]
)
def test_a_yes_to_a_suspicion_is_a_yes_for_all_that_are_suspected_alike(workspace, user, kind, stopped_by):
    first, other = suspected(workspace, kind), suspected(workspace, kind)
    tag_decisions.decide(first, is_it=True, user=user)
    treat(Alike.to(first), user)

    lead = Lead.objects.get(pk=other.lead_id)
    assert lead.suspected == "" and lead.tag == Lead.objects.get(pk=first.lead_id).tag
    stops = {name for name in ("opted_out_at", "bounced_at") if getattr(lead, name)}
    assert stops == ({stopped_by} if stopped_by else set())


def test_a_second_correction_takes_the_first_one_back_for_all(workspace, user):
    first, other, own = (reply(workspace, tag="", by="") for _ in range(3))
    treat(corrected(first, "Blacklist", user), user)
    tag_decisions.correct(own, "Blacklist", user=user)  # somebody has looked at this one since
    assert Lead.objects.get(pk=other.lead_id).is_stopped

    others = corrected(first, "Interested", user)
    assert list(others.replies()) == [other]
    treat(others, user)
    assert tags(other, own) == ["Interested", "Blacklist"]
    assert not Lead.objects.get(pk=other.lead_id).is_stopped


# The job


def test_every_change_is_a_correction_in_the_name_of_who_asked(workspace, user):
    first, other = reply(workspace), reply(workspace)
    treat(corrected(first, "Interested", user), user)

    decision = other.tag_decisions.order_by("-created_at").first()
    assert (decision.kind, decision.user, decision.alike_to) == ("person", user, first.pk)
    done = AuditEntry.objects.filter(workspace=workspace, actor=user).values_list("action", "object_id")
    assert {("tag.alike", str(first.pk)), ("tag.correct", str(other.pk))} <= set(done)
    assert AuditEntry.objects.get(action="tag.alike").data == {"count": 1}


def test_what_came_after_the_dry_run_is_left_for_the_next_one(workspace, user):
    first, other = reply(workspace), reply(workspace)
    others = corrected(first, "Interested", user)
    seen = timezone.now()
    late = reply(workspace)
    assert others.start(seen, user) == 1
    drain()
    assert tags(other, late) == ["Interested", "Automated Reply"]
    assert list(Alike.to(first).replies()) == [late]


def test_a_job_that_was_cut_off_goes_on_where_it_stopped(workspace, user):
    first = reply(workspace)
    many = [reply(workspace) for _ in range(3)]
    others = corrected(first, "Interested", user)
    others.start(timezone.now(), user)
    others.treat(many[0].pk, user)
    before = TagDecision.objects.filter(kind="person").count()
    drain()
    assert tags(*many) == ["Interested"] * 3
    assert TagDecision.objects.filter(kind="person").count() == before + 2
    assert others.job.result == {"treated": 2}


def test_more_than_one_job_may_do_is_offered_again(workspace, user, monkeypatch):
    monkeypatch.setattr(alike, "MOST", 2)
    first = reply(workspace)
    for _ in range(3):
        reply(workspace)
    assert treat(corrected(first, "Interested", user), user) == 3
    assert treat(Alike.to(first), user) == 1
    with pytest.raises(NotAlike, match="No more similar replies"):
        Alike.to(first).start(timezone.now(), user)


def leave(membership):
    membership.delete()


def become_viewer(membership):
    membership.role = Membership.Role.VIEWER
    membership.save()


@pytest.mark.parametrize("end", [leave, become_viewer])
def test_nothing_is_done_in_the_name_of_who_may_not_any_more(workspace, user, end):
    Membership.objects.create(workspace=factories.make_workspace(), user=user)
    first, other = reply(workspace), reply(workspace)
    others = corrected(first, "Interested", user)
    others.start(timezone.now(), user)
    end(Membership.objects.get(user=user, workspace=workspace))
    drain()
    assert tags(other) == ["Automated Reply"]
    assert others.job.result["why"] == "The member who started this can no longer correct tags here."


def test_a_decision_that_was_taken_back_changes_no_others(workspace, user):
    first, other = reply(workspace), reply(workspace)
    others = corrected(first, "Interested", user)
    others.start(timezone.now(), user)
    tag_decisions.correct(first, "Objection", user=user)
    drain()
    assert tags(other) == ["Automated Reply"]
    with pytest.raises(NotAlike, match="changed this reply’s tag since"):
        others.start(timezone.now(), user)


def test_a_correction_of_a_reply_whose_own_job_has_not_run_keeps_what_the_rule_said(workspace, user):
    message = reply(workspace)
    tag_decisions.correct(message, "Interested", user=user)
    kept = message.tag_decisions.order_by("created_at").values_list("kind", "tag", "by")
    assert list(kept) == [("rule", "Automated Reply", WORDING), ("person", "Interested", f"person {user.pk}")]


@pytest.mark.django_db(transaction=True)
@pytest.mark.races
def test_who_decides_about_one_of_them_meanwhile_is_not_overruled():
    """Somebody corrects a reply while the job is about to: the job waits for the lead, and then finds it decided."""
    workspace = factories.make_workspace()
    user = factories.make_member(workspace)
    first, other = reply(workspace), reply(workspace)
    others = corrected(first, "Interested", user)
    held = threading.Event()

    def person() -> None:
        with transaction.atomic():
            tag_decisions.correct(other, "Objection", user=user)
            held.set()
            until(waiting_for_a_lock, "the job waits for the lead")

    def job() -> bool:
        assert held.wait(PATIENCE_S)
        return Alike(others.decision).treat(other.pk, user)

    assert at_once(person, job) == [None, False]
    assert tags(other) == ["Objection"]
