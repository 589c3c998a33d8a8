"""What every keyed webhook keeps to (docs/reference/addresses.md). A provider's class inherits it with its fixtures."""

import time
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from inbox.models import Lead, Message, WebhookDelivery
from inbox.webhooks.scrub import without_secrets
from integrations.events import MessageEvent, Person
from integrations.models import WebhookKey
from integrations.registry import keyed_sources
from integrations.spec import SampleReply
from jobs.models import BackgroundJob
from tests.recorded import payload
from tests.webhooks.posting import Poster, encoded

Verdict = WebhookDelivery.Verdict
NOT_JSON = b'{"event": '


class WebhookContract:
    """Inherit, set `source`, and override `valid` and `unsupported`."""

    source = ""
    makes_message = True
    heard_while_off = True
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
            *({name: poster.keys[self.source]} for name in keyed_sources()[self.source].secret_headers),
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
        new = WebhookKey.rotate(integration, overlap=timedelta(hours=1)).secret
        assert not WebhookKey.objects.exclude(integration=integration).exclude(expires_at=None).exists()

        def opens(key: str) -> bool:
            return poster.post_to(f"/api/webhooks/{self.source}/{key}/", body).status_code == 200

        for minutes, old_opens in ((0, True), (59, True), (61, False)):
            with time_machine.travel(timezone.now() + timedelta(minutes=minutes)):
                assert (opens(old), opens(new)) == (old_opens, True)

    def test_key_that_was_ended_at_once_is_refused(self, poster, body):
        WebhookKey.rotate(poster.integration(self.source), overlap=timedelta(0))
        assert poster.post(self.source, body).status_code == 401

    def test_use_of_a_key_is_noted(self, poster, body):
        poster.post(self.source, body)
        assert WebhookKey.objects.get(integration=poster.integration(self.source)).last_used_at

    @pytest.mark.parametrize(
        "bad",
        [
            NOT_JSON, b"", b"[]", b'"text"', b"null", b"7", b"\xff\xfe{}", b'{"a": 1e999}', b'{"a": NaN}',
            b"[" * 5_000 + b"]" * 5_000, b'{"a":' * 5_000 + b"1" + b"}" * 4_999, b"1" * 5_000, b"\x00",
        ],
        ids=lambda value: repr(value[:12]),
    )  # fmt: skip
    def test_malformed_body_is_answered_as_promised_and_kept(self, poster, bad):
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

    def test_what_leads_say_is_heard_while_the_account_is_switched_off(self, poster, body):
        poster.configure(self.source, enabled=False)
        answer = poster.post(self.source, body).json()
        assert answer.get("reason") == (None if self.heard_while_off else "account turned off")
        assert Message.objects.exists() == self.makes_message

    def test_get_with_the_key_lists_the_events(self, poster):
        response = poster.client.get(poster.path(self.source))
        assert response.status_code == 200 and response.json()["events"] == list(
            keyed_sources()[self.source].events
        )
        assert poster.client.get(f"/api/webhooks/{self.source}/{'x' * 43}/").status_code == 401

    @pytest.mark.parametrize("method", ["put", "patch", "delete"])
    def test_other_methods_are_not_allowed(self, poster, method):
        assert getattr(poster.client, method)(poster.path(self.source)).status_code == 405

    def test_the_sample_is_read_as_a_reply_in_no_campaign(self):
        source, now = keyed_sources()[self.source], timezone.now()
        if not source.sample:
            assert not self.makes_message or source.sample.why
            return
        person = Person("a@example.com", "+15555550123", "member-1", first_name="Ada", last_name="Rossi")
        reply = SampleReply("sample-1", person, "Re: hi", "Sounds useful.", "acc-1", now)
        event = source.parse(source.sample(reply), now)
        assert isinstance(event, MessageEvent)
        assert (event.direction, event.text, event.campaign) == ("inbound", reply.text, None)
        assert event.external_id in (reply.id, f"<{reply.id}@sample.invalid>", "")
        assert source.account_of(source.sample(reply)) in ("acc-1", "")

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


class SignedContract:
    """For addresses that a signature opens. Inherit, set `source`, and override what raises AssertionError.

    `timed`: whether the signature vouches for a time. Where it does not, the same bytes are good for ever, and the
    subclass says why that does no harm.
    """

    source = ""
    timed = True
    unusable_status = 400
    get_status = 405
    content_type = "application/json"

    def address(self, poster: Poster) -> str:
        """The address, with its trailing slash."""
        raise AssertionError("name the address")

    def valid(self, poster: Poster) -> bytes:
        """A body that is accepted for the workspace of `poster`."""
        raise AssertionError("name a fixture of this provider")

    def unsupported(self, poster: Poster) -> bytes:
        """A body of an event that we do not use."""
        raise AssertionError("name a fixture of this provider")

    def signed(self, raw: bytes, at: float | None = None) -> dict[str, str]:
        """The headers of the genuine sender; `at`: the time it vouches for, where it does."""
        raise AssertionError("sign as this provider does")

    def change_secret(self, poster: Poster, settings) -> None:
        """Let another secret than that of `signed` be in force."""
        raise AssertionError("change where the secret is kept")

    def post(self, poster: Poster, raw: bytes, path: str = "", **headers: str):
        headers["content_type"] = self.content_type
        return poster.post_to(path or self.address(poster), raw, **headers)

    @pytest.fixture
    def raw(self, poster):
        return self.valid(poster)

    def test_signed_event_is_accepted_and_kept_in_its_workspace(self, poster, raw):
        response = self.post(poster, raw, **self.signed(raw))
        assert (response.status_code, response.json()["deduped"]) == (200, False)
        delivery = WebhookDelivery.objects.get()
        assert (delivery.verdict, delivery.source) == (Verdict.ACCEPTED, self.source)
        assert delivery.workspace == poster.workspace and bytes(delivery.body) == without_secrets(raw, ())

    def test_duplicate_changes_nothing(self, poster, raw):
        for deduped in (False, True):
            assert self.post(poster, raw, **self.signed(raw)).json()["deduped"] is deduped
        assert WebhookDelivery.objects.filter(verdict=Verdict.ACCEPTED).count() == 1

    def test_address_works_without_the_trailing_slash(self, poster, raw):
        path = self.address(poster).rstrip("/")
        assert self.post(poster, raw, path, **self.signed(raw)).status_code == 200

    def test_missing_or_wrong_signature_is_unauthorized_and_leaves_no_row(self, poster, raw):
        wrong = {name: value[:-4] + value[-4:].swapcase() + "0" for name, value in self.signed(raw).items()}
        for headers in ({}, wrong, dict.fromkeys(wrong, ""), dict.fromkeys(wrong, "\u00e9")):
            response = self.post(poster, raw, **headers)
            assert (response.status_code, response.json()["error"]) == (401, "unauthorized")
        assert not WebhookDelivery.objects.exists()

    def test_signature_of_another_secret_is_unauthorized(self, poster, raw, settings):
        self.change_secret(poster, settings)
        assert self.post(poster, raw, **self.signed(raw)).status_code == 401
        assert not WebhookDelivery.objects.exists()

    def test_stale_signature_is_unauthorized_where_it_has_a_time_and_harmless_where_not(self, poster, raw):
        if self.timed:
            for seconds, status in ((-310, 401), (310, 401), (-290, 200)):
                headers = self.signed(raw, time.time() + seconds)
                assert self.post(poster, raw, **headers).status_code == status
        else:
            headers = self.signed(raw)
            self.post(poster, raw, **headers)
            with time_machine.travel(timezone.now() + timedelta(hours=2)):
                assert self.post(poster, raw, **headers).json()["deduped"] is True

    @pytest.mark.parametrize("bad", [NOT_JSON, b"", b"[]", b"\x00"], ids=repr)
    def test_malformed_body_is_answered_as_promised_and_kept(self, poster, bad):
        response = self.post(poster, bad, **self.signed(bad))
        assert (response.status_code, response.json()["error"]) == (self.unusable_status, "invalid_payload")
        delivery = WebhookDelivery.objects.get()
        assert delivery.verdict == Verdict.REJECTED and bytes(delivery.body) == bad and delivery.error_fields

    def test_unsupported_event_is_ignored_with_a_reason(self, poster):
        raw = self.unsupported(poster)
        answer = self.post(poster, raw, **self.signed(raw)).json()
        assert answer["ignored"] is True and answer["reason"]

    def test_event_of_another_workspace_is_stored_in_that_one_only(self, poster, other):
        raw = self.valid(other)
        assert self.post(other, raw, **self.signed(raw)).status_code == 200
        assert WebhookDelivery.objects.get().workspace == other.workspace
        assert not BackgroundJob.objects.filter(workspace=poster.workspace).exists()

    def test_get_tells_nothing(self, poster):
        assert poster.client.get(self.address(poster)).status_code == self.get_status


def recorded(provider: str, name: str):
    """A `valid` or `unsupported` that is a recorded payload."""
    return lambda *_: payload(provider, name)
