"""Rates: so many events in so many seconds, as settings and API keys write them."""

import re

Rate = tuple[int, int]
"""(events, window in seconds)."""
UNITS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}
RATE = re.compile(r"(\d{1,9})/(\d{0,5})(second|minute|hour|day)s?")


def rate_of(text: str) -> Rate:
    """ "20/minute", "5/15minutes" -> (20, 60), (5, 900). Raises ValueError."""
    match = RATE.fullmatch(text)
    if not match:
        raise ValueError('expected a limit such as "20/minute" or "5/15minutes"')
    return int(match[1]), int(match[2] or 1) * UNITS[match[3]]
