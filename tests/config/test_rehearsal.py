"""What `deploy/rehearse` makes of the files of deploy/ is what they say, with other places. The whole takes minutes."""

import pytest

from deploy.rehearsal import machine, product
from deploy.rehearsal.machine import Failed, Machine
from tests.config.test_deploy import shipped


def test_the_site_of_nginx_has_other_places_alone(tmp_path):
    home = Machine(tmp_path / "home")
    text = machine.nginx_site(home, 8443, (8001, 8002)).read_text()
    assert "server 127.0.0.1:8001 " in text and "server 127.0.0.1:8002 " in text
    assert "holdfast.example.com" not in text and "/etc/ssl" not in text and "/var/log" not in text


def test_a_file_that_says_something_else_now_is_told(tmp_path):
    with pytest.raises(Failed, match="has no 'listen 81;'"):
        Machine(tmp_path / "home").render("nginx/holdfast.conf", "x", {"listen 81;": "listen 82;"})


def test_the_settings_are_of_those_that_are_shipped(tmp_path):
    given = product.settings_for(
        Machine(tmp_path / "home"), "http://sandbox", "redis://r", "https://localhost"
    )
    assert given.keys() <= shipped().keys()
    assert "DEBUG" not in given
