"""Serves static files, such as styles and scripts, and checks that those of this release were collected."""

import filecmp
import os
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from django.apps import apps
from django.contrib.staticfiles.apps import StaticFilesConfig
from django.contrib.staticfiles.finders import get_finders
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core import checks
from django.core.files.base import ContentFile
from django.core.files.storage import Storage as Files
from whitenoise.storage import CompressedManifestStaticFilesStorage

MISSING, STALE = "missing", "stale"
WORDS = {
    MISSING: "The static files have not been collected, so pages would have no styles or scripts.",
    STALE: "The collected static files are from another release.",
}
FIX = "Run manage.py collectstatic --noinput, then start the web processes again."


COMMENT = re.compile(
    rb"^\s*(?:/\*(?s:(?:(?!\*/).)*)\*/|//.*)\n|^ +|/\*\* @type [^*\n]* \*/ | +// [^\"'`\n]*$| +/\* [^*\n]* \*/$",
    re.MULTILINE,
)
"""Matches the parts of our scripts and styles that only matter in the source: indents, and comments on lines of their
own or at the end of a line. A trailing comment with a quotation mark is kept, because it could be text."""
IMPORT = re.compile(r"^import (?:(\{[^}]*\}) from )?\"\./(\w+)\.js\";\n", re.MULTILINE)
HEAD = re.compile(r"\A(?:\s*^import (?:\{[^}]*\} from )?\"\./\w+\.js\";\n)*", re.MULTILINE)
EXPORT = re.compile(r"^export ((?:async )?(?:const|function) (\w+))", re.MULTILINE)


def served(name: str, read: Callable[[str], bytes]) -> bytes:
    """Our script or style as browsers get it: without comments, and joined with the scripts that it imports
    (docs/adr/0080-scripts-are-modules.md). No string in it may contain a line break. `read` returns the source of a
    file.
    """
    modules: dict[str, tuple[list[str], str]] = {}
    script = _module(name, read, modules)
    objects = (
        f"const ${module} = (() => {{\n{body}return {{ {', '.join(exports)} }};\n}})();\n"
        for module, (exports, body) in modules.items()
    )
    return "".join([*objects, script]).encode()


def _module(name: str, read: Callable[[str], bytes], modules: dict[str, tuple[list[str], str]]) -> str:
    """Build one script in which each module is an object, from which others import. Add each module's exported names
    and body to `modules`, in execution order. Raises ValueError if the scripts cannot be joined.
    """
    source = COMMENT.sub(b"", read(name)).decode()
    imports = HEAD.findall(source)[0]
    body = source.removeprefix(imports)
    if re.search(r"^import\b", body, re.MULTILINE):
        raise ValueError(f'{name} has an import below code, or one unlike import {{ a }} from "./b.js".')
    for names, imported in IMPORT.findall(imports):
        if imported not in modules:
            module = _module(f"{imported}.js", read, modules)
            exports = [export for _declaration, export in EXPORT.findall(module)]
            modules[imported] = exports, EXPORT.sub(r"\1", module)
        for wanted in map(str.strip, names.strip("{}").split(",")):
            if wanted and wanted not in modules[imported][0]:
                raise ValueError(f"{name} imports {wanted} from {imported}.js, which does not export it.")
    return IMPORT.sub(lambda match: f"const {match[1]} = ${match[2]};\n" if match[1] else "", imports) + body


class _Served:
    """The files of a static files storage in the form that browsers get."""

    def __init__(self, files: Files) -> None:
        self.files = files

    def open(self, path: str) -> "ContentFile[bytes]":
        return ContentFile(served(path, self._read))

    def _read(self, path: str) -> bytes:
        with self.files.open(path) as file:
            contents: bytes = file.read()
        return contents


class Storage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # whitenoise has no types
    """WhiteNoise's storage, which serves our scripts and styles without comments under their hashed names.

    A file that was not collected keeps its plain name instead of raising an error. A page without styles can still be
    read, and its messages answered.
    """

    def post_process(
        self, paths: dict[str, tuple[Any, str]], dry_run: bool = False, **options: Any
    ) -> Iterator[tuple[str, str | None, bool | Exception]]:
        ours = {name for name in paths if re.fullmatch(r"\w+\.(js|css)", name)}
        without = {
            name: (_Served(files) if name in ours else files, path) for name, (files, path) in paths.items()
        }
        yield from super().post_process(without, dry_run=dry_run, **options)

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
        except ValueError:  # the manifest is incomplete or not JSON, so it is treated as missing
            return {}, ""


@cache
def fault() -> str:
    """Returns MISSING or STALE if this release's static files are not collected, or else "".

    Under DEBUG, which needs no collected files, the result is always "". The first result is cached until the process
    ends, because Django also reads the manifest only once.
    """
    collected = getattr(staticfiles_storage, "hashed_files", None)
    if collected is None:
        return ""
    if not collected:
        return MISSING
    return "" if all(name in collected and _is_copied(name, path) for name, path in _sources()) else STALE


def _sources() -> Iterator[tuple[str, str]]:
    """The name and path of each static file that collectstatic collects. The first file of a name wins."""
    names: set[str] = set()
    files = apps.get_app_config("staticfiles")
    assert isinstance(files, StaticFilesConfig)
    for finder in get_finders():
        for path, storage in finder.list(files.ignore_patterns):
            name = Path(getattr(storage, "prefix", None) or "", path).as_posix()
            if name not in names:
                names.add(name)
                yield name, storage.path(path)


def _is_copied(name: str, path: str) -> bool:
    copy = staticfiles_storage.path(name)
    return os.path.exists(copy) and filecmp.cmp(path, copy, shallow=False)


def check(**_kwargs: object) -> list[checks.CheckMessage]:
    """The system check of collected static files, used by `manage.py check --deploy` and `manage.py doctor`. Returns an
    empty list or one error.
    """
    trouble = fault()
    return [checks.Error(WORDS[trouble], hint=FIX, id="holdfast.E001")] if trouble else []
