"""A sender's or a lead's address field may hold a name too: whoever it names is known by the address."""

import json

import pytest

from inbox.intake import texts
from inbox.models import Lead, Message
from tests.factories import make_lead
from tests.recorded import payload

ADA, FIELD = "ada@lindqvist.example", '"Ada Lindqvist" <Ada@lindqvist.example>'
US = "Tom Ford <tom@circle.copperfield.example.org>"


def emailbison(kind: str, *, lead: dict | None = None, **reply) -> dict:
    mail = {"id": 880_031, "from_email_address": FIELD, "text_body": "Sure, Thursday?"} | reply
    sender = {"id": 311, "email": US}
    return {
        "event": {"type": kind, "workspace_id": 42},
        "data": {"lead": lead, "reply": mail, "sender_email": sender},
    }


def smartlead(**fields) -> dict:
    body = payload("smartlead", "email_reply") | {"sl_lead_name": None, "lead_correspondence": {}}
    return body | {"sl_lead_email": FIELD, "from_email": FIELD, "to_email": US} | fields


def untracked() -> dict:
    return payload("smartlead", "untracked_replies") | {"sender_detail": FIELD, "recipient_detail": US}


def instantly() -> dict:
    body = payload("instantly", "reply_received") | {"contact_email": FIELD, "email_account": US}
    return body | {"contact_name": None}


BODIES = {
    "EmailBison, untracked": ("email", emailbison("UNTRACKED_REPLY_RECEIVED")),
    "EmailBison": ("email", emailbison("LEAD_REPLIED", lead={"id": 55_120, "email": FIELD})),
    "SmartLead": ("smartlead", smartlead()),
    "SmartLead, colleague": ("smartlead", smartlead(lead_correspondence={"replyReceivedFrom": FIELD})),
    "SmartLead, untracked": ("smartlead", untracked()),
    "Instantly": ("instantly", instantly()),
}


@pytest.mark.parametrize(("source", "body"), BODIES.values(), ids=BODIES)
def test_reply_with_a_name_in_its_address_fields_is_the_leads(poster, source, body):
    known = make_lead(poster.workspace, email=ADA, first_name="", last_name="")
    answer = poster.post(source, body).json()
    assert answer.get("deduped") is False, answer
    message, lead = Message.objects.get(), Lead.objects.get()
    assert (lead.pk, lead.email, lead.alternate_emails, lead.current_replier_email) == (known.pk, ADA, [], "")
    assert (lead.first_name, lead.last_name) == ("Ada", "Lindqvist")
    assert (message.from_address.lower(), message.from_name) == (ADA, "Ada Lindqvist")
    assert message.account_address == "tom@circle.copperfield.example.org"


def test_names_beside_the_address_count_before_those_within_it(poster):
    lead = {"id": 55_120, "email": FIELD, "first_name": "Augusta", "last_name": "King"}
    poster.post("email", emailbison("LEAD_REPLIED", lead=lead, from_name="Augusta King"))
    assert str(Lead.objects.get()) == Message.objects.get().from_name == "Augusta King"


def test_contact_of_a_text_with_a_name_in_its_address_is_the_lead(poster):
    known = make_lead(poster.workspace, email=ADA)
    body = payload("ghl", "workflow_sms") | {"email": FIELD, "phone": None}
    assert poster.post("ghl/sms", body).json()["leadId"] == str(known.pk)


def test_recipients_are_addresses_and_names(poster):
    to = [{"address": '"Moreno, Alex" <alex@outreach.example.com>', "name": None}]
    cc = [{"address": "Bo <bo@x.example>, cy@x.example", "name": None}]
    poster.post("email", emailbison("UNTRACKED_REPLY_RECEIVED", to=to, cc=cc))
    assert Message.objects.get().recipients == {
        "to": [{"address": "alex@outreach.example.com", "name": "Moreno, Alex"}],
        "cc": [{"address": "bo@x.example", "name": "Bo"}, {"address": "cy@x.example", "name": ""}],
    }


@pytest.mark.parametrize("copied", [None, "", f"{FIELD}, bo@x.example", [FIELD, None, "bo@x.example"], {}])
def test_copied_addresses_in_any_form_are_no_reason_to_refuse(poster, copied):
    assert poster.post("smartlead", smartlead(cc_emails=copied)).json()["deduped"] is False
    kept = [one["address"].lower() for one in Message.objects.get().recipients.get("cc", [])]
    assert kept == ([ADA, "bo@x.example"] if copied else [])


@pytest.mark.parametrize("field", ["Ada Lindqvist", "<>", "undisclosed-recipients:;"])
def test_sender_without_an_address_is_refused_by_name(poster, field):
    answer = poster.post("email", emailbison("UNTRACKED_REPLY_RECEIVED", from_email_address=field))
    assert (answer.status_code, list(answer.json()["fields"])) == (400, ["email"])


def test_reply_that_was_stored_with_the_name_in_its_sender_is_known_again(poster):
    body = emailbison("LEAD_REPLIED", lead={"id": 55_120, "email": ADA})
    first = poster.post("email", body).json()
    # As the release before has stored it.
    Message.objects.update(from_address=FIELD, content_hash=texts.hash_of(FIELD, "Sure, Thursday?"))
    again = poster.post("email", body).json()
    assert (again["deduped"], again["messageId"]) == (True, first["messageId"])
    assert Message.objects.count() == 1


def test_another_text_under_an_id_is_kept_though_its_sender_was_stored_with_a_name(poster):
    poster.post("email", emailbison("LEAD_REPLIED", lead={"id": 55_120, "email": ADA}))
    Message.objects.update(from_address=FIELD, content_hash=texts.hash_of(FIELD, "Sure, Thursday?"))
    poster.post(
        "email", emailbison("LEAD_REPLIED", lead={"id": 55_120, "email": ADA}, text_body="Or Friday.")
    )
    assert Message.objects.filter(id_reused=True).count() == 1


@pytest.mark.parametrize("depth", [70, 300, 900, 20_000])
def test_unknown_field_nested_deep_is_no_reason_to_refuse(poster, depth):
    body = json.dumps(emailbison("UNTRACKED_REPLY_RECEIVED"))
    deep = '{"a":[' * depth + "1" + "]}" * depth
    answer = poster.post("email", f'{{"extra": {deep}, {body[1:]}'.encode())
    assert answer.json()["deduped"] is False, answer.content
    assert Lead.objects.get().email == ADA
