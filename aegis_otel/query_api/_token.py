"""The token that clients must show: from the settings, or one that is made once and kept in the data folder."""

from __future__ import annotations

import os
import re
import secrets
import stat
from pathlib import Path
from typing import Final

from aegis_otel.query_api._errors import QueryApiError

NAME: Final = "query-token"
"""The file in the data folder that holds a token of our own making."""

_LEAST: Final = 16
_MOST: Final = 4096
_TOKEN: Final = re.compile(r"[!-~]+")


def find_token(data_dir: Path, given: str | None, file: Path | None) -> tuple[str, str]:
    """The token, and where it is, for people.

    Args:
        data_dir: where one is made if there is none.
        given, file: the values of AEGIS_QUERY_TOKEN and AEGIS_QUERY_TOKEN_FILE; the first that is set wins.

    Raises:
        QueryApiError: the token is none that a header can hold, shorter than 16 characters, or its file cannot be used.
    """
    if given:
        return _checked(given, "AEGIS_QUERY_TOKEN"), "AEGIS_QUERY_TOKEN"
    if file is not None:
        try:
            with file.open("rb") as opened:
                content = opened.read(_MOST)
        except OSError as error:
            raise QueryApiError(f"AEGIS_QUERY_TOKEN_FILE: {file} cannot be read: {error.strerror}") from None
        return _checked(content.decode("utf-8", "replace").strip(), f"the file {file}"), str(file)
    path = data_dir / NAME
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        return _made(path) or _kept(path), str(path)
    except OSError as error:
        raise QueryApiError(
            f"{path} cannot be used: {error.strerror}; name another with AEGIS_QUERY_TOKEN_FILE"
        ) from None


def _made(path: Path) -> str | None:
    """A new token in a file of its own; None where the file is there already."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except FileExistsError:
        return None
    token = secrets.token_urlsafe(32)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(token + "\n")
    return token


def _kept(path: Path) -> str:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid() or status.st_mode & 0o077:
            raise QueryApiError(f"{path} can be read or written by others; remove it, and a new token is made")
        return _checked(file.read(_MOST).decode("utf-8", "replace").strip(), f"the file {path}")


def _checked(token: str, where: str) -> str:
    if len(token) < _LEAST or not _TOKEN.fullmatch(token):
        raise QueryApiError(f"{where} holds no token: {_LEAST} or more ASCII letters, digits and signs without spaces")
    return token
