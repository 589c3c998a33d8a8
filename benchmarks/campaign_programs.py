"""Runs the long form of the fault tests for programs: they write 2,000 sends and receive some 14,000 events twice.

`make campaign-programs`; `--help` lists the options. The exit code is 0 only if no send and no event was doubled, lost
or out of order for its lead, and `GET events/` and the webhooks told the same.
"""

import sys

from tests.faults.long_form import play
from tests.faults.programs.campaign import Plan, run

if __name__ == "__main__":
    sys.exit(play(__doc__, Plan(), run))
