"""Asks a source for missing facts of a lead, once, and never overwrites what is known."""
