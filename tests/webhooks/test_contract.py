"""What is promised (docs/reference/addresses.md), for every source and every address."""

import hashlib
import hmac
import json
from urllib.parse import quote

import pytest

from inbox.models import Lead
from inbox.replying import buttons
from inbox.webhooks.urls import urlpatterns
from integrations.registry import keyed_sources
from jobs.kinds import KINDS, JobKind
from tests.factories import make_draft, make_lead, make_message
from tests.recorded import brings_its_own_tests, payload, traffic
from tests.webhooks.cases import AccountContract, SignedContract, WebhookContract, recorded
from tests.webhooks.posting import (
    CALENDLY_KEY,
    CLAY_SECRET,
    GHL_PUBLIC,
    SLACK_SECRET,
    calendly_headers,
    encoded,
    ghl_headers,
    slack_headers,
)


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
    source, unusable_status, makes_message, heard_while_off = "linkedin", 200, False, False
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
    unsupported = recorded("calendly", "routing_form_submission_created")

    def valid(self, poster):
        body = payload("calendly", "invitee_created_nested")
        make_lead_once(poster.workspace, body["payload"]["invitee"]["email"])
        return body


def make_lead_once(workspace, email: str) -> Lead:
    return Lead.objects.filter(workspace=workspace, email=email).first() or make_lead(workspace, email=email)


class TestGhlAppSigned(SignedContract):
    """No time in the signature: GHL repeats a delivery for over an hour with the same bytes and signature. A body sent
    twice is known by its message id."""

    source, timed = "ghl/app", False
    signed = staticmethod(lambda raw, at=None: ghl_headers(raw))

    @pytest.fixture(autouse=True)
    def _secret(self, settings):
        settings.GHL_APP_PUBLIC_KEY = GHL_PUBLIC

    def change_secret(self, poster, settings):
        settings.GHL_APP_PUBLIC_KEY = "A" * 43 + "="

    def address(self, poster):
        return "/api/webhooks/ghl/app/"

    def valid(self, poster):
        return self.of(poster, "app_inbound_message")

    def unsupported(self, poster):
        return self.of(poster, "app_inbound_call")

    def of(self, poster, name: str) -> bytes:
        location = f"Loc{poster.workspace.name}"
        poster.configure("ghl/sms", external_account_id=location)
        return encoded(payload("ghl", name) | {"locationId": location})


class TestSlackSigned(SignedContract):
    """Slack signs a time; five minutes off is stale."""

    source, content_type = "slack/interactions", "application/x-www-form-urlencoded"
    signed = staticmethod(lambda raw, at=None: slack_headers(raw, at=at))

    @pytest.fixture(autouse=True)
    def _secret(self, settings, monkeypatch):
        settings.SLACK_SIGNING_SECRET = SLACK_SECRET
        monkeypatch.setitem(KINDS, buttons.JOB, KINDS.get(buttons.JOB) or JobKind(buttons.JOB, buttons.run))

    def change_secret(self, poster, settings):
        settings.SLACK_SIGNING_SECRET = "another"

    def address(self, poster):
        return "/api/webhooks/slack/interactions/"

    def valid(self, poster):
        draft = make_draft(make_message(make_lead(poster.workspace)))
        ids = {"draftId": str(draft.pk), "leadId": str(draft.lead_id), "clientId": str(draft.workspace_id)}
        body = payload("slack", "approve_send")
        body["actions"][0]["value"] = json.dumps(ids)
        return b"payload=" + quote(json.dumps(body)).encode()

    def unsupported(self, poster):
        return b"payload=" + quote(json.dumps(payload("slack", "view_dashboard"))).encode()


class TestCalendlySigned(SignedContract):
    """Calendly signs a time, anew at every attempt; five minutes off is stale."""

    source, unusable_status = "calendly", 200
    signed = staticmethod(lambda raw, at=None: calendly_headers(raw, at=at))

    def address(self, poster):
        self.change_secret(poster, None, CALENDLY_KEY)
        return f"/api/webhooks/calendly/{poster.workspace.pk}/"

    def change_secret(self, poster, settings, key="another"):
        integration = poster.integration("calendly")
        if not integration.credentials or key != CALENDLY_KEY:
            integration.credentials = {"signing_key": key}
            integration.save()

    def valid(self, poster):
        body = payload("calendly", "invitee_created_nested")
        make_lead_once(poster.workspace, body["payload"]["invitee"]["email"])
        return encoded(body)

    def unsupported(self, poster):
        return encoded(payload("calendly", "routing_form_submission_created"))


class TestCalendlySignedOverTheKeyedAddress(TestCalendlySigned):
    """A workspace that has told us its signing key gets nothing in by its webhook key alone."""

    get_status = 200

    def address(self, poster):
        super().address(poster)
        return poster.path("calendly")


class TestClaySigned(SignedContract):
    """Clay sends the shared secret itself and signs no time. A callback sent twice says the same of the same lead, and
    a known value is never overwritten."""

    source, timed, get_status = "clay", False, 401
    test_unsupported_event_is_ignored_with_a_reason = None  # as in TestClay
    hmac = False

    @pytest.fixture(autouse=True)
    def _secret(self, settings):
        settings.CLAY_CALLBACK_SECRET, settings.CLAY_CALLBACK_USE_HMAC = CLAY_SECRET, self.hmac

    def signed(self, raw, at=None):
        return {"X-Clay-Signature": CLAY_SECRET}

    def change_secret(self, poster, settings):
        settings.CLAY_CALLBACK_SECRET = "another"

    def address(self, poster):
        return "/api/webhooks/clay/"

    def valid(self, poster):
        return encoded(payload("clay", "phone_found") | {"leadId": str(make_lead(poster.workspace).pk)})


class TestClaySignedByHmac(TestClaySigned):
    """As above, with the body signed; the signature covers the body and no time."""

    hmac = True

    def signed(self, raw, at=None):
        return {"X-Clay-Signature": hmac.new(CLAY_SECRET.encode(), raw, hashlib.sha256).hexdigest()}

    def test_bare_secret_is_unauthorized(self, poster, raw):
        assert self.post(poster, raw, **{"X-Clay-Signature": CLAY_SECRET}).status_code == 401


def test_every_address_has_its_contract():
    def sources(case) -> set[str]:
        return {case.source}.union(*(sources(one) for one in case.__subclasses__())) - {""}

    # A provider that brings its own tests inherits the contract there.
    elsewhere = {name for name, one in keyed_sources().items() if brings_its_own_tests(one.provider)}
    assert sources(WebhookContract) >= set(keyed_sources()) - elsewhere
    signed = {"webhook-ghl-app": "ghl/app", "webhook-slack": "slack/interactions", "webhook-clay": "clay"}
    signed["webhook-calendly-workspace"] = "calendly"
    keyed = {f"webhook-{name.replace('/', '-')}{end}" for name in keyed_sources() for end in ("", "-key")}
    assert sources(SignedContract) == set(signed.values())
    assert {pattern.name for pattern in urlpatterns if pattern.name} == keyed | set(signed)
