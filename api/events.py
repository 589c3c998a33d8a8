"""The API view `events/`, with which a program reads what happened in its workspace (docs/programs.md, Events)."""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api import changes
from api.base import ApiView
from api.forms import PageQuery
from inbox.events.bodies import body_of
from inbox.models import Event
from inbox.models.event import EventType

UNKNOWN = "The workspace has no event with this id. Events are kept for 30 days. Start over without an id."


class EventSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    type = serializers.ChoiceField(EventType.choices)
    timestamp = serializers.DateTimeField()
    data = serializers.DictField()  # type: ignore[assignment]  # DRF takes it out of the class


class EventQuery(PageQuery):
    after = serializers.UUIDField(required=False, help_text="The id of the last event you received.")


class Events(ApiView):
    scopes = {"GET": "events:read"}
    query_class = EventQuery
    serializer_class = EventSerializer
    is_list = True

    def get(self, request: Request) -> Response:
        """Returns the workspace's events that follow the event `after`, without text that people wrote. A page ends
        before the oldest transaction that is still open, so no event is skipped.
        """
        query, (oldest, _) = self.query, changes.horizon()
        events = Event.objects.filter(workspace=self.workspace)
        rows = events.filter(xid__lt=oldest).exclude(type=EventType.ENDPOINT_TEST)
        if "after" in query:
            last = events.filter(pk=query["after"]).first()
            if last is None:
                raise serializers.ValidationError({"after": [UNKNOWN]})
            rows = rows.filter(changes.after("xid", last.xid, last.pk))
        page, last = changes.first(rows.order_by("xid", "pk"), query["limit"])
        return Response({"data": list(map(body_of, page)), "nextCursor": last and str(last.pk)})
