"""A single-threaded process that forks containers for the agent.

The agent is full of threads and tasks, and a fork of such a process is not safe. This one is not: it waits for
requests on its standard input (a socket), forks a child for each, and the child builds the namespaces and mounts and
becomes the container. Nothing of it stays behind: the container's first process is adopted by the agent (a
"subreaper"), which learns its exit status by waitid(2).

A request carries file descriptors: a memfd with the JSON description, standard output, standard error, and a socket
for the answer, on which `{"pid": N}` or `{"error": "..."}` is written.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from typing import Any

from sandbox.node import linux
from sandbox.node.mounts import apply_mount

_KINDS = {"net": linux.CLONE_NEWNET, "uts": linux.CLONE_NEWUTS, "ipc": linux.CLONE_NEWIPC}


def create_pod(description: dict[str, Any]) -> dict[str, Any]:
    """Makes a Pod's namespaces (network, UTS, IPC); bind mounts keep them while no process is in them."""
    for kind in description["namespaces"]:
        linux.unshare(_KINDS[kind])
    linux.sethostname(description["hostname"])
    for name, value in description["sysctls"].items():
        path = "/proc/sys/" + name.replace(".", "/")
        with open(path, "w", encoding="ascii") as file:
            file.write(value)
    for kind, path in description["namespaces"].items():
        with open(path, "w", encoding="ascii"):
            pass
        linux.mount(f"/proc/self/ns/{kind}", path, flags=linux.MS_BIND)
    return {}


def start_container(description: dict[str, Any], streams: tuple[int, int], answer: socket.socket) -> None:
    """Turns this process into the parent of a container's first process and reports that one's id."""
    for path in description["namespaces"].values():
        linux.setns(path)
    linux.unshare(linux.CLONE_NEWNS | linux.CLONE_NEWPID)
    linux.mount("none", "/", flags=linux.MS_REC | linux.MS_PRIVATE)
    # One that ends before this process does is to wait for the agent, with its exit status: ignored, it would vanish with it.
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    child = os.fork()
    if child:
        answer.send(json.dumps({"pid": child}).encode())
        return
    _become_container(description, streams)


def _become_container(description: dict[str, Any], streams: tuple[int, int]) -> None:
    os.setsid()
    root = description["root"]
    for entry in description["mounts"]:
        apply_mount(root, entry)
    os.chdir(root)
    linux.pivot_root(".", ".")
    linux.umount(".", linux.MNT_DETACH)
    os.makedirs(description["cwd"], exist_ok=True)
    if description["read_only_root"]:
        linux.mount("none", "/", flags=linux.MS_REMOUNT | linux.MS_BIND | linux.MS_RDONLY)
    os.chdir(description["cwd"])
    _connect_streams(streams, description["uid"], description["gid"])
    _drop_privileges(description)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, signal.SIG_DFL)  # what is ignored here would stay ignored in the container
    os.umask(0o022)
    command = description["argv"]
    try:
        os.execvpe(command[0], command, description["env"])
    except FileNotFoundError:
        raise OSError(f'exec: "{command[0]}": executable file not found') from None
    except PermissionError:
        raise OSError(f'exec: "{command[0]}": permission denied') from None


def _connect_streams(streams: tuple[int, int], uid: int, gid: int) -> None:
    null = os.open("/dev/null", os.O_RDONLY)
    os.dup2(null, 0)
    for target, source in enumerate(streams, start=1):
        os.fchown(source, uid, gid)  # so that /dev/stdout can be opened by the container's user
        os.dup2(source, target)


def _drop_privileges(description: dict[str, Any]) -> None:
    kept = set(description["capabilities"])
    for number, name in enumerate(linux.CAPABILITIES):
        if name not in kept:
            linux.prctl(linux.PR_CAPBSET_DROP, number)
    if description["groups"] is not None:
        os.setgroups(description["groups"])
    os.setresgid(description["gid"], description["gid"], description["gid"])
    os.setresuid(description["uid"], description["uid"], description["uid"])
    if description["no_new_privileges"]:
        linux.prctl(linux.PR_SET_NO_NEW_PRIVS, 1)


def _serve_one(descriptors: list[int]) -> None:
    memory, stdout, stderr, reply = descriptors
    answer = socket.socket(fileno=reply)
    try:
        with os.fdopen(memory, "rb") as file:
            description = json.load(file)
        if description["action"] == "pod":
            answer.send(json.dumps(create_pod(description)).encode())
        else:
            start_container(description, (stdout, stderr), answer)
    except Exception as error:  # whatever it was, the agent must hear of it
        answer.send(json.dumps({"error": str(error)}).encode())


def main() -> None:
    """Serves requests until the agent closes its end of the socket."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel reaps the forked children
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # the agent ends this process by closing the socket
    linux.prctl(linux.PR_SET_PDEATHSIG, signal.SIGKILL)
    requests = socket.socket(fileno=os.dup(sys.stdin.fileno()))
    while True:
        message, descriptors, _, _ = socket.recv_fds(requests, 16, 4)
        if not message:
            return
        for descriptor in descriptors:
            os.set_inheritable(descriptor, False)  # the container's exec closes them, which tells that it succeeded
        if os.fork() == 0:
            try:
                requests.close()
                _serve_one(descriptors)
            finally:
                os._exit(0)
        for descriptor in descriptors:
            os.close(descriptor)


if __name__ == "__main__":
    main()
