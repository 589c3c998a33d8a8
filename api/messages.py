"""The API views `messages/…`: lists of messages, single messages, and what happened to each message."""

from typing import Any
from uuid import UUID

from django.http import Http404
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.base import ApiView, ListView, RowView
from api.forms import ListQuery, RowSerializer
from inbox.models import Message
from inbox.trace import story
from inbox.trace.records import NotHere

MESSAGES = Message.objects.filter(lead__sample=False).defer(
    "raw_text", "raw_html", "recipients", "attachments"
)


class MessageSerializer(RowSerializer):
    updated_at = serializers.DateTimeField(source="change_began_at")

    class Meta:
        model = Message
        fields = (
            *("id", "lead", "direction", "channel", "source", "campaign", "subject", "text"),
            *("from_address", "from_name", "account_address", "draft", "tag", "suspected", "automated_reply"),
            *("sent_at", "received_at", "updated_at"),
        )
        extra_kwargs = {
            "source": {"help_text": "The provider that received or sent the message."},
            "suspected": {"help_text": "What the rules suspected on arrival. May be empty."},
        }


class MessageQuery(ListQuery):
    lead = serializers.UUIDField(required=False)
    direction = serializers.ChoiceField(Message.Direction.choices, required=False)
    receivedSince = serializers.DateTimeField(required=False)


class Messages(ListView):
    """Lists messages, oldest change first."""

    scopes = {"GET": "messages:read"}
    query_class = MessageQuery
    serializer_class = MessageSerializer
    rows = MESSAGES
    columns = {"lead": "lead", "direction": "direction", "receivedSince": "received_at__gte"}


class OneMessage(RowView):
    """Returns one message."""

    scopes = {"GET": "messages:read"}
    serializer_class = MessageSerializer
    rows = MESSAGES


class LinkSerializer(serializers.Serializer[Any]):
    kind = serializers.CharField()
    id = serializers.UUIDField()


class TraceEventSerializer(serializers.Serializer[Any]):
    at = serializers.DateTimeField()
    what = serializers.CharField()
    detail = serializers.CharField()
    branch = serializers.CharField()
    why = serializers.CharField()
    quote = serializers.CharField(source="said")
    durationMs = serializers.FloatField(source="ms", allow_null=True)
    rows = LinkSerializer(source="links", many=True)


class TraceSerializer(serializers.Serializer[Any]):
    headline = serializers.CharField()
    state = serializers.CharField(source="word")
    summary = serializers.CharField()
    events = TraceEventSerializer(many=True)
    isCut = serializers.BooleanField(source="cut")


class MessageTrace(ApiView):
    scopes = {"GET": "messages:read"}
    serializer_class = TraceSerializer

    def get(self, request: Request, message_id: UUID) -> Response:
        """Returns what happened to a message, in the words of the page “What happened”."""
        try:
            return self.answer(story.of(self.workspace, "message", message_id))
        except NotHere:
            raise Http404 from None
