"""What the stores that are asked over HTTP share: one server, and what is said when it does not answer as it must."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import httpx

from aegis_otel.stores._url import without_credentials
from aegis_otel.stores.errors import StoreError

_SHOWN: Final = 500
"""How many characters of a refusal are shown."""


class RefusedError(StoreError):
    """The store understood the request and said no."""


@dataclass
class Server:
    """The HTTP server of a store. ``str(server)`` names it for people, without credentials.

    Attributes:
        name: of the store, for people.
        url: where it listens; may hold user and password, which are sent as Basic authentication.
        variable: the environment variable that holds the URL.
        timeout: seconds that it may be silent.
    """

    name: str
    url: str = field(repr=False)
    variable: str
    timeout: float
    _client: httpx.Client = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._client = httpx.Client(base_url=self.url, timeout=self.timeout)

    def __str__(self) -> str:
        return f"{self.name} at {without_credentials(self.url)}"

    def ask(self, method: str, path: str, **parts: Mapping[str, str]) -> httpx.Response:
        """The answer to a request; `parts` are httpx's, such as `params` and `data`.

        Raises:
            RefusedError: it answers with another status than 200.
            StoreError: it does not answer.
        """
        try:
            answer = self._client.request(method, path, **parts)  # type: ignore[arg-type]
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            reason = str(error) or type(error).__name__
            raise StoreError(f"{self} does not answer: {reason}; is it running, is {self.variable} right?") from None
        if answer.status_code != 200:
            raise RefusedError(f"{self} refused the query with {answer.status_code}: {answer.text.strip()[:_SHOWN]}")
        return answer

    def is_ready(self, path: str) -> bool:
        """Whether a GET of `path` answers 200."""
        try:
            return bool(self._client.get(path, timeout=10.0).status_code == 200)
        except (httpx.HTTPError, httpx.InvalidURL):
            return False

    def foreign(self) -> StoreError:
        """The error for an answer in another form than the store's."""
        return StoreError(f"{self} answered something that is not {self.name}'s; is the URL right?")
