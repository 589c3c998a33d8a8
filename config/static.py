"""Serves the static files, such as styles and scripts, and checks that those of this release were collected."""

import filecmp
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from django.apps import apps
from django.contrib.staticfiles.apps import StaticFilesConfig
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


class Storage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # whitenoise has no types
    """whitenoise's storage of static files, except that a file that was not collected gets
    its plain name instead of raising an error.

    A page without styles can still be read, and a message can be answered on it.
    """

    def stored_name(self, name: str) -> str:
        try:
            stored: str = super().stored_name(name)
            return stored
        except ValueError:
            return name

    def load_manifest(self) -> tuple[dict[str, str], str]:
        try:
            paths: dict[str, str]
            paths, digest = super().load_manifest()
            return paths, digest
        except ValueError:  # the manifest is cut off or overwritten, so it is treated as missing
            return {}, ""


@cache
def fault() -> str:
    """MISSING or STALE if this release's static files are not collected, else "".

    It is always "" under DEBUG, where no collected files are needed. The first answer is kept for the life of the
    process, as the manifest is read only once per process too.
    """
    collected = getattr(staticfiles_storage, "hashed_files", None)
    if collected is None:
        return ""
    if not collected:
        return MISSING
    return "" if all(name in collected and _is_copied(name, path) for name, path in _sources()) else STALE


def _sources() -> Iterator[tuple[str, str]]:
    """Name and path of each file that collectstatic collects. If several files have one name, the first counts."""
    seen: set[str] = set()
    files = apps.get_app_config("staticfiles")
    assert isinstance(files, StaticFilesConfig)
    for finder in get_finders():
        for path, storage in finder.list(files.ignore_patterns):
            name = Path(getattr(storage, "prefix", None) or "", path).as_posix()
            if name not in seen:
                seen.add(name)
                yield name, storage.path(path)


def _is_copied(name: str, path: str) -> bool:
    copy = staticfiles_storage.path(name)
    return os.path.exists(copy) and filecmp.cmp(path, copy, shallow=False)


def check(**_kwargs: object) -> list[checks.CheckMessage]:
    """The system check that this release's static files are collected, for `manage.py check --deploy` and `manage.py
    doctor`. Returns one error, or [].
    """
    found = fault()
    return [checks.Error(WORDS[found], hint=FIX, id="holdfast.E001")] if found else []
