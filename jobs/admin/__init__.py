"""Background jobs in the Django admin. Importing this package registers all models."""

from jobs.admin import doorbell, jobs, records

__all__ = ["doorbell", "jobs", "records"]
