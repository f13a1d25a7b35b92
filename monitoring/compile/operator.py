"""Resources of the Prometheus operator: rules, scraping, notifications and dashboards of one namespace.

An AlertmanagerConfig is told only of alerts that carry the label `namespace` of its own namespace (the operator's
default, `OnNamespace`). Every compiled alert therefore carries it, so that notifications arrive whatever the matcher
strategy is, and no Alertmanager has to be reconfigured.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

import msgspec

from monitoring.alerts.plan import Plan
from monitoring.alerts.recording_rules import Group
from monitoring.alerts.rule_groups import dump
from monitoring.compile.routing.integrations import OLDEST, Version
from monitoring.compile.routing.operator_config import API_VERSION, Notices
from monitoring.domains.signal import JOB
from monitoring.targets.targets import Targets

FOLDER = "operator"
NAME = "pipemeter"
_NAME = re.compile(r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")  # RFC 1123, as Kubernetes names namespaces


class Cluster(msgspec.Struct, frozen=True):
    """Where the resources go. `release`: the label by which kube-prometheus-stack selects what it reads.

    `secret`: the Secret that holds what the channels need. `port`: name of the port of the exporter's Service, and its
    number. The Service is called pipemeter and carries the label app.kubernetes.io/name: pipemeter.
    """

    namespace: str = "monitoring"
    release: str = "kube-prometheus-stack"
    secret: str = "pipemeter-notifications"  # noqa: S105 - a name
    port: tuple[str, int] = ("http", 8000)

    def __post_init__(self) -> None:
        for field in ("namespace", "release", "secret"):
            if not _NAME.match(getattr(self, field)):
                raise ValueError(f"{field} {getattr(self, field)!r}: expected small letters, digits and -, 63 at most")


def operator_files(
    plan: Plan,
    *,
    cluster: Cluster | None = None,
    dashboards: Mapping[str, str] | None = None,
    alertmanager: Version = OLDEST,
) -> dict[str, str]:
    """Return every resource by path. `dashboards`: JSON by path; `alertmanager`: version of the one in the cluster.

    Raises ConfigError for what no resource can say.
    """
    where = cluster or Cluster()
    files = {}
    for path, groups in plan.files.items():
        name = _rules_name(path)
        files[f"{name}.yaml"] = dump(
            _resource("v1", "PrometheusRule", name, where, {"groups": _labelled(groups, where)})
        )
    files["servicemonitor.yaml"] = dump(_resource("v1", "ServiceMonitor", NAME, where, _scraping(where)))
    files["alertmanagerconfig.yaml"] = _notifications(plan.targets, where, alertmanager)
    for path, text in (dashboards or {}).items():
        name = f"dashboard-{PurePosixPath(path).stem}".replace("_", "-")
        files[f"{name}.yaml"] = dump(_dashboard(f"{NAME}-{name}", PurePosixPath(path).name, text, where))
    files["kustomization.yaml"] = dump(
        {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "resources": sorted(files)}
    )
    return {f"{FOLDER}/{name}": text for name, text in files.items()}


def _rules_name(path: str) -> str:
    found = PurePosixPath(path)
    return f"rules-{'alerts-' if found.parts[0] == 'alert_rules' else ''}{found.stem}".replace("_", "-")


def _labels(cluster: Cluster) -> dict[str, str]:
    return {"app.kubernetes.io/name": NAME, "release": cluster.release}


def _resource(version: str, kind: str, name: str, cluster: Cluster, spec: dict[str, Any]) -> dict[str, Any]:
    api = API_VERSION if version == "v1alpha1" else f"{API_VERSION.split('/')[0]}/{version}"
    full = name if name.startswith(NAME) else f"{NAME}-{name}"
    metadata = {"name": full, "namespace": cluster.namespace, "labels": _labels(cluster)}
    return {"apiVersion": api, "kind": kind, "metadata": metadata, "spec": spec}


def _labelled(groups: list[Group], cluster: Cluster) -> list[Group]:
    """Return the groups with the namespace on every alert."""

    def labelled(rule: dict[str, Any]) -> dict[str, Any]:
        return {**rule, "labels": {**rule["labels"], "namespace": cluster.namespace}} if "alert" in rule else rule

    return [{**group, "rules": [labelled(rule) for rule in group["rules"]]} for group in groups]


def _scraping(cluster: Cluster) -> dict[str, Any]:
    return {
        "selector": {"matchLabels": {"app.kubernetes.io/name": NAME}},
        "endpoints": [
            {
                "port": cluster.port[0],
                "path": "/metrics",
                "honorLabels": True,  # what batch jobs pushed keeps its own job and instance
                "relabelings": [{"action": "replace", "targetLabel": "job", "replacement": JOB}],
            }
        ],
    }


def _notifications(targets: Targets, cluster: Cluster, alertmanager: Version) -> str:
    exporter = f"http://{NAME}.{cluster.namespace}.svc:{cluster.port[1]}"
    notices = Notices(targets, cluster.secret, exporter, alertmanager)
    resource = _resource("v1alpha1", "AlertmanagerConfig", NAME, cluster, notices.spec())
    literals = " ".join(f"--from-literal={key}={value}" for key, value in notices.secret_keys().items())
    note = (
        "# Alerts carry the label `namespace`, by which the operator lets this resource see them.\n"
        "# It is refused as a whole unless this Secret has every key that it names:\n"
        f"#   kubectl -n {cluster.namespace} create secret generic {cluster.secret} {literals}\n"
    )
    head, _, body = dump(resource).partition("\n")
    return f"{head}\n{note if literals else ''}{body}"


def _dashboard(name: str, file: str, text: str, cluster: Cluster) -> dict[str, Any]:
    labels = {**_labels(cluster), "grafana_dashboard": "1"}  # what Grafana's sidecar looks for
    metadata = {"name": name, "namespace": cluster.namespace, "labels": labels}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {file: text}}
