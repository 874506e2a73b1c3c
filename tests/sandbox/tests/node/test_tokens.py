"""Renewal of tokens. The API server is a stand-in: a real one gives none for less than ten minutes, which no test can wait for."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from sandbox.node import tokens
from sandbox.node.api import Api, ApiError

POD = {
    "metadata": {"name": "pod", "namespace": "here", "uid": "1"},
    "spec": {
        "serviceAccountName": "runner",
        "volumes": [
            {"name": "own", "emptyDir": {}},
            {
                "name": "tokens",
                "projected": {
                    "sources": [
                        {"serviceAccountToken": {"path": "token", "expirationSeconds": 1}},
                        {"serviceAccountToken": {"path": "ca", "audience": "istio-ca", "expirationSeconds": 5000}},
                    ]
                },
            },
        ],
    },
}


class Server:
    """Counts what it gives; ``fails``: how many of the next requests it refuses."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.fails = 0

    async def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """A TokenRequest."""
        if self.fails:
            self.fails -= 1
            raise ApiError(500, "not now")
        self.asked.append((path, body["spec"]))
        return {"status": {"token": f"token-{len(self.asked)}"}}


def test_each_token_is_asked_for_as_the_volume_names_it() -> None:
    server = Server()
    held = tokens.Tokens(cast(Api, server), POD)
    asyncio.run(held.fetch())
    assert [path for path, _spec in server.asked] == ["/api/v1/namespaces/here/serviceaccounts/runner/token"] * 2
    assert [spec.get("audiences") for _path, spec in server.asked] == [None, ["istio-ca"]]
    assert {spec["boundObjectRef"]["uid"] for _path, spec in server.asked} == {"1"}
    assert (held.get(None, 1), held.get("istio-ca", 5000)) == ("token-1", "token-2")


def test_a_token_is_renewed_before_its_end_and_again_after_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "_RETRY", 0.01)
    monkeypatch.setattr(tokens.random, "uniform", lambda _low, _high: 0.75)  # the short one is due after 0.05 s

    async def run() -> tuple[Server, tokens.Tokens, list[str]]:
        server, seen = Server(), list[str]()
        held = tokens.Tokens(cast(Api, server), POD)
        await held.fetch()
        server.fails = 2
        task = asyncio.create_task(held.keep_fresh(lambda: seen.append(held.get(None, 1))))
        for _attempt in range(200):
            await asyncio.sleep(0.01)
            if len(seen) >= 2:
                break
        task.cancel()
        return server, held, seen

    server, held, seen = asyncio.run(run())
    assert server.fails == 0
    assert seen[:2] == ["token-3", "token-4"]
    assert held.get("istio-ca", 5000) == "token-2", "one that is not due is left alone"
