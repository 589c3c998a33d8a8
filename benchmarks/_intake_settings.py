"""Production's settings with two more addresses: the rivals run in the same server, behind the same middleware."""

from config.settings import *  # noqa: F403

ROOT_URLCONF = "benchmarks._intake_rivals"
