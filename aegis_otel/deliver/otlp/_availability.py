"""Whether the Collector takes records, and the time of the next attempt after a failure."""

from __future__ import annotations

import random
from typing import Final

BACKOFF_FIRST: Final = 0.5
BACKOFF_MOST: Final = 5.0
_RETRY_AFTER_MOST: Final = 60.0
_FORK_SECONDS: Final = 2.0
"""Seconds that a fork waits for a call in progress, if the last call was answered."""
_FORK_SECONDS_AWAY: Final = 0.25
"""The same if the last call was not answered."""


class Availability:
    """The result of the last attempts. Only the exporter's thread changes it, except for `fork_patience`."""

    def __init__(self) -> None:
        self.away_since: float | None = None
        """Time of the first failed attempt (`time.monotonic`); None: the Collector takes records."""
        self.failures = 0
        """Failed attempts since the last success."""
        self.fork_patience = _FORK_SECONDS
        """Seconds that a fork waits for the call in progress."""

    @property
    def is_away(self) -> bool:
        """Whether the last attempt failed."""
        return self.away_since is not None

    def expect_no_answer(self) -> None:
        """Shorten the wait of the next fork."""
        self.fork_patience = _FORK_SECONDS_AWAY

    def failed(self, now: float, retry_after: float | None) -> float:
        """Count a failed attempt.

        Args:
            now: `time.monotonic`.
            retry_after: seconds that the Collector asked for, or None.

        Returns:
            Seconds until the next attempt.
        """
        self.failures += 1
        self.expect_no_answer()
        if self.away_since is None:
            self.away_since = now
        if retry_after is not None:
            return min(max(retry_after, 0.05), _RETRY_AFTER_MOST)
        pause = min(BACKOFF_FIRST * 2.0 ** min(self.failures - 1, 8), BACKOFF_MOST)
        return pause * random.uniform(0.8, 1.2)  # noqa: S311 - spreads clients, keeps no secret

    def recovered(self) -> float | None:
        """Forget the failures. Returns the time since which the Collector was away; None if it was not away."""
        since, self.away_since = self.away_since, None
        self.failures = 0
        self.fork_patience = _FORK_SECONDS
        return since
