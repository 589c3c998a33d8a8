"""Signals of rooms of the inbox about a lead or a draft. `inbox/wiring.py` connects the receivers.

They run inside the sender's step or transaction, must be idempotent, and must never call another machine.
"""

from django.dispatch import Signal

lead_replied = Signal()
"""A new reply is being worked on. Arguments: `lead`, `message`."""

lead_stopped = Signal()
"""The lead asked not to be contacted, or its address does not exist. Arguments: `lead` (locked), `reason`."""

lead_tagged = Signal()
"""A reply has got its tag. Arguments: `lead`, `message`, `tag`, `previous` (the lead's tag before, "" if unknown)."""

lead_booked = Signal()
"""A meeting stands. Arguments: `lead` (locked), `fresh` (False if it is an earlier meeting at another time)."""

lead_merged = Signal()
"""Two leads are one now. Arguments: `lead` (locked, as it is now), `gone` (the id of the other, as text)."""

draft_changed = Signal()
"""A draft was decided, rewritten, held back or sent. Arguments: `draft`, `event` (names it; the same if sent again)."""

lead_enriched = Signal()
"""A source has answered a question about the lead. Arguments: `lead` (locked), `now`."""
