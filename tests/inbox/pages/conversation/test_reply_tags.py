"""Why a reply has its tag, and what a person's correction does."""

import json

import pytest
from django.urls import reverse

from inbox.intake import tag_decisions
from inbox.models import Draft, Message, TagDecision
from inbox.pipeline import assignment
from inbox.pipeline.situation import Situation
from inbox.replying.prompts.tag_answer import Judgement
from inbox.understanding import installed_weights, rules
from jobs.deadline import Deadline
from jobs.models import BackgroundJob
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def message(lead):
    made = factories.make_message(
        lead,
        "Please stop emailing me and take me off your list.",
        tag="Blacklist",
        tag_decided_by="rules 1: opt_out.keyword",
        tag_evidence="stop",
    )
    lead.opted_out_at = lead.last_inbound_at = made.sent_at
    lead.tag = "Blacklist"
    lead.save()
    tag_decisions.record_rules(made)
    return made


def correct(client, message, tag, reason=""):
    url = reverse("inbox:why", args=[message.workspace_id, message.pk])
    return client.post(url, {"tag": tag, "reason": reason})


def test_shows_who_decided_by_which_words(people, message):
    page = people.member.get(reverse("inbox:why", args=[message.workspace_id, message.pk])).content.decode()

    assert "Rules 1: opt_out.keyword" in page and "<q>stop</q>" in page


def test_a_correction_is_kept_as_a_row_and_takes_back_the_stop_that_the_message_caused(people, message, lead):
    assert correct(people.member, message, "Interested", "They meant the phone.").status_code == 302

    lead.refresh_from_db()
    message.refresh_from_db()
    assert (lead.tag, lead.opted_out_at, message.tag) == ("Interested", None, "Interested")
    newest = TagDecision.objects.order_by("-pk").first()
    assert (newest.kind, newest.user, newest.reason) == (
        "person",
        people.users.member,
        "They meant the phone.",
    )
    assert TagDecision.objects.count() == 2
    assert BackgroundJob.objects.filter(kind="inbound.catch_up").count() == 1


def test_a_stop_that_another_message_caused_stays(people, message, lead):
    later = message.sent_at.replace(year=2098)
    factories.make_message(lead, "STOP", sent_at=later)
    lead.opted_out_at = later
    lead.save()

    correct(people.member, message, "Interested")

    lead.refresh_from_db()
    assert lead.opted_out_at == later and lead.tag == "Blacklist"


def test_no_model_run_overrides_a_person(people, message, lead):
    correct(people.member, message, "Objection")

    tag_decisions.apply_model(message, Judgement("Interested", "x", "", "none", None), by="model test")

    message.refresh_from_db()
    lead.refresh_from_db()
    assert (message.tag, lead.tag) == ("Objection", "Objection")


def test_correcting_to_blacklist_stops_the_lead_and_closes_its_drafts(people, workspace):
    lead = factories.make_lead(workspace, tag="Interested")
    message = factories.make_message(lead, "We are done here.", tag="Interested")
    lead.last_inbound_at = message.sent_at
    lead.save()
    draft = factories.make_draft(message)

    correct(people.member, message, "Blacklist")

    lead.refresh_from_db()
    draft.refresh_from_db()
    assert lead.is_stopped and draft.status == Draft.Status.REJECTED


def test_a_viewer_corrects_nothing(people, message):
    assert correct(people.viewer, message, "Interested").status_code == 403


def test_an_unknown_tag_is_refused(people, message):
    assert correct(people.member, message, "Snoozed").status_code == 422


def test_corrections_export_as_lines_that_evaluate_replies_reads(people, message, tmp_path, capsys):
    from django.core.management import call_command

    correct(people.member, message, "Interested")
    correct(people.member, message, "Not Interested")
    answer = people.owner.get(reverse("inbox:corrections", args=[message.workspace_id]))
    lines = b"".join(answer.streaming_content)

    (row,) = [json.loads(line) for line in lines.splitlines()]
    assert row["expected"]["tag"] == "Not Interested" and not row["expected"]["opt_out"]
    assert row["corrected_from"] == {"tag": "Interested", "by": f"person {people.users.member.pk}"}
    file = tmp_path / "corrections.jsonl"
    file.write_bytes(lines)
    call_command("evaluate_replies", str(file), "--json")
    assert json.loads(capsys.readouterr().out)["labels"]["opt_out"]["fp"] == 1


def test_corrections_are_for_admins(people, message):
    assert people.member.get(reverse("inbox:corrections", args=[message.workspace_id])).status_code == 403


def test_lists_every_rule_with_how_often_it_decided_here(people, message):
    page = people.member.get(reverse("inbox:rules", args=[message.workspace_id])).content.decode()

    assert all(rule.id in page for rule in rules.RULES)
    assert "Email, LinkedIn, SMS" in page and "linkedin" not in page


def test_it_is_right_keeps_the_tag_and_counts_as_agreement(people, message):
    workspace = message.workspace
    assert (
        "Confirm<"
        in people.member.get(reverse("inbox:why", args=[workspace.pk, message.pk])).content.decode()
    )
    answer = people.member.post(
        reverse("inbox:why", args=[workspace.pk, message.pk]), {"tag": "Blacklist"}, follow=True
    ).content.decode()
    assert "Confirmed as Blacklist" in answer and "Confirm<" not in answer.split("<main")[1]
    rules = people.viewer.get(reverse("inbox:rules", args=[workspace.pk])).content.decode()
    assert "1 of 1 (100%)" in rules and rules.count("of 1 (") == 1


def test_the_page_of_rules_says_whose_weights_judge(people, message, monkeypatch):
    def page() -> str:
        return people.viewer.get(reverse("inbox:rules", args=[message.workspace_id])).content.decode()

    assert "has trained the weights" not in page()
    monkeypatch.setattr(
        installed_weights, "in_use", {"learned_on": "2026-11-28", "corrections": {"used": 214}}
    )
    assert "This installation has trained the weights with 214 corrections on 2026-11-28." in page()


@pytest.mark.parametrize(
    "tag, score", [("Not Interested", 1), ("Neutral", 2), ("Out of Office", 3), ("Blacklist", 0)]
)
def test_what_a_person_decided_is_what_the_list_and_the_score_say(people, lead, tag, score):
    """Before that, a model found the newest reply to ask for a meeting, and the one before it to be interested."""
    factories.make_message(lead, "Tell me more.", tag="Interested", sent_at=factories.ago(days=2))
    newest = factories.make_message(lead, "Yes, call me.")
    type(lead).objects.filter(pk=lead.pk).update(
        title="", company="", last_inbound_at=newest.sent_at, last_message_at=newest.sent_at
    )
    asked = Judgement(tag="Meeting Requested", quote="", reason="", objection="", follow_up_on=None)
    tag_decisions.apply_model(newest, asked, by="model 1")
    listed = reverse("inbox:list", args=[lead.workspace_id]) + "?view=all&score=4"
    row = f'id="row-{lead.pk}"'
    assert row in (before := people.member.get(listed).content.decode()) and "Hot" in before.split(row)[1]

    correct(people.member, newest, tag)

    lead.refresh_from_db()
    assert (lead.tag, lead.score) == (tag, score) and lead.is_hot is (score == 3)
    assert row not in people.member.get(listed).content.decode()
    page = people.member.get(reverse("inbox:conversation", args=[lead.workspace_id, lead.pk]))
    assert "<dt>Tagged by</dt><dd>You</dd>" in page.content.decode()


def test_a_model_that_answers_late_changes_neither_tag_nor_score_of_a_person(people, lead):
    reply = factories.make_message(lead, "Yes, call me.")
    correct(people.member, reply, "Not Interested")
    late = Judgement(tag="Meeting Requested", quote="", reason="", objection="", follow_up_on=None)
    tag_decisions.apply_model(reply, late, by="model 1")
    assignment.score(
        Situation(Message.objects.select_related("lead", "workspace").get()), Deadline.after_ms(5_000)
    )

    lead.refresh_from_db()
    assert (lead.tag, lead.score) == ("Not Interested", 1)
    newer = factories.make_message(lead, "On second thought, yes.", sent_at=factories.ago(minutes=-1))
    type(lead).objects.filter(pk=lead.pk).update(last_inbound_at=newer.sent_at, title="", company="")
    tag_decisions.apply_model(newer, late, by="model 1")
    lead.refresh_from_db()
    assert (lead.tag, lead.score) == ("Meeting Requested", 4)
