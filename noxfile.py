"""The rooms of the house: one session a part of the tests.

`make test` opens all of them; `.venv/bin/nox -s PART -- ARGUMENTS` opens one.

Sessions share .venv, which `make setup` fills. A part whose folder is not in the tree is not listed.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import nox

ROOT = Path(__file__).parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "sandbox")]

from harness import cluster, ending, environments, layout, plugin_docs
from harness.part import Part
from harness.paths import CACHE, PYTHON, WORK, environment

nox.options.default_venv_backend = "none"
ending.heed(signal.SIGTERM)
os.environ["PATH"] = environment()["PATH"]
PYTHON_VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
SANDBOX = ROOT / "tests" / "sandbox"
# The scenario mesh comes last: it wants a cluster without Istio, and the others share one with it.
SCENARIOS = sorted(
    (path.parent for path in ROOT.glob("extensions/molecule/*/molecule.yml")),
    key=lambda path: (path.name == "mesh", path),
)
# A target with aliases is what others depend on, nothing to run by itself. The longest first, as far as their tasks tell, so that none runs alone at the end.
TARGETS = sorted(
    (
        path
        for path in ROOT.glob("tests/integration/targets/*")
        if (path / "tasks").is_dir() and not (path / "aliases").is_file()
    ),
    key=lambda path: (-sum(tasks.stat().st_size for tasks in path.glob("tasks/*.yml")), path.name),
)
ROLLOUTS = sorted(ROOT.glob("tests/mesh/test_rollout*.py"))
MESH = sorted({*ROOT.glob("tests/mesh/test_*.py")} - {*ROLLOUTS})


def part(present: bool = True) -> Callable[[Callable[[nox.Session, Part], None]], None]:
    """Make a session out of a function, if what it tests is in the tree.

    The function gets a Part for its results; the session fails if any step failed.
    """

    def register(body: Callable[[nox.Session, Part], None]) -> None:
        def session(session: nox.Session) -> None:
            results = Part(body.__name__)
            body(session, results)
            if results.failed:
                session.error(f"see {os.path.relpath(results.logs, ROOT)}")

        if present:
            session.__doc__ = body.__doc__
            nox.session(name=body.__name__, tags=["test"], python=False)(session)

    return register


def on_cluster(body: Callable[[nox.Session, Part], None]) -> Callable[[nox.Session, Part], None]:
    """Have a cluster running for a part, and skip it where none can be had."""

    def checked(session: nox.Session, results: Part) -> None:
        if reason := cluster.unavailable():
            results.skip("all", reason)
            session.skip("there is no cluster to be had")
        elif results.prepare("cluster", cluster.start()):
            body(session, results)

    checked.__name__, checked.__doc__ = body.__name__, body.__doc__
    return checked


@part()
def lint(session: nox.Session, results: Part) -> None:
    """Style and types: ruff, mypy, yamllint, ansible-lint at profile production."""
    results.step("ruff check", ["ruff", "check", "."])
    results.step("ruff format", ["ruff", "format", "--check", "."])
    types(results, "harness", "noxfile.py", "tests/harness")
    if (ROOT / "plugins").is_dir():
        # Named as Ansible imports them.
        words = [f"--config-file={ROOT / 'pyproject.toml'}", "--package=ansible_collections.tfserving.istio.plugins"]
        types(results, "plugins", *words, cwd=layout.copy("mypy").parents[2])
    if cluster.SANDBOX.is_dir():
        types(results, "sandbox", "--package=sandbox", cwd=SANDBOX)
    if packages := [name for name in ("mesh", "demo", "benchmark") if (ROOT / "tests" / name).is_dir()]:
        # Ruff sees to it that what is no test has types; the bodies of tests are checked as well.
        path = f"{SANDBOX}{os.pathsep}{ROOT / 'tests'}"
        types(
            results,
            "mesh, demo and benchmark",
            "--allow-untyped-defs",
            *(f"--package={name}" for name in packages),
            MYPYPATH=path,
        )
    results.step("yamllint", ["yamllint", "--strict", "."])
    results.step("ansible-lint", ["ansible-lint", "--offline", "--profile", "production", "--strict"])


@part()
def harness(session: nox.Session, results: Part) -> None:
    """What counts the tests counts them right."""
    results.pytest(*(session.posargs or ["tests/harness/tests"]))


@part()
def sanity(session: nox.Session, results: Part) -> None:
    """Ansible's own checks on what the collection ships: ansible-test sanity."""
    ansible_test(results, "sanity", "--junit", *session.posargs)


@part((ROOT / "tests" / "unit").is_dir())
def unit(session: nox.Session, results: Part) -> None:
    """Pure code, without a cluster."""
    results.pytest(*(session.posargs or ["tests/unit"]))


@part()
def docs(session: nox.Session, results: Part) -> None:
    """The documentation is complete and its references lead somewhere."""
    for kind, name in plugin_docs.plugins():
        results.record(f"ansible-doc {kind} {name}", plugin_docs.plugin_problems(kind, name))
    for role in plugin_docs.roles():
        results.record(f"ansible-doc role {role}", plugin_docs.role_problems(role))
    options = ["--plugin-docs", "--validate-collection-refs", "dependent", "--check-extra-docs-refs"]
    command = [PYTHON, "-m", "harness.antsibull_docs", "lint-collection-docs", *options, "."]
    results.step("antsibull-docs", command, env=without_git_above())
    results.step("antsibull-changelog fragments", ["antsibull-changelog", "lint"])
    history = ["antsibull-changelog", "lint-changelog-yaml", "--strict", "changelogs/changelog.yaml"]
    results.step("antsibull-changelog history", history)


@part()
def package(session: nox.Session, results: Part) -> None:
    """The built collection installs, holds what it should, and passes Galaxy's import checks."""
    with tempfile.TemporaryDirectory() as folder:
        if not results.step("build", ["ansible-galaxy", "collection", "build", "--output-path", folder]):
            return
        artifact = next(Path(folder).glob("*.tar.gz"))
        install = [
            "ansible-galaxy",
            "collection",
            "install",
            "--no-deps",
            "--force",
            "--collections-path",
            folder,
            artifact,
        ]
        results.step("install", install)
        installed = Path(folder, "ansible_collections", "tfserving", "istio")
        files = {str(path.relative_to(installed)) for path in installed.rglob("*") if path.is_file()}
        wanted = {*layout.shipped(), "MANIFEST.json", "FILES.json"} - {"galaxy.yml"}
        importer = [environments.python("importer"), "-m", "galaxy_importer.main", artifact]
        # The part lint has ansible-lint look at the same files, a newer one and at a stricter profile.
        env = {**environments.environment("importer", environment()), "GALAXY_IMPORTER_RUN_ANSIBLE_LINT": "false"}
        results.step("galaxy-importer", importer, cwd=Path(folder), env=env)
        results.record(
            "content",
            [f"{name} is in the built collection and should not be" for name in sorted(files - wanted)]
            + [f"{name} is missing in the built collection" for name in sorted(wanted - files)],
        )


@part(bool(list(SANDBOX.glob("programs/*/**/*_test.go"))) or (SANDBOX / "tests").is_dir())
def sandbox(session: nox.Session, results: Part) -> None:
    """The sandbox's own tests: its Python package and the Go programs written for it."""
    for path in sorted(SANDBOX.glob("programs/*/go.mod")):
        if list(path.parent.rglob("*_test.go")):
            go(results, path.parent)
    if (SANDBOX / "tests").is_dir():
        if reason := cluster.without_sandbox():
            results.skip("pytest", reason)
        else:
            results.pytest(*(session.posargs or ["tests/sandbox/tests"]))


@part(bool(TARGETS))
@on_cluster
def integration(session: nox.Session, results: Part) -> None:
    """One ansible-test target a module, against the API server."""

    def command(target: str) -> list[str | Path]:
        copy = layout.copy(f"integration-{target}")  # ansible-test has one output folder a copy
        return [*cluster.prefix(), PYTHON, "-m", "harness.integration", copy, target]

    # Once for all targets, and marked; left behind, they would be in the way of an installation of Istio.
    try:
        if results.prepare("definitions", command("definitions")):
            targets = session.posargs or [path.name for path in TARGETS]
            results.steps({target: command(target) for target in targets}, env=environment())
    finally:
        marked = ["customresourcedefinition", "--selector=tfserving.test/fixture=true", "--timeout=120s"]
        results.prepare("no definitions", [*cluster.prefix(), "kubectl", "delete", *marked])


@part((ROOT / "tests" / "demo").is_dir())
def demo(session: nox.Session, results: Part) -> None:
    """What `make demo` shows: from nothing to a retired version, without a failed request."""
    if cluster.given():
        results.skip("demo", "on a cluster of yours it leaves a model behind: run it by `make demo`")
    elif reason := cluster.without_sandbox():
        results.skip("demo", reason)
    else:
        env = {**cluster.variables(), **cluster.apart("demo")}  # where nobody has run it before
        try:
            results.pytest(*(session.posargs or ["tests/demo"]), prefix=cluster.prefix(), env=env)
        finally:
            cluster.stop(env)


@part(bool(MESH))
@on_cluster
def mesh(session: nox.Session, results: Part) -> None:
    """What only traffic can show: changes under load, every answer looked at."""
    results.pytest(*(session.posargs or MESH), prefix=cluster.prefix(), env=cluster.variables())


@part(bool(ROLLOUTS))
@on_cluster
def rollouts(session: nox.Session, results: Part) -> None:
    """Rollouts under load, good ones, bad ones and disturbed ones."""
    results.pytest(*(session.posargs or ROLLOUTS), prefix=cluster.prefix(), env=cluster.variables())


@part(bool(SCENARIOS))
@on_cluster
def molecule(session: nox.Session, results: Part) -> None:
    """The roles: one scenario a case."""
    for scenario in session.posargs or [path.name for path in SCENARIOS]:
        command = [*cluster.prefix(), "molecule", "test", "--scenario-name", scenario]
        env = {**cluster.variables(), "MOLECULE_EPHEMERAL_DIRECTORY": str(WORK / "molecule" / scenario)}
        results.step(scenario, command, cwd=ROOT / "extensions", env=env)


@nox.session(python=False, default=False)
def site(session: nox.Session) -> None:
    """Build the documentation site into docs/build (not a test)."""
    target = ROOT / "docs" / "build"
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(mode=0o700)
    env = without_git_above()
    options = ["--use-current", "--squash-hierarchy", "--lenient", "--dest-dir", str(target), "tfserving.istio"]
    session.run("antsibull-docs", "sphinx-init", *options, env=env)
    session.chdir(target)
    session.run("./build.sh", env=env)
    session.log(f"open {target / 'build' / 'html' / 'index.html'}")


def without_git_above() -> dict[str, str]:
    """Return an environment in which .venv is not seen as a part of the repository.

    antsibull-docs copies the collections that ours depends on by git's list of files, which has none of those in .venv.
    """
    return {**environment(), "GIT_CEILING_DIRECTORIES": str(ROOT)}


def types(results: Part, what: str, *words: str, cwd: Path = ROOT, **variables: str) -> None:
    """Check types by mypy, which reads anew only what is new: its cache goes by what files hold, and serves all clones of a user."""
    env = {**environment(), "MYPY_CACHE_DIR": str(CACHE / "mypy" / what), **variables}
    results.step(f"mypy {what}", ["mypy", *words], cwd=cwd, env=env)


def ansible_test(results: Part, command: str, *arguments: str) -> None:
    """Run ansible-test in the copy of the collection, and count the cases that it reports."""
    copy = layout.copy(command)
    words = ["ansible-test", command, "--local", "--python", PYTHON_VERSION, *arguments]
    env = {**environment(), "HOME": str(layout.home())}
    results.counted(command, words, copy / "tests" / "output" / "junit", cwd=copy, env=env)


def go(results: Part, module: Path) -> None:
    """Vet and test one Go module."""
    name = module.name
    if not shutil.which("go", path=environment()["PATH"]):
        results.skip(f"go {name}", "there is no Go on PATH")
        return
    if results.step(f"go vet {name}", ["go", "vet", "./..."], cwd=module):
        command = [PYTHON, "-m", "harness.golang", module, results.folder / f"go-{name}.xml"]
        results.counted(f"go test {name}", command, results.folder)
