"""The base classes of the API's serializers, whose fields are in camelCase and which refuse unknown fields."""

from collections.abc import Mapping
from typing import Any, cast

from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail

UNKNOWN = "Unknown. Valid values: {}."


def camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


# drf-spectacular publishes a serializer's docstring as its description, so these two base classes have comments
# instead. Serializes a row as JSON: the fields in `Meta.fields`, named in camelCase and all read-only.
class RowSerializer(serializers.ModelSerializer[Any]):
    def get_fields(self) -> Any:
        fields = {}
        for name, field in super().get_fields().items():
            if camel(name) != name and field.source is None:
                field.source = name
            field.read_only = True
            fields[camel(name)] = field
        return fields


# Validates the query or the body of an API request. An unknown name in a query is an error, because a misspelt filter
# would otherwise return too many rows.
class Input(serializers.Serializer[Any]):
    def get_fields(self) -> Any:
        fields = super().get_fields()
        for field in fields.values():
            choice = getattr(field, "child", field)
            if isinstance(choice, serializers.ChoiceField):
                choice.error_messages["invalid_choice"] = UNKNOWN.format(", ".join(choice.choices))
        return fields

    def to_internal_value(self, names: Any) -> Any:
        errors: dict[str, Any] = {}
        if isinstance(names, Mapping):
            unknown = ErrorDetail(UNKNOWN.format(", ".join(self.fields) or "none"), "unknown")
            errors = {name[:80]: [unknown] for name in sorted(set(names) - set(self.fields))[:20]}
        try:
            fields = super().to_internal_value(names)
        except serializers.ValidationError as error:
            errors |= cast(dict[str, Any], error.detail)
        if errors:
            raise serializers.ValidationError(errors)
        return fields


class PageQuery(Input):
    limit = serializers.IntegerField(default=50, min_value=1, max_value=100)


class ListQuery(PageQuery):
    cursor = serializers.CharField(
        required=False, max_length=120, help_text="The `nextCursor` from the previous page."
    )
    updatedSince = serializers.DateTimeField(
        required=False,
        help_text="Only rows that changed since then. Send the `updatedAt` of your last row.",
    )
