"""What the server refuses, and why."""

from __future__ import annotations


class QueryApiError(Exception):
    """The server cannot be started; the text says why and what to do."""


class RequestError(Exception):
    """A request is refused with this status and this text, as Loki does: text/plain.

    Attributes:
        status: the HTTP status.
        text: for the client; holds no path of this machine.
    """

    def __init__(self, status: int, text: str) -> None:
        super().__init__(status, text)
        self.status = status
        self.text = text
