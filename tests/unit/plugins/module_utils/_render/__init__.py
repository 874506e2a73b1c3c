"""Tests of _render."""
