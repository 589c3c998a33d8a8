"""What every test run shares: the order, so that a plain mistake shows before the first kill or browser."""

import pytest

LATER = ("races", "faults", "slow", "browser")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser tests come last: Playwright leaves an event loop in the process, which a test that forks cannot have."""

    def place(item: pytest.Item) -> tuple[bool, bool]:
        return any(item.get_closest_marker(tier) for tier in LATER), bool(item.get_closest_marker("browser"))

    items.sort(key=place)
