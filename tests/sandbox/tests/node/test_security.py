"""Users and rights of containers."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.node.environment import ConfigError
from sandbox.node.security import Identity, identity


def resolve(pod: Any = None, container: Any = None, image: tuple[int, int] = (0, 0), mapped: int = 65536) -> Identity:
    return identity({"spec": {"securityContext": pod}}, {"securityContext": container}, image, mapped)


def test_the_container_wins_over_the_pod_over_the_image() -> None:
    assert resolve(image=(1337, 1337)).uid == 1337
    assert resolve({"runAsUser": 5}, image=(1337, 1337)).uid == 5
    assert resolve({"runAsUser": 5}, {"runAsUser": 6}).uid == 6


def test_the_images_group_goes_with_the_images_user() -> None:
    assert resolve(image=(1337, 1337)).gid == 1337
    assert resolve({"runAsUser": 5}, image=(1337, 1337)).gid == 0
    assert resolve({"runAsGroup": 7}).gid == 7


def test_the_volumes_group_is_a_supplementary_one() -> None:
    assert resolve({"fsGroup": 2000, "supplementalGroups": [3000], "runAsGroup": 1}).groups == (1, 2000, 3000)


def test_root_is_refused_where_it_is_not_wanted() -> None:
    with pytest.raises(ConfigError, match="runAsNonRoot"):
        resolve({"runAsNonRoot": True})
    assert resolve({"runAsNonRoot": True}, image=(1, 1)).uid == 1


def test_capabilities_are_dropped_and_added() -> None:
    assert "NET_ADMIN" not in resolve().capabilities
    istio_init = {"capabilities": {"drop": ["ALL"], "add": ["NET_ADMIN", "CAP_NET_RAW"]}}
    assert resolve(container=istio_init).capabilities == ("NET_ADMIN", "NET_RAW")
    assert "CHOWN" not in resolve(container={"capabilities": {"drop": ["CHOWN"]}}).capabilities
    assert "SYS_ADMIN" in resolve(container={"privileged": True}).capabilities


def test_where_one_user_is_mapped_everything_is_root_and_says_so() -> None:
    squashed = resolve({"runAsUser": 1337, "fsGroup": 5}, mapped=1)
    assert (squashed.uid, squashed.gid, squashed.groups, squashed.squashed) == (0, 0, None, 1337)
    assert resolve(mapped=1).squashed is None
