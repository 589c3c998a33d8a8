"""The inbox's signals about a lead or a draft. `inbox/wiring.py` connects the receivers of these signals.

Receivers run inside the sender's step or transaction, must be idempotent, and must never call another machine.
"""

from django.dispatch import Signal

lead_replied = Signal()
"""A new reply is being processed. Arguments: `lead`, `message`."""

lead_stopped = Signal()
"""The lead opted out, or its address does not exist. Arguments: `lead` (locked), `reason`."""

lead_tagged = Signal()
"""A reply got its tag. Arguments: `lead`, `message`, `tag`, `previous` (the lead's earlier tag, "" if unknown)."""

lead_labelled = Signal()
"""A lead has a label. Arguments: `lead` (locked), `label`."""

lead_booked = Signal()
"""A lead has a meeting. Arguments: `lead` (locked), `fresh` (False if the lead already had one, or if it was moved)."""

lead_merged = Signal()
"""Two leads were merged. Arguments: `lead` (locked, in its current state), `gone` (the other lead's id, as text)."""

draft_changed = Signal()
"""A draft was decided, rewritten, held back or sent. Arguments: `draft`, `event` (equal for a repeated signal)."""

lead_enriched = Signal()
"""A source answered a question about the lead. Arguments: `lead` (locked), `now`."""
