"""The model of an outage of the language model, for the whole installation."""

from django.db import models


class ModelOutage(models.Model):
    """The outage of a provider of language models. The row exists if the installation's last call failed."""

    provider = models.CharField(max_length=20, primary_key=True)
    since = models.DateTimeField()
    tried_at = models.DateTimeField(help_text="The last call that came to nothing.")
    why = models.CharField(max_length=300, help_text="A sentence for people, without keys or people's text.")

    def __str__(self) -> str:
        return f"{self.provider}: {self.why}"
