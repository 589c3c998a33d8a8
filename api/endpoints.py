"""The API views `webhook-endpoints/…`, with which a program manages the URLs that receive its workspace's events."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api import changes
from api.base import ApiView
from api.forms import Input, PageQuery, RowSerializer
from api.repeating import repeatable
from inbox.events import endpoints
from inbox.models.event import EVERY, SUBSCRIBABLE
from integrations.models import WebhookAttempt, WebhookEndpoint

ENDPOINTS: QuerySet[WebhookEndpoint] = WebhookEndpoint.objects.all()


class EndpointSerializer(RowSerializer):
    paused_until = serializers.DateTimeField(
        source="held_until",
        allow_null=True,
        help_text="No events until then. The endpoint asked for a pause, or five attempts failed.",
    )

    class Meta:
        model = WebhookEndpoint
        fields = (
            *("id", "url", "events", "include_text", "failing_since", "paused_until"),
            *("disabled_at", "disabled_for", "created_at"),
        )


class EndpointInput(Input):
    url = serializers.CharField(max_length=500, validators=[endpoints.validate_url])
    events = serializers.ListField(
        child=serializers.ChoiceField([EVERY, *SUBSCRIBABLE]),
        min_length=1,
        max_length=len(SUBSCRIBABLE) + 1,
        error_messages={"min_length": "Name at least one type, or “*” for all."},
    )
    includeText = serializers.BooleanField(source="include_text", default=False)


class EndpointChange(EndpointInput):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, partial=True, **kwargs)


class RecoverInput(Input):
    since = serializers.DateTimeField(required=False)


class AttemptQuery(PageQuery):
    cursor = serializers.IntegerField(required=False, min_value=1, max_value=2**63 - 1)


class AttemptSerializer(RowSerializer):
    type = serializers.CharField(source="event.type")
    dueAt = serializers.SerializerMethodField()

    class Meta:
        model = WebhookAttempt
        fields = (
            *("id", "event", "type", "number", "outcome", "status", "error"),
            *("took_ms", "dueAt", "started_at", "finished_at"),
        )

    def get_dueAt(self, attempt: WebhookAttempt) -> datetime | None:
        """When the attempt is due; null once it has started."""  # `due_at` is then the end of the attempt's lease
        return None if attempt.started_at else attempt.due_at


class NewEndpointSerializer(RowSerializer):
    secret = serializers.CharField()

    class Meta:
        model = WebhookEndpoint
        fields = ("id", "url", "events", "secret")


class SecretSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    secret = serializers.CharField()


class TestSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()


class RecoverySerializer(serializers.Serializer[Any]):
    events = serializers.IntegerField(help_text="How many events will be sent again.")


class Endpoints(ApiView):
    scopes = {"GET": "webhooks:write", "POST": "webhooks:write"}
    input_class = EndpointInput
    serializer_class = EndpointSerializer
    is_list = True
    answers = {"POST": NewEndpointSerializer}
    statuses = {"POST": 201}

    def get(self, request: Request) -> Response:
        """Returns all webhook endpoints of the workspace (at most 20), without their secrets."""
        rows = ENDPOINTS.filter(workspace=self.workspace)
        return Response({"data": EndpointSerializer(rows, many=True).data, "nextCursor": None})

    @repeatable
    def post(self, request: Request) -> Response:
        """Adds a webhook endpoint. Only this response contains the endpoint's secret."""
        return self.answer(endpoints.create(self.workspace, self.token, **self.body()))


class OneEndpoint(ApiView):
    scopes = {"PATCH": "webhooks:write", "DELETE": "webhooks:write"}
    input_class = EndpointChange
    serializer_class = EndpointSerializer
    statuses = {"DELETE": 204}

    @repeatable
    def patch(self, request: Request, endpoint_id: UUID) -> Response:
        """Changes the URL of a webhook endpoint, its event types, or whether events contain text."""
        row, changed = self.row(ENDPOINTS, endpoint_id), self.body()
        for name in changed:
            setattr(row, name, changed[name])
        endpoints.change(row, self.token)
        return self.answer(row)

    @repeatable
    def delete(self, request: Request, endpoint_id: UUID) -> Response:
        """Deletes a webhook endpoint. Events that wait to be sent to the endpoint are not sent."""
        endpoints.delete(self.row(ENDPOINTS, endpoint_id), self.token)
        return Response(status=204)


class Test(ApiView):
    scopes = {"POST": "webhooks:write"}
    serializer_class = TestSerializer
    statuses = {"POST": 202}

    @repeatable
    def post(self, request: Request, endpoint_id: UUID) -> Response:
        """Sends a test event to this endpoint only, ends its pause, if any, and returns the event's id."""
        self.body()
        return self.answer({"id": endpoints.test(self.row(ENDPOINTS, endpoint_id), self.token)})


class Rotate(ApiView):
    scopes = {"POST": "webhooks:write"}
    serializer_class = SecretSerializer

    @repeatable
    def post(self, request: Request, endpoint_id: UUID) -> Response:
        """Gives the webhook endpoint a new secret, which only this response contains. For 24 hours, events are signed
        with the old secret as well.
        """
        self.body()
        secret = endpoints.rotate(self.row(ENDPOINTS, endpoint_id), self.token)
        return self.answer({"id": endpoint_id, "secret": secret})


class Recover(ApiView):
    scopes = {"POST": "webhooks:write"}
    input_class = RecoverInput
    serializer_class = RecoverySerializer
    statuses = {"POST": 202}

    @repeatable
    def post(self, request: Request, endpoint_id: UUID) -> Response:
        """Switches the webhook endpoint on, and sends again the events since `since` that did not reach it. By default,
        `since` is when the endpoint was added, but at most 30 days ago. A paused endpoint is resumed.
        """
        since = self.body().get("since")
        return self.answer({"events": endpoints.recover(self.row(ENDPOINTS, endpoint_id), self.token, since)})


class Attempts(ApiView):
    scopes = {"GET": "webhooks:write"}
    query_class = AttemptQuery
    serializer_class = AttemptSerializer
    is_list = True

    def get(self, request: Request, endpoint_id: UUID) -> Response:
        """Returns the attempts to send events to the webhook endpoint, newest first."""
        rows = self.row(ENDPOINTS, endpoint_id).attempts.select_related("event")
        if "cursor" in self.query:
            rows = rows.filter(pk__lt=self.query["cursor"])
        page, last = changes.first(rows.order_by("-pk"), self.query["limit"])
        following = last and str(last.pk)
        return Response({"data": AttemptSerializer(page, many=True).data, "nextCursor": following})
