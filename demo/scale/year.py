"""The time of the seeded year: when conversations begin, how ids carry their time, and how times are written."""

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

SECOND, MINUTE, HOUR = 1_000, 60_000, 3_600_000
DAY = 24 * HOUR
DAYS = 365
GROWTH = 1.2
"""How much more begins in the last days of the year than in its first: 1.2 is a bit more than twice as much."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
AT_NIGHT, AT_WEEKENDS = 0.08, 0.12
"""The share of what would fall into a night or a weekend and happens then all the same."""


@dataclass(frozen=True)
class Year:
    """The seeded year, which ends at `until` (milliseconds since 1970). All times of the
    seeded rows are such numbers.
    """

    until: int

    @classmethod
    def ending(cls, moment: datetime) -> "Year":
        """The seeded year that ends at `moment` (aware)."""
        return cls(int(moment.timestamp()) * SECOND)

    @property
    def begins(self) -> int:
        return self.until - DAYS * DAY

    def somewhen(self, rng: Random) -> int:
        """A random time of the seeded year (milliseconds since 1970): later ones are
        likelier, and so are working hours of weekdays.
        """
        share = (math.sqrt(1 + rng.random() * GROWTH * (2 + GROWTH)) - 1) / GROWTH
        return min(self.until - MINUTE, self.working(rng, self.begins + int(share * DAYS * DAY)))

    def working(self, rng: Random, at: int) -> int:
        """A time near `at` (both milliseconds since 1970) at which somebody works: nights and weekends are mostly left
        out.
        """
        day, of_day = divmod(at, DAY)
        if (day + 3) % 7 >= 5 and rng.random() > AT_WEEKENDS:
            day -= (day + 3) % 7 - 4  # Friday
        if not 12 * HOUR <= of_day < 23 * HOUR and rng.random() > AT_NIGHT:
            of_day = 12 * HOUR + int(rng.betavariate(2, 3) * 11 * HOUR)
        return day * DAY + of_day

    def age_days(self, at: int) -> float:
        return (self.until - at) / DAY


def moment(at: int) -> datetime:
    """The time `at` (milliseconds since 1970) as an aware datetime."""
    return EPOCH + timedelta(milliseconds=at)


def uuid_at(at: int, rng: Random) -> str:
    """A UUID version 7 of the time `at` (milliseconds since 1970), as 32 hexadecimal
    digits, whose random part comes from `rng`.
    """
    bits = rng.getrandbits(74)
    return f"{at << 80 | 7 << 76 | bits >> 62 << 64 | 2 << 62 | bits & (1 << 62) - 1:032x}"


def dashed(hexadecimal: str) -> str:
    """A UUID of 32 hexadecimal digits with dashes, as Python writes it."""
    digits = hexadecimal
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
