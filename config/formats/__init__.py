"""The default formats of values, for pages that set none, such as the admin."""
