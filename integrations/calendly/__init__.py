"""Calendly: meetings that leads book."""

NAME = "calendly"
