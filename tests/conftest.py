"""What every test run shares: the order, so that a plain mistake shows before the first kill or browser."""

import pytest

LATER = ("races", "faults", "slow", "browser")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: any(item.get_closest_marker(tier) for tier in LATER))
