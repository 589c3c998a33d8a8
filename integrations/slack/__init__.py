"""Slack, where drafts are reviewed, buttons are pressed, and notices are posted."""

NAME = "slack"
