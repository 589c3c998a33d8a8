"""Generates the API's OpenAPI document from its views. Each release publishes the document as
docs/reference/openapi.json.
"""

from typing import Any

from django.urls import include, path
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.settings import patched_settings
from drf_spectacular.utils import OpenApiParameter, inline_serializer
from rest_framework import serializers

PROBLEM = "application/problem+json"
SETTINGS = {
    "TITLE": "Holdfast",
    "VERSION": "1",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "PREPROCESSING_HOOKS": [],
    "POSTPROCESSING_HOOKS": [],
}
KEY = "Idempotency-Key"


class ErrorSerializer(serializers.Serializer[Any]):
    field = serializers.CharField()
    code = serializers.CharField()
    detail = serializers.CharField()


class ProblemSerializer(serializers.Serializer[Any]):
    type = serializers.CharField(help_text="The kind of error.")
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField(help_text="A sentence.")
    errors = ErrorSerializer(many=True)  # type: ignore[assignment]  # a field, and no result of validation
    requestId = serializers.CharField(allow_blank=True)


class Bearer(OpenApiAuthenticationExtension):
    target_class = "api.access.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer"}


class Schema(AutoSchema):
    """Describes one API view in OpenAPI: its scopes, query, body, response and errors."""

    view: Any

    def get_operation_id(self) -> str:
        words = self.path.removeprefix("/api/v1/").replace("/{id}", "").strip("/").replace("/", "_")
        return f"{self.method.lower()}_{words.translate(str.maketrans('-.', '__', '{}'))}"

    def get_tags(self) -> list[str]:
        return [self.path.removeprefix("/api/v1/").partition("/")[0]]

    def get_description(self) -> str:  # type: ignore[override]  # as the library declares it
        stated = self.view.scopes[self.method].replace(" ", ", ") or "any"
        return f"{super().get_description()}\n\nScope: {stated}".strip()

    def get_override_parameters(self) -> list[Any]:
        if self.method == "GET":
            return [self.view.query_class] if self.view.query_class().fields else []
        needed = self.view.needs_key
        words = "Repeating the request with the same key returns the first answer."
        return [OpenApiParameter(KEY, str, OpenApiParameter.HEADER, required=needed, description=words)]

    def get_request_serializer(self) -> Any:
        form = self.view.input_class
        return form if self.method in ("POST", "PATCH") and form().fields else None

    def get_response_serializers(self) -> Any:
        view = self.view
        statuses = [400, 401, 403, 404, 409, 413, 415, 422, 429, 503]
        answers: dict[Any, Any] = {(status, PROBLEM): ProblemSerializer for status in statuses}
        if view.file_type:
            return {(200, view.file_type): bytes} | answers
        return {view.statuses.get(self.method, 200): self._answer()} | answers

    def _answer(self) -> Any:
        if self.method == "DELETE":
            return None
        form = self.view.answers.get(self.method, self.view.serializer_class)
        if not (self.view.is_list and self.method == "GET") or form is None:
            return form
        rows = {"data": form(many=True), "nextCursor": serializers.CharField(allow_null=True)}
        return inline_serializer(f"{form.__name__.removesuffix('Serializer')}List", rows)


def document() -> dict[str, Any]:
    """The API's OpenAPI document."""
    with patched_settings(SETTINGS):
        generator = SchemaGenerator(patterns=[path("api/v1/", include("api.urls"))])
        described: dict[str, Any] = generator.get_schema(request=None, public=True)
    return described
