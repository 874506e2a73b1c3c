"""The one exception whose message is meant for the user."""

from __future__ import annotations


class SandboxError(Exception):
    """Something the user can act on. The message says what happened, where, and what to do."""
