"""The contract, for every source."""

from inbox.models import Lead
from tests.factories import make_lead
from tests.recorded import payload, traffic
from tests.webhooks.cases import AccountContract, WebhookContract, recorded


def email(kind: str):
    return lambda *_: next(
        line.body
        for line in traffic()
        if line.source == "email" and line.workspace == "northwind" and line.expect in ("accepted", "ignored")
        and line.body["event"]["type"] == kind
    )  # fmt: skip


class TestEmail(AccountContract):
    source, account = "email", "42"
    valid = email("LEAD_REPLIED")
    unsupported = email("EMAIL_OPENED")


class TestGhlWorkflow(AccountContract):
    source, account = "ghl/sms", "LocNorthwind01"
    valid = recorded("ghl", "workflow_sms")
    unsupported = recorded("ghl", "workflow_sms_empty")


class TestGhlAppOverTheKeyedAddress(AccountContract):
    source, account = "ghl/sms", "LocNorthwind01"
    valid = recorded("ghl", "app_inbound_message")
    unsupported = recorded("ghl", "app_inbound_call")


class TestGhlAppointment(WebhookContract):
    source, makes_message = "ghl/sms", False
    unsupported = recorded("ghl", "app_contact_create")

    def valid(self, poster):
        body = payload("ghl", "app_appointment_create")
        contact_id = body["appointment"]["contactId"]
        Lead.objects.get_or_create(workspace=poster.workspace, ghl_contact_id=contact_id)
        return body


class TestGhlWorkflowAppointment(WebhookContract):
    source, makes_message = "ghl/sms", False
    unsupported = recorded("ghl", "workflow_sms_empty")

    def valid(self, poster):
        make_lead_once(poster.workspace, "dana.reyes@reyesroofing.example.com")
        return payload("ghl", "workflow_appointment")


class TestUnipile(AccountContract):
    source, account, unusable_status = "linkedin", "uni_acc_42", 200
    valid = recorded("unipile", "message_received_nested")
    unsupported = recorded("unipile", "message_reaction")


class TestUnipileFlat(WebhookContract):
    source, unusable_status = "linkedin", 200
    valid = recorded("unipile", "message_received_flat")
    unsupported = recorded("unipile", "message_reaction")


class TestUnipileRelation(WebhookContract):
    source, unusable_status, makes_message = "linkedin", 200, False
    valid = recorded("unipile", "new_relation_flat")
    unsupported = recorded("unipile", "message_reaction")


class TestUnipileStatus(WebhookContract):
    source, unusable_status, makes_message = "linkedin", 200, False
    valid = recorded("unipile", "account_status")
    unsupported = recorded("unipile", "message_reaction")


class TestSmartlead(WebhookContract):
    source = "smartlead"
    valid = recorded("smartlead", "email_reply")
    unsupported = recorded("smartlead", "email_open")

    def test_key_in_the_body_opens_too(self, poster, body):
        response = poster.post_to("/api/webhooks/smartlead/", body | {"secret_key": poster.keys["smartlead"]})
        assert response.status_code == 200


class TestInstantly(AccountContract):
    source, account, unusable_status = "instantly", "742523da-ef59-4b4b-8184-09f46de05d0c", 200
    valid = recorded("instantly", "reply_received_real_names")
    unsupported = recorded("instantly", "email_opened")


class TestClay(WebhookContract):
    source, makes_message = "clay", False
    test_unsupported_event_is_ignored_with_a_reason = None  # Clay sends nothing that we know and do not use

    def valid(self, poster):
        lead, _ = Lead.objects.get_or_create(workspace=poster.workspace, email="dana.reyes@example.com")
        return payload("clay", "phone_found") | {"leadId": str(lead.pk)}


class TestCalendly(WebhookContract):
    source, makes_message, unusable_status = "calendly", False, 200
    unsupported = recorded("calendly", "invitee_no_show_created")

    def valid(self, poster):
        body = payload("calendly", "invitee_created_nested")
        make_lead_once(poster.workspace, body["payload"]["invitee"]["email"])
        return body


def make_lead_once(workspace, email: str) -> Lead:
    return Lead.objects.filter(workspace=workspace, email=email).first() or make_lead(workspace, email=email)
