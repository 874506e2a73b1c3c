"""Settings of hypothesis for every test of this folder."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# Time says nothing on a machine that several runs share; a run draws the same examples as the one before it.
settings.register_profile(
    "unit", deadline=None, derandomize=True, max_examples=60, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("unit")
