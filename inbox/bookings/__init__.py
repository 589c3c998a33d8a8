"""Reads meetings from calendars, beyond what their webhooks report."""
