"""Measurements. One that is ended by SIGTERM stops its servers first, as one that ends by itself does."""

import signal
import sys

if sys.argv[0] == "-m":  # not in a server whose settings are here: that has a handler of its own
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
