"""The API view `me/`, which describes the token of the request."""

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api import access
from api.base import ApiView


class TokenSerializer(serializers.Serializer[object]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    createdAt = serializers.DateTimeField(source="created_at")
    expiresAt = serializers.DateTimeField(source="expires_at", allow_null=True)


class WorkspaceSerializer(serializers.Serializer[object]):
    id = serializers.UUIDField()
    name = serializers.CharField()


class LimitsSerializer(serializers.Serializer[object]):
    requests = serializers.IntegerField()
    seconds = serializers.FloatField()


class MeSerializer(serializers.Serializer[object]):
    token = TokenSerializer()
    workspace = WorkspaceSerializer()
    scopes = serializers.ListField(child=serializers.CharField())
    limits = LimitsSerializer()


class Me(ApiView):
    scopes = {"GET": access.ANY}
    serializer_class = MeSerializer

    def get(self, request: Request) -> Response:
        """Returns the token of the request with its workspace, scopes and limits."""
        limits = {"requests": access.REQUESTS, "seconds": access.WINDOW_S}
        about = {
            "token": self.token,
            "workspace": self.workspace,
            "scopes": self.token.scopes,
            "limits": limits,
        }
        return self.answer(about)
