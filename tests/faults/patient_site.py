"""The product's web with one difference: who waits for EmailBison waits until the test lets them go."""

from config.wsgi import application as application
from inbox.trace import asking

asking.BUDGET_MS = 3_600_000
