"""The default formats of dates and times, for pages that set none, such as the admin's."""
