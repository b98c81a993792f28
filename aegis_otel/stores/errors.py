"""The one error of stores."""

from __future__ import annotations


class StoreError(Exception):
    """A store cannot be read; the text says why and what to do."""
