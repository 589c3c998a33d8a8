"""Settings from the environment: stripped, validated, clamped or refused with the variable's name."""

import logging
import os
import traceback
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.env import Env, metrics_dir, postgres_config


def test_a_trailing_newline_is_no_part_of_a_secret():
    assert Env({"CRON_SECRET": "s3cret\n"}).text("CRON_SECRET") == "s3cret"


def test_an_empty_value_counts_as_unset():
    assert Env({"PORT": "  "}).number("PORT", 8000, 1, 65535) == 8000


@pytest.mark.parametrize(("given", "kept"), [("5", 1000), ("30000", 30000), ("999999", 120000)])
def test_a_number_out_of_range_is_clamped(given, kept):
    assert Env({"EMAILBISON_TIMEOUT_MS": given}).number("EMAILBISON_TIMEOUT_MS", 30000, 1000, 120000) == kept


def test_clamping_is_said_in_the_log(caplog):
    with caplog.at_level(logging.WARNING):
        Env({"LIMIT": "9"}).number("LIMIT", 3, 1, 5)
    assert caplog.records[0].setting == "LIMIT"


def test_a_number_that_is_none_stops_the_process_with_its_name():
    with pytest.raises(ImproperlyConfigured, match="LIMIT must be a whole number from 1 to 5"):
        Env({"LIMIT": "three"}).number("LIMIT", 3, 1, 5)


@pytest.mark.parametrize(("given", "value"), [("1", True), ("TRUE", True), ("off", False), ("", False)])
def test_a_flag_reads_the_usual_words(given, value):
    assert Env({"DEBUG": given}).flag("DEBUG") is value


def test_a_flag_that_is_none_is_refused():
    with pytest.raises(ImproperlyConfigured, match="DEBUG must be 1 or 0"):
        Env({"DEBUG": "maybe"}).flag("DEBUG")


def test_a_url_without_scheme_is_refused():
    with pytest.raises(ImproperlyConfigured, match="PUBLIC_URL must be a URL"):
        Env({"PUBLIC_URL": "inbox.example.com"}).url("PUBLIC_URL")


def test_a_database_url_becomes_django_settings():
    config = postgres_config("postgres://me:p%40ss@db.example.com:6432/app?sslmode=require")
    assert (config["USER"], config["PASSWORD"]) == ("me", "p@ss")
    assert (config["HOST"], config["PORT"], config["NAME"]) == ("db.example.com", 6432, "app")
    assert config["OPTIONS"] == {"sslmode": "require"}


def test_a_socket_folder_of_a_database_stands_in_the_query():
    config = postgres_config("postgresql://me@/app?host=/A folder/of Sockets&port=5433&sslmode=disable")
    assert (config["HOST"], config["PORT"]) == ("/A folder/of Sockets", 5433)
    assert config["OPTIONS"] == {"sslmode": "disable"}


@pytest.mark.parametrize(
    "url",
    [
        "mysql://me:hunter2@db/app",
        "oops://me:hunter2@db/app",
        "me:hunter2@db/app",
        "postgres://me:hunter2@db:port/app",
        "postgres://me:hunter2@[db/app",
        "postgres://me:hunter2@db",
    ],
)
def test_a_bad_database_url_is_refused_without_quoting_its_password(url):
    with pytest.raises(ImproperlyConfigured, match="DATABASE_URL must be a URL like postgres://") as refused:
        postgres_config(url)
    assert "hunter2" not in "".join(traceback.format_exception(refused.value))


@pytest.mark.parametrize(
    "url",
    ["https://a.example\\.b.example", "https://k@a.example", "https://a%2eexample", "https://bücher.example"],
)
def test_an_address_whose_host_can_be_read_in_two_ways_is_refused(url):
    with pytest.raises(ImproperlyConfigured, match="UNIPILE_DSN must name a host in plain letters"):
        Env({"UNIPILE_DSN": url}).url("UNIPILE_DSN")


@pytest.mark.parametrize(
    "url", ["https://api8.unipile.com:13443", "http://127.0.0.1:8000/x", "https://[::1]:443"]
)
def test_an_address_with_a_port_is_taken(url):
    assert Env({"UNIPILE_DSN": url}).url("UNIPILE_DSN") == url


def test_hosts_of_providers_are_named_with_or_without_a_port():
    words = "emailbison=send.example.com, ghl=ghl.example.com:8443"
    words += ", emailbison=a.example:8443@019a0000-0000-7000-8000-000000000001"
    assert Env({"HOSTS": words}).provider_hosts("HOSTS") == words.split(", ")


@pytest.mark.parametrize(
    "entry",
    [
        "send.example.com",
        "emailbison=",
        "emailbison=https://x.example",
        "emailbison=a/b",
        "emailbison=a:x",
        "emailbison=a@acme",
    ],
)
def test_a_host_of_a_provider_that_is_none_stops_the_process(entry):
    with pytest.raises(ImproperlyConfigured, match="HOSTS must list provider=host or provider=host:port"):
        Env({"HOSTS": f"emailbison=send.example.com,{entry}"}).provider_hosts("HOSTS")


def test_the_directory_of_counters_is_one_for_this_user_and_release(monkeypatch, tmp_path):
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", "")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    made = metrics_dir("", release=tmp_path / "one")
    assert metrics_dir("", release=tmp_path / "one") == made != metrics_dir("", release=tmp_path / "other")
    assert Path(made).stat().st_mode & 0o777 == 0o700
    assert metrics_dir(str(tmp_path / "named"), release=tmp_path) == str(tmp_path / "named")
    assert os.environ["PROMETHEUS_MULTIPROC_DIR"] == str(tmp_path / "named")


def test_a_directory_of_counters_that_is_somebody_elses_or_cannot_be_made_is_refused(monkeypatch, tmp_path):
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", "")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    monkeypatch.setattr(os, "geteuid", lambda: 12_345)
    with pytest.raises(ImproperlyConfigured, match="PROMETHEUS_MULTIPROC_DIR: .* belongs to another user"):
        metrics_dir("", release=tmp_path)
    with pytest.raises(ImproperlyConfigured, match="PROMETHEUS_MULTIPROC_DIR: /proc/x cannot be created"):
        metrics_dir("/proc/x", release=tmp_path)
