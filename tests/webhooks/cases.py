"""What every keyed webhook has to keep of the contract. A provider's test class inherits it and names its fixtures."""

from typing import Any

import pytest
from django.utils import timezone

from inbox.models import Lead, Message, WebhookDelivery
from integrations.models import WebhookKey
from integrations.registry import SOURCES
from jobs.models import BackgroundJob
from tests.recorded import payload
from tests.webhooks.posting import Poster, encoded

Verdict = WebhookDelivery.Verdict
NOT_JSON = b'{"event": '


class WebhookContract:
    """Inherit, set `source`, and override `valid` and `unsupported`."""

    source = ""
    makes_message = True
    unusable_status = 400

    def valid(self, poster: Poster) -> Any:
        """A body that is accepted."""
        raise AssertionError("name a fixture of this provider")

    def unsupported(self) -> Any:
        """A body of an event that we do not use."""
        raise AssertionError("name a fixture of this provider")

    @pytest.fixture
    def body(self, poster):
        return self.valid(poster)

    def delivery(self, response) -> WebhookDelivery:
        return WebhookDelivery.objects.get(pk=response.json()["deliveryId"])

    def test_valid_event_is_accepted_and_kept(self, poster, body):
        response = poster.post(self.source, body)
        assert response.status_code == 200, response.content
        answer = response.json()
        assert answer["success"] is True and answer["deduped"] is False
        assert bool(answer["messageId"]) == self.makes_message
        delivery = self.delivery(response)
        assert (delivery.verdict, delivery.workspace) == (Verdict.ACCEPTED, poster.workspace)
        assert delivery.source == self.source and delivery.event_type == answer["eventType"]
        assert bytes(delivery.body) and delivery.body_bytes == len(delivery.body)

    def test_duplicate_changes_nothing_and_names_the_first(self, poster, body):
        first = poster.post(self.source, body).json()
        counts = (Message.objects.count(), Lead.objects.count(), BackgroundJob.objects.count())
        answer = poster.post(self.source, body).json()
        assert answer["deduped"] is True
        assert (answer["messageId"], answer["leadId"]) == (first["messageId"], first["leadId"])
        assert (Message.objects.count(), Lead.objects.count(), BackgroundJob.objects.count()) == counts

    def test_key_in_a_header_opens_too(self, poster, body):
        path = f"/api/webhooks/{self.source}/"
        for headers in (
            {"Authorization": f"Bearer {poster.keys[self.source]}"},
            {"X-Webhook-Secret": poster.keys[self.source]},
            *({name: poster.keys[self.source]} for name in SOURCES[self.source].secret_headers),
        ):
            assert poster.post_to(path, body, **headers).status_code == 200

    def test_address_works_without_the_trailing_slash(self, poster, body):
        assert poster.post_to(poster.path(self.source).rstrip("/"), body).status_code == 200

    def test_missing_content_type_is_no_obstacle(self, poster, body):
        assert poster.post_to(poster.path(self.source), body, content_type="").status_code == 200

    @pytest.mark.parametrize("key", ["", "/" + "x" * 43, "/short"], ids=["none", "wrong", "short"])
    def test_missing_or_wrong_key_is_unauthorized_and_leaves_no_row(self, poster, body, key):
        response = poster.post_to(f"/api/webhooks/{self.source}{key}/", body)
        assert (response.status_code, response.json()) == (401, {"success": False, "error": "unauthorized"})
        assert not WebhookDelivery.objects.exists()

    def test_key_of_another_source_does_not_open(self, poster, body):
        foreign = next(key for name, key in poster.keys.items() if name != self.source)
        assert poster.post_to(f"/api/webhooks/{self.source}/{foreign}/", body).status_code == 401

    def test_key_of_another_workspace_stores_in_that_workspace_only(self, poster, other):
        other.post(self.source, self.valid(other))
        assert not Message.objects.filter(workspace=poster.workspace).exists()
        assert not WebhookDelivery.objects.filter(workspace=poster.workspace).exists()

    def test_rotated_key_works_during_the_overlap_and_not_after(self, poster, body):
        integration = poster.integration(self.source)
        old = poster.keys[self.source]
        new = WebhookKey.rotate(integration, overlap=timezone.timedelta(hours=1)).secret
        for key in (old, new):
            assert poster.post_to(f"/api/webhooks/{self.source}/{key}/", body).status_code == 200
        WebhookKey.rotate(integration, overlap=timezone.timedelta(0))
        for key in (old, new):
            assert poster.post_to(f"/api/webhooks/{self.source}/{key}/", body).status_code == 401

    def test_use_of_a_key_is_noted(self, poster, body):
        poster.post(self.source, body)
        assert WebhookKey.objects.get(integration=poster.integration(self.source)).last_used_at

    @pytest.mark.parametrize(
        "bad",
        [
            NOT_JSON, b"", b"[]", b'"text"', b"null", b"7", b"\xff\xfe{}", b'{"a": 1e999}', b'{"a": NaN}',
            b"[" * 5_000 + b"]" * 5_000, b'{"a":' * 5_000 + b"1" + b"}" * 5_000, b"1" * 5_000, b"\x00",
        ],
        ids=lambda value: repr(value[:12]),
    )  # fmt: skip
    def test_malformed_body_is_answered_by_the_contract_and_kept(self, poster, bad):
        response = poster.post(self.source, bad)
        answer = response.json()
        assert (response.status_code, answer["error"]) == (self.unusable_status, "invalid_payload")
        assert answer.get("quarantined", False) is (self.unusable_status == 200)
        delivery = self.delivery(response)
        assert delivery.verdict == Verdict.REJECTED and bytes(delivery.body) == bad and delivery.error_fields

    def test_nul_and_lone_surrogates_are_stripped_and_the_event_kept(self, poster, body):
        text = encoded(body).replace(b'"', b'"\\u0000\\ud800', 1)
        assert poster.post(self.source, text).status_code == 200

    def test_body_over_one_mebibyte_is_refused(self, poster, body):
        big = encoded(body)[:-1] + b', "filler": "' + b"x" * (1024 * 1024) + b'"}'
        response = poster.post(self.source, big)
        assert (response.status_code, response.json()["error"]) == (413, "payload_too_large")

    def test_unsupported_event_is_ignored_with_a_reason(self, poster):
        answer = poster.post(self.source, self.unsupported()).json()
        assert answer["success"] is True and answer["ignored"] is True and answer["reason"]
        assert WebhookDelivery.objects.get().verdict == Verdict.IGNORED

    def test_switched_off_integration_ignores(self, poster, body):
        poster.configure(self.source, enabled=False)
        answer = poster.post(self.source, body).json()
        assert (answer["ignored"], answer["reason"]) == (True, "integration switched off")
        assert not Message.objects.exists()

    def test_get_with_the_key_lists_the_events(self, poster):
        response = poster.client.get(poster.path(self.source))
        assert response.status_code == 200 and response.json()["events"] == list(SOURCES[self.source].events)
        assert poster.client.get(f"/api/webhooks/{self.source}/{'x' * 43}/").status_code == 401

    @pytest.mark.parametrize("method", ["put", "patch", "delete"])
    def test_other_methods_are_not_allowed(self, poster, method):
        assert getattr(poster.client, method)(poster.path(self.source)).status_code == 405

    def test_secrets_are_not_kept_in_the_ledger(self, poster, body):
        path = f"/api/webhooks/{self.source}/"
        response = poster.post_to(path, body, Authorization=f"Bearer {poster.keys[self.source]}")
        assert poster.keys[self.source] not in str(self.delivery(response).headers)


class AccountContract(WebhookContract):
    """For providers whose bodies name the account they come from."""

    account = ""

    def test_body_of_another_account_is_a_mismatch(self, poster, body):
        poster.configure(self.source, external_account_id="another-account")
        response = poster.post(self.source, body)
        assert (response.status_code, response.json()["error"]) == (403, "workspace_mismatch")
        assert self.delivery(response).verdict == Verdict.MISMATCH
        assert not Message.objects.exists() and not Lead.objects.exists()

    def test_body_of_the_configured_account_is_accepted(self, poster, body):
        poster.configure(self.source, external_account_id=self.account)
        assert poster.post(self.source, body).json()["deduped"] is False


def recorded(provider: str, name: str):
    """A `valid` or `unsupported` that is a recorded payload."""
    return lambda *_: payload(provider, name)
