"""GoHighLevel, which sends texts and keeps contacts and calendars. An account is one location there."""

NAME = "ghl"
