"""What the settings refuse to start with: each in a process of its own, as an operator meets it."""

import os
import subprocess
import sys

import pytest
from cryptography.fernet import Fernet

GOOD = {
    "SECRET_KEY": "kJ3vQ9xZ2mL8pR5tW7yB4nC6dF1gH0sA-kJ3vQ9xZ2mL8pR5tW7yB4nC6",
    "FIELD_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
    "DATABASE_URL": "postgres://db.example.com/app",
    "ALLOWED_HOSTS": "inbox.example.com",
}


def start(**environ: str) -> subprocess.CompletedProcess:
    """Import the settings under exactly these variables."""
    return subprocess.run(
        [sys.executable, "-c", "import config.settings"],
        env={"PATH": os.environ["PATH"]} | {name: value for name, value in environ.items() if value},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_production_starts_with_what_it_needs():
    assert start(**GOOD).returncode == 0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"SECRET_KEY": ""}, "SECRET_KEY must be at least 50 random characters"),
        ({"SECRET_KEY": "a" * 60}, "SECRET_KEY must be at least 50 random characters"),
        ({"SECRET_KEY": "django-insecure-" + "x1y2z3a4b5" * 5}, "SECRET_KEY must be"),
        ({"FIELD_ENCRYPTION_KEYS": ""}, "FIELD_ENCRYPTION_KEYS must list Fernet keys"),
        ({"FIELD_ENCRYPTION_KEYS": "not-a-key"}, "FIELD_ENCRYPTION_KEYS must list Fernet keys"),
        ({"DATABASE_URL": ""}, "DATABASE_URL is not set"),
        ({"ALLOW_LOOPBACK_PROVIDERS": "1"}, "ALLOW_LOOPBACK_PROVIDERS is only for the demo and tests"),
        ({"DEBUG": "1"}, "DEBUG is for this machine only"),
        ({"TRUSTED_PROXY": "yes"}, "TRUSTED_PROXY must be a whole number from 0 to 10"),
        ({"OIDC_ONLY": "1"}, "The company login needs OIDC_ISSUER"),
        (
            {"OIDC_ISSUER": "https://a.example", "OIDC_CLIENT_ID": "a", "OIDC_CLIENT_SECRET": "b"},
            "and PUBLIC_URL",
        ),
        ({"GHL_TIMEOUT_MS": "soon"}, "GHL_TIMEOUT_MS must be a whole number"),
    ],
)
def test_it_does_not_start_with(change, said):
    run = start(**GOOD | change)
    assert run.returncode != 0
    assert said in run.stderr


def test_a_refusal_never_quotes_the_secret():
    run = start(**GOOD | {"SECRET_KEY": "hunter2-hunter2"})
    assert "hunter2" not in run.stderr


@pytest.mark.parametrize(("choice", "preload"), [("", "False"), ("1", "True")])
def test_whether_browsers_ship_the_host_as_https_alone_is_the_owners_choice(choice, preload):
    run = subprocess.run(
        [
            sys.executable,
            "-c",
            "from config.settings import *; print(SECURE_HSTS_PRELOAD, SECURE_HSTS_SECONDS)",
        ],
        env={"PATH": os.environ["PATH"], "HSTS_PRELOAD": choice} | GOOD,
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.split() == [preload, "31536000"]
