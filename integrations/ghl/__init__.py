"""GoHighLevel: texts, contacts and calendars of one location."""

NAME = "ghl"
