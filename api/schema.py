"""Describes the API as OpenAPI."""

from drf_spectacular.openapi import AutoSchema


class Schema(AutoSchema):
    """The OpenAPI description of an API view."""
