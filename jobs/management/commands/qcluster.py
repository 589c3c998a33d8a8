"""`manage.py qcluster`: django-q2's command by name and options, run crash-only."""

import os
import sys

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django_q.conf import Conf

from jobs.cluster.supervisor import Supervisor


class Command(BaseCommand):
    help = "Runs background jobs until SIGTERM: workers under a supervisor that restarts them as a whole."

    def add_arguments(self, parser) -> None:
        parser.add_argument("--run-once", action="store_true", help="Work off what is due, then stop.")
        parser.add_argument(
            "-n", "--name", dest="cluster_name", help="Another cluster of Q_CLUSTER's ALT_CLUSTERS."
        )

    def handle(self, *args, run_once: bool, cluster_name: str | None, **options) -> None:
        if cluster_name and cluster_name != Conf.CLUSTER_NAME:
            if cluster_name not in settings.Q_CLUSTER.get("ALT_CLUSTERS", {}):
                raise CommandError(f"Q_CLUSTER has no ALT_CLUSTERS entry {cluster_name!r}.")
            # django-q2 reads the name once, at import: only a new process can have another.
            os.environ["Q_CLUSTER_NAME"] = cluster_name
            os.execv(sys.executable, [sys.executable, *sys.argv])
        sys.exit(Supervisor(run_once=run_once).run())
