"""Settings of the processes that the fault tests start: the product's, on a server of their own."""

import os

os.environ.setdefault("DEBUG", "1")

from config.settings import *  # noqa: F403
from config.settings import DATABASES, INSTALLED_APPS
from jobs.conf import q_cluster

INSTALLED_APPS = [*INSTALLED_APPS, "tests.faults.jobs.app"]
DATABASES["default"]["OPTIONS"]["application_name"] = os.environ.get("HARNESS_HOST", "driver")
Q_CLUSTER = q_cluster(os.environ.get("Q_BROKER_URL", ""), workers=int(os.environ.get("HARNESS_WORKERS", "3")))
