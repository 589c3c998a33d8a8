"""Whose message is it: exact identities, the e-mail before the phone, and no two people made one on a partial match."""

import pytest
from django.db import transaction

from inbox.leads import identity
from inbox.models import Lead, Message
from integrations.events import Person
from tests.factories import make_lead

PHONE = "+15555550123"
PROFILE = "https://www.linkedin.com/in/dana-reyes"


@pytest.fixture
def text(poster):
    """Posts a text of a GHL contact; returns its lead."""

    def post(contact: str, words: str = "yes", **fields) -> Lead:
        body = {"contact_id": contact, "location": {"id": "Loc1"}, "message": {"type": 2, "body": words}}
        answer = poster.post("ghl/sms", body | fields).json()
        return Message.objects.get(pk=answer["messageId"]).lead

    return post


@pytest.fixture
def mail(poster):
    """Posts a tracked reply; returns its lead."""

    def post(lead_id: int, email: str, **reply) -> Lead:
        fields = {"id": lead_id, "from_email_address": email, "text_body": "Sure, call me"} | reply
        data = {"lead": {"id": lead_id, "email": email}, "reply": fields}
        answer = poster.post("email", {"event": {"type": "LEAD_REPLIED"}, "data": data}).json()
        return Message.objects.get(pk=answer["messageId"]).lead

    return post


def test_email_of_one_and_phone_of_another_the_email_wins_and_both_are_flagged(text, poster):
    by_mail = make_lead(poster.workspace, email="dana@example.com", phone="")
    by_phone = make_lead(poster.workspace, email="", phone=PHONE)
    assert text("contact-1", email="Dana@Example.com", phone=PHONE) == by_mail
    for lead in (by_mail, by_phone):
        lead.refresh_from_db()
        assert lead.identity_conflict
    assert (by_mail.ghl_contact_id, by_mail.phone, by_phone.phone) == ("contact-1", "", PHONE)


def test_fields_are_filled_and_never_overwritten(text, poster):
    lead = make_lead(poster.workspace, email="dana@example.com", phone="", first_name="Dana", company="")
    text("contact-1", email="dana@example.com", phone=PHONE, first_name="D.", company_name="Reyes Roofing")
    lead.refresh_from_db()
    assert (lead.first_name, lead.company, lead.phone) == ("Dana", "Reyes Roofing", PHONE)
    text("contact-2", "later", email="dana@example.com", phone="+15555550199")
    lead.refresh_from_db()
    assert (lead.phone, lead.ghl_contact_id) == (PHONE, "contact-1")


@pytest.mark.parametrize("phone", ["+155555501230", "5550123", "555-0123"])
def test_part_of_a_phone_number_is_nobody(text, poster, phone):
    known = make_lead(poster.workspace, email="", phone=PHONE)
    assert text("contact-1", phone=phone) != known


def test_phone_in_any_spelling_is_the_same_phone(text, poster):
    known = make_lead(poster.workspace, email="dana@example.com", phone=PHONE)
    assert text("contact-1", phone="(555) 555-0123") == known


def test_people_who_share_a_phone_stay_two_and_are_flagged(text):
    one = text("contact-1", email="dana@example.com", phone=PHONE)
    other = text("contact-2", email="sam@example.com", phone=PHONE)
    one.refresh_from_db()
    assert one != other and one.identity_conflict and other.identity_conflict
    assert (one.phone, other.phone) == (PHONE, "")


def test_a_text_from_another_number_of_theirs_is_the_leads_and_its_stop_stops_all(text, poster):
    """GoHighLevel has a contact for each number."""
    known = make_lead(
        poster.workspace, email="dana@example.com", phone="+15555550100", ghl_contact_id="contact-1",
        alternate_phones=[PHONE],
    )  # fmt: skip
    assert text("contact-2", phone="(555) 555-0123") == known
    assert text("contact-2", "again", phone=PHONE, email="dana@example.com") == known
    assert text("contact-3", phone=PHONE, email="bo@example.com") != known  # somebody who shares it
    assert text("contact-2", "STOP", phone=PHONE) == known
    known.refresh_from_db()
    assert (known.phone, known.ghl_contact_id) == ("+15555550100", "contact-1") and known.opted_out_at


def listed(workspace, contact: str) -> Lead:
    """The lead of a text that GoHighLevel lists, which names the contact alone."""
    with transaction.atomic():
        return identity.find_or_create(workspace, Person(ghl_contact_id=contact), "ghl").lead


@pytest.mark.parametrize("first", ["live", "listed"])
def test_a_listed_text_of_another_contact_of_theirs_is_the_leads_too(text, poster, first):
    known = make_lead(
        poster.workspace, email="", phone="+15555550100", ghl_contact_id="contact-1", alternate_phones=[PHONE]
    )
    if first == "listed":  # nothing tells yet whose contact this is
        assert listed(poster.workspace, "contact-2") != known
    assert text("contact-2", phone=PHONE) == listed(poster.workspace, "contact-2") == known
    assert text("contact-2", "STOP", phone=PHONE) == known
    known.refresh_from_db()
    assert known.opted_out_at and known.alternate_contacts == ["contact-2"] and not known.identity_conflict
    assert (known.phone, known.ghl_contact_id) == ("+15555550100", "contact-1")
    assert Lead.objects.count() == 1


@pytest.mark.parametrize("first", ["live", "listed"])
def test_a_text_from_another_number_does_not_send_ours_there(text, poster, first):
    known = make_lead(poster.workspace, email="", phone="+15555550100", alternate_phones=[PHONE])
    if first == "listed":
        listed(poster.workspace, "contact-2")
    assert text("contact-2", phone=PHONE) == listed(poster.workspace, "contact-2") == known
    known.refresh_from_db()
    assert (known.phone, known.ghl_contact_id, known.alternate_contacts) == (
        "+15555550100", "", ["contact-2"]
    )  # fmt: skip


def test_another_number_of_one_lead_does_not_become_anothers(text, poster):
    known = make_lead(poster.workspace, email="dana@example.com", alternate_phones=[PHONE])
    sharing = text("contact-3", phone=PHONE, email="bo@example.com")
    assert (sharing.phone, sharing.ghl_contact_id) == ("", "contact-3")
    assert text("contact-4", phone=PHONE) == known


def test_link_to_a_profile_in_anothers_contact_does_not_make_them_one(text):
    ours = {"customData": {"Sender": PROFILE}}
    one, other = text("contact-1", **ours), text("contact-2", **ours)
    assert one != other and other.linkedin_url == ""


def test_leads_that_only_the_order_made_two_are_joined(text, mail):
    by_text = text("contact-1", phone=PHONE)
    by_mail = mail(7, "dana@example.com")
    assert text("contact-1", "later", email="dana@example.com", phone=PHONE) == by_mail
    lead = Lead.objects.get()
    assert by_text != by_mail and (lead.phone, lead.email) == (PHONE, "dana@example.com")
    assert Message.objects.filter(lead=lead).count() == 3 and not lead.identity_conflict


def test_a_partial_match_is_flagged_and_not_joined(text, mail, poster):
    """The event does not say all that is known of either: a profile here, a lead of EmailBison there."""
    by_mail = mail(7, "dana@example.com")
    by_text = make_lead(poster.workspace, email="", ghl_contact_id="contact-1", linkedin_url=PROFILE)
    assert text("contact-1", email="dana@example.com") == by_text
    assert Lead.objects.filter(identity_conflict=True).count() == Lead.objects.count() == 2
    by_mail.refresh_from_db()
    assert by_mail.ghl_contact_id == ""


def test_an_assistants_address_joins_nobody_to_the_boss(text, mail):
    boss = mail(7, "dana@example.com", from_email_address="assistant@example.com", from_name="Ada")
    boss.refresh_from_db()
    assert boss.alternate_emails == ["assistant@example.com"]
    assistant = text("contact-9", phone=PHONE)
    text("contact-9", "later", email="assistant@example.com", phone=PHONE)
    assert Lead.objects.filter(pk__in=[boss.pk, assistant.pk]).count() == 2
    boss.refresh_from_db()
    assert boss.phone == "" and boss.identity_conflict


def test_who_answers_for_the_lead_is_recorded_until_the_lead_writes_again(mail):
    lead = mail(7, "dana@example.com", from_email_address="ada@example.com", from_name="Ada Park")
    assert (lead.current_replier_email, lead.current_replier_name) == ("ada@example.com", "Ada Park")
    assert lead.current_replier_since and lead.alternate_emails == ["ada@example.com"]
    lead = mail(7, "dana@example.com", id=8)
    assert lead.current_replier_email == "" and lead.alternate_emails == ["ada@example.com"]


def test_same_ids_in_another_workspace_are_other_people(text, other):
    mine = text("contact-1", phone=PHONE)
    body = {"contact_id": "contact-1", "location": {"id": "Loc1"}, "message": {"type": 2, "body": "yes"}}
    answer = other.post("ghl/sms", body | {"phone": PHONE}).json()
    assert answer["leadId"] != str(mine.pk)
