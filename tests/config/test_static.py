"""Static files that were not collected: said before the start, by readyz and by doctor, and no page is an error."""

import json

import pytest
from django.conf import settings as django_settings
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client

from config import static, views

RELEASE = {"holdfast.css": ".page { color: red }", "mark.svg": "<svg/>", "fonts/a.txt": "a"}


@pytest.fixture
def source(tmp_path, settings):
    """The release's own files; production's storage, into which nothing was collected yet."""
    source = tmp_path / "source"
    for name, text in RELEASE.items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(text)
    settings.STATICFILES_DIRS = [source]
    settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    settings.STATIC_ROOT = tmp_path / "collected"
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": "config.static.Storage"}}
    static.fault.cache_clear()
    yield source
    static.fault.cache_clear()


def collect() -> None:
    call_command("collectstatic", interactive=False, verbosity=0)


def start_again() -> str:
    """What a process finds that starts now."""
    static.fault.cache_clear()
    staticfiles_storage.hashed_files, _ = staticfiles_storage.load_manifest()
    return static.fault()


def test_what_was_not_collected_is_missing_until_it_was(source):
    assert start_again() == static.MISSING
    collect()
    assert start_again() == ""


def test_a_file_that_the_release_has_and_the_collected_ones_lack_is_stale(source):
    collect()
    (source / "new.js").write_text("new")
    assert start_again() == static.STALE
    collect()
    assert start_again() == ""


def test_a_file_that_the_release_has_changed_is_stale(source):
    collect()
    (source / "holdfast.css").write_text(".page { color: tan }")
    assert start_again() == static.STALE


def test_a_collected_file_that_was_deleted_is_stale(source):
    collect()
    (django_settings.STATIC_ROOT / "mark.svg").unlink()
    assert start_again() == static.STALE


def test_scripts_and_styles_go_out_without_their_comments_and_other_peoples_files_as_they_are(source):
    (source / "desk.js").write_text(
        '/* The desk.\n   It opens. */\n(() => {\n  // A link.\n  go("https://a/*b");\n})();\n'
    )
    (source / "fonts/theirs.js").write_text("// Theirs.\n")
    collect()
    start_again()
    sent = {
        name: django_settings.STATIC_ROOT / staticfiles_storage.stored_name(name)
        for name in ("desk.js", "fonts/theirs.js")
    }
    assert sent["desk.js"].read_text() == '(() => {\ngo("https://a/*b");\n})();\n'
    assert sent["fonts/theirs.js"].read_text() == "// Theirs.\n"


def test_a_script_goes_out_under_a_name_that_changes_with_the_modules_in_it(source):
    (source / "queue.js").write_text("// The queue.\nexport const later = () => 1;\n")
    (source / "desk.js").write_text('import { later } from "./queue.js";\n\nlater();\n')
    collect()
    start_again()
    first = staticfiles_storage.stored_name("desk.js")
    assert (django_settings.STATIC_ROOT / first).read_text() == (
        "const $queue = (() => {\nconst later = () => 1;\nreturn { later };\n})();\n"
        "const { later } = $queue;\n\nlater();\n"
    )
    (source / "queue.js").write_text("export const later = () => 2;\n")
    collect()
    start_again()
    assert staticfiles_storage.stored_name("desk.js") != first


@pytest.mark.parametrize(
    ("script", "sent"),
    [
        (
            "/** @type {any} */ (window).x = 1;\nkeep();\n/* end */\nlast();\n",
            "(window).x = 1;\nkeep();\nlast();\n",
        ),
        ("/* one */ first();\nkeep();\n/* end */\n", "/* one */ first();\nkeep();\n"),
        ("/** Two\n * lines. **/\nkeep();\n", "keep();\n"),
    ],
)
def test_a_comment_ends_at_its_own_end_and_takes_no_code_with_it(script, sent):
    assert static.served("desk.js", lambda _: script.encode()).decode() == sent
    style = "/* one */ .a { top: 0 }\n.b { top: 1px }\n/* end */\n"
    assert static.served("a.css", lambda _: style.encode()).decode() == style.removesuffix("/* end */\n")


@pytest.mark.parametrize(
    ("imports", "words"),
    [
        ('import { later, sooner } from "./queue.js";\n', "desk.js imports sooner from queue.js"),
        ('import { later as soon } from "./queue.js";\n', "desk.js imports later as soon from queue.js"),
        ('import { later } from "./queue.js";\n\ngo();\nimport "./page.js";\n', "desk.js has an import"),
        ('import * as queue from "./queue.js";\n', "desk.js has an import"),
    ],
)
def test_scripts_that_cannot_be_joined_are_not_collected(source, imports, words):
    (source / "queue.js").write_text("export const later = 1, sooner = 2;\n")
    (source / "page.js").write_text("go();\n")
    (source / "desk.js").write_text(f"// The desk.\n{imports}")
    with pytest.raises(ValueError, match=words):
        collect()


@pytest.mark.parametrize("broken", ["", "{", json.dumps({"version": "77"})])
def test_a_manifest_that_cannot_be_read_is_as_good_as_none(source, broken):
    collect()
    (django_settings.STATIC_ROOT / "staticfiles.json").write_text(broken)
    assert start_again() == static.MISSING


def test_files_that_are_served_from_where_they_lie_need_no_collecting():
    static.fault.cache_clear()
    assert static.fault() == ""


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "status"), [("/login/", 200), ("/no/such/page/", 404), ("/admin/login/", 302)]
)
def test_a_page_opens_without_its_styles_rather_than_not_at_all(source, path, status):
    start_again()
    response = Client().get(path)
    assert response.status_code == status
    if status != 302:
        assert 'href="/static/holdfast.css"' in response.content.decode()


def test_the_page_for_a_wrong_host_needs_neither_styles_nor_a_database(source):
    start_again()
    response = Client().get("/", headers={"host": "evil.example"})
    assert response.status_code == 400 and "Bad request" in response.content.decode()
    assert "evil.example" not in response.content.decode()


def test_a_page_names_the_collected_file_where_there_is_one(source):
    collect()
    start_again()
    assert staticfiles_storage.url("holdfast.css").startswith("/static/holdfast.")
    assert staticfiles_storage.url("holdfast.css") != "/static/holdfast.css"
    assert staticfiles_storage.url("unknown.css") == "/static/unknown.css"


def test_the_check_of_a_deployment_names_the_fix(source):
    start_again()
    (found,) = static.check()
    assert "have not been collected" in found.msg and "manage.py collectstatic" in found.hint
    collect()
    start_again()
    assert static.check() == []


def test_readyz_is_503_while_no_files_were_collected_and_says_so(source, settings):
    settings.METRICS_TOKEN = "t"
    start_again()
    response = Client().get("/readyz", headers={"Authorization": "Bearer t"})
    assert response.status_code == 503
    assert response.json() == {"ready": False, "static": f"missing. {static.FIX}"}


@pytest.mark.django_db
def test_readyz_tells_of_files_of_another_release_and_stays_ready(source, settings):
    settings.METRICS_TOKEN = "t"
    collect()
    (source / "new.js").write_text("new")
    start_again()
    views._migrated.set()
    cache.delete(views.UNREADABLE)
    response = Client().get("/readyz", headers={"Authorization": "Bearer t"})
    assert (response.status_code, response.json()["static"]) == (200, "stale")
