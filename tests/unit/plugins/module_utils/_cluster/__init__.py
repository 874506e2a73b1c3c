"""Tests of _cluster."""
