"""What deploy/docker says fits the rest of deploy/ and the code. Nothing is built or booted here."""

import re
from pathlib import Path

import yaml

from tests.config.test_deploy import DEPLOY, ROOT, shipped

DOCKER = DEPLOY / "docker"
DOCKERFILE = (DOCKER / "Dockerfile").read_text(encoding="utf-8")
SERVICES = yaml.safe_load((DOCKER / "compose.yaml").read_text(encoding="utf-8"))["services"]


def test_the_image_builds_by_the_script_that_runs_anywhere_and_is_not_root():
    build = DOCKERFILE.split("\nFROM ")[1]
    assert (
        re.findall(r"^RUN (.+)$", build, re.M)[-1] == "deploy/build"
        and (DEPLOY / "build").stat().st_mode & 0o111
    )
    assert (
        "requirements.txt" in (DEPLOY / "build").read_text() and "-demo" not in (DEPLOY / "build").read_text()
    )
    assert re.findall(r"^USER (\w+)$", DOCKERFILE, re.M) == ["holdfast"]


def test_a_health_check_asks_where_the_image_listens():
    listens = re.search(r"HEALTH_BIND=127\.0\.0\.1:(\d+)", DOCKERFILE)[1]
    assert f"127.0.0.1:{listens}/healthz" in DOCKERFILE
    webs = [one for name, one in SERVICES.items() if name.startswith("web-")]
    assert {one["environment"]["HEALTH_BIND"] for one in webs} == {f"127.0.0.1:{listens}"}
    assert not any("healthcheck" in one for one in webs), "theirs is the image's"


def test_the_services_have_the_roles_that_are_made_and_migrations_are_a_step_of_their_own():
    roles = {
        name: re.search(r"//(\w+):", one["environment"]["DATABASE_URL"])[1]
        for name, one in SERVICES.items()
        if name != "postgres"
    }
    assert roles == {
        "migrate": "holdfast_owner",
        "web-a": "holdfast_web",
        "web-b": "holdfast_web",
        "worker": "holdfast_worker",
    }
    for name in roles.keys() - {"migrate"}:
        assert SERVICES[name]["depends_on"] == {"migrate": {"condition": "service_completed_successfully"}}
    made = set(re.findall(r'\$(\w+_PASSWORD)"', (DOCKER / "make-roles.sh").read_text()))
    assert made == SERVICES["postgres"]["environment"].keys() - {"POSTGRES_PASSWORD"}


def test_each_service_has_the_passwords_of_its_own_work_alone():
    """The file of passwords is none of theirs: compose puts in what stands in `environment`."""
    passwords = {
        name: set(re.findall(r"\$\{(\w+_PASSWORD)", str(one["environment"])))
        for name, one in SERVICES.items()
    }
    assert passwords == {
        "postgres": {"POSTGRES_PASSWORD", "OWNER_PASSWORD", "WEB_PASSWORD", "WORKER_PASSWORD"},
        "migrate": {"OWNER_PASSWORD"},
        "web-a": {"WEB_PASSWORD"},
        "web-b": {"WEB_PASSWORD"},
        "worker": {"WORKER_PASSWORD"},
    }
    for name in SERVICES.keys() - {"postgres"}:
        assert SERVICES[name]["env_file"] == ".product.env"
    assert not any(name.endswith("_PASSWORD") for name in shipped())


def test_the_dump_has_the_version_of_the_server_and_a_place_to_stay():
    server = re.fullmatch(r"postgres:(\d+)-(\w+)", SERVICES["postgres"]["image"])
    assert re.findall(r"postgresql-client-(\d+)", DOCKERFILE) == [server[1]]
    assert set(re.findall(r"^FROM python:[\d.]+-slim-(\w+)", DOCKERFILE, re.M)) == {server[2]}
    assert SERVICES["migrate"]["volumes"] == ["backups:/backups"]
    assert "install -d -m 700 -o holdfast /backups" in DOCKERFILE


def test_secrets_of_an_installation_are_in_no_image_and_in_no_commit():
    ignored = (ROOT / ".gitignore").read_text().split()
    assert {".env", ".product.env"} <= set(ignored)
    assert "**/.*" in (DOCKER / "Dockerfile.dockerignore").read_text().split()


def test_what_compose_names_is_there():
    set_here = {
        name for one in SERVICES.values() for name in one["environment"] if not name.endswith("PASSWORD")
    }
    assert set_here <= shipped().keys()
    named = yaml.safe_load((DOCKER / "compose.yaml").read_text(encoding="utf-8"))["volumes"].keys()
    for mounted in (one for service in SERVICES.values() for one in service.get("volumes", ())):
        source = mounted.partition(":")[0]
        assert source in named or (DOCKER / source).resolve().exists()
    nginx = (DEPLOY / "nginx" / "holdfast.conf").read_text()
    for name in ("web-a", "web-b"):
        assert f"server {SERVICES[name]['ports'][0].rpartition(':')[0]} " in nginx
        assert (DOCKER / SERVICES[name]["build"]["context"]).resolve() == ROOT
        assert Path(ROOT, SERVICES[name]["build"]["dockerfile"]).exists()
