"""Send a bounded load to a model and print how its versions share it.

    python -m mesh.load http://127.0.0.1:31380/v1/models/mnist:predict --rate 100 --seconds 10 --versions v1=2.5,v2=3.5 --rule v1:90,v2:10
    python -m mesh.load http://127.0.0.1:31380/v1/models/mnist --get
    python -m mesh.load grpc://127.0.0.1:31400/mnist --header x-model=mnist

Exits with 1 when a request failed or the split does not fit the rule.
"""

from __future__ import annotations

import argparse
import json
import ssl
import sys
import time
from dataclasses import asdict
from pathlib import Path
from urllib.parse import urlsplit

from .generator import Load
from .grpc_target import Grpc
from .report import live_line, summary
from .rest_target import SERVED_BY, Rest, predict
from .split import split_problems
from .target import Connections, Target


def pairs(text: str, separator: str) -> dict[str, str]:
    """Read ``a=1,b=2``; raises ValueError."""
    return dict(_pair(part, separator) for part in text.split(",") if part)


def _pair(part: str, separator: str) -> tuple[str, str]:
    name, found, value = part.partition(separator)
    if not found:
        raise ValueError(f"{part!r} is not of the form NAME{separator}VALUE")
    return name.strip(), value.strip()


def versions(text: str) -> dict[str, float]:
    """Read ``v1=2.5,v2=3.5``."""
    return {name: float(value) for name, value in pairs(text, "=").items()}


def rule(text: str) -> dict[str, float]:
    """Read ``v1:90,v2:10``."""
    return {name: float(value) for name, value in pairs(text, ":").items()}


def arguments() -> argparse.ArgumentParser:
    """Describe the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m mesh.load", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("url", help="http://... of a model's predict or status path, or grpc://HOST:PORT/MODEL")
    parser.add_argument("--rate", type=float, default=50, help="requests a second (50)")
    parser.add_argument("--seconds", type=float, default=10, help="how long (10)")
    parser.add_argument("--count", type=int, help="how many at most")
    parser.add_argument("--timeout", type=float, default=10, help="seconds to wait for an answer (10)")
    parser.add_argument("--get", action="store_true", help="ask for the status instead of a prediction")
    parser.add_argument(
        "--data", type=json.loads, default=predict(1.0), help="body of the POST ('{\"instances\": [1.0]}')"
    )
    parser.add_argument(
        "--header", action="append", default=[], metavar="NAME=VALUE", help="header or gRPC metadata; may be repeated"
    )
    parser.add_argument(
        "--version-header", default=SERVED_BY, help="response header that names the version (x-served-by)"
    )
    parser.add_argument("--insecure", action="store_true", help="do not check the certificate of https")
    parser.add_argument("--authority", help="the host that gRPC asks for, where it is not the address")
    parser.add_argument(
        "--connections", type=Connections, default=Connections.BOTH, choices=list(Connections), metavar="kept|new|both"
    )
    parser.add_argument(
        "--versions",
        type=versions,
        default={},
        metavar="NAME=NUMBER,...",
        help="the first number that each version predicts",
    )
    parser.add_argument("--rule", type=rule, metavar="NAME:PERCENT,...", help="the split to check")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every answer, one a line")
    return parser


def target_of(options: argparse.Namespace) -> Target:
    """Make the target that the URL names; raises ValueError."""
    headers = dict(_pair(header, "=") for header in options.header)
    parts = urlsplit(options.url)
    if parts.scheme == "grpc" and parts.netloc and parts.path.strip("/"):
        return Grpc(
            parts.netloc,
            parts.path.strip("/"),
            metadata=headers,
            authority=options.authority,
            version_header=options.version_header,
        )
    if parts.scheme in ("http", "https") and parts.netloc:
        tls = ssl.create_default_context()
        if options.insecure:
            tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
        body = None if options.get else options.data
        return Rest(options.url, body, headers, tls=tls, version_header=options.version_header)
    raise ValueError(f"{options.url!r} is neither http://HOST/PATH nor grpc://HOST:PORT/MODEL")


def watch(load: Load) -> None:
    """Print a line that is renewed on a terminal; elsewhere a line at the first answer and every five seconds."""
    terminal = sys.stdout.isatty()
    due = 0.0
    while load.running:
        time.sleep(0.2)
        if terminal:
            print(f"\r\x1b[K{live_line(load)}", end="", flush=True)
        elif load.answers and load.elapsed >= due:
            due = load.elapsed + 5
            print(live_line(load), flush=True)
    if terminal:
        print("\r\x1b[K", end="")


def main() -> int:
    """Run the load of the command line."""
    parser = arguments()
    options = parser.parse_args()
    try:
        target = target_of(options)
        load = Load(
            target,
            options.rate,
            count=options.count,
            seconds=options.seconds,
            timeout=options.timeout,
            connections=options.connections,
            versions=options.versions,
        )
    except ValueError as error:
        parser.error(str(error))
    with load:
        try:
            watch(load)
            load.wait()
        except KeyboardInterrupt:
            print()
    if options.json:
        options.json.write_text("".join(json.dumps(asdict(answer)) + "\n" for answer in load.answers))
    print("\n".join(summary(load)))
    problems = split_problems(load.counts(), options.rule) if options.rule else []
    for problem in problems:
        print(f"  split: {problem}")
    if options.rule and not problems:
        print("  the split fits the rule")
    return 1 if load.failures or problems else 0


if __name__ == "__main__":
    sys.exit(main())
