#!/usr/bin/python
# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: rollout
short_description: Move a model from one version to the next, by evidence
version_added: 1.0.0
author:
  - The tfserving.istio contributors (@tfserving-istio)
description:
  - Gives a version that is deployed without traffic more and more of it, step by step, while gates watch what it answers; takes the traffic back
    where the evidence is against it.
  - Everything is kept on the cluster, in ConfigMap C(MODEL.rollout). A run that was killed is continued by the next one with the same plan.
  - One call of the module is one slice of O(slice_seconds). Its action plugin calls it again until the rollout has ended or rests, and prints.
options:
  name:
    description: The model's name.
    type: str
    required: true
  namespace:
    description: The model's namespace.
    type: str
    default: kubeflow
  candidate:
    description: The version that is to get the traffic; deployed, with a pinned C(model_version). Required with O(state=complete).
    type: str
  state:
    description:
      - V(complete) begins the rollout, or goes on with it, also after a pause, until it has ended.
      - V(promoted) goes straight to 100 percent; room and proof are still made sure of, gates are not asked.
      - V(paused) stops it where it is.
      - V(aborted) takes the traffic back to the rule from before, at once. An abort wins over every other wish.
      - V(reported) changes nothing and tells how the last rollout stands, or ended, whoever drives it or drove it; with O(report_dir), at length.
    type: str
    choices: [complete, promoted, paused, aborted, reported]
    default: complete
  strategy:
    description:
      - V(canary) goes through O(steps).
      - V(blue_green) proves the candidate on a hidden route and then moves everything at once; the old version stays warm for O(keep).
      - V(mirror) first copies requests to the candidate, whose answers nobody gets, compares both, and then goes on as a canary.
      - V(ab) gives the candidate to some callers, by a header or a cookie or drawn by lot and kept, for the C(hold) of the step; then to all.
    type: str
    choices: [canary, blue_green, mirror, ab]
    default: canary
  manage:
    description:
      - V(rule) moves C(MODEL-rule), which this collection has made.
      - V(weights) moves the weights of one route in a VirtualService that somebody else owns, O(virtual_service), and writes nothing else of it.
        O(candidate) is then a destination of that route, named by its subset or by the first label of its host, with or without C(MODEL-) before
        it; it is there with weight 0 when the rollout begins. Workloads are not scaled, there is no hidden route (golden requests go to Pods), and
        the strategies are those that need no routes of their own, V(canary) and V(blue_green).
    type: str
    choices: [rule, weights]
    default: rule
  virtual_service:
    description: The VirtualService of somebody else's, in the model's namespace. Required by O(manage=weights).
    type: str
  route:
    description: The name of its http route. Needed where more than one has destinations.
    type: str
  steps:
    description:
      - The weights of the candidate in percent, rising to 100; V([1, 5, 25, 50, 100]) for a canary if unset. With V(mirror)
        these are copies of 10 and of 100 percent, and then V([10, 50, 100]). Those of V(ab) have to be given.
      - An entry may be a mapping with C(weight) (percent), C(hold) (seconds), C(gates) and C(pause) (true waits for a person; running the rollout
        again lets it go on).
      - In place of C(weight), a step of O(strategy=mirror) may have C(mirror), the percent of the requests that are copied to the candidate. Such steps
        come first. Their gates are judged by what TensorFlow Serving itself counts in the Pods of both versions, which need C(prometheus=true) for it;
        no Prometheus is asked. A latency's C(boundary) is rounded up to a bucket of TensorFlow Serving's there.
      - In place of C(weight), a step of O(strategy=ab) may have C(match), a list of which one has to be true of a request. Each has a C(header) or a
        C(cookie), and what its value is, C(exact), or begins with, C(prefix), or, of a header, matches as a whole, C(regex) (RE2). The values are no secrets.
      - With C(sticky), the name of a cookie, beside C(weight), callers and not requests are drawn in O(strategy=ab). The answer tells each by that cookie,
        which lasts for C(hold) from its last answer on; who returns it stays with the version that it was given. Each model needs a name of its own.
    type: list
    elements: raw
  hold:
    description: How long a step is held at least, in seconds, or with a unit such as V(10m).
    type: raw
    default: 60
  gates:
    description:
      - What the candidate has to show at each step. Each is a mapping with C(kind), or a kind alone.
      - C(success_rate) - C(objective) percent of its requests succeed (99), by a test that can see a C(margin) of points (1), C(against)
        C([objective, baseline]).
      - C(latency) - C(objective) percent of its requests (95) take no longer than C(boundary) ms (250, a bucket boundary of Istio's histogram).
      - C(throughput) - it gets C(floor) requests a second (0.5) at least.
      - C(promql) - a C(query) is C(at_least) or C(at_most) a number; C(failures) looks in a row (3) fail it.
      - C(webhook) - C(url) answers 2xx. C(command) - C(argv) exits with 0, on the host that runs the module; it is kept
        and shown, so secrets belong into files or the environment. C(approval) - a person runs the
        rollout again.
    type: list
    elements: raw
    default: []
  golden:
    description:
      - Requests that the candidate has to answer before it gets traffic, through every gateway Pod. Each has a C(request) (what TensorFlow Serving
        is sent), a C(method) (V(predict), V(classify) or V(regress)), and one or more of C(expect) (the whole answer) with a
        C(tolerance) for numbers, C(assertion) (a JMESPath expression that must be true), C(latency) (seconds), and C(compare) (the largest
        difference to the baseline's answer).
      - They can stand in a file of their own, which C(lookup('ansible.builtin.file', 'golden.yml') | from_yaml) reads.
    type: list
    elements: dict
    default: []
  prometheus:
    description:
      - Where the evidence is; O(prometheus.url) or O(prometheus.service). Required by gates of the kinds success_rate, latency, throughput, promql, but for
        the first three in steps that mirror.
    type: dict
    suboptions:
      url:
        description: Its URL.
        type: str
      service:
        description: Its Service as V(NAMESPACE/NAME:PORT), asked through the API server.
        type: str
      token:
        description: A bearer token.
        type: str
      username:
        description: A user's name, for basic authentication.
        type: str
      password:
        description: That user's password.
        type: str
      ca_cert:
        description: A file with the certificates to trust, on the host that runs the module.
        type: path
      client_cert:
        description: A file with a client certificate.
        type: path
      client_key:
        description: A file with its key.
        type: path
      validate_certs:
        description: Whether to check its certificate.
        type: bool
        default: true
      headers:
        description: Headers to send, a tenant's for one.
        type: dict
      timeout:
        description: Longest time for an answer, in seconds; 10 if unset.
        type: raw
      labels:
        description: Labels to add to every selector, where one Prometheus knows many clusters.
        type: dict
  interval:
    description: Time between two looks at the evidence, in seconds.
    type: raw
    default: 5
  error_budget:
    description:
      - The probability, in percent, that a rollout of a candidate which meets its objectives is aborted, or that one which misses them by the margin
        is promoted. It is split over steps and gates, and holds however often one looks.
    type: float
    default: 5
  on_insufficient:
    description: What to do when a hold ends without enough evidence for a verdict.
    type: str
    choices: [wait, pause, abort]
    default: wait
  insufficient_limit:
    description: How long to wait for more evidence, in seconds.
    type: raw
    default: 600
  after_limit:
    description: What to do then.
    type: str
    choices: [pause, abort]
    default: pause
  keep:
    description: How long the versions from before keep their Pods and autoscalers after the last step, in seconds.
    type: raw
    default: 0
  keep_candidate:
    description: Whether the candidate keeps its Pods after an abort, for inspection.
    type: bool
    default: true
  ready_timeout:
    description: Longest time that the candidate may take to become ready, and a gateway Pod to take up a rule, in seconds.
    type: raw
    default: 300
  abort_timeout:
    description: How long an abort that meets errors is tried, in seconds.
    type: raw
    default: 600
  on_abandoned:
    description: With V(abort), a slice that comes after the rollout was left alone past the time its next slice was due takes the traffic back.
    type: str
    choices: [wait, abort]
    default: wait
  notify:
    description: Where to tell of every decision.
    type: dict
    suboptions:
      url:
        description: Where to POST to.
        type: str
        required: true
      headers:
        description: Headers to send.
        type: dict
      template:
        description:
          - The body. C($text), C($model), C($namespace), C($candidate), C($phase), C($weight) and C($reason) in it are JSON strings.
          - Slack's shape, a mapping with C(text), if unset.
        type: str
  restart:
    description: Whether to begin anew where a rollout with the same plan was aborted.
    type: bool
    default: false
  reason:
    description: Why a pause, promotion or abort is asked for; shown to whoever watches the rollout.
    type: str
  report_dir:
    description:
      - A folder of the controller; relative to the playbook's. It gets C(report.json), all that was seen and decided, and C(report.html), one page
        that shows it. Both are written at the end of every slice, so that a run that is killed leaves them.
      - Where the play has several hosts, each has a folder of its name in it. A report of another model that lies there already stays; this one
        then goes to a folder C(NAMESPACE.MODEL) beside it.
    type: path
  write_back:
    description:
      - A file of the controller, relative to the playbook's folder, that gets the new rule when the rollout is complete, so that what is kept in a
        repository says what is live. An abort writes nothing.
      - With O(manage=rule) it is a file of variables; C(traffic) of the model in C(serving_models) is written. With O(manage=weights) it is one of
        manifests; the weights of the route are written. Nothing else of the file changes by a byte.
      - A file that cannot be written, or holds no such model, is refused before the rollout begins.
    type: path
  slice:
    description: Whether to drive one slice only and leave the rest to the next call, from cron or CI.
    type: bool
    default: false
  slice_due:
    description:
      - Seconds after which the next slice is overdue, with O(slice), counted from the end of a slice or, in a hold, from the next look at the evidence.
        More than what lies between two calls of cron or CI.
    type: int
    default: 600
  slice_seconds:
    description: Length of a slice, in seconds. What a slice does at its end it ends, but for the wait for Pods.
    type: int
    default: 30
  until_event:
    description: Whether a slice ends as soon as something has happened, so that it can be told. The action plugin sets it where a play has one host.
    type: bool
    default: false
  lease_timeout:
    description: How long to wait for the Lease of a driver that was killed, in seconds. One that renews it is named at once.
    type: int
    default: 25
  holder:
    description: A name for this run, by which its slices know each other. The action plugin sets it.
    type: str
  patience:
    description: How long to wait for an API server that is away when a slice begins, in seconds. The action plugin sets it after the first slice.
    type: int
    default: 0
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - tfserving.istio.attributes
  - tfserving.istio.attributes.cluster
seealso:
  - module: tfserving.istio.model
  - module: tfserving.istio.traffic
  - module: tfserving.istio.model_info
"""

EXAMPLES = r"""
- name: Move mnist to v2, carefully
  tfserving.istio.rollout:
    name: mnist
    namespace: kubeflow
    candidate: v2
    steps: [5, 25, 100]
    hold: 2m
    gates:
      - {kind: success_rate, objective: 99.5}
      - {kind: latency, boundary: 100, objective: 95}
    prometheus: {service: "istio-system/prometheus:9090"}

- name: Compare both on copies of all requests, then move mnist to v2
  tfserving.istio.rollout:
    name: mnist
    namespace: kubeflow
    candidate: v2
    strategy: mirror
    steps: [{mirror: 100, hold: 10m}, 10, 100]
    gates: [success_rate, latency]
    prometheus: {service: "istio-system/prometheus:9090"}

- name: Give v2 to the testers, then to a fifth of the callers for a day, and to all once a person says so
  tfserving.istio.rollout:
    name: mnist
    namespace: kubeflow
    candidate: v2
    strategy: ab
    steps:
      - {match: [{header: x-tester, exact: "yes"}, {cookie: beta, exact: "1"}], hold: 1h}
      - {weight: 20, sticky: mnist-variant, hold: 24h, pause: true}
      - 100
    gates: [success_rate]
    prometheus: {service: "istio-system/prometheus:9090"}

- name: Move the weights of a VirtualService that Argo CD owns, and write what they are in the end into its manifest
  tfserving.istio.rollout:
    name: mnist
    namespace: kubeflow
    candidate: v2
    manage: weights
    virtual_service: mnist-routes
    route: predictions
    steps: [5, 25, 100]
    hold: 2m
    write_back: manifests/mnist.yml

- name: Take the traffic back
  tfserving.istio.rollout:
    name: mnist
    namespace: kubeflow
    state: aborted
    reason: wrong predictions for zeros
"""

RETURN = r"""
phase:
  description: Where the rollout stands; V(complete), V(aborted), V(paused), or the phase in which a slice left it.
  returned: when there is a rollout
  type: str
weight:
  description: The candidate's share, in percent.
  returned: when there is a rollout
  type: float
gets:
  description: What the candidate gets, in words, such as C(20 percent), C(copies of 20 percent) or C(callers with cookie beta = yes).
  returned: when there is a rollout
  type: str
step:
  description: The step, from 1, of C(steps).
  returned: when there is a rollout
  type: int
steps:
  description: How many steps there are.
  returned: when there is a rollout
  type: int
rule:
  description: The rule C(before) the rollout, and the one that holds C(after) this slice.
  returned: when there is a rollout
  type: dict
reason:
  description: Why it is paused or was aborted, with the numbers.
  returned: when there is a rollout
  type: str
verdicts:
  description: What each gate said of the last look; C(gate), C(outcome), C(reason), C(numbers).
  returned: when there is a rollout
  type: list
  elements: dict
lines:
  description: What happened, each with its time C(at), in seconds since the epoch.
  returned: always
  type: list
  elements: dict
done:
  description: Whether the rollout has ended or rests, so that another slice would do nothing.
  returned: always
  type: bool
due:
  description: When the next slice is due at the latest, in seconds since the epoch; 0 for never.
  returned: when there is a rollout
  type: float
status:
  description: One line on where it stands.
  returned: when there is a rollout
  type: str
report:
  description: All that was seen and decided, from which the state machine makes the same decisions again.
  returned: with O(report_dir)
  type: dict
written_back:
  description: The file that the new rule was written into, on the controller.
  returned: with O(write_back), where the file has changed
  type: str
report_files:
  description: The files that were written, on the controller.
  returned: with O(report_dir)
  type: list
  elements: str
plan:
  description: The plan in words.
  returned: in check mode
  type: list
  elements: str
plan_digest:
  description: A short name of the plan; equal plans have equal ones.
  returned: when there is a rollout, or would be
  type: str
"""

from ansible_collections.tfserving.istio.plugins.module_utils._module import ClusterModule
from ansible_collections.tfserving.istio.plugins.module_utils._rollout.run import run_rollout

PROMETHEUS = {
    "url": {"type": "str"},
    "service": {"type": "str"},
    "token": {"type": "str", "no_log": True},
    "username": {"type": "str"},
    "password": {"type": "str", "no_log": True},
    "ca_cert": {"type": "path"},
    "client_cert": {"type": "path"},
    "client_key": {"type": "path", "no_log": False},
    "validate_certs": {"type": "bool", "default": True},
    "headers": {"type": "dict", "no_log": True},
    "timeout": {"type": "raw"},
    "labels": {"type": "dict"},
}
NOTIFY = {
    "url": {"type": "str", "required": True, "no_log": True},
    "headers": {"type": "dict", "no_log": True},
    "template": {"type": "str"},
}

MODULE = ClusterModule(
    {
        "name": {"type": "str", "required": True},
        "namespace": {"type": "str", "default": "kubeflow"},
        "candidate": {"type": "str"},
        "state": {"choices": ["complete", "promoted", "paused", "aborted", "reported"], "default": "complete"},
        "strategy": {"choices": ["canary", "blue_green", "mirror", "ab"], "default": "canary"},
        "manage": {"choices": ["rule", "weights"], "default": "rule"},
        "virtual_service": {"type": "str"},
        "route": {"type": "str"},
        "steps": {"type": "list", "elements": "raw"},
        "hold": {"type": "raw", "default": 60},
        "gates": {"type": "list", "elements": "raw", "default": []},
        "golden": {"type": "list", "elements": "dict", "default": []},
        "prometheus": {"type": "dict", "options": PROMETHEUS},
        "interval": {"type": "raw", "default": 5},
        "error_budget": {"type": "float", "default": 5},
        "on_insufficient": {"choices": ["wait", "pause", "abort"], "default": "wait"},
        "insufficient_limit": {"type": "raw", "default": 600},
        "after_limit": {"choices": ["pause", "abort"], "default": "pause"},
        "keep": {"type": "raw", "default": 0},
        "keep_candidate": {"type": "bool", "default": True},
        "ready_timeout": {"type": "raw", "default": 300},
        "abort_timeout": {"type": "raw", "default": 600},
        "on_abandoned": {"choices": ["wait", "abort"], "default": "wait"},
        "notify": {"type": "dict", "options": NOTIFY},
        "restart": {"type": "bool", "default": False},
        "reason": {"type": "str"},
        "report_dir": {"type": "path"},
        "write_back": {"type": "path"},
        "slice": {"type": "bool", "default": False},
        "slice_due": {"type": "int", "default": 600},
        "slice_seconds": {"type": "int", "default": 30},
        "until_event": {"type": "bool", "default": False},
        "lease_timeout": {"type": "int", "default": 25},
        "holder": {"type": "str"},
        "patience": {"type": "int", "default": 0},
    },
    run_rollout,
)


def main() -> None:
    MODULE.run()


if __name__ == "__main__":
    main()
