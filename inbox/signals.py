"""What happens to a lead, for rooms that want to know: a receiver runs inside the step (or transaction) that sends it.

Receivers must be idempotent (a step may run again) and never call another machine.
"""

from django.dispatch import Signal

lead_replied = Signal()
"""A new reply is being worked on. Arguments: `lead`, `message`."""

lead_stopped = Signal()
"""The lead asked not to be contacted, or its address does not exist. Arguments: `lead` (locked), `reason`."""

lead_tagged = Signal()
"""A reply has got its tag. Arguments: `lead`, `message`, `tag`, `previous` (the lead's tag before, "" if unknown)."""

lead_booked = Signal()
"""A meeting stands. Arguments: `lead` (locked), `fresh` (False where it is an earlier one at another time)."""

draft_changed = Signal()
"""A draft was decided, rewritten, held back or sent. Arguments: `draft`, `event` (the same when it is told again)."""

lead_enriched = Signal()
"""A source has answered what it was asked about the lead. Arguments: `lead` (locked), `now`."""
