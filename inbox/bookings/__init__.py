"""Meetings beyond the webhooks: what the calendar itself lists, and the times that may be offered."""
