"""Slack, where people review drafts, press buttons, and get notices."""

NAME = "slack"
