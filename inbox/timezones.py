"""Time zones are names of the IANA database, checked where they are typed in."""

import zoneinfo

from django.core.exceptions import ValidationError


def validate_timezone(value: str) -> None:
    """Raises ValidationError for a name that the IANA database does not hold."""
    if value not in zoneinfo.available_timezones():
        raise ValidationError(f"“{value}” is not a time zone. Use a name such as America/New_York.")
