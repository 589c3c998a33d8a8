"""Text messages and LinkedIn: the same pipeline, their own way in and out."""

from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.urls import reverse
from django.utils import timezone

from inbox.intake import tag_decisions
from inbox.leads import refused_addresses, rollup
from inbox.models import Draft, Enrichment, Lead, Message, OutboundSend
from inbox.pipeline import rejudging
from inbox.replying import channels, reconciliation, review, send_claims
from inbox.understanding.one_channel import ended
from integrations.ghl.client import GhlClient
from jobs.deadline import Deadline
from jobs.models import BackgroundJob
from tests import factories

pytestmark = pytest.mark.django_db
CONTACT = "Ab3dEf6hIj9kLm2nOp5q"


@pytest.fixture
def texts(world):
    """A workspace whose GoHighLevel location is the sandbox's, with its webhook path."""
    account = world.connect("ghl", account="LocNorthwind01", api_key="key-ghl")
    world.add_webhook("sms", "ghl/sms", account)
    return world


def text(world, body: str, **fields):
    told = world.sandbox.emit(
        "ghl",
        "key-ghl",
        "sms",
        deliver=False,
        contact={"id": CONTACT, "first_name": "Dana", "last_name": "Reyes", "phone": "+12125550123"},
        text=body,
        **fields,
    )
    told["body"]["location"] = {"id": "LocNorthwind01", "name": "Northwind"}
    return world.take(told["body"], "sms")


def test_a_text_is_tagged_drafted_in_parts_that_fit_and_answered_once(texts):
    message = text(texts, "Sounds good, can we schedule a meeting?")
    texts.work()
    draft = texts.draft(message)
    assert texts.lead().tag == "Meeting Requested"
    assert draft.channel == "sms" and len(draft.text) <= 480 and draft.prompt_version.startswith("sms v")

    send = review.approve(draft, user=texts.user, text=draft.text)
    texts.work()

    send.refresh_from_db()
    assert send.state == OutboundSend.State.SENT, send.reason
    assert send.provider_message_id and len(texts.posted("ghl")) == 1


def test_a_long_text_goes_out_in_parts_one_after_the_other(texts):
    message = text(texts, "Sounds good, how much is it?")
    texts.work()
    long = "Here is what we do for owners like you. " * 7
    review.approve(texts.draft(message), user=texts.user, text=long)
    texts.work()

    parts = texts.sends()
    assert [(send.part, send.state) for send in parts] == [(0, "sent"), (1, "sent")]
    assert [one["text"] for one in texts.posted("ghl")] == [send.text for send in parts]
    assert Message.objects.filter(source="holdfast").count() == 2
    assert texts.draft(message).status == Draft.Status.SENT


def test_the_rest_waits_while_nobody_knows_about_the_part_before(texts):
    message = text(texts, "Sounds good, how much is it?")
    texts.work()
    texts.sandbox.fault(
        provider="ghl", kind="server_error", path="/conversations/messages$", method="POST", count=1
    )
    review.approve(texts.draft(message), user=texts.user, text="Here is what we do for owners like you. " * 7)
    texts.work()

    (only,) = texts.sends()
    assert (only.part, only.state) == (0, "unknown")

    review.it_went_out(only, user=texts.user)
    texts.work()
    assert [send.state for send in texts.sends()] == ["sent", "sent"]


def test_a_number_that_wants_no_texts_fails_the_send_with_the_reason(texts):
    message = text(texts, "Sounds good, how much is it?")
    texts.work()
    texts.sandbox.set_account("ghl", "key-ghl", properties={"dnd_contacts": [CONTACT]})
    review.approve(texts.draft(message), user=texts.user, text="Here you go.")
    texts.work()

    (send,) = texts.sends()
    assert send.state == "failed" and "dnd" in send.reason.lower()


def test_a_short_text_gets_the_words_it_answers_from_the_provider(texts):
    account = texts.workspace.integrations.get(provider="ghl")
    GhlClient.for_integration(account).send_sms(CONTACT, "Shall I call you at 5?", Deadline.after_ms(5_000))
    message = text(texts, "yes")
    texts.work()

    assert texts.steps(message)["sms-history"] == ("done", "")
    before = Message.objects.get(direction="outbound")
    assert (before.text, before.source) == ("Shall I call you at 5?", "ghl_message")
    assert before.sent_at < message.received_at


def test_gohighlevel_telling_of_our_own_text_makes_no_second_bubble(texts):
    message = text(texts, "Sounds good, how much is it?")
    texts.work()
    review.approve(texts.draft(message), user=texts.user, text="Here you go.")
    texts.work()
    (send,) = texts.sends()
    sent_id = send.provider_message_id

    answer = texts.client.post(
        texts.paths["sms"],
        {
            "type": "OutboundMessage",
            "locationId": "LocNorthwind01",
            "contactId": CONTACT,
            "messageId": sent_id,
            "conversationId": "c1",
            "messageType": "SMS",
            "body": "Here you go.",
        },
        content_type="application/json",
    )

    assert answer.json()["deduped"] is True
    assert Message.objects.filter(direction="outbound").count() == 1


@pytest.fixture
def linkedin(world):
    account = world.connect("unipile", account="uni_acc_42", api_key="key-unipile")
    world.add_webhook("linkedin", "linkedin", account)
    return world


def dm(world, body: str, **fields):
    told = world.sandbox.emit(
        "unipile",
        "uni_acc_42",
        "message.received",
        deliver=False,
        chat_id="chat_77",
        text=body,
        sender={
            "id": "ACoAAB12345",
            "name": "Dana Reyes",
            "url": "https://www.linkedin.com/in/dana-reyes-example",
        },
        **fields,
    )
    return world.take(told["body"], "linkedin")


def test_a_linkedin_message_is_answered_in_its_chat(linkedin):
    message = dm(linkedin, "Happy to chat, can we schedule a meeting?")
    linkedin.work()
    draft = linkedin.draft(message)
    assert draft.channel == "linkedin" and draft.prompt_version.startswith("linkedin v")

    review.approve(draft, user=linkedin.user, text=draft.text)
    linkedin.work()

    (send,) = linkedin.sends()
    assert send.state == "sent", send.reason
    (posted,) = linkedin.posted("unipile")
    assert posted["thread"] == "chat_77" and posted["text"] == draft.text


def test_a_lost_answer_of_linkedins_is_found_in_the_chat(linkedin):
    message = dm(linkedin, "Happy to chat, can we schedule a meeting?")
    linkedin.work()
    linkedin.sandbox.fault(
        provider="unipile", kind="accept_drop", path="/chats/chat_77/messages", method="POST", count=1
    )
    send = review.approve(linkedin.draft(message), user=linkedin.user, text="Thursday?")
    linkedin.work()
    send.refresh_from_db()
    assert send.state == "unknown"

    fresh = OutboundSend.objects.select_related("lead", "reply_to").get(pk=send.pk)
    assert reconciliation.look(fresh, Deadline.after_ms(5_000))
    fresh.refresh_from_db()
    assert fresh.state == "sent" and fresh.provider_message_id


def test_unipile_telling_of_our_own_message_settles_what_was_uncertain(linkedin):
    message = dm(linkedin, "Happy to chat, can we schedule a meeting?")
    linkedin.work()
    linkedin.sandbox.fault(
        provider="unipile", kind="accept_drop", path="/chats/chat_77/messages", method="POST", count=1
    )
    send = review.approve(linkedin.draft(message), user=linkedin.user, text="Thursday?")
    linkedin.work()
    body = linkedin.sandbox.emit(
        "unipile",
        "uni_acc_42",
        "message.sent",
        deliver=False,
        chat_id="chat_77",
        text="Thursday?",
        message_id="m-1",
    )["body"]

    answer = linkedin.client.post(linkedin.paths["linkedin"], body, content_type="application/json").json()

    send.refresh_from_db()
    assert answer["deduped"] is True
    assert (send.state, send.provider_message_id) == ("sent", "m-1")
    assert Message.objects.filter(direction="outbound").count() == 1


def test_a_lead_who_wants_something_is_made_a_contact_once_and_clay_is_asked_once(world):
    world.connect("ghl", account="LocNorthwind01", api_key="key-ghl")
    clay = world.connect("clay")
    clay.config = {
        name: f"{world.sandbox.url('clay')}/{name}" for name in ("linkedin_table_url", "phone_table_url")
    }
    clay.save()
    for words in ("Interested, send times for a meeting.", "Still interested, send times for a meeting."):
        world.reply(words)
        world.work()

    lead = world.lead()
    assert lead.ghl_contact_id
    assert BackgroundJob.objects.filter(kind="ghl.contact").count() == 1
    assert sorted(Enrichment.objects.filter(lead=lead).values_list("kind", flat=True)) == [
        "linkedin",
        "phone",
    ]
    assert len(world.posted("clay")) == 2


ELSEWHERE = "Stop texting me, mail me instead"


def test_who_ends_one_channel_for_another_is_not_opted_out_and_gets_no_text(texts):
    message = text(texts, ELSEWHERE)
    texts.work()

    lead = texts.lead()
    assert lead.refused_channels == ["sms"] and not lead.is_stopped and lead.needs_reply
    assert texts.draft(message) is None
    with pytest.raises(send_claims.SendBlocked, match="asked not to be contacted by SMS"):
        send_claims.claim(
            lead,
            channel="sms",
            origin=OutboundSend.Origin.PERSON,
            origin_id="1",
            text="Fine.",
            user=texts.user,
        )
    assert send_claims.unreachable(lead, "email") == ""


def test_a_model_that_calls_it_an_opt_out_is_not_believed(texts):
    texts.sandbox.set_answer("Reading", {"tag": "Blacklist", "quote": "Stop texting me"})
    text(texts, ELSEWHERE)
    texts.work()
    assert not texts.lead().is_stopped and texts.lead().tag == "Neutral"


def test_a_text_that_is_perhaps_a_stop_pauses_texts_even_a_person_s_until_one_decides(texts, settings):
    settings.OPENAI_API_KEY = ""
    message = text(texts, "we had enough of texts")
    lead = texts.lead()
    assert (lead.suspected, lead.is_stopped) == ("opt_out", False)
    assert "stop texting" in send_claims.unreachable(lead, "sms")
    assert send_claims.unreachable(lead, "email") == ""
    with pytest.raises(send_claims.SendBlocked, match="stop texting"), transaction.atomic():
        send_claims.claim(
            lead, channel="sms", origin=OutboundSend.Origin.PERSON, origin_id="1", text="Hi", user=texts.user
        )

    tag_decisions.decide(message, is_it=False, user=texts.user)
    assert send_claims.unreachable(texts.lead(), "sms") == ""


@pytest.mark.parametrize("column", ["phone", "alternate_phones"])
def test_a_text_that_is_perhaps_a_stop_pauses_texts_to_every_lead_with_the_number(texts, settings, column):
    settings.OPENAI_API_KEY = ""
    message = text(texts, "we had enough of texts")
    number = message.lead.phone
    if column == "phone":  # the number of one lead is another number of the other
        Lead.objects.filter(pk=message.lead_id).update(phone="", alternate_phones=[number])
    same = {"phone": number} if column == "phone" else {"alternate_phones": [number]}
    colleague = factories.make_lead(texts.workspace, **same)
    stranger = factories.make_lead(texts.workspace, phone="+12125550199")
    abroad = factories.make_lead(factories.make_workspace("Elsewhere"), **same)

    assert "Another lead with this number" in send_claims.unreachable(colleague, "sms")
    assert send_claims.unreachable(colleague, "email") == ""
    assert [send_claims.unreachable(lead, "sms") for lead in (stranger, abroad)] == ["", ""]
    with pytest.raises(send_claims.SendBlocked, match="stop texting"), transaction.atomic():
        send_claims.claim(
            colleague,
            channel="sms",
            origin=OutboundSend.Origin.PERSON,
            origin_id="1",
            text="Hi",
            user=texts.user,
        )

    tag_decisions.decide(message, is_it=False, user=texts.user)
    assert send_claims.unreachable(colleague, "sms") == ""


def test_a_draft_that_waits_on_the_ended_channel_is_closed(texts):
    first = text(texts, "Sounds good, how much is it?")
    texts.work()
    text(texts, ELSEWHERE)
    assert texts.draft(first).status == Draft.Status.REJECTED


@pytest.mark.parametrize("opened_by", ["START", "a person"])
def test_an_ended_channel_is_opened_again(texts, opened_by):
    text(texts, ELSEWHERE)
    if opened_by == "START":
        text(texts, "START")
    else:
        texts.client.force_login(texts.user)
        lead = texts.lead()
        url = reverse("inbox:lead-allow", args=[texts.workspace.pk, lead.pk])
        assert (
            "Allow SMS again"
            in texts.client.get(
                reverse("inbox:conversation", args=[texts.workspace.pk, lead.pk])
            ).content.decode()
        )
        texts.client.post(url, {"channel": "sms"})
    assert texts.lead().refused_channels == []


def test_only_the_lead_s_workspace_opens_a_channel_again(texts):
    text(texts, ELSEWHERE)
    elsewhere = factories.make_member(factories.make_workspace("Elsewhere"))
    texts.client.force_login(elsewhere)
    url = reverse("inbox:lead-allow", args=[texts.workspace.pk, texts.lead().pk])
    assert texts.client.post(url, {"channel": "sms"}).status_code == 404
    assert texts.lead().refused_channels == ["sms"]


def test_an_ended_channel_goes_with_its_message_to_the_lead_that_the_provider_names(texts):
    """The lead that the text came to first keeps another text, and so stays."""
    text(texts, "Sounds good, how much is it?")
    message = text(texts, ELSEWHERE)
    other = factories.make_lead(texts.workspace)
    with transaction.atomic():
        rollup.move(message, rollup.locked(other))
    other.refresh_from_db()
    assert other.refused_channels == ["sms"] and not other.is_stopped


def answer_to(message: Message, user, text: str = "Fine.") -> OutboundSend:
    return send_claims.claim(
        message.lead,
        channel="email",
        origin="person",
        origin_id=str(message.pk),
        text=text,
        reply_to=message,
        user=user,
    )


def test_who_ends_one_address_goes_on_at_the_other_and_nobody_s_message_goes_to_that_one(world):
    campaign = factories.make_campaign(world.workspace)
    office = factories.make_lead(
        world.workspace, email="info@example.org", campaign=campaign, emailbison_lead_id="77"
    )
    asked = factories.make_message(office, "Who is this for?", from_address="info@example.org")
    copied = {"cc": [{"address": "info@example.org", "name": ""}, {"address": "jo@example.org", "name": ""}]}
    message = world.reply("Remove info@example.org, write to me here. What does it cost?")
    Message.objects.filter(pk=message.pk).update(recipients=copied)
    message.refresh_from_db()

    lead = message.lead
    assert not lead.is_stopped and lead.suspected == ""
    sent = answer_to(message, world.user).recipients
    assert [row["address"] for row in (*sent["to"], *sent["cc"])] == ["dana@example.org", "jo@example.org"]
    with (
        pytest.raises(send_claims.SendBlocked, match="asked not to be contacted at this address"),
        transaction.atomic(),
    ):
        answer_to(asked, world.user)
    stop = BackgroundJob.objects.get(kind="campaign.stop-emails", payload__lead_id=str(office.pk))
    assert stop.workspace_id == world.workspace.pk

    abroad = factories.make_lead(factories.make_workspace("Elsewhere"), email="info@example.org")
    theirs = factories.make_message(abroad, "Hello?", from_address="info@example.org")
    assert refused_addresses.reason(send_claims.addressed(abroad, "email", theirs), abroad) == ""


def test_the_composer_shows_and_offers_only_recipients_that_a_claim_accepts(world):
    office = factories.make_lead(world.workspace, email="info@example.org", phone="+12125550199")
    factories.make_message(office, "Who is this for?", from_address="info@example.org")
    message = world.reply("Remove info@example.org, write to me here. What does it cost?")
    copied = {"cc": [{"address": "info@example.org", "name": ""}, {"address": "jo@example.org", "name": ""}]}
    Message.objects.filter(pk=message.pk).update(recipients=copied)

    (way,) = channels.ways(message.lead, [])
    assert (way.to, [person.address for person in way.cc], way.shut) == (
        "dana@example.org",
        ["jo@example.org"],
        "",
    )
    by_email, by_text = channels.ways(Lead.objects.get(pk=office.pk), [])
    assert (by_email.channel, by_email.shut) == ("email", refused_addresses.REASON)
    assert by_text.shut != refused_addresses.REASON


def test_who_ends_their_main_address_is_answered_where_they_write_from(world):
    lead = factories.make_lead(world.workspace, email="old@example.org", emailbison_lead_id="78")
    before = factories.make_message(lead, "Sure.", from_address="old@example.org")
    message = factories.make_message(
        lead, "Drop my old address, write to me here.", from_address="new@example.org"
    )
    refused_addresses.end(message, ended(message.text, message.from_address))

    with (
        pytest.raises(send_claims.SendBlocked, match="asked not to be contacted at this address"),
        transaction.atomic(),
    ):
        answer_to(before, world.user)
    assert answer_to(message, world.user).recipients["to"][0]["address"] == "new@example.org"


def test_campaigns_of_a_lead_who_has_the_ended_address_as_another_one_are_stopped(world):
    campaign = factories.make_campaign(world.workspace)
    moved = factories.make_lead(
        world.workspace,
        email="new@example.org",
        alternate_emails=["old@example.org"],
        campaign=campaign,
        emailbison_lead_id="79",
    )
    world.reply("Remove old@example.org, write to me here. What does it cost?")
    assert BackgroundJob.objects.filter(kind="campaign.stop-emails", payload__lead_id=str(moved.pk)).exists()


def test_an_ended_address_that_cannot_be_kept_stops_its_campaigns_and_waits_for_a_person(world):
    """The workspace's key fits no configured one, so that no hash can be made."""
    campaign = factories.make_campaign(world.workspace)
    office = factories.make_lead(
        world.workspace, email="info@example.org", campaign=campaign, emailbison_lead_id="77"
    )
    with connection.cursor() as cursor:
        cursor.execute("UPDATE inbox_workspace SET erasure_key = 'not for any key'")
    message = world.reply("Remove info@example.org, write to me here. What does it cost?")

    assert BackgroundJob.objects.filter(kind="campaign.stop-emails", payload__lead_id=str(office.pk)).exists()
    message.refresh_from_db()
    assert message.suspected == "opt_out" and "Remove info@example.org" in message.suspected_words
    assert message.lead.suspected == "opt_out" and not message.lead.is_stopped


def test_a_message_whose_address_is_ended_during_its_countdown_does_not_go_out(world):
    campaign = factories.make_campaign(world.workspace)
    office = factories.make_lead(
        world.workspace, email="info@example.org", campaign=campaign, emailbison_lead_id="77"
    )
    message = factories.make_message(office, "Who is this for?", from_address="info@example.org")
    send = answer_to(message, world.user)
    world.reply("Remove info@example.org, write to me here. What does it cost?")
    assert send_claims.vetoed(send, office) == refused_addresses.REASON


def test_an_answer_waits_for_a_person_where_the_ended_address_is_the_one_they_write_from(world):
    message = world.reply("Delete dana@example.org and write to me directly at jo@example.org")
    with (
        pytest.raises(send_claims.SendBlocked, match="asked not to be contacted at this address"),
        transaction.atomic(),
    ):
        answer_to(message, world.user)
    assert not world.lead().is_stopped


def test_no_text_goes_to_a_number_that_was_ended(texts):
    message = text(texts, "Drop my old number +1 212 555 0199 and text me here.")
    office = factories.make_lead(texts.workspace, phone="+12125550199")
    for lead, shut in ((office, True), (message.lead, False)):
        why = refused_addresses.reason(send_claims.addressed(lead, "sms", None), lead)
        assert bool(why) is shut
    office.opted_in_at = message.sent_at + timedelta(minutes=1)
    assert refused_addresses.reason(send_claims.addressed(office, "sms", None), office) == ""


@pytest.mark.parametrize(
    ("ours", "answer", "stopped"),
    [
        ("Shall I stop texting you?", "Yes please", True),
        ("Is it okay if I keep texting you?", "no", True),
        ("Does Thursday at three work for you?", "Yes please", False),
        ("Shall I stop texting you?", "Yes please, Thursday at three is fine with me", False),
    ],
)
def test_a_bare_answer_by_text_is_read_with_our_last_text(texts, ours, answer, stopped):
    lead = text(texts, "How much is it for two doors?").lead
    for number, words in enumerate(("Shall I never write again?", ours)):
        factories.make_message(
            lead, words, channel="sms", direction="outbound", source="ghl_message", external_id=f"out-{number}",
            sent_at=timezone.now() - timedelta(minutes=9 - number),
        )  # fmt: skip
    other = factories.make_lead(texts.workspace, phone="+12125550199")
    factories.make_message(other, "Shall I stop texting you?", channel="sms", direction="outbound")
    message = text(texts, answer)
    assert texts.workspace.leads.get(pk=lead.pk).is_stopped is stopped
    assert rejudging.change_of(message) is None
