# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""Ambassador's Mappings as an annotation of the Service MODEL, on the paths that Kubeflow used."""

from __future__ import annotations

import json

from .._spec.model import Model
from .meta import REST_PORT

ANNOTATION = "getambassador.io/config"


def mappings(model: Model) -> dict[str, str]:
    """POST is a prediction, GET asks for the status. YAML documents, written as JSON."""
    path, upstream = f"/tfserving/models/{model.name}", f"/v1/models/{model.model_name}"
    documents = [
        _mapping(model, "post", "POST", path, f"{upstream}:predict"),
        _mapping(model, "get", "GET", path, upstream),
    ]
    return {ANNOTATION: "".join(f"---\n{json.dumps(document)}\n" for document in documents)}


def _mapping(model: Model, suffix: str, method: str, path: str, rewrite: str) -> dict[str, object]:
    return {
        "apiVersion": "getambassador.io/v2",
        "kind": "Mapping",
        "name": f"tfserving-{model.namespace}-{model.name}-{suffix}",
        "prefix": f"^{path}/?$",  # a regular expression: a plain prefix would catch longer names too
        "prefix_regex": True,
        "method": method,
        "regex_rewrite": {"pattern": ".*", "substitution": rewrite},
        "service": f"{model.name}.{model.namespace}:{REST_PORT}",
    }
