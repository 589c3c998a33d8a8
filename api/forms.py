"""The bases of the API's serializers: fields in camelCase, and nothing that is unknown is passed over."""

from typing import Any

from rest_framework import serializers


def camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


class RowSerializer(serializers.ModelSerializer[Any]):
    """A row as JSON: the fields of `Meta.fields`, named in camelCase, all of them read-only."""

    def get_fields(self) -> Any:
        fields = {}
        for name, field in super().get_fields().items():
            if camel(name) != name and field.source is None:
                field.source = name
            field.read_only = True
            fields[camel(name)] = field
        return fields


class Input(serializers.Serializer[Any]):
    """A query or a body. A name that it does not know is an error, because a misspelt filter would widen a list."""

    def validate(self, attrs: Any) -> Any:
        unknown = set(self.initial_data) - set(self.fields)
        if unknown and self.parent is None:
            message = f"Unknown. Known are: {', '.join(self.fields) or 'none'}."
            raise serializers.ValidationError(
                {name[:80]: [message] for name in sorted(unknown)[:20]}, "unknown"
            )
        return attrs


class PageQuery(Input):
    limit = serializers.IntegerField(default=50, min_value=1, max_value=100)


class ListQuery(PageQuery):
    cursor = serializers.CharField(
        required=False, max_length=120, help_text="The `nextCursor` of the page before."
    )
    updatedSince = serializers.DateTimeField(
        required=False,
        help_text="Only what has changed since. Best the `updatedAt` of the last row that you have.",
    )
