"""What deploy/ ships fits the code: the settings' names and defaults, and roles with just the rights they need."""

import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread

import psycopg
import pytest
import requests
from cryptography.fernet import Fernet
from django.urls import reverse

from config import gunicorn
from demo.postgres_user import bin_dir
from deploy.rehearsal import machine
from deploy.rehearsal.machine import Machine
from tests import template
from tests.pooling import Pooler
from tests.waiting import PATIENCE_S

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
NOT_OF_AN_INSTALLATION = {"DEBUG", "ALLOW_LOOPBACK_PROVIDERS", "PRESENCE_DIR", "PYTEST_DB_SUFFIX"}
READ = re.compile(r'\b(?:env\.\w+|environ\.get)\(\s*"([A-Z_]+)"(?:, "?([\w:/.-]+)"?)?')


def read_by_the_code() -> dict[str, str]:
    """The environment variables that the code reads, with the defaults that stand there as plain values."""
    sources = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "config").glob("*.py"))]
    found = {name: default.replace("_", "") for text in sources for name, default in READ.findall(text)}
    return {name: found[name] for name in found.keys() - NOT_OF_AN_INSTALLATION}


def shipped() -> dict[str, str]:
    text = (DEPLOY / ".env.example").read_text(encoding="utf-8")
    return dict(re.findall(r"^#?([A-Z_]+)=(.*)$", text, re.M))


def test_the_example_of_an_environment_has_every_variable_that_the_code_reads():
    assert sorted(shipped()) == sorted(read_by_the_code())


def test_the_example_shows_the_defaults_that_the_code_has():
    read = read_by_the_code()
    shown = {name: value for name, value in shipped().items() if value.isdigit() and read[name].isdigit()}
    assert len(shown) >= 10
    assert shown | {"TRUSTED_PROXY": "0"} == {name: read[name] for name in shown}


def test_all_units_of_a_machine_count_into_one_directory():
    for unit in (DEPLOY / "systemd").iterdir():
        text = unit.read_text(encoding="utf-8")
        assert "\nEnvironment=PROMETHEUS_MULTIPROC_DIR=/run/holdfast/metrics\n" in text
        assert "\nRuntimeDirectory=holdfast\n" in text and "\nRuntimeDirectoryPreserve=yes\n" in text


def test_units_have_limits_and_no_more_rights_than_they_need():
    for unit in (DEPLOY / "systemd").iterdir():
        limits = dict(re.findall(r"^([A-Z]\w+)=(.*)$", unit.read_text(encoding="utf-8"), re.M))
        assert re.fullmatch(r"[1-4]G", limits["MemoryMax"])
        assert limits["UMask"] == "0077" and limits["CapabilityBoundingSet"] == ""
        # PostgreSQL's and systemd's sockets, the network, and what names are looked up by
        assert limits["RestrictAddressFamilies"] == "AF_UNIX AF_INET AF_INET6 AF_NETLINK"
        assert (limits["SystemCallFilter"], limits["SystemCallErrorNumber"]) == ("@system-service", "EPERM")
        assert limits["NoNewPrivileges"] == limits["PrivateTmp"] == limits["ProtectHome"] == "yes"
        assert limits["ProtectSystem"] == "strict"


def test_the_example_of_an_environment_starts_as_it_is_and_with_all_that_it_shows():
    """Two secrets are to be filled in; the password stands for one."""
    secrets = {
        "SECRET_KEY": "k$1`x`" + "abcdefghij" * 5,
        "FIELD_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
    }
    text = (DEPLOY / ".env.example").read_text(encoding="utf-8")
    for lines in (re.findall(r"^([A-Z_]+)=(.*)$", text, re.M), re.findall(r"^#?([A-Z_]+)=(.+)$", text, re.M)):
        done = subprocess.run(
            [sys.executable, "manage.py", "check"],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"]} | dict(lines) | secrets,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr[-1_000:]


def test_nginx_leaves_a_kept_connection_before_gunicorn_closes_it():
    """A POST that meets the end is answered 502, as it may not be sent twice."""
    text = (DEPLOY / "nginx" / "holdfast.conf").read_text(encoding="utf-8")
    upstream = re.search(r"upstream holdfast \{(.*?)\}", text, re.S)
    kept_s = upstream and re.search(r"keepalive_timeout (\d+)s;", upstream[1])
    assert kept_s and int(kept_s[1]) < gunicorn.keepalive


def test_nginx_limits_each_way_to_log_in():
    text = (DEPLOY / "nginx" / "holdfast.conf").read_text(encoding="utf-8")
    limited = re.search(r"location (.*) \{\s*limit_req zone=holdfast_login", text)
    assert limited
    assert all(
        reverse(name).startswith(limited[1]) for name in ("login", "company-login", "company-login-end")
    )


class Slow(BaseHTTPRequestHandler):
    """A web process that says when a request has come, and answers once it may."""

    came, may_answer = Event(), Event()

    def do_GET(self) -> None:
        self.came.set()
        self.may_answer.wait(PATIENCE_S)
        self.send_response(200)
        self.end_headers()


@pytest.mark.crash
def test_nginx_says_at_its_limit_when_to_come_again(tmp_path):
    home = Machine(tmp_path / "home")
    web = ThreadingHTTPServer(("127.0.0.1", 0), Slow)
    thread = Thread(target=web.serve_forever, args=(0.01,))
    thread.start()
    port = machine.free_port()
    site = machine.nginx_site(home, port, (web.server_port, web.server_port))
    text = site.read_text().replace(" ssl;", ";").replace("holdfast_clients 200", "holdfast_clients 1")
    site.write_text(re.sub(r"\n *ssl_\w+ .*", "", text))
    (home.home / "nginx.conf").write_text(
        f"{'user root; ' * (os.geteuid() == 0)}daemon off; pid {home.home}/nginx.pid; events {{}}\n"
        f"http {{ client_body_temp_path {home.home}/body; proxy_temp_path {home.home}/proxy; include {site}; }}\n"
    )
    address = f"http://127.0.0.1:{port}"
    try:
        home.start("nginx", "nginx", "-p", home.home, "-c", home.home / "nginx.conf")
        machine.wait_for(lambda: machine.is_open(port), "nginx listens")
        with ThreadPoolExecutor(1) as other:
            first = other.submit(requests.get, f"{address}/w/", timeout=PATIENCE_S)
            assert Slow.came.wait(PATIENCE_S)
            for path in ("/w/", "/api/webhooks/email/key/"):
                refused = requests.get(address + path, timeout=PATIENCE_S)
                assert (refused.status_code, refused.headers["Retry-After"]) == (503, "10"), path
            Slow.may_answer.set()
            assert first.result().status_code == 200
    finally:
        Slow.may_answer.set()
        home.stop_all()
        web.shutdown()
        web.server_close()
        thread.join()


@pytest.mark.crash
def test_the_pools_can_be_looked_at_by_a_user_who_can_do_nothing_else(tmp_path):
    with template.server_in(tmp_path) as postgres:
        users = postgres.socket_dir / "users.txt"
        users.write_text('"holdfast_stats" "x"\n')
        users.chmod(0o644)
        with Pooler(postgres, 2, {"auth_type": "trust", "auth_file": str(users)}) as pooler:
            machine.wait_for(lambda: machine.is_open(pooler.port), "PgBouncer listens")
            url = pooler.url("pgbouncer").replace("holdfast@", "holdfast_stats@")
            with psycopg.connect(url, autocommit=True, cursor_factory=psycopg.ClientCursor) as console:
                assert "cl_waiting" in [column.name for column in console.execute("SHOW POOLS").description]
                with pytest.raises(psycopg.Error, match="not allowed|admin"):
                    console.execute("PAUSE")


def test_manage_reads_the_settings_as_they_stand_there_and_leaves_those_that_are_set(tmp_path):
    """Docker and systemd take a value as it is. A shell that evaluates the file would break this one in two."""
    url = "postgres://web:a$b'c@db.example.com:6432/holdfast?sslmode=require&application_name=x"
    lines = {
        "FIELD_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
        "DATABASE_URL": url,
        "ALLOWED_HOSTS": "one.example.com",
        "SECRET_KEY": "k$1`x`" + "abcdefghij" * 5,
    }
    (tmp_path / "env").write_text(
        "# a note\n\n"
        + "\n".join(f"{name}={value}" for name, value in lines.items())  # without a last line's end
    )
    said = subprocess.run(
        [
            *(DEPLOY / "manage", "shell", "--no-imports", "-c"),
            "from django.conf import settings as s; d = s.DATABASES['default'];"
            "print(s.SECRET_KEY, d['PASSWORD'], d['OPTIONS']['sslmode'], *s.ALLOWED_HOSTS)",
        ],
        env={
            "PATH": os.environ["PATH"],
            "HOLDFAST_ENV": str(tmp_path / "env"),
            "ALLOWED_HOSTS": "other.example.com",
        },
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.split() == [lines["SECRET_KEY"], "a$b'c", "require", "other.example.com"]


@pytest.mark.crash
def test_the_roles_can_do_what_they_are_for_and_no_more(tmp_path):
    with template.server_in(tmp_path) as postgres:
        for _ in range(2):  # it may run again
            run_roles(postgres)
        with as_role(postgres, "holdfast_owner") as owner:
            owner.execute(
                "CREATE TABLE of_a_later_release (id bigint GENERATED ALWAYS AS IDENTITY, words text)"
            )
        for role, limit in {"holdfast_web": "5s", "holdfast_worker": "30s"}.items():
            with as_role(postgres, role) as session:
                assert session.execute("SHOW statement_timeout").fetchone() == (limit,)
                assert session.execute("SHOW jit").fetchone() == ("off",)
                assert session.execute("SHOW log_lock_waits").fetchone() == ("on",)
                session.execute("INSERT INTO of_a_later_release (words) VALUES ('x')")
                session.execute("DELETE FROM of_a_later_release")
                assert session.execute("SELECT count(*) FROM django_migrations").fetchone()[0] > 5
                assert session.execute("SELECT place = inbox_place() FROM inbox_databaseorigin").fetchone()[0]
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    session.execute("CREATE TABLE mine (id int)")
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    session.execute("DROP TABLE of_a_later_release")


def run_roles(postgres) -> None:
    """As PostgreSQL's image does it."""
    with psycopg.connect(postgres.url()) as session:
        where = {
            "PGHOST": session.info.host,
            "PGPORT": str(session.info.port),
            "POSTGRES_USER": session.info.user,
        }
    passwords = {f"{role}_PASSWORD": f"it's {role}" for role in ("OWNER", "WEB", "WORKER")}
    roles = {"ROLES": str(DEPLOY / "postgres" / "roles.sql"), "PATH": f"{bin_dir()}:{os.environ['PATH']}"}
    subprocess.run(
        [DEPLOY / "docker" / "make-roles.sh"], env=where | passwords | roles, check=True, capture_output=True
    )


def as_role(postgres, role: str) -> psycopg.Connection:
    return psycopg.connect(postgres.url(), user=role, autocommit=True)
