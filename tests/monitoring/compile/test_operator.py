"""The operator's resources have only fields that its definitions have, and notifications made of them arrive."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from exporter.app import create_app
from exporter.server.running import BackgroundServer
from exporter.settings import ExporterSettings
from monitoring.alerts.plan import plan_of
from monitoring.compile.operator import Cluster, operator_files
from monitoring.compile.routing.config import alertmanager_config, templates
from monitoring.compile.routing.templates import definitions, inlined
from monitoring.domains.band import Bands
from monitoring.domains.catalogue import metrics
from monitoring.targets.channels import AnyChannel, Discord, Email, Log, PagerDuty, SecretPlace, Setting, Slack, Webhook
from monitoring.targets.links import Links
from monitoring.targets.notifications import Heartbeat, Notifications, Route
from monitoring.targets.quiet_hours import QuietHours
from monitoring.targets.targets import Targets
from pipeline.errors import ConfigError
from pipeline.settings import Secret
from tests.monitoring.alertmanager_server import NEEDS_ALERTMANAGER, Alertmanager, eventually
from tests.monitoring.delivery.test_delivery import alert
from tests.monitoring.webhooks import Webhooks

# Fields and types of the definitions that we use, from prometheus-operator v0.93: `{}` is an object, `[x]` a list of x,
# `{"*": str}` a mapping, a text a pattern; fields in REQUIRED have to be there.
DURATION = r"(0|([0-9]+y)?([0-9]+w)?([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?)"
NAME = r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?"
META = {"name": NAME, "namespace": NAME, "labels": {"*": r"[A-Za-z0-9]([-._A-Za-z0-9]{0,61}[A-Za-z0-9])?"}}
KEY = {"name": NAME, "key": r"[-._a-zA-Z0-9]+"}
MATCHER = {"name": r"\w+", "value": str, "matchType": r"=|!=|=~|!~"}
HTTP = {"authorization": {"type": "Bearer", "credentials": KEY}}
PAIR = {"key": r".+", "value": str}
ROUTE: dict[str, Any] = {
    "receiver": r".+", "groupBy": [str], "groupWait": DURATION, "groupInterval": DURATION, "repeatInterval": DURATION,
    "matchers": [MATCHER], "continue": bool, "muteTimeIntervals": [str],
}  # fmt: skip
ROUTE["routes"] = [ROUTE]
RULE = {
    "alert": str,
    "record": str,
    "expr": str,
    "for": DURATION,
    "keep_firing_for": DURATION,
    "labels": {"*": str},
    "annotations": {"*": str},
}
SCHEMAS: dict[str, dict[str, Any]] = {
    "PrometheusRule": {
        "apiVersion": "monitoring.coreos.com/v1", "kind": str, "metadata": META,
        "spec": {"groups": [{"name": r".+", "rules": [RULE]}]},
    },
    "ServiceMonitor": {
        "apiVersion": "monitoring.coreos.com/v1", "kind": str, "metadata": META,
        "spec": {
            "selector": {"matchLabels": {"*": str}},
            "endpoints": [{"port": str, "path": r"/.*", "honorLabels": bool,
                           "relabelings": [{"action": "replace", "targetLabel": str, "replacement": str}]}],
        },
    },
    "AlertmanagerConfig": {
        "apiVersion": "monitoring.coreos.com/v1alpha1", "kind": str, "metadata": META,
        "spec": {
            "route": ROUTE,
            "inhibitRules": [{"sourceMatch": [MATCHER], "targetMatch": [MATCHER], "equal": [str]}],
            "muteTimeIntervals": [{"name": str, "timeIntervals": [{
                "times": [{"startTime": r"([01]\d|2[0-3]):[0-5]\d|24:00", "endTime": r"([01]\d|2[0-3]):[0-5]\d|24:00"}],
                "weekdays": [r"(sun|mon|tues|wednes|thurs|fri|satur)day"],
            }]}],
            "receivers": [{
                "name": r".+",
                "slackConfigs": [{"sendResolved": bool, "apiURL": KEY, "channel": r".+", "color": r"(?s).+", "title": r"(?s).+", "titleLink": str,
                                  "fallback": r"(?s).+", "text": r"(?s).+", "footer": r".+", "shortFields": bool, "httpConfig": HTTP}],
                "discordConfigs": [{"sendResolved": bool, "apiURL": KEY, "title": str, "message": str}],
                "webhookConfigs": [{"sendResolved": bool, "url": r"https?://\S+", "urlSecret": KEY, "maxAlerts": int, "httpConfig": HTTP}],
                "emailConfigs": [{"sendResolved": bool, "to": r".+", "from": r".+", "smarthost": r".+:\d+", "authUsername": r".+",
                                  "authPassword": KEY, "requireTLS": bool, "headers": [PAIR], "text": r"(?s).+"}],
                "pagerdutyConfigs": [{"sendResolved": bool, "routingKey": KEY, "description": r"(?s).+", "severity": r".+", "class": r".+",
                                      "component": r".+", "client": r".+", "clientURL": str, "details": [PAIR]}],
            }],
        },
    },
    "ConfigMap": {"apiVersion": "v1", "kind": str, "metadata": META, "data": {"*": str}},
    "Kustomization": {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": str, "resources": [str]},
}  # fmt: skip
REQUIRED = {"apiVersion", "kind", "metadata", "spec", "groups", "expr", "selector", "endpoints", "equal"}
GO_BUILTINS = {"and", "or", "not", "len", "index", "eq", "ne", "lt", "le", "gt", "ge", "printf", "urlquery", "html", "js", "slice", "print", "println", "call"}  # fmt: skip


def problems(value: Any, schema: Any, where: str = "") -> list[str]:
    """Say where a value is not of a form; unknown fields are problems."""
    if isinstance(schema, dict) and isinstance(value, dict):
        if "*" in schema:
            return [p for key, entry in value.items() for p in problems(entry, schema["*"], f"{where}.{key}")]
        found = [f"{where}.{key}: unknown" for key in value if key not in schema]
        found += [
            f"{where}.{key}: missing" for key in schema if key in REQUIRED and key not in value and where.count(".") < 3
        ]
        return found + [
            p for key in value if key in schema for p in problems(value[key], schema[key], f"{where}.{key}")
        ]
    if isinstance(schema, list) and isinstance(value, list):
        return [p for n, entry in enumerate(value) for p in problems(entry, schema[0], f"{where}[{n}]")]
    if isinstance(schema, str):
        return [] if isinstance(value, str) and re.fullmatch(schema, value) else [f"{where}: {value!r}"]
    return [] if isinstance(schema, type) and type(value) is schema else [f"{where}: {value!r}"]


def everything() -> Targets:
    """Targets with every kind of channel, and an alert of every metric."""
    bands = {
        m.signal: Bands(warning_low=0.4, cooldown_minutes=90) if m.low_alert else Bands(warning_high=60.0)
        for m in metrics()
    }
    channels: dict[str, AnyChannel] = {
        "slack": Slack(name="slack"),
        "bot": Slack(name="bot", token=SecretPlace("SLACK_TOKEN"), channel="#alerts"),
        "discord": Discord(name="discord", quiet_hours=("nights",)),
        "log": Log(name="log", per_hour=20),
        "hook": Webhook(name="hook", url=Setting(file="/run/secrets/hook url"), token=SecretPlace("HOOK_TOKEN"), max_alerts=3),
        "plain": Webhook(name="plain", url=Setting("https://hooks.example.com/in")),
        "mail": Email(name="mail", to="a@example.com", sender="b@example.com", smarthost=Setting("smtp.example.com:587"), username=Setting("b")),
        "pager": PagerDuty(name="pager"),
    }  # fmt: skip
    routes = (
        Route(severity=("critical",), alert=("PipelineError*",), labels={"slo": 'a"b\\c'}, channels=("pager", "mail"), continues=True),
        Route(severity=("critical", "warning"), channels=("slack", "bot", "discord", "hook", "plain"), continues=True, cooldown=7200),
        Route(channels=("log",)),
    )  # fmt: skip
    quiet = {"nights": QuietHours("nights", ((22 * 60, 7 * 60),), (0, 1, 2, 3, 4))}
    heartbeat = Heartbeat(url=Setting("https://heartbeat.example.com/x"))
    notifications = Notifications(channels=channels, routes=routes, quiet_hours=quiet, heartbeat=heartbeat)
    return Targets(bands=bands, notifications=notifications)


CASES = pytest.mark.parametrize("targets", [Targets(), everything()], ids=["defaults", "everything"])


def resources(targets: Targets, **options: Any) -> dict[str, Any]:
    return {path: yaml.safe_load(text) for path, text in operator_files(plan_of(targets), **options).items()}


def only(targets: Targets, kind: str, **options: Any) -> Any:
    (found,) = [r for r in resources(targets, **options).values() if r["kind"] == kind]
    return found


@CASES
def test_resources_have_only_fields_that_their_definitions_have(targets: Targets) -> None:
    found = resources(targets, dashboards={"grafana/dashboards/over_view.json": "{}\n"})
    assert {r["kind"] for r in found.values()} == set(SCHEMAS)
    for path, resource in found.items():
        assert problems(resource, SCHEMAS[resource["kind"]], path) == []
    named = [(r["kind"], r["metadata"]["name"]) for r in found.values() if "metadata" in r]
    assert len(set(named)) == len(named)


def test_the_check_of_fields_finds_what_is_wrong() -> None:
    rule = only(Targets(), "ServiceMonitor")
    rule["spec"]["endpoints"][0] |= {"honor_labels": True, "path": "metrics"}
    del rule["spec"]["selector"]
    assert problems(rule, SCHEMAS["ServiceMonitor"]) == [
        ".spec.selector: missing",
        ".spec.endpoints[0].honor_labels: unknown",
        ".spec.endpoints[0].path: 'metrics'",
    ]


def test_every_alert_carries_the_namespace_and_the_rules_are_those_of_prometheus() -> None:
    targets, cluster = everything(), Cluster(namespace="content", release="prom")
    found = [r for r in resources(targets, cluster=cluster).values() if r["kind"] == "PrometheusRule"]
    groups = [group for resource in found for group in resource["spec"]["groups"]]
    for resource in found:
        assert (resource["metadata"]["namespace"], resource["metadata"]["labels"]["release"]) == ("content", "prom")
    alerts = [rule for group in groups for rule in group["rules"] if "alert" in rule]
    assert len(alerts) > 15
    assert {rule["labels"].pop("namespace") for rule in alerts} == {"content"}
    assert groups == [group for file in plan_of(targets).files.values() for group in file]


def test_the_scrape_job_is_called_as_the_rules_want_it() -> None:
    (endpoint,) = only(Targets(), "ServiceMonitor")["spec"]["endpoints"]
    assert endpoint["relabelings"] == [{"action": "replace", "targetLabel": "job", "replacement": "pipeline"}]


def test_dashboards_are_found_by_grafanas_sidecar() -> None:
    found = only(Targets(), "ConfigMap", dashboards={"grafana/dashboards/quality.json": '{"uid": "q"}\n'})
    assert found["metadata"]["labels"]["grafana_dashboard"] == "1"
    assert found["data"] == {"quality.json": '{"uid": "q"}\n'}


def test_kustomize_applies_every_resource() -> None:
    files = operator_files(plan_of(Targets()), dashboards={"a.json": "{}"})
    listed = yaml.safe_load(files["operator/kustomization.yaml"])["resources"]
    assert {f"operator/{name}" for name in listed} == set(files) - {"operator/kustomization.yaml"}


def test_no_secret_is_written_and_the_keys_that_are_needed_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_WEBHOOK_URL", "https://hooks.example.com/verysecret")
    text = operator_files(plan_of(everything()))["operator/alertmanagerconfig.yaml"]
    assert "verysecret" not in text
    keys = set(re.findall(r"--from-literal=([-\w.]+)=", text))
    assert keys == {"DISCORD_WEBHOOK_URL", "EXPORTER_TOKEN", "HOOK_TOKEN", "PAGERDUTY_ROUTING_KEY", "SLACK_API_URL", "SLACK_TOKEN",
                    "SLACK_WEBHOOK_URL", "SMTP_PASSWORD", "hook-url"}  # fmt: skip
    assert keys == set(re.findall(r"^ *key: ([-\w.]+)$", text, re.M)) - {"Subject", "text"}
    assert "--from-literal=SLACK_API_URL=https://slack.com/api/chat.postMessage" in text


def test_urls_that_are_templates_need_no_function_of_alertmanager() -> None:
    """The operator parses them with Go's own functions only, and refuses the whole resource otherwise."""
    spec = only(everything(), "AlertmanagerConfig")["spec"]
    urls = [
        c[f]
        for r in spec["receivers"]
        for kind in r
        if kind != "name"
        for c in r[kind]
        for f in ("titleLink", "clientURL")
        if f in c
    ]
    assert len(urls) == 3
    for url in urls:
        actions = " ".join(re.findall(r"\{\{(.*?)\}\}", url))
        called = set(re.findall(r"[a-z]\w*", re.sub(r'"[^"]*"|[$.][\w.]*', "", actions)))
        assert called <= GO_BUILTINS | {"define", "template", "end", "else", "if", "with", "range"}, url


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"quiet_hours": {"n": QuietHours("n", time_zone="Europe/Berlin")}, "routes": (Route(channels=("log",), quiet_hours=("n",)),)},
         "notifications.quiet_hours.n.time_zone: Europe/Berlin: expected UTC"),
        ({"channels": {"log": Log(name="log"), "m": Email(name="m", to="a@b.example", sender="c@d.example")}},
         "notifications.channels.m.smarthost: not given: expected host:port"),
        ({"channels": {"log": Log(name="log"), "s": Slack(name="s", token=SecretPlace("T"), channel="#a", update_message=True)}},
         "notifications.channels.s.update_message: true: expected false"),
    ],
)  # fmt: skip
def test_what_the_resource_cannot_say_is_refused_with_the_reason(change: dict[str, Any], expected: str) -> None:
    notifications = Notifications(**{"routes": (Route(channels=("log",)),), **change})
    with pytest.raises(ConfigError, match=re.escape(expected)):
        operator_files(plan_of(Targets(notifications=notifications)))


@pytest.mark.parametrize("field", ["namespace", "release", "secret"])
def test_a_name_that_kubernetes_refuses_is_refused_at_once(field: str) -> None:
    with pytest.raises(ValueError, match=rf"{field} 'No Name': expected small letters"):
        msgspec.structs.replace(Cluster(), **{field: "No Name"})


# --- what the operator makes of it


def native(resource: Mapping[str, Any], secret: Mapping[str, str]) -> dict[str, Any]:
    """Return the configuration that the operator makes of one AlertmanagerConfig, with the strategy OnNamespace."""
    namespace, prefix = (resource["metadata"][k] for k in ("namespace", "name"))
    spec = resource["spec"]
    names = {"urlSecret": "url", "apiURL": "api_url", "clientURL": "client_url", "requireTLS": "require_tls"}
    own = f'namespace="{namespace}"'

    def plain(value: Any, kind: str = "") -> Any:
        if isinstance(value, dict):
            if set(value) == {"name", "key"}:
                return secret[value["key"]]
            return {snake(key, kind): plain(entry, kind) for key, entry in value.items()}
        if isinstance(value, list) and value and isinstance(value[0], dict) and set(value[0]) == {"key", "value"}:
            return {pair["key"]: pair["value"] for pair in value}
        return [plain(entry, kind) for entry in value] if isinstance(value, list) else value

    def snake(key: str, kind: str) -> str:
        return (
            "webhook_url"
            if (kind, key) == ("discordConfigs", "apiURL")
            else names.get(key) or re.sub(r"([A-Z])", r"_\1", key).lower()
        )

    def matcher(one: Mapping[str, str]) -> str:
        value = one["value"].replace("\\", "\\\\").replace('"', '\\"')
        return f'{one["name"]}{one["matchType"]}"{value}"'

    def route(one: Mapping[str, Any]) -> dict[str, Any]:
        found = {snake(k, ""): v for k, v in one.items() if k not in ("matchers", "routes")}
        if "receiver" in found:
            found["receiver"] = f"{namespace}/{prefix}/{found['receiver']}"
        if "mute_time_intervals" in found:
            found["mute_time_intervals"] = [f"{namespace}/{prefix}/{name}" for name in found["mute_time_intervals"]]
        if "matchers" in one:
            found["matchers"] = [matcher(m) for m in one["matchers"]]
        return found | ({"routes": [route(child) for child in one["routes"]]} if "routes" in one else {})

    top = route(spec["route"]) | {"continue": True}
    top["matchers"] = [*top["matchers"], own]
    receivers = [
        {
            "name": f"{namespace}/{prefix}/{r['name']}",
            **{snake(k, ""): [plain(c, k) for c in v] for k, v in r.items() if k != "name"},
        }
        for r in spec["receivers"]
    ]
    return {
        "route": {"receiver": "null", "routes": [top]},
        "receivers": [{"name": "null"}, *receivers],
        "inhibit_rules": [
            {"source_matchers": [own, *map(matcher, r["sourceMatch"])], "target_matchers": [own, *map(matcher, r["targetMatch"])], "equal": r["equal"]}
            for r in spec["inhibitRules"]
        ],
        "time_intervals": [
            {"name": f"{namespace}/{prefix}/{m['name']}", "time_intervals": plain(m["timeIntervals"])} for m in spec.get("muteTimeIntervals", [])
        ],
    }  # fmt: skip


def written(folder: Path, config: Mapping[str, Any]) -> Path:
    path = folder / "alertmanager.yml"
    path.write_text(yaml.safe_dump(dict(config), sort_keys=False))
    return path


SECRET = {"SLACK_WEBHOOK_URL": "http://127.0.0.1:9/s", "DISCORD_WEBHOOK_URL": "http://127.0.0.1:9/d", "EXPORTER_TOKEN": "exportersecret",
          "SLACK_TOKEN": "t", "SLACK_API_URL": "http://127.0.0.1:9/a", "HOOK_TOKEN": "h", "hook-url": "http://127.0.0.1:9/h",
          "PAGERDUTY_ROUTING_KEY": "p", "SMTP_PASSWORD": "m"}  # fmt: skip


@NEEDS_ALERTMANAGER
@CASES
def test_alertmanager_takes_it_and_sends_every_alert_where_the_plain_configuration_sends_it(
    tmp_path: Path, targets: Targets
) -> None:
    made = written(tmp_path, native(only(targets, "AlertmanagerConfig"), SECRET))
    subprocess.run(["amtool", "check-config", made], check=True, capture_output=True)
    (tmp_path / "plain").mkdir()
    (tmp_path / "plain" / "templates").mkdir()
    values = {name: {"url": "http://127.0.0.1:9/x", "token": "t", "routing_key": "p", "smarthost": "smtp.example.com:587"}
              for name in targets.notifications.channels}  # fmt: skip
    plain = written(
        tmp_path / "plain",
        alertmanager_config(targets.notifications, Links(), cooldowns=targets.cooldowns, values=values),
    )
    for labels in ('severity=critical alertname=PipelineErrorBudgetBurn slo="a\\"b\\\\c"', "severity=warning alertname=PipelineBypassRateLow",
                   "severity=info alertname=CacheCostSavingsLow", "severity=none alertname=Watchdog"):  # fmt: skip
        mine = routed(made, f"{labels} domain=pipeline namespace=monitoring")
        assert mine == routed(plain, f"{labels} domain=pipeline")
        assert mine != ["null"]
    assert routed(made, "severity=critical domain=pipeline namespace=elsewhere") == ["null"]
    assert routed(made, "severity=critical namespace=monitoring alertname=OfSomebodyElse") == ["null"]


def routed(config: Path, labels: str) -> list[str]:
    """The receivers that amtool names for an alert, without the operator's prefix."""
    command = ["amtool", "config", "routes", "test", f"--config.file={config}", *labels.split()]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [name.rpartition("/")[2] for name in said.strip().splitlines()[-1].split(",")]


@NEEDS_ALERTMANAGER
def test_messages_arrive_in_every_channel_with_the_namespace_and_not_without_it(tmp_path: Path) -> None:
    lines: list[str] = []
    app = create_app(settings=ExporterSettings(token=Secret("exportersecret")), environ={}, write_line=lines.append)
    with Webhooks() as webhooks, BackgroundServer(app, "127.0.0.1", 0) as server:
        channels: dict[str, AnyChannel] = {
            "log": Log(name="log", url=Setting(server.url)),
            "slack": Slack(name="slack"),
            "discord": Discord(name="discord"),
        }
        resource = only(Targets(notifications=Notifications(channels=channels)), "AlertmanagerConfig")
        config = native(resource, {**SECRET, **webhooks.environ})
        config["route"]["routes"][0] |= {"group_wait": "200ms", "group_interval": "1s"}
        with Alertmanager(tmp_path, written(tmp_path, config)) as alertmanager:
            alertmanager.post(alert("Unlabelled", "critical", instance="x:1"))
            alertmanager.post(alert("PipelineDown", "critical", instance="a:8000", namespace="monitoring"))
            (slack,) = webhooks.wait_for_title("slack", "[FIRING: critical] PipelineDown (a:8000)")
            (discord,) = webhooks.wait_for_title("discord", "[FIRING: critical] PipelineDown (a:8000)")
            eventually(lambda: len(lines) == 1, what="the log line")
        assert "runbooks/PipelineDown" in slack.text
        assert "**PipelineDown is <not\\> well & so on**" in discord.text
        assert slack.payload["attachments"][0]["title_link"] == "http://localhost:3000/d/x?var-a=b&c=d"
        assert webhooks.refused == []
        assert [m.title for m in webhooks.received if "Unlabelled" in m.title] == []


# --- templates


@NEEDS_ALERTMANAGER
@pytest.mark.parametrize("name", ["title", "color", "link", "text", "slack", "discord", "silence"])
def test_a_template_says_the_same_inside_a_field_as_in_its_file(tmp_path: Path, name: str) -> None:
    for file, text in templates(Links()).items():
        (tmp_path / Path(file).name).write_text(text)
    call = f'{{{{ template "pipemeter.{name}" . }}}}'
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "none.tmpl").write_text("")

    def said(glob: Path, text: str) -> str:
        command = ["amtool", "template", "render", f"--template.glob={glob}/*.tmpl", f"--template.text={text}"]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    in_field = inlined(call, definitions(templates(Links()).values()))
    assert said(tmp_path, call) == said(tmp_path / "empty", in_field) != ""


def test_only_what_is_called_is_put_into_a_field() -> None:
    known = definitions(
        [
            '{{ define "a" }}{{ if .X }}{{ template "b" . }}{{ end }}{{ end }} {{ define "b" -}} b {{- end }}{{ define "c" }}c{{ end }}'
        ]
    )
    assert inlined('{{ template "a" . }}', known) == (
        '{{ define "a" }}{{ if .X }}{{ template "b" . }}{{ end }}{{ end }}{{ define "b" -}} b {{- end }}{{ template "a" . }}'
    )
    with pytest.raises(KeyError, match="d"):
        inlined('{{ template "d" . }}', known)
    with pytest.raises(ValueError, match="not closed"):
        definitions(['{{ define "a" }}{{ if .X }}{{ end }}'])
