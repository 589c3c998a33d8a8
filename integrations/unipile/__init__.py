"""Unipile, which gives us access to people's LinkedIn accounts."""

NAME = "unipile"
