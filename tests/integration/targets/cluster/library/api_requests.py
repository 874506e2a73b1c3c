#!/usr/bin/python
# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: api_requests
short_description: Read from the API server's audit log what one user has asked it
description: For tests. Call it once for the present end of the log, and once more with that as O(offset).
author: The tfserving.istio contributors (@tfserving-istio)
options:
  log:
    description: The audit log, a JSON object a line. One that does not exist has nothing in it.
    type: path
    required: true
  user:
    description: Whose requests are counted.
    type: str
    required: true
  offset:
    description: Where to begin, in bytes. Without it nothing is read.
    type: int
  between:
    description: Seconds since the epoch, two numbers. Requests that were received before the first or after the second one are left out.
    type: list
    elements: float
"""

EXAMPLES = r"""
- name: Begin to count
  api_requests:
    log: /var/log/kubernetes/audit.jsonl
    user: system:serviceaccount:default:operator
"""

RETURN = r"""
offset:
  description: The end of the log.
  type: int
  returned: always
reads:
  description: Requests that change nothing, as C(VERB RESOURCE).
  type: list
  returned: always
watches:
  description: Watches that have ended.
  type: list
  returned: always
writes:
  description: Requests that change something, dry runs left out, as C(VERB RESOURCE NAME).
  type: list
  returned: always
asked:
  description: Requests that are passed on to a Pod, and logs.
  type: list
  returned: always
"""

import datetime
import json
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

READS = ("get", "list")


def name(event):
    what = event["objectRef"]
    parts = [event["verb"], "/".join(filter(None, (what["resource"], what.get("subresource")))), what.get("name")]
    return " ".join(filter(None, parts))


def received(event):
    return datetime.datetime.fromisoformat(event["requestReceivedTimestamp"].replace("Z", "+00:00")).timestamp()


def main():
    module = AnsibleModule(
        argument_spec={
            "log": {"type": "path", "required": True},
            "user": {"type": "str", "required": True},
            "offset": {"type": "int"},
            "between": {"type": "list", "elements": "float"},
        },
        supports_check_mode=True,
    )
    log, offset = Path(module.params["log"]), module.params["offset"]
    result = {
        "changed": False,
        "offset": log.stat().st_size if log.exists() else 0,
        "reads": [],
        "watches": [],
        "writes": [],
        "asked": [],
    }
    if offset is not None and log.exists():
        with log.open("rb") as lines:
            lines.seek(offset)
            events = [json.loads(line) for line in lines if line.endswith(b"\n")]
        for event in events:
            if event["stage"] == "ResponseStarted":  # of long requests, which are logged once more when they end
                continue
            if event["user"]["username"] != module.params["user"] or "objectRef" not in event:
                continue
            first, last = module.params["between"] or (0, float("inf"))
            if not first <= received(event) <= last:
                continue
            if event["objectRef"].get("subresource") in ("proxy", "portforward", "log"):
                kind = "asked"
            elif event["verb"] == "watch":
                kind = "watches"
            else:
                kind = "reads" if event["verb"] in READS else "writes"
            if "dryRun=" not in event["requestURI"]:
                result[kind].append(name(event))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
