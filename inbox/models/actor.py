"""The author of a decision: a person, a program, or the product itself (None)."""

from typing import Any

from inbox.models.workspace import User
from integrations.models import ApiToken

Actor = User | ApiToken


def columns(actor: Actor | None, person: str) -> dict[str, Any]:
    """Returns the values of the columns `person` and `program` for `actor`. Both are None for the product itself."""
    program = actor if isinstance(actor, ApiToken) else None
    return {person: None if program else actor, "program": program}
