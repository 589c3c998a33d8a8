"""Calendly, where leads book meetings."""

NAME = "calendly"
