"""Tests of _plan."""
