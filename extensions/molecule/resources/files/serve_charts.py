"""Serves charts on one port of this host, as a chart repository and as an OCI registry: serve_charts.py CHARTS PORT.

CHARTS has a folder a version, each with a folder a chart. The repository is at http://127.0.0.1:PORT/, the registry at
oci://localhost:PORT/charts: Helm speaks plain HTTP to a registry of that name. Ends when CHARTS is gone.
"""

from __future__ import annotations

import hashlib
import io
import json
import sys
import tarfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import yaml

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.cncf.helm.config.v1+json"
LAYER = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
Answer = tuple[str, bytes]


def answers(charts: Path) -> dict[str, Answer]:
    """Path -> content type and body of everything that is served."""
    found: dict[str, Answer] = {}
    index: dict[str, list[dict[str, object]]] = {}
    for folder in sorted(charts.glob("*/*")):
        about = yaml.safe_load((folder / "Chart.yaml").read_text())
        name, version, archive = about["name"], about["version"], _archive(folder)
        found[f"/{name}-{version}.tgz"] = ("application/gzip", archive)
        index.setdefault(name, []).append({**about, "urls": [f"{name}-{version}.tgz"], "digest": _sha256(archive)})
        manifest = {"schemaVersion": 2, "mediaType": MANIFEST}
        for part, kind, body in (("config", CONFIG, json.dumps(about).encode()), ("layers", LAYER, archive)):
            found[f"/v2/charts/{name}/blobs/sha256:{_sha256(body)}"] = ("application/octet-stream", body)
            described = {"mediaType": kind, "digest": f"sha256:{_sha256(body)}", "size": len(body)}
            manifest[part] = [described] if part == "layers" else described
        text = json.dumps(manifest).encode()
        for reference in (version, f"sha256:{_sha256(text)}"):
            found[f"/v2/charts/{name}/manifests/{reference}"] = (MANIFEST, text)
    found["/v2/"] = ("application/json", b"{}")
    found["/index.yaml"] = ("text/yaml", json.dumps({"apiVersion": "v1", "entries": index}).encode())
    return found


def _archive(folder: Path) -> bytes:
    with io.BytesIO() as file:
        with tarfile.open(fileobj=file, mode="w:gz") as archive:
            archive.add(folder, folder.name)
        return file.getvalue()


def _sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def main(charts: Path, port: int) -> None:
    """Serve until the charts are gone."""
    served = answers(charts)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            kind, body = served.get(self.path, ("", b""))
            self.send_response(200 if kind else 404)
            self.send_header("Content-Type", kind or "text/plain")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Docker-Content-Digest", f"sha256:{_sha256(body)}")
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        do_HEAD = do_GET

        def log_message(self, *_arguments: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    while charts.is_dir():
        time.sleep(1)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
