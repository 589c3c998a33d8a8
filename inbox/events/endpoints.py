"""Creates, changes, tests and deletes endpoints, switches failing ones off, and sends missed events again."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone

from inbox.health.notice_channels import tell_admins
from inbox.models import Event, Workspace, audit
from inbox.models.actor import Actor
from inbox.models.event import EVERY, EventType, add_test_event
from integrations.http.breaker import REFRESH_S, breakers
from integrations.http.hosts import RECEIVER, HostRefused, check_url
from integrations.models import CircuitBreaker, WebhookAttempt, WebhookEndpoint
from integrations.models.endpoint import new_secret
from jobs.context import JobContext
from jobs.enqueue import enqueue_about
from jobs.kinds import kind_name

TELL = kind_name("events.notice", __name__)
KIND = "endpoint"
MOST = 20
"""The maximum number of endpoints in a workspace. Each event adds a row for each endpoint."""
TOLD_AFTER, OFF_AFTER = timedelta(hours=1), timedelta(days=5)
"""How long an endpoint fails before owners and admins are notified, and before it is switched off."""
KEEP = timedelta(days=30)
"""How long events are stored."""
IS_OFF = "The endpoint is off. “Send missed events” (recover/) turns it on again."
Off, Outcome = WebhookEndpoint.Off, WebhookAttempt.Outcome


class EndpointRefused(ValueError):
    """The requested action is impossible. The exception's text says why, and what to do."""


def validate_url(url: str) -> None:
    """Raises ValidationError if events may not be sent to `url`. Its host is resolved only when events are sent."""
    try:
        check_url(RECEIVER, url)
    except HostRefused as refusal:
        raise ValidationError(str(refusal).partition(": ")[2].capitalize()) from None


def create(
    workspace: Workspace, actor: Actor | None, *, url: str, events: Sequence[str], include_text: bool
) -> WebhookEndpoint:
    """Creates an endpoint with a new secret. Raises EndpointRefused if the workspace already has MOST endpoints."""
    with transaction.atomic():
        Workspace.objects.select_for_update(no_key=True).get(pk=workspace.pk)
        if WebhookEndpoint.objects.filter(workspace=workspace).count() >= MOST:
            raise EndpointRefused(f"A workspace can have up to {MOST} endpoints. Delete one first.")
        endpoint = WebhookEndpoint.objects.create(
            workspace=workspace, url=url, events=list(events), include_text=include_text
        )
        audit.record(workspace.pk, actor, "webhook_endpoint.created", endpoint, **_wishes(endpoint))
    return endpoint


def change(endpoint: WebhookEndpoint, actor: Actor | None) -> None:
    """Saves the changed fields of `endpoint`. Events that already wait are sent to the new URL."""
    with transaction.atomic():
        endpoint.save(update_fields=["url", "events", "include_text", "updated_at"])
        audit.record(endpoint.workspace_id, actor, "webhook_endpoint.changed", endpoint, **_wishes(endpoint))


def _wishes(endpoint: WebhookEndpoint) -> dict[str, object]:
    host = urlsplit(endpoint.url).hostname
    return {"host": host, "events": endpoint.events, "include_text": endpoint.include_text}


def delete(endpoint: WebhookEndpoint, actor: Actor | None) -> None:
    """Deletes `endpoint` with its attempts. Its row is locked first, so that no event adds an attempt meanwhile."""
    with transaction.atomic():
        locked = WebhookEndpoint.objects.select_for_update().filter(pk=endpoint.pk).first()
        if locked is None:
            return
        audit.record(locked.workspace_id, actor, "webhook_endpoint.deleted", locked)
        CircuitBreaker.objects.filter(key=CircuitBreaker.key_of(RECEIVER, locked.pk)).delete()
        locked.delete()


def rotate(endpoint: WebhookEndpoint, actor: Actor | None) -> str:
    """Gives `endpoint` a new secret and returns it. For 24 hours, the previous secret signs events as well."""
    with transaction.atomic():
        locked = WebhookEndpoint.objects.select_for_update(no_key=True).get(pk=endpoint.pk)
        locked.previous_secret, locked.secret, locked.rotated_at = locked.secret, new_secret(), timezone.now()
        locked.save(update_fields=["previous_secret", "secret", "rotated_at", "updated_at"])
        audit.record(locked.workspace_id, actor, "webhook_endpoint.rotated", locked)
    return str(locked.secret)


def test(endpoint: WebhookEndpoint, actor: Actor | None) -> UUID:
    """Sends an event of the type "endpoint.test" to `endpoint`, even if it is paused, and returns the event's id.
    Raises EndpointRefused if the endpoint is off.
    """
    if endpoint.disabled_at is not None:
        raise EndpointRefused(IS_OFF)
    with transaction.atomic():
        event_id = add_test_event(endpoint)
        _end_pause(endpoint)
        audit.record(endpoint.workspace_id, actor, "webhook_endpoint.tested", endpoint)
    return event_id


def _end_pause(endpoint: WebhookEndpoint) -> None:
    was_open = breakers.look_again(RECEIVER, endpoint.workspace_id, endpoint.pk)
    # A worker that has not yet reread the breaker's state would pause the endpoint again, so events wait until then.
    until = Now() + timedelta(seconds=REFRESH_S) if was_open else None
    WebhookEndpoint.objects.filter(pk=endpoint.pk).update(held_until=until)


def resend(endpoint: WebhookEndpoint, actor: Actor | None, event_id: UUID) -> None:
    """Sends one event again. Raises EndpointRefused if the endpoint is off, or if the event still waits or is gone."""
    if endpoint.disabled_at is not None:
        raise EndpointRefused(IS_OFF)
    with transaction.atomic():
        if not _add_attempts(endpoint, Q(pk=event_id)):
            raise EndpointRefused("This event is already being sent, or is older than 30 days.")
        audit.record(endpoint.workspace_id, actor, "webhook_endpoint.resent", endpoint, event=str(event_id))


def recover(endpoint: WebhookEndpoint, actor: Actor | None, since: datetime | None = None) -> int:
    """Switches `endpoint` on if it is off, ends its pause, and sends all events since `since` (aware; by default the
    endpoint's creation) that did not reach it, unless they are older than KEEP. Attempts that wait for a later time
    become due now. Returns how many events will be sent.
    """
    earliest = max(since or endpoint.created_at, timezone.now() - KEEP)
    with transaction.atomic():
        rows = WebhookEndpoint.objects.filter(pk=endpoint.pk)
        waiting = WebhookAttempt.objects.filter(endpoint=endpoint, finished_at=None, token=None)
        if rows.exclude(disabled_at=None).update(
            disabled_at=None, disabled_for="", failing_since=None, told_at=None
        ):
            skipped = waiting.filter(event__created_at__lt=earliest)
            skipped.update(finished_at=Now(), outcome=Outcome.MISSED)
        _end_pause(endpoint)
        reached = WebhookAttempt.objects.filter(
            endpoint=endpoint, event=OuterRef("pk"), outcome=Outcome.DELIVERED
        )
        wanted = Q(type__in=EventType.values if EVERY in endpoint.events else endpoint.events)
        wanted &= Q(created_at__gte=earliest) & ~Q(type=EventType.ENDPOINT_TEST)
        count = waiting.count() + _add_attempts(endpoint, wanted & ~Q(Exists(reached)))
        waiting.filter(due_at__gt=Now()).update(due_at=Now())
        audit.record(endpoint.workspace_id, actor, "webhook_endpoint.recovered", endpoint, events=count)
    return count


def _add_attempts(endpoint: WebhookEndpoint, wanted: Q) -> int:
    """Adds an attempt for each event that matches `wanted` and has no unfinished attempt. Returns how many it added."""
    tries = WebhookAttempt.objects.filter(endpoint=endpoint, event=OuterRef("pk"))
    events = Event.objects.filter(
        wanted, ~Exists(tries.filter(finished_at=None)), workspace_id=endpoint.workspace_id
    )
    tried = Count("attempts", filter=Q(attempts__endpoint=endpoint))
    rows = [
        WebhookAttempt(
            endpoint=endpoint,
            event=event,
            stream=event.lead_id or event.data.get("accountId") or event.data["endpointId"],
            number=event.tried + 1,
        )
        for event in events.annotate(tried=tried).order_by("pk").iterator(chunk_size=1_000)
    ]
    return len(WebhookAttempt.objects.bulk_create(rows, batch_size=1_000, ignore_conflicts=True))


def disable(endpoint: WebhookEndpoint, reason: str) -> bool:
    """Switches `endpoint` off for `reason` (a value of Off), and notifies owners and admins. Its events then wait until
    `recover` is called. Returns False if the endpoint was already off.
    """
    with transaction.atomic():
        rows = WebhookEndpoint.objects.filter(pk=endpoint.pk, disabled_at=None)
        if not rows.update(disabled_at=Now(), disabled_for=reason):
            return False
        audit.record(endpoint.workspace_id, None, "webhook_endpoint.disabled", endpoint, reason=reason)
        _enqueue_notice(endpoint, "off")
    return True


def look_after_failing() -> dict[str, int]:
    """Switches off endpoints that failed for OFF_AFTER. Enqueues one notice for each that failed for TOLD_AFTER."""
    counts = {"told": 0, "disabled": 0}
    failing = WebhookEndpoint.objects.filter(disabled_at=None)
    for endpoint in failing.filter(failing_since__lt=Now() - OFF_AFTER):
        counts["disabled"] += disable(endpoint, Off.FAILED)
    for endpoint in failing.filter(failing_since__lt=Now() - TOLD_AFTER, told_at=None):
        with transaction.atomic():
            if failing.filter(pk=endpoint.pk, told_at=None).update(told_at=Now()):
                _enqueue_notice(endpoint, "failing")
                counts["told"] += 1
    return counts


def _enqueue_notice(endpoint: WebhookEndpoint, news: str) -> None:
    enqueue_about(TELL, endpoint, "endpoint_id", key=f"{endpoint.pk}:{news}:{timezone.now():%Y%m%d%H%M%S}")


def run_notice(ctx: JobContext) -> dict[str, str]:
    """Runs the job `events.notice`, which notifies owners and admins that an endpoint fails or is off."""
    endpoints = WebhookEndpoint.objects.select_related("workspace")
    endpoint = ctx.row(endpoints, "endpoint_id")
    host = urlsplit(endpoint.url).hostname or ""
    if endpoint.disabled_at is not None:
        line = (
            f"Events no longer go to {host}: {endpoint.get_disabled_for_display()}. They’re kept for 30 "
            "days. Fix the receiver, then send the missed events."
        )
    elif endpoint.failing_since is not None:
        off_at = timezone.localtime(endpoint.failing_since + OFF_AFTER)
        line = (
            f"Events aren’t reaching {host}. Holdfast retries for three days and turns the endpoint off on "
            f"{off_at.day} {off_at:%b} if nothing gets through."
        )
    else:
        return {"skipped": "working again"}
    where = settings.PUBLIC_URL + reverse("inbox:programs", args=[endpoint.workspace_id])
    return tell_admins(ctx, endpoint.workspace, KIND, f"{line}\n{where}", about=f"events for {host}")
