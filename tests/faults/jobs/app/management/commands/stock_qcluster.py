"""django-q2's own `qcluster`, which ours replaces by name."""

from django_q.management.commands.qcluster import Command

__all__ = ["Command"]
