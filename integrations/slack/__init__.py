"""Slack: cards to review, buttons, and notices to people."""

NAME = "slack"
