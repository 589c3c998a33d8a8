"""What happens at GoHighLevel without us."""

from datetime import datetime
from typing import Any

from integrations.ghl.client import GhlClient
from jobs.deadline import Deadline


def booked(client: GhlClient, at: datetime, **values: Any) -> str:
    """The id of an appointment that somebody makes at the client's location; `values` bear GHL's names."""
    body = {"locationId": client.account_id, "startTime": at.isoformat(), **values}
    path, deadline = "/calendars/events/appointments", Deadline.after_ms(5_000)
    return client._post(path, "book", deadline, body, lambda answer: str(answer.data["id"]))
