# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """The models that a user wants: documented once, for every module and role that takes them."""

    DOCUMENTATION = r"""
options:
  models:
    description:
      - The models, each with its versions and the rule that shares its traffic.
      - Every problem of the list is reported at once, each with the place of its field.
      - Keys of a version may be given to the model too, as the default of its versions. A mapping of the version replaces the
        model's as a whole.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name of the model's Service and value of the label C(app).
        type: str
        required: true
      namespace:
        description: Namespace of all objects of the model. It must exist, see the role P(tfserving.istio.namespace#role).
        type: str
        default: kubeflow
      model_name:
        description: TensorFlow Serving's name of the model, as it stands in request paths. Defaults to O(models[].name).
        type: str
      versions:
        description:
          - The versions, at least one unless the model is to be absent.
          - One that is live and not in the list is kept; C(purge) removes it once it has no traffic.
        type: list
        elements: dict
        default: []
        suboptions:
          name:
            description: Name of the version and value of the label C(version). Model and version together may have 62 characters.
            type: str
            required: true
          model_version:
            description:
              - TensorFlow Serving's own integer, the name of a directory under the base path.
              - Without it TensorFlow Serving loads whatever integer is newest, past any rule. Two versions on one base path must both give it.
            type: int
          base_path:
            description: Where the model's numbered directories are, as an absolute path or a URL such as V(gs://bucket/mnist).
            type: str
            required: true
          image:
            description: Image of TensorFlow Serving. Defaults to V(tensorflow/serving:2.20.0), with C(-gpu) where O(models[].versions[].gpus) is given.
            type: str
          replicas:
            description: Number of Pods. Not together with O(models[].versions[].autoscale).
            type: int
            default: 1
          autoscale:
            description: A HorizontalPodAutoscaler decides the number of Pods, by CPU at 80 percent where no target is given.
            type: dict
            suboptions:
              min:
                description: Least number of Pods.
                type: int
                default: 1
              max:
                description: Largest number of Pods.
                type: int
                required: true
              cpu:
                description: Target in percent of the requested CPU.
                type: int
              memory:
                description: Target in percent of the requested memory.
                type: int
          resources:
            description: Resources of the container, Kubeflow's by default.
            type: dict
            suboptions:
              requests:
                description: Requested quantities by resource.
                type: dict
                default: {cpu: "1", memory: 1Gi}
              limits:
                description: Limits by resource.
                type: dict
                default: {cpu: "4", memory: 4Gi}
          gpus:
            description: Number of GPUs, as limit of C(nvidia.com/gpu).
            type: int
            default: 0
          gcp:
            description: Credentials for Google Cloud Storage.
            type: dict
            suboptions:
              secret:
                description: Name of the Secret. It must be in the model's namespace.
                type: str
                required: true
              key:
                description: Key of the Secret that holds the service account's JSON file.
                type: str
                default: user-gcp-sa.json
          s3:
            description: Credentials and address of an S3 store.
            type: dict
            suboptions:
              secret:
                description: Name of the Secret with the key pair. It must be in the model's namespace.
                type: str
                required: true
              access_key:
                description: Key of the Secret that holds the access key's ID.
                type: str
                default: AWS_ACCESS_KEY_ID
              secret_key:
                description: Key of the Secret that holds the secret access key.
                type: str
                default: AWS_SECRET_ACCESS_KEY
              region:
                description: Region of the store.
                type: str
                default: us-west-1
              endpoint:
                description: Host of the store.
                type: str
                default: s3.us-west-1.amazonaws.com
              use_https:
                description: Whether the store is asked by HTTPS.
                type: bool
                default: true
              verify_ssl:
                description: Whether the store's certificate is checked.
                type: bool
                default: true
          env:
            description:
              - Environment variables by name. A value is a string, a number, a boolean, or C({valueFrom}) as Kubernetes has it.
            type: dict
            default: {}
          args:
            description: Further flags of C(tensorflow_model_server), each as V(--name=value). Flags that keys stand for are refused.
            type: list
            elements: str
            default: []
          batching:
            description: V(true), or TensorFlow Serving's batching parameters; what is not given is left to its own defaults.
            type: raw
            suboptions:
              max_batch_size:
                description: Largest batch.
                type: int
              batch_timeout_micros:
                description: Longest wait for a batch to fill, in microseconds.
                type: int
              max_enqueued_batches:
                description: Batches that may wait.
                type: int
              num_batch_threads:
                description: Batches that are worked on at the same time.
                type: int
              pad_variable_length_inputs:
                description: Whether inputs of unequal length are padded.
                type: bool
              allowed_batch_sizes:
                description: Sizes to which batches are rounded up.
                type: list
                elements: int
                default: []
          warmup:
            description: A new Pod's share of its version's requests grows slowly. A duration, or a mapping.
            type: raw
            suboptions:
              duration:
                description: Time until a new Pod has its whole share, in seconds or as V(2m).
                type: raw
                required: true
              minimum_percent:
                description: Share at the beginning, in percent of the whole one.
                type: int
                default: 10
              aggression:
                description: How fast the share grows; V(1) is linear.
                type: int
                default: 1
          service_account:
            description: ServiceAccount of the Pods. Without one no token is mounted.
            type: str
          node_selector:
            description: Labels of the nodes to run on.
            type: dict
            default: {}
          tolerations:
            description: Tolerations, as Kubernetes has them.
            type: list
            elements: dict
            default: []
          affinity:
            description: Affinity, as Kubernetes has it.
            type: dict
            default: {}
          volumes:
            description: Volumes and where they are mounted.
            type: list
            elements: dict
            default: []
            suboptions:
              name:
                description: Name of the volume.
                type: str
                required: true
              mount_path:
                description: Absolute path in the container.
                type: str
                required: true
              source:
                description: Kubernetes' own volume source, for example C({persistentVolumeClaim:{claimName:models}}).
                type: dict
                required: true
              read_only:
                description: Whether the volume is mounted for reading only.
                type: bool
                default: true
              sub_path:
                description: Path within the volume.
                type: str
          pod_labels:
            description: Further labels of the Pods.
            type: dict
            default: {}
          pod_annotations:
            description: Further annotations of the Pods.
            type: dict
            default: {}
          pod_disruption_budget:
            description: How many Pods may be down for maintenance. One of the two keys.
            type: dict
            suboptions:
              min_available:
                description: Pods that stay, as a number or a percent.
                type: raw
              max_unavailable:
                description: Pods that may be missing, as a number or a percent.
                type: raw
          inject_istio:
            description: Whether the Pods get Istio's sidecar.
            type: bool
            default: false
          prometheus:
            description: Whether the server exposes metrics and its Pods are annotated for scraping.
            type: bool
            default: true
      traffic:
        description:
          - The rule, V(v1:90:v2:10), V(v1:90,v2:10) or a mapping of versions to percents, with at most one decimal, 100 in all. Quote the string forms.
          - Without it the live rule stays as it is. A first deployment of one version gets 100 percent; one of several needs a rule.
          - A declaration moves traffic when it changes. Repeated after traffic was moved otherwise, it warns and shifts nothing.
        type: raw
      hosts:
        description: Hosts for which the gateway routes to the model.
        type: list
        elements: str
        default: ["*"]
      gateway:
        description: Istio's Gateway, as C(NAME) or C(NAMESPACE/NAME). V(mesh) means none, and callers inside the mesh only.
        type: str
        default: kubeflow/kubeflow-gateway
      path:
        description: Path at the gateway beside TensorFlow Serving's own. Defaults to Kubeflow's C(/istio/tfserving/models/NAME).
        type: str
      ambassador:
        description: Whether the Service is annotated with Ambassador's Mappings, on Kubeflow's path C(/tfserving/models/NAME).
        type: bool
        default: false
      service_type:
        description: Type of the model's Service.
        type: str
        choices: [ClusterIP, NodePort, LoadBalancer]
        default: ClusterIP
      timeout:
        description: Longest time of a request, in seconds or as V(500ms). Without it there is no limit but TensorFlow Serving's own.
        type: raw
      retries:
        description: Attempts after a failed one, where the request cannot have been run yet; V(0) for none.
        type: int
        default: 2
"""
