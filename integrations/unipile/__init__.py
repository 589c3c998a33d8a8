"""Unipile: the LinkedIn accounts of people, by their chats."""

NAME = "unipile"
