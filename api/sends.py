"""The addresses `sends/…`: what goes out."""

from datetime import datetime
from uuid import UUID

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.base import ApiView
from api.forms import RowSerializer
from inbox.models import OutboundSend

SENDS = OutboundSend.objects.select_related("lead")


class SendSerializer(RowSerializer):
    goesOutAt = serializers.SerializerMethodField()

    class Meta:
        model = OutboundSend
        fields = (
            *("id", "lead", "channel", "origin", "part", "draft", "reply_to", "state", "reason"),
            *("subject", "text", "created_at", "finished_at", "goesOutAt"),
        )

    def get_goesOutAt(self, send: OutboundSend) -> datetime:
        return send.send_at or send.created_at


class OneSend(ApiView):
    scopes = {"GET": "sends:read"}

    def get(self, request: Request, send_id: UUID) -> Response:
        return Response(SendSerializer(self.row(SENDS, send_id)).data)
