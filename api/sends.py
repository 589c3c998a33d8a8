"""The API views `sends/…`, which send messages to leads. Each Idempotency-Key sends at most one message, ever."""

from datetime import datetime
from typing import Any
from uuid import UUID

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.base import ApiView, RowView
from api.forms import Input, RowSerializer
from api.problems import of_field
from api.repeating import HEADER, repeatable
from inbox.models import Lead, Message, OutboundSend
from inbox.models.lead import WRITTEN_ON
from inbox.replying import review, undo

SENDS = OutboundSend.objects.select_related("lead")


class GoingOutSerializer(RowSerializer):
    goesOutAt = serializers.SerializerMethodField()

    class Meta:
        model = OutboundSend
        fields: tuple[str, ...] = ("id", "state", "goesOutAt")

    def get_goesOutAt(self, send: OutboundSend) -> datetime:
        return send.send_at or send.created_at


class SendSerializer(GoingOutSerializer):
    class Meta(GoingOutSerializer.Meta):
        fields = (
            *("id", "lead", "channel", "origin", "part", "draft", "reply_to", "state", "reason"),
            *("subject", "text", "created_at", "finished_at", "goesOutAt"),
        )


class OneSend(RowView):
    """Returns a send, whose state is `later`, `intent`, `sent`, `failed`, `unknown` or `taken_back`."""

    scopes = {"GET": "sends:read"}
    serializer_class = SendSerializer
    rows = SENDS


class SendInput(Input):
    lead = serializers.UUIDField()
    channel = serializers.ChoiceField(WRITTEN_ON)
    text = serializers.CharField(max_length=20_000)
    replyTo = serializers.UUIDField(
        required=False, help_text="The lead's message to answer. Defaults to the newest."
    )


class Sends(ApiView):
    scopes = {"POST": "sends:write"}
    input_class = SendInput
    serializer_class = GoingOutSerializer
    statuses = {"POST": 202}
    needs_key = True

    @repeatable
    def post(self, request: Request) -> Response:
        """Sends a text to a lead. The message is held back by a veto, by an open suspicion about the lead, or by
        another message that is being sent.
        """
        body = self.body()
        with of_field("lead"):
            lead = self.lead(body["lead"])
        send = review.send_for_program(
            lead,
            program=self.token,
            key=request.headers[HEADER],
            channel=body["channel"],
            text=body["text"],
            reply_to=self._answered(lead, body),
        )
        return self.answer(send)

    @staticmethod
    def _answered(lead: Lead, body: dict[str, Any]) -> Message | None:
        if "replyTo" not in body:
            return None
        inbound = lead.messages.filter(direction=Message.Direction.INBOUND, channel=body["channel"])
        message = inbound.filter(pk=body["replyTo"]).first()
        if message is None:
            raise serializers.ValidationError({"replyTo": ["The lead has no such message on this channel."]})
        return message


class TakeBack(ApiView):
    scopes = {"POST": "sends:write"}
    serializer_class = GoingOutSerializer

    @repeatable
    def post(self, request: Request, send_id: UUID) -> Response:
        """Takes a message back during the countdown before it is sent."""
        self.body()
        send = self.row(SENDS, send_id)
        undo.take_back(send, user=self.token)
        send.state = OutboundSend.State.TAKEN_BACK
        return self.answer(send)
