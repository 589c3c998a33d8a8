"""Clay: tables that look people up and call back."""

NAME = "clay"
