"""The compiled configuration of Alertmanager, as its own tools understand it."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import msgspec
import pytest
import yaml

from monitoring.alerts.alert import alerts_of
from monitoring.alerts.labels import identity
from monitoring.compile.output import compile_all
from monitoring.compile.routing.config import (
    FOLDER,
    alertmanager_config,
    inhibit_rules,
    templates,
    unfinished,
    yaml_text,
)
from monitoring.compile.routing.integrations import Version, parse_version
from monitoring.compile.routing.routes import matcher
from monitoring.delivery.samples import Sample, Situation, sample, situations, template_data
from monitoring.targets.channels import Discord, Email, Log, PagerDuty, SecretPlace, Setting, Slack, Webhook
from monitoring.targets.links import Links
from monitoring.targets.notifications import Limits, Notifications, Route
from monitoring.targets.quiet_hours import QuietHours
from monitoring.targets.targets import Targets
from pipeline.errors import ConfigError
from tests.monitoring.alertmanager_server import NEEDS_ALERTMANAGER
from tests.monitoring.webhooks import RefusedError, discord_message, slack_message

NIGHTS = QuietHours("nights", ((1320, 420),), (0, 1, 2, 3, 4))
EVERYTHING = msgspec.structs.replace(
    Notifications(),
    channels={
        "slack": Slack(name="slack", quiet_hours=("nights",)),
        "bot": Slack(name="bot", token=SecretPlace("BOT"), channel="#a"),
        "discord": Discord(name="discord", per_hour=12),
        "relay": Webhook(name="relay", url=Setting("http://relay/x"), token=SecretPlace("RELAY"), max_alerts=2),
        "mail": Email(name="mail", to="a@example.com", sender="b@example.com", smarthost=Setting("mail:587"),
                      username=Setting("u")),
        "pager": PagerDuty(name="pager", minimum_severity="critical"),
        "log": Log(name="log"),
    },
    routes=(
        Route(domain=("models",), channels=("mail",), cooldown=1800, continues=True),
        Route(alert=("Agent*", "PipelineDown"), labels={"model": "a.b"}, channels=("relay",)),
        Route(severity=("critical", "warning"), channels=("slack", "bot", "discord", "pager"), continues=True),
        Route(channels=("log",), quiet_hours=("nights",)),
    ),
    quiet_hours={"nights": NIGHTS},
    limits=Limits(per_model_per_hour=5, minimum_severity="warning"),
)  # fmt: skip
VALUES = {
    "slack": {"url": "https://hooks.slack.com/services/x"},
    "bot": {"token": "xoxb"},
    "discord": {"url": "https://discord.com/api/webhooks/1/x"},
    "relay": {"url": "http://relay/x", "token": "t"},
    "mail": {"smarthost": "mail:587", "username": "u", "password": "p"},
    "pager": {"routing_key": "k"},
    "log": {"url": "http://exporter:8000", "token": "t"},
    "heartbeat": {"url": "https://beat.example.com/x"},
}
WriteConfig = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> WriteConfig:
    def put(notifications: Notifications = EVERYTHING, **options: Any) -> Path:
        (tmp_path / FOLDER).mkdir(exist_ok=True)
        for name, text in templates(Links()).items():
            (tmp_path / name).write_text(text)
        path = tmp_path / "alertmanager.yml"
        path.write_text(
            yaml_text(alertmanager_config(notifications, Links(), **options), notes=unfinished(notifications))
        )
        return path

    return put


def amtool(*arguments: str | Path) -> str:
    done = subprocess.run(["amtool", *map(str, arguments)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def receivers(config: Path, **labels: str) -> str:
    return amtool(
        "config", "routes", "test", f"--config.file={config}", *(f"{n}={v}" for n, v in labels.items())
    ).strip()


@NEEDS_ALERTMANAGER
@pytest.mark.parametrize("values", [None, VALUES, {}, {"discord": VALUES["discord"]}])
@pytest.mark.parametrize("notifications", [Notifications(), EVERYTHING])
def test_alertmanager_takes_what_is_compiled_and_what_is_rendered(
    write: WriteConfig, notifications: Notifications, values: Any
) -> None:
    said = amtool(
        "check-config",
        write(notifications, values=values, cooldowns={("ModelDegraded", ""): 45, ("AgentSlow", ""): 45}),
    )
    assert "SUCCESS" in said


@NEEDS_ALERTMANAGER
@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ({"alertname": "Watchdog", "severity": "none"}, "heartbeat"),
        ({"alertname": "PipelineDown", "severity": "critical"}, "slack,discord,log"),
        ({"alertname": "PipelineStalled", "severity": "warning"}, "slack,discord,log"),
        ({"alertname": "CacheCostSavingsLow", "severity": "info"}, "log"),
        ({"alertname": "Foreign"}, "log"),
    ],
)
def test_alerts_go_where_the_built_in_routes_say(write: WriteConfig, labels: dict[str, str], expected: str) -> None:
    assert receivers(write(Notifications()), **labels) == expected


@NEEDS_ALERTMANAGER
@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (
            {"alertname": "ModelDegraded", "severity": "critical", "domain": "models"},
            "mail,slack,bot,discord,pager,log",
        ),
        ({"alertname": "ModelDegraded", "severity": "info", "domain": "models"}, "log"),
        ({"alertname": "AgentSlow", "severity": "warning", "model": "a.b"}, "relay"),
        ({"alertname": "AgentSlow", "severity": "warning", "model": "axb"}, "slack,bot,discord,log"),
        ({"alertname": "PipelineDown", "severity": "warning"}, "slack,bot,discord,log"),
    ],
)
def test_routes_match_severity_domain_name_and_labels_in_their_order(
    write: WriteConfig, labels: dict[str, str], expected: str
) -> None:
    assert receivers(write(), **labels) == expected


@NEEDS_ALERTMANAGER
def test_channels_without_a_secret_leave_their_alerts_to_the_log(write: WriteConfig) -> None:
    config = write(Notifications(), values={"log": {}})
    assert receivers(config, alertname="PipelineDown", severity="critical") == "log"
    only = msgspec.structs.replace(Notifications(), routes=(Route(channels=("slack",)),))
    assert receivers(write(only, values={}), alertname="PipelineDown", severity="critical") == "log"


def routes(config: dict[str, Any]) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Every route with what it inherits."""
    found = []

    def walk(route: dict[str, Any], inherited: dict[str, Any]) -> None:
        here = {
            **inherited,
            **{k: v for k, v in route.items() if k not in ("routes", "continue", "mute_time_intervals")},
        }
        found.append((route, here))
        for child in route.get("routes", ()):
            walk(child, here)

    walk(config["route"], {})
    return found


def leaf(config: dict[str, Any], receiver: str, *matchers: str) -> tuple[dict[str, Any], dict[str, Any]]:
    return next((r, h) for r, h in routes(config) if h["receiver"] == receiver and r.get("matchers") == list(matchers))


def test_pauses_follow_severity_and_an_alerts_own_goes_over_it() -> None:
    config = alertmanager_config(
        Notifications(), Links(), cooldowns={("ModelDegraded", ""): 45, ("AgentSlow", ""): 45, ("X", ""): 60}
    )
    assert leaf(config, "slack", 'severity="critical"')[1]["repeat_interval"] == "1h"
    assert leaf(config, "slack", 'alertname=~"AgentSlow|ModelDegraded"')[1]["repeat_interval"] == "45m"
    assert leaf(config, "log", 'severity="info"')[1]["repeat_interval"] == "1d"
    assert config["route"]["repeat_interval"] == "4h"
    assert leaf(alertmanager_config(EVERYTHING, Links()), "mail", 'severity="critical"')[1]["repeat_interval"] == "30m"


def test_the_pause_of_a_content_type_is_asked_before_that_of_the_alert() -> None:
    pauses = {("Low", ""): 45, ("Low", "news"): 240, ("High", "news"): 7, ("High", "talk"): 240}
    asked = [
        route
        for route, held in routes(alertmanager_config(Notifications(), Links(), cooldowns=pauses))
        if held["receiver"] == "slack"
    ]
    found = {(m[0], *m[1:]): r["repeat_interval"] for r in asked if "alertname" in (m := r.get("matchers", [""]))[0]}
    assert list(found.items())[:4] == [
        (('alertname="High"', 'content_type="news"'), "7m"),
        (('alertname="Low"', 'content_type="news"'), "4h"),
        (('alertname="High"', 'content_type="talk"'), "4h"),
        (('alertname="Low"',), "45m"),
    ]


def test_quiet_hours_mute_what_they_name_and_critical_alerts_pass() -> None:
    config = alertmanager_config(EVERYTHING, Links(), cooldowns={("X", ""): 7})
    muted = [(h["receiver"], r["matchers"]) for r, h in routes(config) if r.get("mute_time_intervals") == ["nights"]]
    assert ("slack", ['severity="warning"']) in muted
    assert ("log", ['severity="info"']) in muted
    assert not any('severity="critical"' in matchers for _, matchers in muted)
    assert [one["name"] for one in config["time_intervals"]] == ["nights"]
    inner = [
        (route["mute_time_intervals"], child.get("mute_time_intervals"))
        for route, _ in routes(config)
        if "mute_time_intervals" in route
        for child in route.get("routes", ())
    ]
    assert inner == [(["nights"], ["nights"])] * 3  # a route inherits no quiet hours: its children repeat them


def test_a_limit_on_messages_widens_the_groups_of_what_is_not_critical() -> None:
    config = alertmanager_config(EVERYTHING, Links())
    _, warning = leaf(config, "discord", 'severity="warning"')
    assert (warning["group_by"], warning["group_interval"]) == (["severity", "test_id"], "5m")
    wider = msgspec.structs.replace(EVERYTHING, limits=Limits(per_hour=4))
    _, warning = leaf(alertmanager_config(wider, Links()), "slack", 'severity="warning"')
    assert warning["group_interval"] == "15m"
    assert leaf(config, "discord", 'severity="critical"')[1]["group_by"][0] == "alertname"


def test_the_log_is_told_the_limits_and_holds_back_by_itself() -> None:
    config = alertmanager_config(EVERYTHING, Links(), values=VALUES)
    log = next(r for r in config["receivers"] if r["name"] == "log")["webhook_configs"][0]
    assert log["url"] == "http://exporter:8000/api/alerts?per_model_per_hour=5&minimum_severity=warning"
    assert log["http_config"]["authorization"]["credentials"] == "t"


def test_mail_is_our_text_alone_and_not_a_page_of_alertmanager_beside_it() -> None:
    config = alertmanager_config(EVERYTHING, Links(), values=VALUES)
    (mail,) = (one for r in config["receivers"] for one in r.get("email_configs", ()))
    assert (mail["html"], mail["text"]) == ("", '{{ template "pipemeter.text" . }}')


@NEEDS_ALERTMANAGER
@pytest.mark.parametrize(
    ("labels", "told"),
    [({"severity": "critical"}, "critical"), ({"severity": "info"}, "info"), ({"severity": "page"}, "warning"), ({}, "warning")],
)  # fmt: skip
def test_a_pager_is_told_only_severities_that_it_knows(tmp_path: Path, labels: dict[str, str], told: str) -> None:
    config = alertmanager_config(EVERYTHING, Links(), values=VALUES)
    (pager,) = (one for r in config["receivers"] for one in r.get("pagerduty_configs", ()))
    (tmp_path / "data.json").write_text(json.dumps(template_data((Sample(labels, {}, 1_000_000),), "http://am")))
    (tmp_path / "none.tmpl").write_text("")
    out = amtool("template", "render", f"--template.glob={tmp_path}/*.tmpl", f"--template.text={pager['severity']}",
                 f"--template.data={tmp_path}/data.json")  # fmt: skip
    assert out.strip() == told


def test_every_integration_says_whether_it_tells_of_the_end() -> None:
    for values in (None, VALUES):
        for receiver in alertmanager_config(EVERYTHING, Links(), values=values)["receivers"]:
            for key, configs in receiver.items():
                assert key == "name" or all(isinstance(one["send_resolved"], bool) for one in configs)


def test_inhibition_needs_the_same_alert_and_never_severity_or_tier() -> None:
    assert identity()[0] == "alertname"
    assert not {"severity", "burnrate_tier"} & set(identity())
    assert {tuple(rule["equal"]) for rule in inhibit_rules()} == {(*identity(), "test_id")}
    pairs = [(rule["source_matchers"][0], rule["target_matchers"][0]) for rule in inhibit_rules()]
    assert pairs == [
        ('severity="critical"', 'severity=~"warning|info"'),
        ('severity="warning"', 'severity="info"'),
        ('burnrate_tier="fast"', 'burnrate_tier=~"medium|slow|long"'),
        ('burnrate_tier="medium"', 'burnrate_tier=~"slow|long"'),
        ('burnrate_tier="slow"', 'burnrate_tier="long"'),
    ]


def test_what_is_newer_than_the_target_is_replaced_or_refused_with_the_reason() -> None:
    def discord(version: Version) -> Any:
        config = alertmanager_config(Notifications(), Links(), version=version)
        return next(r for r in config["receivers"] if r["name"] == "discord").get("discord_configs")

    assert discord((0, 25)) is None
    assert discord((0, 28))[0]["webhook_url_file"] == "/etc/alertmanager/secrets/discord_webhook_url"
    assert "discord" in unfinished(Notifications())[1]
    assert len(unfinished(Notifications(), (0, 28))) == 1
    bot = Slack(name="bot", token=SecretPlace("BOT"), channel="#a", update_message=True)
    changing = msgspec.structs.replace(Notifications(), channels={"bot": bot, "log": Log(name="log")}, routes=())
    with pytest.raises(ConfigError, match=r"channels\.bot\.update_message: true: expected Alertmanager 0\.32 or newer"):
        alertmanager_config(changing, Links(), version=(0, 31))
    config = alertmanager_config(changing, Links(), version=(0, 32))
    assert config["receivers"][1]["slack_configs"][0]["update_message"] is True
    with pytest.raises(ConfigError, match=r"0\.25 or newer"):
        alertmanager_config(Notifications(), Links(), version=(0, 24))
    assert "name" not in inhibit_rules((0, 25))[0]
    assert inhibit_rules((0, 30))[0]["name"] == "critical"


def test_a_matcher_quotes_what_it_matches() -> None:
    assert matcher("model", ('a"b\\c',)) == 'model="a\\"b\\\\c"'
    assert matcher("model", ("a.b", "c|d")) == 'model=~"a\\\\.b|c\\\\|d"'
    assert matcher("alertname", ("Agent*",)) == 'alertname=~"Agent.*"'


def test_a_version_is_major_and_minor() -> None:
    assert [parse_version(text) for text in ("0.25", "v0.34.0", "1.2.3")] == [(0, 25), (0, 34), (1, 2)]
    with pytest.raises(ValueError, match="such as"):
        parse_version("latest")


def test_the_text_is_the_same_every_time_and_refers_to_nothing_within_itself() -> None:
    config = alertmanager_config(EVERYTHING, Links(), cooldowns={("B", ""): 2, ("A", ""): 1})
    text = yaml_text(config)
    assert text == yaml_text(alertmanager_config(EVERYTHING, Links(), cooldowns={("A", ""): 1, ("B", ""): 2}))
    assert yaml.safe_load(text) == config
    assert "&id" not in text
    assert text.startswith("# Compiled by `pipemeter compile` from config/monitoring.yaml. DO NOT EDIT.\n")


@NEEDS_ALERTMANAGER
def test_the_compiled_configuration_finds_its_templates(tmp_path: Path) -> None:
    texts = compile_all(Targets()).files
    for path, text in texts.items():
        if path.startswith("alertmanager/"):
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_text(text)
    said = amtool("check-config", tmp_path / "alertmanager" / "alertmanager.yml")
    assert "SUCCESS" in said
    (pattern,) = yaml.safe_load(texts["alertmanager/alertmanager.yml"])["templates"]
    assert sorted(p.name for p in (tmp_path / "alertmanager").glob(pattern)) == [
        "discord.tmpl",
        "message.tmpl",
        "slack.tmpl",
    ]


def test_no_secret_is_in_what_is_compiled() -> None:
    assert "hooks.slack.com" not in yaml_text(alertmanager_config(EVERYTHING, Links(), version=(0, 34)))


class Rendered(msgspec.Struct):
    """What both services would be sent."""

    title: str
    color: str
    slack: str
    discord: str
    text: str


@pytest.fixture
def render(tmp_path: Path) -> Callable[..., Rendered]:
    def run(alerts: tuple[Sample, ...]) -> Rendered:
        for name, text in templates(Links()).items():
            (tmp_path / Path(name).name).write_text(text)
        (tmp_path / "data.json").write_text(json.dumps(template_data(alerts, "http://am")))
        parts = Rendered.__struct_fields__
        template = "\x1f".join(f'{{{{ template "pipemeter.{part}" . }}}}' for part in parts)
        out = amtool("template", "render", f"--template.glob={tmp_path}/*.tmpl", f"--template.text={template}",
                     f"--template.data={tmp_path}/data.json")  # fmt: skip
        found = Rendered(*out.removesuffix("\n").split("\x1f"))
        check(found)
        return found

    return run


def check(found: Rendered) -> None:
    """Hold a message to what both services take."""
    link = "http://localhost:9093/#/alerts"
    one = {"title": found.title, "text": found.slack, "fallback": found.title, "footer": "pipemeter", "title_link": link,
           "color": found.color}  # fmt: skip
    slack_message({"attachments": [one]})
    discord_message({"embeds": [{"title": found.title, "description": found.discord, "color": 1}]})


def about(
    name: str = "AgentSlow", *, ended: bool = False, texts: dict[str, str] | None = None, **labels: str
) -> Sample:
    every = {"alertname": name, "severity": "warning", "domain": "agents", **labels}
    return Sample(
        every, {"summary": f"{name} is slow"} if texts is None else texts, 1_000_000, 1_000_090 if ended else None
    )


@NEEDS_ALERTMANAGER
@pytest.mark.parametrize(
    ("name", "several"),
    [
        ("PipelineQualityScoreLow", "*Mean quality of example-3 is too low: 0.63*"),
        ("PipelineDown", "*The exporter example-3 is down*"),
        ("PipelineErrorBudgetBurn", None),  # one alert a tier and objective
        ("Watchdog", None),
    ],
)
def test_every_situation_of_an_alert_is_a_message_that_both_services_take(
    render: Callable[..., Rendered], name: str, several: str | None
) -> None:
    found = {s.name: render(s.alerts) for s in situations(Targets(), name, 1_000_000.0)}
    assert list(found) == ["firing", "resolved", *(["several"] if several else []), "test"]
    assert found["firing"].title.startswith("[FIRING: ")
    assert found["resolved"].title.startswith("[RESOLVED: ")
    assert found["resolved"].color == "#2e7d32"
    assert found["test"].title.startswith("[TEST] [FIRING: ")
    if several:
        assert "6 firing, 1 resolved" in found["several"].title
        assert several in found["several"].slack
        assert "and 4 more:" in found["several"].slack
    for message in found.values():
        assert "{{" not in message.slack + message.discord + message.title
        assert f"http://localhost:8000/runbooks/{name}" in message.slack
        assert "Dashboard" in message.discord


@NEEDS_ALERTMANAGER
def test_those_that_fire_come_before_those_that_are_over(render: Callable[..., Rendered]) -> None:
    alerts = [about(agent=f"a{i}", ended=i < 2, texts={"summary": f"agent {i}"}) for i in range(4)]
    found = render(tuple(alerts))
    assert found.title == "[FIRING: warning] AgentSlow, 2 firing, 2 resolved"
    places = [found.slack.index(text) for text in ("*agent 2*", "*agent 3*", "*Was: agent 0*")]
    assert places == sorted(places)
    assert "and 1 more: a1" in found.slack
    assert "Resolved <t:1000090:f> after 1m30s" in found.discord


_TOLD = {"summary": "Quality is too low: 0.59", "description": "Quality is 0.59, below 0.65 (target 0.75). See why."}


@NEEDS_ALERTMANAGER
def test_what_is_over_is_told_as_past_with_its_last_figure_and_without_advice(render: Callable[..., Rendered]) -> None:
    found = render((about(ended=True, texts=_TOLD),))
    assert "*Was: Quality is too low: 0.59*\nQuality is 0.59, below 0.65 (target 0.75).\nResolved " in found.slack
    assert "**Was: Quality is too low: 0.59**\nQuality is 0.59, below 0.65 (target 0.75).\nResolved " in found.discord
    assert "See why." in render((about(texts=_TOLD),)).slack


@NEEDS_ALERTMANAGER
@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(45, "45s"), (600, "10m"), (3_600, "1h"), (4_200, "1h10m"), (3_605, "1h0m5s"), (90_000, "25h")],
)
def test_how_long_it_lasted_has_no_empty_parts(render: Callable[..., Rendered], seconds: int, shown: str) -> None:
    found = render((msgspec.structs.replace(about(), ends_at=1_000_000 + seconds),))
    assert f"> after {shown}\n" in found.slack
    assert f":f> after {shown}\n" in found.discord


@NEEDS_ALERTMANAGER
def test_in_a_group_each_says_its_first_sentence_cut_between_words(render: Callable[..., Rendered]) -> None:
    long = {"summary": "s", "description": "The exporter " + "is not reachable and " * 9 + "gone."}
    found = render((about(agent="a", texts=_TOLD), about(agent="b", texts=long)))
    for text in (found.slack, found.discord):
        assert "Quality is 0.59, below 0.65 (target 0.75).\nSince " in text
        assert re.search(r"(reachable|and|is|not)…\nSince ", text)


@NEEDS_ALERTMANAGER
def test_alerts_without_a_common_name_say_theirs_and_offer_no_silence(render: Callable[..., Rendered]) -> None:
    found = render((about("A"), about("B")))
    assert found.title == "[FIRING: warning] 2 alerts"
    assert "A: *A is slow*" in found.slack
    assert "Runbook" not in found.slack
    assert "silences/new" not in found.slack + found.discord
    assert "|Alertmanager>" in found.slack


@NEEDS_ALERTMANAGER
def test_alerts_without_a_common_name_have_a_runbook_each_and_the_rest_says_its_names(
    render: Callable[..., Rendered],
) -> None:
    texts = {name: {"summary": "s", "runbook_url": f"http://x/runbooks/{name}"} for name in "ABCDE"}
    several = [about(name, texts=texts[name]) for name in "ABC"]
    found = render((*several, about("D", texts=texts["D"], model="m1", agent="a1"), about("E", texts=texts["E"])))
    assert [name for name in "ABCDE" if f"<http://x/runbooks/{name}|Runbook>" in found.slack] == ["A", "B", "C"]
    assert [name for name in "ABCDE" if f"[Runbook](http://x/runbooks/{name})" in found.discord] == ["A", "B", "C"]
    assert "and 2 more: D (a1, m1); E\n" in found.slack
    assert "and 2 more: D (a1, m1); E\n" in found.discord


@NEEDS_ALERTMANAGER
def test_a_silence_is_prefilled_with_every_label_exactly(render: Callable[..., Rendered]) -> None:
    found = render((about(agent='a "b" + c\\d, {x}', model="ä"),))
    link = found.discord.split("[Silence](")[1].split(")")[0]
    filters = unquote(link.split("?filter=")[1])
    assert filters == (
        '{alertname="AgentSlow",agent="a \\"b\\" + c\\\\d, {x}",domain="agents",model="ä",severity="warning"}'
    )
    assert " " not in link


@NEEDS_ALERTMANAGER
@pytest.mark.parametrize("character", ["&", "<", "*", "_", "|", "ä", "]", "\n", "\\", "(", "😀"])
@pytest.mark.parametrize(("count", "same_name"), [(1, True), (3, True), (4, False), (60, True), (60, False)])
def test_the_longest_alerts_stay_within_the_limits(
    render: Callable[..., Rendered], character: str, count: int, same_name: bool
) -> None:
    long = character * 3000
    texts = {"summary": long, "description": long, "runbook_url": "http://r/" + "x" * (240 if same_name else 120),
             "dashboard_url": "http://g/" + "(" * (480 if count == 1 else 140 if same_name else 120)}  # fmt: skip
    alerts = [
        about("A" * 120 if same_name else f"{i}" + "A" * 120, ended=i % 2 == 1, texts=texts, agent=f"{i}{long}",
              model=long[:90], severity="warning" * 5)
        for i in range(count)
    ]  # fmt: skip
    render(tuple(alerts))


@NEEDS_ALERTMANAGER
def test_the_barest_alert_is_a_message_too(render: Callable[..., Rendered]) -> None:
    found = render((Sample({"alertname": "Bare"}, {}, 1_000_000),))
    assert found.title == "[FIRING] Bare"
    assert "*Bare*" in found.slack


def test_the_webhooks_of_these_tests_refuse_what_the_services_refuse() -> None:
    good = {"title": "t", "text": "x", "fallback": "f", "footer": "f", "title_link": "http://x", "color": "#000000"}
    slack_message({"attachments": [good]})
    for wrong in (
        {"text": "a < b"},
        {"text": "x" * 3001},
        {"title": ""},
        {"color": "red"},
        {"text": "a & b"},
        {"unknown": 1},
    ):
        with pytest.raises(RefusedError):
            slack_message({"attachments": [{**good, **wrong}]})
    embed = {"title": "t", "description": "d", "color": 1}
    discord_message({"embeds": [embed]})
    for other in ({"title": "x" * 257}, {"description": "x" * 4097}, {"color": "red"}, {"unknown": 1}):
        with pytest.raises(RefusedError):
            discord_message({"embeds": [{**embed, **other}]})


def test_an_unknown_alert_is_answered_with_the_nearest_name() -> None:
    with pytest.raises(ConfigError, match="`PipelineDown`"):
        situations(Targets(), "PipelineDwn", 0.0)


def test_samples_carry_the_texts_of_the_real_alerts_with_examples_in_them() -> None:
    for alert in alerts_of(Targets()):
        found = sample(alert, Targets(), 0.0)
        assert found.labels["severity"] == alert.severity
        assert set(alert.further) <= set(found.labels)
        for text in found.annotations.values():
            assert text
            assert "{{" not in text
            assert "}}" not in text
    assert isinstance(situations(Targets(), None, 0.0)[0], Situation)


def test_the_example_of_a_burn_says_how_long_the_budget_lasts_at_its_own_rate() -> None:
    fast = situations(Targets(), "PipelineErrorBudgetBurn", 0.0)[0].alerts[0].annotations["description"]
    assert "17.28% of the items were bad" in fast
    assert "the 30d error budget of 1% lasts 1d 17h 40m 0s" in fast  # 30 d / 17.28


def test_a_title_in_the_plural_has_its_verb() -> None:
    texts = [sample(alert, Targets(), 0.0).annotations for alert in alerts_of(Targets())]
    assert "Time savings are too low: 54%" in [text["summary"] for text in texts]
    assert any("Wrong skips over the last 1d are 11%, above 10%" in text["description"] for text in texts)
