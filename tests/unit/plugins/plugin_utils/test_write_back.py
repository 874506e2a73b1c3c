"""The rule in the user's file: only its own characters change."""

from __future__ import annotations

import os
import re

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.tfserving.istio.plugins.module_utils._spec.rule import read_rule
from ansible_collections.tfserving.istio.plugins.plugin_utils._write_back import WriteBack, rewritten
from ansible_collections.tfserving.istio.plugins.plugin_utils._yaml_text import Refused

MODEL = {"name": "mnist", "namespace": "kubeflow"}
FOREIGN = {**MODEL, "manage": "weights", "virtual_service": "mnist-routes", "route": "predictions"}

VARIABLES = """\
# Models of the team.  \t
serving_models:

  - name: other   # not this one
    traffic: "v1:100"
  - name: 'mnist'
    versions:               # in their order
      - {name: v1, base_path: gs://b/mnist, model_version: 1}
      - {name: v2, base_path: gs://b/mnist, model_version: 2}
    traffic: v1:90:v2:10    # since Monday
...
"""

MANIFESTS = """\
apiVersion: v1
kind: Service
metadata: {name: mnist-routes}
---
# Ours.
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata:
    name: mnist-routes   # the name
spec:
    hosts: ["*"]
    http:
    -   name: health
        directResponse: {status: 200}
    -   name: predictions
        route:
        -   destination:
                host: mnist
                subset: v1   # the old one
            weight: 100      # percent
        -   destination: {host: mnist, subset: v2}
"""


def write(text, rule="v2:100", given=None):
    return rewritten(text, read_rule(rule), given or MODEL)


def test_only_the_value_of_traffic_changes():
    assert write(VARIABLES) == VARIABLES.replace("traffic: v1:90:v2:10 ", 'traffic: "v2:100" ')


def test_a_file_that_says_so_already_is_left_as_it_is():
    assert write(VARIABLES, "v1:90:v2:10") == VARIABLES
    assert write("serving_models: [{name: mnist, traffic: {v2: 10.0, v1: 90}}]", "v1:90:v2:10").endswith("v1: 90}}]")


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_ends_of_lines_stay(ending):
    text = VARIABLES.replace("\n", ending)
    assert write(text) == text.replace("traffic: v1:90:v2:10 ", 'traffic: "v2:100" ')
    without = text.replace(f"    traffic: v1:90:v2:10    # since Monday{ending}", "")
    assert write(without) == without.replace("'mnist'" + ending, f"'mnist'{ending}    traffic: \"v2:100\"{ending}")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("traffic: 'v1:100'", "traffic: 'v2:100'"),
        ("traffic: {v1: 90, v2: 10}", "traffic: {v1: 0, v2: 100}"),
        ("traffic: {v1: 100}", 'traffic: "v2:100"'),
        ("traffic:\n      v1: 90  # most\n      v2: 10", "traffic:\n      v1: 0  # most\n      v2: 100"),
        ("traffic:\n      v1: 100\n    retries: 1", 'traffic:\n      "v2:100"\n    retries: 1'),
        ("traffic:", 'traffic: "v2:100"'),
        ("retries: 1", 'traffic: "v2:100"\n    retries: 1'),
    ],
)
def test_every_form_of_traffic(before, after):
    text = f"serving_models:\n  - name: mnist\n    {before}\n  - name: other\n"
    assert write(text) == text.replace(before, after, 1)
    assert yaml.safe_load(write(text))


def test_a_mapping_in_braces_and_json_get_the_key_too():
    assert write("serving_models: [{name: mnist}]") == 'serving_models: [{name: mnist, traffic: "v2:100"}]'
    assert (
        write('{"serving_models": [{"name": "mnist"}]}')
        == '{"serving_models": [{"name": "mnist", "traffic": "v2:100"}]}'
    )


def test_the_last_line_may_have_no_end():
    assert write("serving_models:\n- name: mnist") == 'serving_models:\n- name: mnist\n  traffic: "v2:100"'


def test_models_of_one_name_are_told_apart_by_their_namespaces():
    text = "serving_models:\n- {name: mnist, namespace: a, traffic: 'v1:100'}\n- {name: mnist, traffic: 'v1:100'}\n"
    assert write(text) == text[::-1].replace("001:1v", "001:2v", 1)[::-1]
    assert write(text, given={"name": "mnist", "namespace": "a"}) == text.replace("v1:100", "v2:100", 1)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("serving_models: []", "no entry of name mnist and namespace kubeflow; write v2:100 there by hand"),
        ("- hosts: all\n", "no entry"),
        ("", "no entry"),
        ("a: [1", "it is no YAML"),
        ("serving_models: [{name: mnist}, {name: mnist}]", "2 entries"),
        ("serving_models: [{name: mnist, traffic: '{{ rule }}'}]", "line 1 has a template for traffic"),
        ("x: &r v1:100\nserving_models: [{name: mnist, traffic: *r}]", "line 1 has an anchor, an alias or a tag"),
        ("serving_models: [{name: mnist, traffic: &r v1:100}]", "line 1 has an anchor"),
        ("serving_models:\n- &m {name: mnist}\nmore: [*m]", "line 2 has an anchor"),
        ("serving_models: [{name: mnist, traffic: !vault x}]", "line 1 has an anchor, an alias or a tag"),
        ("serving_models:\n- name: mnist\n  traffic: |\n    v1:100\n", "line 3 begins a block of text"),
        ("serving_models: [{name: mnist, traffic: a, traffic: b}]", "line 1 says traffic once more"),
    ],
)
def test_what_cannot_be_changed_safely_is_refused(text, says):
    with pytest.raises(Refused, match=re.escape(says)):
        write(text)


def test_only_the_weights_of_the_route_change():
    moved = MANIFESTS.replace("weight: 100 ", "weight: 0 ") + "            weight: 100\n"
    assert write(MANIFESTS, given=FOREIGN) == moved
    assert write(moved, given=FOREIGN) == moved
    half = MANIFESTS.replace("weight: 100 ", "weight: 505 ") + "            weight: 495\n"
    assert write(MANIFESTS, "v1:50.5:v2:49.5", FOREIGN) == half


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"virtual_service": "mnist"}, "it has no VirtualService mnist; write the weights v2:100 there by hand"),
        ({"namespace": "other"}, ""),
        ({"route": "health"}, "its VirtualService mnist-routes has no route health"),
        ({"route": None}, ""),
    ],
)
def test_the_route_has_to_be_there(change, says):
    if not says:
        assert "weight: 0 " in write(MANIFESTS, given={**FOREIGN, **change})
        return
    with pytest.raises(Refused, match=re.escape(says)):
        write(MANIFESTS, given={**FOREIGN, **change})


def test_a_candidate_that_the_manifest_does_not_have_is_refused():
    with pytest.raises(
        Refused, match="route predictions of VirtualService mnist-routes has v1, v2, and not all of v3:100"
    ):
        write(MANIFESTS, "v3:100", FOREIGN)


NAMES = st.sampled_from(["v1", "v2", "v3", "green", "1"])
RULES = st.lists(NAMES, min_size=1, max_size=3, unique=True).map(
    lambda names: ":".join(f"{name}:{100 if not index else 0}" for index, name in enumerate(names))
)
TRAFFIC = st.one_of(
    st.none(),
    st.builds(lambda rule, quote: f"traffic: {quote}{rule}{quote}", RULES, st.sampled_from(['"', "'"])),
    st.builds(lambda name: f"traffic: {{{name}: 100}}", NAMES),
)
COMMENTS = st.sampled_from(["", "  # traffic: v9:100", " # é"])
MODELS = st.lists(
    st.tuples(st.sampled_from(["a", "b", "mnist-2"]), TRAFFIC, COMMENTS), max_size=3, unique_by=lambda m: m[0]
)


@given(MODELS, TRAFFIC, COMMENTS, RULES, st.integers(0, 3), st.sampled_from(["\n", "\r\n"]))
def test_nothing_but_the_models_own_rule_changes(others, traffic, comment, rule, at, ending):
    entries = [*others[:at], ("mnist", traffic, comment), *others[at:]]
    lines = ["---", "serving_models:"]
    for name, its, remark in entries:
        lines += [f"  - name: {name}{remark}", *([f"    {its}{remark}"] if its else []), "    retries: 1"]
    text = ending.join(lines) + ending
    after = write(text, rule)
    assert write(after, rule) == after
    before_data, after_data = yaml.safe_load(text), yaml.safe_load(after)
    mine = next(entry for entry in after_data["serving_models"] if entry["name"] == "mnist")
    assert read_rule(
        {str(k): v for k, v in mine["traffic"].items()} if isinstance(mine["traffic"], dict) else mine["traffic"]
    ).same_as(read_rule(rule))
    for entry in (*before_data["serving_models"], *after_data["serving_models"]):
        if entry["name"] == "mnist":
            entry.pop("traffic", None)
    assert before_data == after_data
    kept = [line for line in text.split(ending) if line in after.split(ending)]
    assert len(kept) >= len(text.split(ending)) - 1, "one line at most is another one"


def test_the_file_keeps_its_mode_and_its_links(tmp_path):
    real, link = tmp_path / "real" / "models.yml", tmp_path / "models.yml"
    real.parent.mkdir()
    real.write_text(VARIABLES)
    real.chmod(0o640)
    link.symlink_to(real)
    back = WriteBack(str(link), {**MODEL, "candidate": "v2"})
    assert back.check() and real.read_text() == VARIABLES
    assert '+    traffic: "v2:100"    # since Monday' in back.write("v2:100")
    assert link.is_symlink() and real.stat().st_mode & 0o777 == 0o640 and os.listdir(real.parent) == ["models.yml"]
    assert back.write("v2:100") == ""


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"$ANSIBLE_VAULT;1.1;AES256\n6162", "it is encrypted by ansible-vault; write v2:100 there by hand"),
        (b"serving_models: [{name: mnist}] # \xff", "models.yml is not UTF-8"),
        (None, "models.yml cannot be written (No such file or directory)"),
    ],
)
def test_files_that_are_refused_before_a_rollout_begins(tmp_path, content, says):
    if content is not None:
        (tmp_path / "models.yml").write_bytes(content)
    with pytest.raises(Refused, match=re.escape(says)):
        WriteBack(str(tmp_path / "models.yml"), {**MODEL, "candidate": "v2"}).check()
