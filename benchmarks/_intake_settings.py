"""Settings of the intake benchmark: production's, with the addresses of the views that it compares."""

from config.settings import *  # noqa: F403

ROOT_URLCONF = "benchmarks._intake_rivals"

# On a busy machine the plain views queue up for the row of their key for longer than a page may take.
PAGE_STATEMENT_TIMEOUT_MS = 60_000
