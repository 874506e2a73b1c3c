"""When the hosts of a fleet begin; what it gains, tests/benchmark measures on a mesh."""

from __future__ import annotations

import pytest

from ansible_collections.tfserving.istio.plugins.plugin_utils._fleet import IN_PROGRAM, IN_WORKER, turn

HOSTS = [f"model-{number}" for number in range(6)]


def variables(host, forks, hosts=HOSTS):
    return {"ansible_play_batch": hosts, "inventory_hostname": host, "ansible_forks": forks}


def test_hosts_begin_one_after_the_other_as_fast_as_the_cores_can():
    turns = [turn(variables(host, 50), cores=2, in_worker=False) for host in HOSTS]
    assert turns == pytest.approx([number * IN_PROGRAM / 2 for number in range(6)])
    assert turn(variables(HOSTS[1], 50), cores=2, in_worker=True) == pytest.approx(IN_WORKER / 2)
    assert turn(variables(HOSTS[5], 50), cores=64, in_worker=False) < 0.2


def test_who_waits_for_a_fork_begins_when_it_is_there():
    assert [turn(variables(host, 2), cores=2, in_worker=False) > 0 for host in HOSTS] == [
        False,
        True,
        False,
        False,
        False,
        False,
    ]
