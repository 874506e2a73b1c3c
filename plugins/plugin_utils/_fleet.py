# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A play that drives a rollout a host: all of them share the controller's cores."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

IN_PROGRAM, IN_WORKER = 1.3, 0.7
"""CPU seconds, about, that the begin of one rollout takes, those of an API server on the same machine among them: where a program of the module drives
it, and where Ansible's worker does."""

SLICE = (120, 180)
"""Seconds of a slice, whatever happens but its end: where programs drive, those of all hosts would start anew with each event. By lot, so that
they do not all end at once."""


def is_fleet(task_vars: Mapping[str, Any]) -> bool:
    """Whether the play has several hosts."""
    return len(task_vars.get("ansible_play_hosts", ())) > 1


def slice_seconds() -> int:
    """How long a host's slice takes at most."""
    return random.randint(*SLICE)


def turn(task_vars: Mapping[str, Any], cores: int, in_worker: bool) -> float:
    """Seconds until a host may begin: those that have a fork at once begin one after the other, as fast as the cores can.

    Begun together, all of them would be ready late, and come to each of their next steps together again. A host that has to wait for
    a fork begins when another one ends, which is a turn already.
    """
    place = list(task_vars["ansible_play_batch"]).index(task_vars["inventory_hostname"])
    return place * (IN_WORKER if in_worker else IN_PROGRAM) / cores if place < int(task_vars["ansible_forks"]) else 0.0
