"""Checks names of time zones where people type them. They are names of the IANA database."""

import zoneinfo

from django.core.exceptions import ValidationError


def validate_timezone(name: str) -> None:
    """Raises ValidationError for a time zone name that is not in the IANA database."""
    if name not in zoneinfo.available_timezones():
        raise ValidationError(f"“{name}” is not a time zone. Use a name such as America/New_York.")
