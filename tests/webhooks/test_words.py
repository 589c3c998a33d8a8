"""What a provider's people say of a lead: the tag of the reply they said it about, in whatever order both come."""

from datetime import timedelta
from itertools import permutations

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from inbox.intake import tag_decisions
from inbox.intake.messages import mark_processed
from inbox.leads.merge import merge
from inbox.models import Lead, Message, ProviderWord, TagDecision, WebhookDelivery
from inbox.models.lead import Tag
from inbox.pipeline import skip_conditions
from inbox.pipeline.situation import Situation
from inbox.replying.prompts.tag_answer import Judgement
from jobs.models import BackgroundJob
from tests import forms
from tests.factories import make_lead
from tests.recorded import payload
from tests.webhooks import stories
from tests.webhooks.stories import iso

SHELLY, OPEN = "shelly@dunnframes.example.com", "Is it online or in person?"


def word(kind: str, minute: int = 30, **fields) -> dict:
    """Instantly's people say something of the lead, `minute` minutes after noon."""
    return payload("instantly", "lead_not_interested") | {
        "event_type": kind,
        "timestamp": iso(minute),
        **fields,
    }


def reply(minute: int = 10, text: str = OPEN, **fields) -> dict:
    body = payload("instantly", "reply_received") | {"email_id": f"mail-{minute}", "timestamp": iso(minute)}
    return body | {"reply_text": text, "reply_html": ""} | fields


def category(name: str | None, **fields) -> dict:
    body = payload("smartlead", "lead_category_updated") | {"category": name}
    return body | {"lead_category": {"old_name": "Interested", "new_name": name}} | fields


def post(poster, *bodies: dict) -> list[dict]:
    """Each to the address of its provider; the answers."""
    sources = ["smartlead" if str(body.get("event_type", "")).isupper() else "instantly" for body in bodies]
    return [poster.post(source, body).json() for source, body in zip(sources, bodies, strict=True)]


def tags(lead: Lead | None = None) -> tuple[str, list[str]]:
    """The lead's tag, and those of their replies, oldest first."""
    lead = lead or Lead.objects.get()
    lead.refresh_from_db()
    replies = Message.objects.filter(lead=lead, direction="inbound").order_by("sent_at")
    return str(lead.tag), [message.tag for message in replies]


INSTANTLY = {
    "lead_interested": Tag.INTERESTED,
    "lead_not_interested": Tag.NOT_INTERESTED,
    "lead_meeting_booked": Tag.MEETING_BOOKED,
    "lead_meeting_completed": Tag.MEETING_BOOKED,
    "lead_out_of_office": Tag.OUT_OF_OFFICE,
    "lead_wrong_person": Tag.WRONG_PERSON,
}
SMARTLEAD = {
    "Interested": Tag.INTERESTED,
    "Information Request": Tag.INFORMATION_REQUESTED,
    "Meeting Request": Tag.MEETING_REQUESTED,
    "Meeting Booked": Tag.MEETING_BOOKED,
    "Not Interested": Tag.NOT_INTERESTED,
    "Out Of Office": Tag.OUT_OF_OFFICE,
    "out-of-office ": Tag.OUT_OF_OFFICE,
    "Wrong Person": Tag.WRONG_PERSON,
}


@pytest.mark.parametrize(("kind", "tag"), INSTANTLY.items())
def test_word_of_instantly_is_the_tag_of_the_reply_and_the_lead(poster, kind, tag):
    first, said, again = post(poster, reply(), word(kind), word(kind))
    assert (said["deduped"], said["messageId"], said["leadId"]) == (
        False,
        first["messageId"],
        first["leadId"],
    )
    assert (again["deduped"], again["messageId"]) == (True, first["messageId"])
    assert tags() == (tag, [tag])
    decision = TagDecision.objects.get(kind="provider")
    assert (decision.tag, decision.message_id) == (tag, Message.objects.get().pk)
    assert decision.by == f"provider: Instantly, {kind} of 2026-10-14 12:30:00 UTC"
    assert Lead.objects.get().awaiting_model is False


@pytest.mark.parametrize(("name", "tag"), SMARTLEAD.items())
def test_category_of_smartlead_is_the_tag_of_the_reply_and_the_lead(poster, name, tag):
    bodies = [payload("smartlead", "email_replied"), category(name)]
    assert [answer["deduped"] for answer in post(poster, *bodies, bodies[1])] == [False, False, True]
    assert tags() == (tag, [tag])
    assert str(Lead.objects.get()) == "Terrell Banks"


def test_category_of_the_older_form_is_understood(poster):
    old = category("Not Interested")
    del old["lead_category"], old["lead_data"], old["event_timestamp"]
    post(poster, old)
    assert tags() == (Tag.NOT_INTERESTED, [])


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("Speaks Klingon", "this workspace has no label “Speaks Klingon”"),
        (None, "it names no category"),
        ("", "it names no category"),
    ],
)
def test_category_that_we_have_no_word_for_is_ignored_by_name(poster, name, reason):
    (answer,) = post(poster, category(name))
    assert (answer["ignored"], answer["reason"]) == (True, reason)
    assert not Lead.objects.exists()


@pytest.mark.parametrize("name", ["Do Not Contact", "do_not_contact", "DNC", "Unsubscribed"])
def test_category_that_says_to_stop_is_an_opt_out(poster, name):
    post(poster, payload("smartlead", "email_replied"), category(name))
    lead = Lead.objects.get()
    assert lead.is_stopped and (lead.tag, lead.tag_decided_by) == (Tag.BLACKLIST, f"provider: {name}")
    assert BackgroundJob.objects.filter(kind="campaign.stop-emails").count() == 1


def test_interest_does_what_emailbisons_lead_interested_does(poster, other):
    for number, interest in enumerate((False, True)):
        kind = stories.interested if interest else stories.reply
        other.post("email", kind(10, OPEN).body)
        post(poster, word("lead_interested") if interest else reply())
        theirs, ours = (
            Lead.objects.get(workspace=other.workspace),
            Lead.objects.get(workspace=poster.workspace),
        )
        for lead in (theirs, ours):
            assert (lead.tag == Tag.INTERESTED, lead.provider_interested) == (interest, interest), number
            assert lead.messages.get().provider_interested is interest
            assert lead.tag_decided_by.startswith("provider" if interest else "")


ORDERS = {
    "a word after each of two replies": (
        [reply(10), word("lead_interested", 20), reply(30, "Actually, no idea."), word("lead_wrong_person", 40)],
        (Tag.WRONG_PERSON, [Tag.INTERESTED, Tag.WRONG_PERSON]),
    ),
    "a word between two replies": (
        [reply(10), word("lead_not_interested", 20), reply(30, "What about May?")],
        (Tag.NEUTRAL, [Tag.NOT_INTERESTED, ""]),
    ),
    "three words on one reply": (
        [reply(10), word("lead_interested", 20), word("lead_wrong_person", 25), word("lead_out_of_office", 30)],
        (Tag.OUT_OF_OFFICE, [Tag.OUT_OF_OFFICE]),
    ),
    "a word on what a rule has read": (
        [reply(10, "Not interested, thanks."), word("lead_interested", 20)],
        (Tag.INTERESTED, [Tag.INTERESTED]),
    ),
    "a rule on the earlier of two": (
        [reply(10, "Not interested, thanks."), reply(20), word("lead_wrong_person", 30)],
        (Tag.WRONG_PERSON, [Tag.NOT_INTERESTED, Tag.WRONG_PERSON]),
    ),
    "an opt-out in the reply": (
        [reply(10, "Unsubscribe me"), word("lead_interested", 20)],
        (Tag.BLACKLIST, [Tag.BLACKLIST]),
    ),
    "a link, then a word": (
        [reply(10), word("lead_unsubscribed", 15), word("lead_interested", 20)],
        (Tag.BLACKLIST, [Tag.INTERESTED]),
    ),
    "a bounce": (
        [payload("instantly", "email_bounced") | {"lead_email": SHELLY}, word("lead_interested", 20)],
        (Tag.BLACKLIST, [Tag.BLACKLIST]),
    ),
}  # fmt: skip


@pytest.mark.shortened
@pytest.mark.parametrize(("events", "expected"), ORDERS.values(), ids=ORDERS)
def test_words_and_replies_in_any_order_come_to_the_same(poster, events, expected):
    columns = ("tag", "tag_decided_by", "awaiting_model", "needs_reply", "provider_interested")
    ends = set()
    orders = list(permutations(events))
    for order in orders[:: forms.either(max(1, len(orders) // 6), 1)]:
        assert [one for one in post(poster, *order) if one.get("deduped") is not False] == []
        lead = Lead.objects.get()
        assert tags(lead) == expected
        rows = lead.messages.values_list("external_id", *columns[:2])
        ends.add((*(getattr(lead, name) for name in columns), frozenset(rows)))
        Lead.objects.all().delete()
        WebhookDelivery.objects.all().delete()
    assert len(ends) == 1


def test_word_on_a_lead_that_nobody_knows_makes_the_lead_and_waits_for_the_reply(poster):
    (said,) = post(poster, word("lead_not_interested"))
    lead = Lead.objects.get()
    assert (said["messageId"], said["leadId"], lead.email) == (None, str(lead.pk), SHELLY)
    assert (lead.tag, str(lead), lead.campaign.external_id) == (Tag.NOT_INTERESTED, "Shelly Dunn", "c-1")
    post(poster, reply())
    assert tags() == (Tag.NOT_INTERESTED, [Tag.NOT_INTERESTED])
    situation = Situation(Message.objects.get())
    assert skip_conditions.PROVIDER_DECIDED.holds(situation) and not skip_conditions.RULE_DECIDED.holds(
        situation
    )


def test_newer_reply_has_its_own_say(poster):
    post(poster, reply(10), word("lead_not_interested", 20), reply(30, "On second thought: how much?"))
    assert tags() == (Tag.NEUTRAL, [Tag.NOT_INTERESTED, ""])
    assert Lead.objects.get().awaiting_model


def test_people_who_change_their_minds_are_followed(poster):
    kinds = ["lead_interested", "lead_not_interested", "lead_interested"]
    post(poster, reply(), *(word(kind, 20 + number) for number, kind in enumerate(kinds)))
    assert tags() == (Tag.INTERESTED, [Tag.INTERESTED])
    said = TagDecision.objects.filter(kind="provider").order_by("pk").values_list("tag", flat=True)
    assert list(said) == [Tag.INTERESTED, Tag.NOT_INTERESTED, Tag.INTERESTED]


def test_word_without_a_time_is_said_when_it_comes_and_one_of_the_future_now(poster):
    post(
        poster,
        word("lead_out_of_office", timestamp=None),
        word("lead_wrong_person", timestamp="2099-01-01T00:00:00Z"),
    )
    assert all(timezone.now() - one.said_at < timedelta(minutes=5) for one in ProviderWord.objects.all())
    post(poster, reply(10))
    assert tags() == (Tag.WRONG_PERSON, [Tag.WRONG_PERSON])


def test_a_persons_own_tag_stands_above_a_word(poster):
    post(poster, reply())
    owner = poster.workspace.memberships.get().user
    tag_decisions.correct(Message.objects.get(), Tag.CALL_REQUESTED, user=owner)
    (said,) = post(poster, word("lead_not_interested"))
    assert tags() == (Tag.CALL_REQUESTED, [Tag.CALL_REQUESTED])
    assert WebhookDelivery.objects.get(pk=said["deliveryId"]).reason == "a person’s tag takes precedence"
    post(poster, reply(40, "Sorry, wrong desk."), word("lead_wrong_person", 50))
    assert tags() == (Tag.WRONG_PERSON, [Tag.CALL_REQUESTED, Tag.WRONG_PERSON])


def test_an_opt_out_stands_above_a_word_and_says_so(poster):
    post(poster, reply(10, "Unsubscribe me"))
    (said,) = post(poster, word("lead_interested"))
    reason = WebhookDelivery.objects.get(pk=said["deliveryId"]).reason
    assert reason == "the lead’s opt-out takes precedence"
    assert Lead.objects.get().is_stopped and not TagDecision.objects.filter(kind="provider").exists()


@pytest.mark.parametrize(("tag", "stands"), [(Tag.INFORMATION_REQUESTED, False), (Tag.BLACKLIST, True)])
def test_model_that_answers_after_the_word_does_not_replace_it_but_an_opt_out_does(poster, tag, stands):
    post(poster, reply(), word("lead_not_interested"))
    Message.objects.update(suspected="opt_out", suspected_words="in person")
    judgement = Judgement(tag, "in person", "They ask.", "none", None)
    tag_decisions.apply_model(Message.objects.get(), judgement, by="model test, prompt 1")
    assert tags() == ((tag, [tag]) if stands else (Tag.NOT_INTERESTED, [Tag.NOT_INTERESTED]))
    assert Lead.objects.get().is_stopped is stands


def test_opt_out_that_only_a_model_reads_leaves_the_word_and_is_suspected(poster):
    post(poster, reply(), word("lead_not_interested"))
    judgement = Judgement(Tag.BLACKLIST, "in person", "They ask.", "none", None)
    for _ in range(2):
        tag_decisions.apply_model(Message.objects.get(), judgement, by="model test, prompt 1")
    assert tags() == (Tag.NOT_INTERESTED, [Tag.NOT_INTERESTED])
    lead = Lead.objects.get()
    assert (lead.is_stopped, lead.suspected, lead.suspected_words) == (False, "opt_out", "in person")


def test_word_replaces_what_a_model_read(poster):
    post(poster, reply())
    judgement = Judgement(Tag.INFORMATION_REQUESTED, "in person", "They ask.", "none", None)
    tag_decisions.apply_model(Message.objects.get(), judgement, by="model test, prompt 1")
    post(poster, word("lead_not_interested"))
    assert tags() == (Tag.NOT_INTERESTED, [Tag.NOT_INTERESTED])
    assert TagDecision.objects.order_by("-pk").first().kind == "provider"


def test_meeting_in_the_calendar_is_no_opinion(poster):
    post(poster, reply())
    Lead.objects.update(booked_at=timezone.now())
    (said,) = post(poster, word("lead_interested"))
    assert tags()[0] == Tag.MEETING_BOOKED
    assert "booked" in WebhookDelivery.objects.get(pk=said["deliveryId"]).reason


@pytest.mark.parametrize("interest", [True, False], ids=["word", "EmailBison's LEAD_INTERESTED"])
def test_reply_that_was_worked_on_is_worked_on_again_once(poster, interest):
    bodies = [reply(), word("lead_interested")] if interest else []
    told = [stories.reply(5, OPEN), stories.interested(5, OPEN)]
    first, second = bodies or [one.body for one in told]
    source = "instantly" if interest else "email"
    poster.post(source, first)
    mark_processed(Message.objects.get().pk)
    answers = [poster.post(source, second).json() for _ in range(2)]
    assert [answer.get("updatedExisting", False) for answer in answers] == [True, False]
    assert BackgroundJob.objects.filter(kind="inbound.catch_up").count() == 1
    assert tag_decisions.record_rules(Message.objects.get()).kind == "provider"


def test_reply_that_is_still_worked_on_gets_no_second_job(poster):
    post(poster, reply(), word("lead_interested"))
    assert [job.kind for job in BackgroundJob.objects.all()] == ["inbound.process"]


def test_page_says_who_decided(poster):
    post(poster, reply(10, "Not interested, thanks."), word("lead_out_of_office"))
    message = Message.objects.get()
    client = Client()
    client.force_login(poster.workspace.memberships.get().user)
    page = client.get(reverse("inbox:why", args=[poster.workspace.pk, message.pk])).content.decode()
    assert "Provider: Instantly, lead_out_of_office of 2026-10-14 12:30:00 UTC" in page
    assert "Someone at the provider marked the lead as out of office." in page
    assert "not_interested.refusal" in page


def test_word_goes_with_its_lead_into_a_merge(poster):
    post(poster, word("lead_wrong_person"))
    known = make_lead(poster.workspace, email="shelly@home.example", emailbison_lead_id="55120")
    merge(known, Lead.objects.get(email=SHELLY), None)
    post(poster, reply())
    assert tags(known) == (Tag.WRONG_PERSON, [Tag.WRONG_PERSON])


def test_word_of_one_workspace_says_nothing_in_another(poster, other):
    post(other, reply())
    post(poster, word("lead_not_interested"))
    assert tags(Lead.objects.get(workspace=other.workspace)) == (Tag.NEUTRAL, [""])


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (word("lead_interested", lead_email="nobody"), "email"),
        (word("lead_interested", lead_email=None), "lead_email"),
    ],
)
def test_word_that_names_nobody_is_kept_and_named(poster, body, field):
    (answer,) = post(poster, body)
    assert answer["quarantined"] is True
    assert list(WebhookDelivery.objects.get().error_fields) == [field]
