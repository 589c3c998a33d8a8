"""The rules stand alone: a tool can use them without Django, its settings or a database."""

import subprocess
import sys


def test_rules_are_imported_without_django():
    code = "import sys, inbox.understanding.evaluate; assert not [m for m in sys.modules if m.startswith('django')]"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
