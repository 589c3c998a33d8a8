"""GoHighLevel, which sends texts and manages contacts and calendars. An account is one GoHighLevel location."""

NAME = "ghl"
