"""The countries and time zones to choose from, with their names in the time zone database (tzdata)."""

import zoneinfo
from importlib.resources import files

import phonenumbers

PLAINER_NAMES = {
    "AC": "Ascension Island",
    "AS": "American Samoa",
    "CD": "Congo (Democratic Republic)",
    "CG": "Congo (Republic)",
    "CZ": "Czechia",
    "GB": "United Kingdom",
    "KP": "North Korea",
    "KR": "South Korea",
    "MM": "Myanmar",
    "TA": "Tristan da Cunha",
    "WS": "Samoa",
    "XK": "Kosovo",
}
"""Names by country code, where the database has no name or a different one."""
CONTINENTS = (
    *("Africa/", "America/", "Antarctica/", "Arctic/", "Asia/"),
    *("Atlantic/", "Australia/", "Europe/", "Indian/", "Pacific/"),
)


def countries() -> list[tuple[str, str]]:
    """Returns the countries that a phone number can belong to, sorted by name: ISO 3166 two-letter code and name.

    phonenumbers has names in all languages, but takes seconds to load them.
    """
    table = (files("tzdata.zoneinfo") / "iso3166.tab").read_text(encoding="utf-8")
    names = dict(line.split("\t") for line in table.splitlines() if not line.startswith("#")) | PLAINER_NAMES
    return sorted(
        ((code, names[code]) for code in phonenumbers.SUPPORTED_REGIONS), key=lambda country: country[1]
    )


def time_zones() -> list[str]:
    """Returns the names of time zones of places, and UTC. Old names such as US/Eastern are left out."""
    return ["UTC", *(name for name in zoneinfo.available_timezones() if name.startswith(CONTINENTS))]
