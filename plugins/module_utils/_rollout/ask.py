# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""Gates that ask another program: a webhook, a command."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from typing import Any
from urllib.error import HTTPError

from .._spec.gate import Gate

LONGEST = 500
"""Characters of an answer that are kept."""


def call(gate: Gate, words: Mapping[str, str]) -> dict[str, Any]:
    """POST what the rollout is at, as JSON; the status, None for no answer, and what was said."""
    from ansible.module_utils.urls import open_url  # slow to load, and seldom needed

    headers = {"Content-Type": "application/json", **(gate.headers or {})}
    try:
        answer = open_url(
            gate.url,
            method="POST",
            data=json.dumps(dict(words)),
            headers=headers,
            timeout=gate.timeout,
            ca_path=gate.ca_cert,
        )
        return {"code": answer.status, "text": _text(answer.read())}
    except HTTPError as error:
        return {"code": error.code, "text": _text(error.read())}
    except Exception as error:  # whatever a connection breaks by is no answer
        return {"code": None, "text": str(error)[:LONGEST]}


def run(gate: Gate, words: Mapping[str, str]) -> dict[str, Any]:
    """Run the command, without a shell, with what the rollout is at in variables TFSERVING_MODEL and so on."""
    environment = {**os.environ, **{f"TFSERVING_{name.upper()}": word for name, word in words.items()}}
    try:
        done = subprocess.run(
            list(gate.argv),
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=gate.timeout,
            check=False,
        )
        return {"code": done.returncode, "text": _text(done.stdout)}
    except subprocess.TimeoutExpired:
        return {"code": None, "text": f"no end after {gate.timeout:g} s"}
    except OSError as error:
        return {"code": None, "text": f"{gate.argv[0]}: {error.strerror}"}


def _text(said: bytes) -> str:
    return said.decode(errors="replace").strip()[-LONGEST:]
