"""stub"""
from __future__ import annotations
import os
from pathlib import Path
def resolve():
    import sandbox.programs as _
    d = Path(os.environ["SANDBOX_BIN"])
    out = {n: d / "kube" for n in "etcd kube-apiserver kube-controller-manager kube-scheduler kube-proxy kubectl node-streaming".split()}
    out |= {n: d / "istio" for n in ("pilot-discovery", "pilot-agent")}
    out["prometheus"] = d / "prometheus"
    return {k: v for k, v in out.items() if v.exists()}
