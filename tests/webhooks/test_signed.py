"""Addresses that a signature opens."""

import json
import time
from urllib.parse import quote

import pytest
from django.test import override_settings

from inbox.models import Lead, Message, WebhookDelivery
from inbox.replying import buttons
from integrations.models import Integration
from jobs.kinds import KINDS, JobKind
from jobs.models import BackgroundJob
from tests.factories import ago, lose_key, make_draft, make_integration, make_lead, make_message
from tests.recorded import payload
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


@pytest.fixture(autouse=True)
def _secrets(settings):
    settings.GHL_APP_PUBLIC_KEY = GHL_PUBLIC
    settings.CLAY_CALLBACK_SECRET = CLAY_SECRET
    settings.SLACK_SIGNING_SECRET = SLACK_SECRET


class TestGhlApp:
    PATH = "/api/webhooks/ghl/app/"

    @pytest.fixture
    def connected(self, poster):
        return poster.configure("ghl/sms", external_account_id="LocNorthwind01")

    def post(self, poster, body, path=PATH, **headers):
        raw = encoded(body)
        return poster.post_to(path, raw, **(headers or ghl_headers(raw)))

    def test_signed_message_lands_in_the_locations_workspace(self, poster, other, connected):
        answer = self.post(other, payload("ghl", "app_inbound_message")).json()
        assert answer["deduped"] is False
        assert Message.objects.get().workspace == poster.workspace
        assert self.post(other, payload("ghl", "app_inbound_message")).json()["deduped"] is True

    def test_outbound_message_is_ours(self, poster, connected):
        self.post(poster, payload("ghl", "app_outbound_message"))
        assert Message.objects.get().direction == "outbound"

    @pytest.mark.parametrize("path", [PATH.rstrip("/"), PATH])
    def test_missing_or_wrong_signature_is_unauthorized_and_leaves_no_row(self, poster, connected, path):
        body = payload("ghl", "app_inbound_message")
        for headers in ({"X-Other": "1"}, ghl_headers(b"another body"), {"X-WH-Signature": "x"}):
            assert self.post(poster, body, path, **headers).status_code == 401
        assert not WebhookDelivery.objects.exists()

    def test_unknown_location_is_kept_without_a_workspace(self, poster):
        answer = self.post(poster, payload("ghl", "app_inbound_message")).json()
        assert answer["ignored"] is True
        assert WebhookDelivery.objects.get().workspace is None and not Lead.objects.exists()

    def test_unusable_body_is_kept_for_an_operator(self, poster, connected):
        response = self.post(poster, {"type": "InboundMessage", "locationId": "LocNorthwind01"})
        assert response.status_code == 400
        assert WebhookDelivery.objects.get().workspace == poster.workspace

    def test_get_is_not_allowed(self, poster):
        assert poster.client.get(self.PATH).status_code == 405


class TestClay:
    PATH = "/api/webhooks/clay/"

    @pytest.fixture
    def lead(self, poster):
        return make_lead(poster.workspace)

    def test_secret_opens_and_our_lead_id_names_the_workspace(self, poster, lead):
        body = payload("clay", "phone_found") | {"leadId": str(lead.pk)}
        response = poster.post_to(self.PATH, body, **{"X-Clay-Signature": CLAY_SECRET})
        assert response.json()["leadId"] == str(lead.pk)
        assert WebhookDelivery.objects.get().workspace == poster.workspace
        lead.refresh_from_db()
        assert lead.phone == "+15555550123"

    @pytest.mark.parametrize("headers", [{}, {"X-Clay-Signature": "wrong"}])
    def test_without_the_secret_it_is_unauthorized(self, poster, lead, headers):
        body = payload("clay", "phone_found") | {"leadId": str(lead.pk)}
        assert poster.post_to(self.PATH, body, **headers).status_code == 401

    def test_workspaces_key_in_the_header_opens_its_workspace_only(self, poster, other, lead):
        body = payload("clay", "phone_found") | {"leadId": str(lead.pk)}
        own = poster.post_to(self.PATH, body, **{"X-Clay-Signature": poster.keys["clay"]})
        assert own.status_code == 200
        foreign = poster.post_to(self.PATH, body, **{"X-Clay-Signature": other.keys["clay"]})
        assert foreign.status_code == 400

    def test_unknown_lead_is_kept_without_a_workspace(self, poster):
        response = poster.post_to(
            self.PATH, payload("clay", "phone_found"), **{"X-Clay-Signature": CLAY_SECRET}
        )
        assert response.json()["ignored"] is True
        assert WebhookDelivery.objects.get().workspace is None

    def test_integrations_own_secret_is_asked_for_on_top_of_the_key(self, poster, lead):
        integration = poster.integration("clay")
        integration.credentials = {"callback_secret": "own secret"}
        integration.save()
        body = payload("clay", "phone_found") | {"leadId": str(lead.pk)}
        assert poster.post("clay", body).status_code == 401
        assert poster.post("clay", body, **{"X-Clay-Signature": "own secret"}).status_code == 200

    def test_a_secret_that_cannot_be_read_has_the_callback_come_again(self, poster, lead):
        integration = poster.configure("clay", credentials={"callback_secret": "own secret"})
        body = payload("clay", "phone_found") | {"leadId": str(lead.pk)}
        key = lose_key(integration)
        for headers in ({}, {"X-Clay-Signature": "own secret"}, {"X-Clay-Signature": "wrong"}):
            refused = poster.post("clay", body, **headers)
            assert (refused.status_code, refused["Retry-After"]) == (503, "30")
        assert not WebhookDelivery.objects.exists()
        with override_settings(FIELD_ENCRYPTION_KEYS=[key]):
            assert poster.post("clay", body, **{"X-Clay-Signature": "own secret"}).status_code == 200


class TestCalendly:
    @pytest.fixture
    def path(self, poster):
        integration = poster.integration("calendly")
        integration.credentials = {"signing_key": CALENDLY_KEY}
        integration.save()
        make_lead(poster.workspace, email="dana.reyes@reyesroofing.example.com")
        return f"/api/webhooks/calendly/{poster.workspace.pk}/"

    @pytest.fixture
    def raw(self):
        return encoded(payload("calendly", "invitee_created_nested"))

    def test_old_address_is_opened_by_its_signature(self, poster, path, raw):
        for address in (path, path.rstrip("/")):
            response = poster.post_to(address, raw, **calendly_headers(raw))
            assert response.status_code == 200 and response.json()["leadId"]

    def test_stale_forged_or_missing_signature_is_unauthorized(self, poster, path, raw):
        stale = calendly_headers(raw, at=time.time() - 400)
        for headers in ({}, stale, calendly_headers(raw, key="another"), calendly_headers(raw + b" ")):
            assert poster.post_to(path, raw, **headers).status_code == 401
            assert poster.post("calendly", raw, **headers).status_code == 401
        assert not WebhookDelivery.objects.exists()

    def test_keyed_address_needs_the_signature_too_once_a_key_is_known(self, poster, path, raw):
        assert poster.post("calendly", raw, **calendly_headers(raw)).status_code == 200

    def test_workspace_without_signing_key_has_no_old_address(self, other, path, raw):
        address = f"/api/webhooks/calendly/{other.workspace.pk}/"
        assert other.post_to(address, raw, **calendly_headers(raw)).status_code == 401

    def test_a_signing_key_that_cannot_be_read_has_the_event_come_again(self, poster, path, raw, settings):
        """The installation's own key is another one: it must not vouch instead."""
        lose_key(poster.integration("calendly"))
        settings.CALENDLY_WEBHOOK_SIGNING_KEY = "the installation's"
        for headers in ({}, calendly_headers(raw), calendly_headers(raw, key="the installation's")):
            for address in (path, poster.path("calendly")):
                refused = poster.post_to(address, raw, **headers)
                assert (refused.status_code, refused["Retry-After"]) == (503, "30")
        assert not WebhookDelivery.objects.exists()

    def test_an_account_that_cannot_be_read_does_not_refuse_anothers_event(self, poster, path, raw):
        lost = make_integration(poster.workspace, "calendly", external_account_id="b")
        Integration.objects.filter(pk=lost.pk).update(created_at=ago(days=1))
        lose_key(lost)
        assert poster.post_to(path, raw, **calendly_headers(raw)).status_code == 200

    def test_get_with_the_key_still_tests_the_address(self, poster, path):
        assert poster.client.get(poster.path("calendly")).status_code == 200


class TestSlack:
    PATH = "/api/webhooks/slack/interactions/"

    @pytest.fixture(autouse=True)
    def approve(self, monkeypatch):
        monkeypatch.setitem(buttons.ACTIONS, "approve_send", lambda ctx: None)
        monkeypatch.setitem(KINDS, buttons.JOB, KINDS.get(buttons.JOB) or JobKind(buttons.JOB, buttons.run))

    @pytest.fixture
    def draft(self, poster):
        return make_draft(make_message(make_lead(poster.workspace)))

    def press(self, draft, **value) -> bytes:
        body = payload("slack", "approve_send")
        ids = {"draftId": str(draft.pk), "leadId": str(draft.lead_id), "clientId": str(draft.workspace_id)}
        body["actions"][0]["value"] = json.dumps(ids | value)
        return b"payload=" + quote(json.dumps(body)).encode()

    def post(self, poster, raw, **headers):
        kind = "application/x-www-form-urlencoded"
        return poster.post_to(self.PATH, raw, content_type=kind, **(headers or slack_headers(raw)))

    def test_press_is_acknowledged_and_worked_in_a_job(self, poster, draft):
        response = self.post(poster, self.press(draft))
        assert (response.status_code, response.json()["ok"]) == (200, True)
        job = BackgroundJob.objects.get(kind=buttons.JOB)
        assert job.workspace == poster.workspace
        assert job.payload["draft_id"] == str(draft.pk) and job.payload["user_id"] == "U01"
        assert WebhookDelivery.objects.get().lead == draft.lead

    def test_press_delivered_twice_is_one_job(self, poster, draft):
        for deduped in (False, True):
            assert self.post(poster, self.press(draft)).json()["deduped"] is deduped
        assert BackgroundJob.objects.filter(kind=buttons.JOB).count() == 1

    def test_draft_of_another_workspace_than_the_button_names_does_nothing(self, poster, other, draft):
        answer = self.post(poster, self.press(draft, clientId=str(other.workspace.pk))).json()
        assert answer["ok"] is True and answer["ignored"] is True
        assert not BackgroundJob.objects.filter(kind=buttons.JOB).exists()

    @pytest.mark.parametrize(
        "value", [{"clientId": "x"}, {"clientId": 7}, {"draftId": None}, {"draftId": "x"}]
    )
    def test_button_with_broken_ids_does_nothing(self, poster, draft, value):
        assert self.post(poster, self.press(draft, **value)).json()["ignored"] is True

    def test_stale_forged_or_missing_signature_is_unauthorized(self, poster, draft):
        raw = self.press(draft)
        stale = slack_headers(raw, at=time.time() - 400)
        for headers in ({"X-Other": "1"}, stale, slack_headers(raw + b"x")):
            assert self.post(poster, raw, **headers).status_code == 401
        assert not WebhookDelivery.objects.exists()

    def test_unknown_button_and_link_button_do_nothing(self, poster):
        for name in ("regenerate_draft_fast", "view_dashboard"):
            raw = b"payload=" + quote(json.dumps(payload("slack", name))).encode()
            assert self.post(poster, raw).json()["ignored"] is True

    def test_missing_payload_is_refused_without_a_retry(self, poster):
        response = self.post(poster, b"other=1")
        assert response.status_code == 400 and response["X-Slack-No-Retry"] == "1"

    def test_url_check_is_echoed(self, poster):
        raw = b'{"type": "url_verification", "challenge": "abc"}'
        assert self.post(poster, raw).json() == {"challenge": "abc"}


def test_location_names_exactly_one_integration_at_the_app_address(poster, other):
    from django.db import IntegrityError, transaction

    poster.configure("ghl/sms", external_account_id="LocNorthwind01")
    with pytest.raises(IntegrityError), transaction.atomic():
        Integration.objects.filter(pk=other.integration("ghl/sms").pk).update(
            external_account_id="LocNorthwind01"
        )
