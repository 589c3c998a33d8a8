"""What must not be logged is taken out of every line, whoever logged it; what people need to find their way stays."""

import io
import itertools
import json
import logging
import secrets
import uuid
from logging.config import DictConfigurator

import pytest
from django.db import IntegrityError, transaction

from config.logs import logging_config
from jobs.redaction import redact_addresses, redact_path, redact_traceback
from tests import factories

KEY = "Zx3-" + "aB_9" * 9 + "Qw1"
LETTERS = "QwErTyUiOpAsDfGhJkLzXcVbNmQwErTyUiOpAsDfGhJ"
MISTYPED = [
    "/api/webhooks//email/{key}/",
    "//api/webhooks/email/{key}/",
    "/api//webhooks///email//{key}",
    "/api/webhook/email/{key}/",
    "/api/webhooks/EMAIL/{key}/",
    "/API/WEBHOOKS/email/{key}/",
    "/api/webhooks/e-mail/{key}/",
    "/api/webhooks/ghl/{key}/",
    "/api/webhooks/ghl/sms/extra/{key}/",
    "/api/webhooks/email{key}/",
    "/api/webhooks/email/{key}/email/",
    "/api/webhooks/email/ {key}/",
    "/api/webhooks/email/{key}./",
    "/api/webhooks/{key}",
    "/webhooks/email/{key}/",
    "/email/{key}",
    "/{key}",
    "/{key}/",
    "/api%2Fwebhooks%2Femail%2F{key}",
    "/api/webhooks/?key={key}",
    "/api/webhooks/email/?secret={key}&clientId=1",
    "/api/webhooks/email?clientId={key}",
    "/?{key}",
    "/x?a=b?key={key}",
    "/x?key='{key}'",
    '/x?key="{key}"',
    "/x;key={key}",
    "/x#key={key}",
    "/cron/{key}/",
    "https://holdfast.example/api/webhooks/EMAIL/{key}/?key={key}",
    "/Reconnect//{key}:1x:{key}",
    "/password//new/Mg/{key}/",
    "/Password/New/Mg/c5x2ab-0123456789abcdef0123456789abcdef/",
]


LINES = (
    "{}",
    "Not Found: {}",
    "<WSGIRequest: POST '{}'>",
    '"POST {} HTTP/1.1" 404 120',
    "Error handling request {}",
)


@pytest.mark.parametrize("key", [KEY, LETTERS, secrets.token_urlsafe(32)], ids=["key", "letters", "any"])
def test_key_in_an_address_that_is_none_of_ours_is_redacted(key):
    for address, line in itertools.product(MISTYPED, LINES):
        written = redact_path(line.format(address.format(key=key)))
        assert key not in written and "0123456789abcdef" not in written, address


@pytest.mark.parametrize("given", ["x", "1", "some words", "a=1&b=2"])
def test_no_query_is_logged(given):
    assert (
        redact_path(f"Not Found: /w/leads/?q={given.replace(' ', '%20')}") == "Not Found: /w/leads/?[query]"
    )


ID = str(uuid.UUID(int=0x1234_5678_9ABC_DEF0_1234_5678_9ABC_DEF0))


@pytest.mark.parametrize(
    "text",
    [
        f"/w/{ID}/leads/{ID}/",
        f"/w/{ID.upper()}/",
        "/api/webhooks/slack/interactions/",
        "/api/cron/insights/booked-summaries/",
        "/admin/inbox/webhookdelivery/?",
        "what/why? because",
        'duplicate key value violates unique constraint "jobs_backgroundjob_dedupe_key"',
        "inbox.models.health.WorkspaceIntegrationHealth.DoesNotExist",
        "in build_connection_pool_key_attributes",
        "2026-11-27T21:49:45.123456Z",
    ],
)
def test_ids_words_and_names_of_the_program_stay(text):
    assert redact_path(text) == text


def test_words_of_another_field_keep_their_ids():
    digest = uuid.uuid4().hex
    assert redact_addresses(f"{digest} at /x/{KEY}/ and /y?{KEY}") == f"{digest} at /x/[key]/ and /y?[query]"


def test_traceback_keeps_its_files_and_loses_its_keys():
    place = '  File "/srv/site-packages-0123456789-abcdef/x.py", line 3, in f\n    raise Error'
    assert redact_traceback(f"{place}\nError: /api/{KEY}?k={KEY}") == f"{place}\nError: /api/[key]?[query]"


@pytest.fixture(params=[False, True], ids=["production", "development"])
def log(request):
    """A logger that writes as a process does; `written()` is what came out."""
    formatters = logging_config(request.param)["formatters"]
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(DictConfigurator({}).configure_formatter(formatters["structured"]))
    logger = logging.getLogger("some.library")
    logger.setLevel(logging.DEBUG)
    logger.addHandler(handler)
    logger.written = out.getvalue
    yield logger
    logger.removeHandler(handler)


def test_line_of_any_logger_holds_no_key(log, rf):
    request = rf.post(f"/api/webhook/email/{KEY}/?key={KEY}")
    log.warning("Unauthorized: %s", request.get_full_path(), extra={"request": request})
    log.info(
        "called",
        extra={"url": f"https://x.example/?key={KEY}", "parts": {"at": [f"/x/{KEY}/"], "token": "abc-t"}},
    )
    try:
        raise ValueError(f"no such page: /email/{KEY}/?secret={KEY}")
    except ValueError:
        log.exception("failed")
    err = log.written()
    assert "Unauthorized: /api/webhook/email/[key]/?[query]" in err
    assert "ValueError: no such page: /email/[key]/?[query]" in err
    assert KEY not in err and "abc-t" not in err


@pytest.mark.django_db
def test_a_database_error_is_logged_with_its_constraint_and_our_place_and_without_the_row(log):
    address = "dana@private.example.com"
    factories.make_user(address)
    try:
        with transaction.atomic():
            factories.make_user(address)
    except IntegrityError:
        log.exception("not stored", extra={"user_id": 7})

    line = log.written()
    assert "inbox_user_email_key" in line and "inbox_user" in line and "23505" in line
    assert "inbox/models/workspace.py:" in line and "IntegrityError" in line
    assert "dana" not in line


def test_line_of_production_is_one_json_object_with_its_ids(log):
    log.warning("done", extra={"request_id": uuid.uuid4().hex, "job_id": ID, "ms": 3.5, "none": None})
    line = log.written()
    if line.startswith("{"):
        assert len(json.loads(line)["request_id"]) == 32
    assert ID in line and "[key]" not in line
