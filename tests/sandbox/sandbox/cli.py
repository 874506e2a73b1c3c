"""The commands of `python -m sandbox`."""

from __future__ import annotations

import argparse
import os
import sys

from sandbox import entering, host, logs, machine, programs, status
from sandbox.errors import SandboxError
from sandbox.layout import Layout
from sandbox.progress import say
from sandbox.record import Record, running

_FAILED = 1
_INTERRUPTED = 130
_DESCRIPTION = """A Kubernetes cluster on one private machine inside this one: real etcd, API server, controllers,
scheduler and kube-proxy as plain processes, without Docker, images or root."""
_ENVIRONMENT = """environment:
  SANDBOX_STATE       the sandbox's folder (default: ~/.cache/tfserving-istio/sandbox); one for each that runs at a time
  SANDBOX_BIN         a folder with programs to use before all others
  KUBEBUILDER_ASSETS  likewise, after SANDBOX_BIN"""


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.command(Layout.from_environment(), options))
    except SandboxError as error:
        print(f"sandbox: {error}", file=sys.stderr)
        return _FAILED
    except BrokenPipeError:  # whoever read the output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _FAILED
    except KeyboardInterrupt:
        return _INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python -m sandbox",
        description=_DESCRIPTION,
        epilog=_ENVIRONMENT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, command: object, text: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=text, description=text)
        added.set_defaults(command=command)
        return added

    check = add("check", _check, "say what this computer lacks, before anything is installed")
    check.add_argument(
        "packages", nargs="*", metavar="PACKAGE", help="that the caller misses, to be named with the rest"
    )
    add("build", _build, "find every program, and build those that are not there")
    up = add("up", _up, "start the machine")
    add("down", _down, "end the machine and everything in it")
    run = add("run", _run, "run a command in the machine, with KUBECONFIG set; starts the machine if there is none")
    run.add_argument("words", nargs=argparse.REMAINDER, metavar="COMMAND ...")
    for starting in (up, run):
        starting.add_argument("--api-only", action="store_true", help="start etcd and the API server, and nothing else")
    add("status", _status, "say what runs; exit code 3 where nothing does")
    show = add("logs", _logs, "print the end of one program's log, or of all")
    show.add_argument("program", nargs="?")
    show.add_argument("-n", "--lines", type=int, default=20)
    show.add_argument("-f", "--follow", action="store_true", help="go on printing what is added (with a program)")
    return parser


def _check(_layout: Layout, options: argparse.Namespace) -> int:
    host.check_system(options.packages)
    return 0


def _build(_layout: Layout, _options: argparse.Namespace) -> int:
    host.check()
    programs.resolve(verbose=True)
    return 0


def _up(layout: Layout, options: argparse.Namespace) -> int:
    record = running(layout)
    if record:
        say(f"already running (process {record.pid})")
    else:
        _started(layout, options.api_only)
    say(f"kubectl works by: python -m sandbox run kubectl get nodes    KUBECONFIG inside: {layout.kubeconfig('admin')}")
    return 0


def _started(layout: Layout, api_only: bool) -> Record:
    """The running machine, started where there was none."""
    record = running(layout)
    if record:
        return record
    host.check()
    with machine.locked(layout):
        record = running(layout)  # another command may have started it while this one waited
        if record is None:
            record = machine.start(layout, programs.resolve(), api_only)
            say("the machine is ready")
    return record


def _down(layout: Layout, _options: argparse.Namespace) -> int:
    with machine.locked(layout):
        say("ended" if machine.end(layout) else f"nothing runs in {layout.state}")
    return 0


def _run(layout: Layout, options: argparse.Namespace) -> int:
    words = options.words[1:] if options.words[:1] == ["--"] else options.words
    if not words:
        raise SandboxError("`run` needs a command: python -m sandbox run kubectl get nodes")
    return entering.run(layout, _started(layout, options.api_only), words)


def _status(layout: Layout, _options: argparse.Namespace) -> int:
    return status.show(layout)


def _logs(layout: Layout, options: argparse.Namespace) -> int:
    logs.show(layout, options.program, options.lines, options.follow)
    return 0
