"""The node of the sandbox: what a kubelet does, as far as the Pods here need it.

Data flows one way: `watch` sees objects, `agent` hands each Pod to its `pod` worker, the worker
starts containers through the `launcher`, and `status` computes what the API server is told.
"""
