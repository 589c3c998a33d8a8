from django.db import models


class Booking(models.Model):
    """An effect in the database. There is deliberately no constraint: only the fence keeps it to one a job."""

    job_key = models.CharField(max_length=80)
    host = models.CharField(max_length=80)

    def __str__(self) -> str:
        return self.job_key
