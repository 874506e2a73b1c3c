"""Tests of _spec."""
