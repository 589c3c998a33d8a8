"""Unipile, through which we use people's LinkedIn accounts."""

NAME = "unipile"
