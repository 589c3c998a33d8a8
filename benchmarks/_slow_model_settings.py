"""Settings of the slow-model benchmark: with the sandbox as provider, and without Django's record of each statement."""

from config.settings import *  # noqa: F403

DEBUG = False
