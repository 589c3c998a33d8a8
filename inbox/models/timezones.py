"""Validates the names of time zones that people enter. The names come from the IANA database."""

import zoneinfo

from django.core.exceptions import ValidationError


def validate_timezone(name: str) -> None:
    """Raises ValidationError if `name` is not a time zone of the IANA database."""
    if name not in zoneinfo.available_timezones():
        raise ValidationError(f"“{name}” isn’t a time zone. Use a name like America/New_York.")
