"""What YAML makes of a rule that was not quoted: through the parser that Ansible uses."""

from __future__ import annotations

import pytest
import yaml

from ansible_collections.tfserving.istio.plugins.module_utils._spec.errors import SpecError
from ansible_collections.tfserving.istio.plugins.module_utils._spec.rule import read_rule


def traffic(line: str) -> object:
    return yaml.safe_load(f"traffic: {line}")["traffic"]


@pytest.mark.parametrize(
    "line", ["v1:90:v2:10", "'v1:90:v2:10'", "v1:90,v2:10", "{v1: 90, v2: 10}", '{v1: "90", v2: 10}']
)
def test_what_yaml_reads_as_it_is_written(line: str):
    assert str(read_rule(traffic(line))) == "v1:90:v2:10"


@pytest.mark.parametrize("line", ["1:50:2:50", "1:50:2:50.5", "100", "1.5", "2026-01-01", "1:59"])
def test_a_rule_that_became_a_number_or_a_date_is_to_be_quoted(line: str):
    assert not isinstance(traffic(line), str)
    with pytest.raises(SpecError, match="is what YAML makes of an unquoted rule such as 1:50:2:50; quote it"):
        read_rule(traffic(line))


def test_a_mapping_without_spaces_became_one_of_nulls():
    assert traffic("{v1:90, v2:10}") == {"v1:90": None, "v2:10": None}
    with pytest.raises(SpecError, match=r"is a mapping without percents: write .* with a space after each colon"):
        read_rule(traffic("{v1:90, v2:10}"))


def test_a_mapping_with_one_space_forgotten():
    assert traffic("{v1:90, v2: 10}") == {"v1:90": None, "v2": 10}
    with pytest.raises(SpecError, match="a space after each colon"):
        read_rule(traffic("{v1:90, v2: 10}"))


def test_an_empty_value_is_no_rule_at_all():
    assert traffic("") is None


def test_a_version_named_by_a_number_may_be_a_key():
    assert str(read_rule(traffic("{1: 50, 2: 50}"))) == "1:50:2:50"


def test_a_version_named_as_yaml_names_a_boolean_is_not_taken_for_one():
    with pytest.raises(SpecError, match="True"):
        read_rule(traffic("{on: 100}"))
