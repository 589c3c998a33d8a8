"""Describes the webhooks as OpenAPI. `/api/schema/` serves the description, and tests generate requests from it."""

from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema, inline_serializer
from rest_framework import serializers

ACCEPTED = inline_serializer(
    "DeliveryAnswer",
    {
        "success": serializers.BooleanField(),
        "deduped": serializers.BooleanField(required=False),
        "ignored": serializers.BooleanField(required=False),
        "stored": serializers.BooleanField(required=False),
        "eventType": serializers.CharField(required=False),
        "reason": serializers.CharField(required=False),
        "deliveryId": serializers.UUIDField(required=False),
        "messageId": serializers.UUIDField(required=False, allow_null=True),
        "leadId": serializers.UUIDField(required=False, allow_null=True),
        "postProcessEnqueued": serializers.BooleanField(required=False),
        "updatedExisting": serializers.BooleanField(required=False),
    },
)
REFUSED = inline_serializer(
    "DeliveryRefusal",
    {
        "success": serializers.BooleanField(),
        "error": serializers.CharField(),
        "fields": serializers.DictField(child=serializers.CharField(), required=False),
        "deliveryId": serializers.UUIDField(required=False),
        "quarantined": serializers.BooleanField(required=False),
    },
)
RESPONSES = {
    200: ACCEPTED,
    400: OpenApiResponse(REFUSED, "The body isn't in the provider's JSON format. The raw event is kept."),
    401: OpenApiResponse(REFUSED, "The key is missing, wrong or revoked, or the signature is invalid."),
    403: OpenApiResponse(REFUSED, "The workspace in the body doesn't match the key."),
    413: OpenApiResponse(REFUSED, "The body is over 1 MiB."),
    429: OpenApiResponse(REFUSED, "Try again later. GHL app webhooks retry only after this status."),
    503: OpenApiResponse(REFUSED, "The database can't be reached. Try again later."),
}

FORM = inline_serializer(
    "SlackForm", {"payload": serializers.CharField(help_text="The interaction as JSON.")}
)
ACKNOWLEDGED = inline_serializer(
    "SlackAnswer",
    {
        "ok": serializers.BooleanField(required=False),
        "challenge": serializers.CharField(
            required=False, help_text="The response to Slack's URL verification request."
        ),
    },
)

post_schema = extend_schema(
    summary="Receive an event from a provider",
    request={"application/json": OpenApiTypes.OBJECT},
    responses=RESPONSES,
    auth=[],
)
form_schema = extend_schema(
    summary="Receive a button press from Slack",
    request={"application/x-www-form-urlencoded": FORM},
    responses=RESPONSES | {200: ACKNOWLEDGED},
    auth=[],
)
get_schema = extend_schema(
    summary="Test the address",
    responses={200: OpenApiTypes.OBJECT, 401: RESPONSES[401], 503: RESPONSES[503]},
    auth=[],
)


def one_address_each(endpoints: list[Any]) -> list[Any]:
    """Lists each webhook address once, with its trailing slash. drf-spectacular calls this hook."""
    return [row for row in endpoints if row[0].endswith("/") and not row[0].startswith("/api/v1/")]


class Schema(AutoSchema):
    """The OpenAPI description of the webhook views. The path and method name each operation."""

    def get_operation_id(self) -> str:
        words = self.path.replace("{", "").replace("}", "").strip("/").replace("/", "_").replace("-", "_")
        return f"{words}_{self.method.lower()}"
