"""That the model cannot be had now: one row while it is so, for the whole installation."""

from django.db import models


class ModelOutage(models.Model):
    """The last call to the model came to nothing. Gone with the first call that does not.

    A row per provider of models: today there is one, whose key is the installation's.
    """

    provider = models.CharField(max_length=20, primary_key=True)
    since = models.DateTimeField()
    tried_at = models.DateTimeField(help_text="The last call that came to nothing.")
    why = models.CharField(max_length=300, help_text="A sentence for people, without keys or people's text.")

    def __str__(self) -> str:
        return f"{self.provider}: {self.why}"
