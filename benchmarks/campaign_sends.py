"""Runs the long form of the fault tests for sends: clusters and providers fail while many drafts are sent.

`make campaign-sends`; `--help` lists the options. The exit code is 0 only if every accepted message exists exactly
once, and every send with an unknown result was settled or is listed for a person.
"""

import sys

from tests.faults.long_form import play
from tests.faults.sends.campaign import Plan, run

if __name__ == "__main__":
    sys.exit(play(__doc__, Plan(drafts=1_000, kills=100, seconds=500), run))
