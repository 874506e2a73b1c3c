# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""Carries plans out, stage by stage, for all models at once. What it decides nothing about is in the plans."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from ._cluster.client import Client
from ._cluster.errors import ClusterError
from ._cluster.read import get
from ._cluster.write import apply, delete
from ._gateways import Entrance, entrances
from ._outcome import Outcome, Settings
from ._plan.live import Live
from ._plan.step import Plan, Stage, Step
from ._proof import Proof, located, prove_answer, prove_rule
from ._ready import Ready
from ._render.meta import Object
from ._serving import Pod, wait_quiet
from ._spec import names

TOGETHER = (Stage.CREATE, Stage.REMOVE)
"""Stages whose steps have no order among themselves; elsewhere those of one model follow each other."""

Key = tuple[str, str, str]


class Converge:
    """One run. A model that meets an error goes no further; the others do."""

    def __init__(
        self, client: Client, lives: Mapping[str, Live], settings: Settings, model_names: Mapping[str, str]
    ) -> None:
        self.client, self.lives, self.settings = client, lives, settings
        self.outcome = Outcome()
        self._versions: dict[Key, str] = {}
        self._routes: dict[tuple[str, str], Object] = {}
        self._ready = Ready(client, settings.wait_timeout, model_names)

    def run(self, plans: Iterable[Plan]) -> Outcome:
        steps = [step for plan in plans for step in plan.steps]
        for stage in Stage:
            self._stage(
                stage, [step for step in steps if step.stage is stage and step.model not in self.outcome.errors]
            )
        return self.outcome

    def _stage(self, stage: Stage, steps: list[Step]) -> None:
        if stage is Stage.READY:
            served, errors = self._ready.wait([(step.model, str(step.version)) for step in steps])
            self.outcome.served = served
            for model, error in errors.items():
                self._fail(model, ClusterError(f"{error}. Traffic has not moved"))
            return
        chains: list[list[Step]] = [[step] for step in steps] if stage in TOGETHER else list(_by_model(steps).values())
        self.client.every(self._chain, chains)

    def _chain(self, steps: list[Step]) -> None:
        actions = {
            "apply": self._apply,
            "delete": self._delete,
            "preview": self._preview,
            "prove": self._prove,
            "quiet": self._quiet,
        }
        for step in steps:
            try:
                actions[step.action](step)
            except ClusterError as error:
                self._fail(step.model, error)
                return

    def _fail(self, model: str, error: ClusterError) -> None:
        self.outcome.errors.setdefault(model, str(error) if str(error).startswith(model) else f"{model}: {error}")

    def _apply(self, step: Step) -> None:
        wanted = step.target_object
        key = (wanted["kind"], wanted["metadata"]["namespace"], wanted["metadata"]["name"])
        version = self._versions.get(key, step.resource_version) if step.resource_version else None
        result = apply(self.client, wanted, self.settings.force or step.force, version)
        self._versions[key] = result["metadata"]["resourceVersion"]
        if wanted["kind"] == "VirtualService":
            self._routes[wanted["metadata"]["namespace"], wanted["metadata"]["name"]] = wanted
        self._note(step, "changed" if step.changes else "created")

    def _delete(self, step: Step) -> None:
        if delete(self.client, step.target_object):
            self._note(step, "deleted")

    def _note(self, step: Step, result: str) -> None:
        self.outcome.written.setdefault(step.model, []).append({"target": step.target, "result": result})

    def _preview(self, step: Step) -> None:
        self._has_routes(step)
        token = f"{self.settings.token}-{step.version}"
        self._asked(step, lambda places: prove_answer(self.client, places, token, self.settings.wait_timeout))

    def _prove(self, step: Step) -> None:
        self.outcome.proofs[step.model] = self._has_routes(step)

    def _has_routes(self, step: Step) -> Proof:
        live = self.lives[step.model]
        name = names.rule(live.name)
        rule = self._routes.get((live.namespace, name)) or live.objects["VirtualService", name]
        digest = rule["spec"]["http"][0]["directResponse"]["body"]["string"]
        return self._asked(step, lambda places: prove_rule(self.client, places, digest, self.settings.wait_timeout))

    def _asked(self, step: Step, ask: Callable[[list[Entrance]], Proof]) -> Proof:
        """Proof by the gateways, or by time where it is not allowed to find them."""
        places = located(lambda: self._entrances(step.model))
        return places if isinstance(places, Proof) else ask(places)

    def _entrances(self, model: str) -> list[Entrance]:
        """By the model's route at its gateway as this run has written it, else as it is."""
        live = self.lives[model]
        root = self._routes.get((live.namespace, live.name)) or live.get("VirtualService", live.name)
        return entrances(self.client, root or get(self.client, "VirtualService", live.namespace, live.name))

    def _quiet(self, step: Step) -> None:
        live = self.lives[step.model]

        def pods() -> list[Pod]:
            return list(self._ready.pods(live.namespace, live.name, str(step.version)))

        how = wait_quiet(self.client, pods, self.settings.quiet)
        self.outcome.quiet.setdefault(step.model, {})[str(step.version)] = how


def _by_model(steps: Iterable[Step]) -> dict[str, list[Step]]:
    result: dict[str, list[Step]] = {}
    for step in steps:
        result.setdefault(step.model, []).append(step)
    return result
