"""The files behind the pages, such as styles and scripts: whether those of this release were collected, and pages that
open even where they were not."""

import filecmp
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from django.apps import apps
from django.contrib.staticfiles.finders import get_finders
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core import checks
from whitenoise.storage import CompressedManifestStaticFilesStorage

MISSING, STALE = "missing", "stale"
WORDS = {
    MISSING: "The static files have not been collected: pages would have no styles and no scripts.",
    STALE: "The collected static files are of another release.",
}
FIX = "Run manage.py collectstatic --noinput, then start the web processes again."


class Storage(CompressedManifestStaticFilesStorage):
    """whitenoise's, but a file that was not collected is named as it is instead of ending the page in an error: a page
    without its styles can be read, and a message can be answered on it."""

    def stored_name(self, name: str) -> str:
        try:
            return super().stored_name(name)
        except ValueError:
            return name

    def load_manifest(self) -> tuple[dict[str, str], str]:
        try:
            return super().load_manifest()
        except ValueError:  # cut off or overwritten: as good as none
            return {}, ""


@cache
def fault() -> str:
    """MISSING or STALE, or "" where this release's files are collected, or are served from where they lie (DEBUG).

    Looked at once per process: what was collected is read once, too.
    """
    collected = getattr(staticfiles_storage, "hashed_files", None)
    if collected is None:
        return ""
    if not collected:
        return MISSING
    return "" if all(name in collected and _is_copied(name, path) for name, path in _sources()) else STALE


def _sources() -> Iterator[tuple[str, str]]:
    """Name and path of each file that collectstatic collects: of several with one name, the first."""
    seen: set[str] = set()
    ignored = apps.get_app_config("staticfiles").ignore_patterns
    for finder in get_finders():
        for path, storage in finder.list(ignored):
            name = Path(getattr(storage, "prefix", None) or "", path).as_posix()
            if name not in seen:
                seen.add(name)
                yield name, storage.path(path)


def _is_copied(name: str, path: str) -> bool:
    copy = staticfiles_storage.path(name)
    return os.path.exists(copy) and filecmp.cmp(path, copy, shallow=False)


def check(**_kwargs: object) -> list[checks.CheckMessage]:
    """The check of `manage.py check --deploy` and of doctor."""
    found = fault()
    return [checks.Error(WORDS[found], hint=FIX, id="holdfast.E001")] if found else []
