"""The sections `notifications` and `links`: what may stand there, and how what may not is refused."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from monitoring.delivery.credentials import find_credentials, read_secret
from monitoring.targets.channels import Discord, Email, Log, PagerDuty, SecretPlace, Setting, Slack, Webhook
from monitoring.targets.links import Links, read_links
from monitoring.targets.notifications import Notifications, Route, default_channels, read_notifications
from monitoring.targets.quiet_hours import QuietHours, intervals
from pipeline.errors import ConfigError, Problem
from pipeline.yaml_file import Node, load

SECRET = "https://hooks.slack.com/services/verysecret"


def section(tmp_path: Path, text: str, name: str = "notifications") -> Node:
    path = tmp_path / "monitoring.yaml"
    path.write_text(text)
    return dict(load(path).items())[name]


def problems_of(tmp_path: Path, text: str, **options: tuple[str, ...]) -> list[Problem]:
    problems: list[Problem] = []
    read_notifications(section(tmp_path, text), problems, **options)
    return problems


def read(tmp_path: Path, text: str) -> Notifications:
    problems: list[Problem] = []
    found = read_notifications(section(tmp_path, text), problems)
    assert problems == []
    return found


def test_without_the_sections_the_built_in_values_hold() -> None:
    problems: list[Problem] = []
    assert read_notifications(None, problems) == Notifications()
    assert read_links(None, problems) == Links()
    assert (problems, list(default_channels())) == ([], ["slack", "discord", "log"])
    assert Notifications().fallback == "log"


def test_everything_that_may_stand_there_is_read(tmp_path: Path) -> None:
    text = """
notifications:
  channels:
    team: {type: slack, token_env: BOT, channel: "#alerts", update_message: true, send_resolved: false}
    chat: {type: discord, url_file: /run/chat, minimum_severity: critical, per_hour: 7}
    mail: {type: email, to: a@example.com, from: b@example.com, smarthost: "mail:587", require_tls: false}
    relay: {type: webhook, url: "http://relay/x", token_file: /run/token, max_alerts: 3, quiet_hours: nights}
    lines: {type: log, url: "http://exporter:8000"}
  routes:
    - {severity: critical, domain: [models, agents], alert: [Agent*], labels: {model: m}, channels: team, continue: true, cooldown: 30m}
    - {channels: [lines], quiet_hours: [nights], severity: [warning, info]}
  cooldowns: {critical: 15m}
  group_wait: 5s
  group_interval: 2m
  quiet_hours: {nights: {times: ["22:00-07:00"], weekdays: ["friday:sunday"], time_zone: Europe/Berlin, severity: info}}
  limits: {per_hour: 10, per_model_per_hour: 5, minimum_severity: warning}
  heartbeat: {url_env: BEAT, every: 3m}
"""
    found = read(tmp_path, text)
    assert found.channels["team"] == Slack(
        name="team", token=SecretPlace("BOT"), channel="#alerts", update_message=True, send_resolved=False
    )
    assert found.channels["chat"] == Discord(
        name="chat", url=SecretPlace(file="/run/chat"), minimum_severity="critical", per_hour=7
    )
    mail = found.channels["mail"]
    assert isinstance(mail, Email)
    assert (mail.to, mail.sender, mail.smarthost, mail.require_tls) == (
        "a@example.com", "b@example.com", Setting("mail:587"), False,
    )  # fmt: skip
    assert found.channels["relay"] == Webhook(
        name="relay",
        url=Setting("http://relay/x"),
        token=SecretPlace(file="/run/token"),
        max_alerts=3,
        quiet_hours=("nights",),
    )
    assert found.channels["lines"] == Log(name="lines", url=Setting("http://exporter:8000"))
    assert found.fallback == "lines"
    assert found.routes[0] == Route(
        ("critical",), ("models", "agents"), ("Agent*",), {"model": "m"}, ("team",), True, (), 1800
    )
    assert found.routes[1].quiet_hours == ("nights",)
    assert found.cooldowns == {"critical": 900, "warning": 14_400, "info": 86_400}
    assert (found.group_wait, found.group_interval, found.heartbeat.every) == (5, 120, 180)
    assert found.quiet_hours["nights"] == QuietHours("nights", ((1320, 420),), (4, 5, 6), "Europe/Berlin", ("info",))
    assert (found.limits.per_hour, found.limits.per_model_per_hour, found.limits.minimum_severity) == (10, 5, "warning")


def test_a_log_channel_is_there_even_if_nobody_names_one(tmp_path: Path) -> None:
    text = "notifications: {channels: {chat: {type: discord}}, routes: [{channels: [chat, log]}]}"
    assert read(tmp_path, text).fallback == "log"


@pytest.mark.parametrize(
    ("text", "key", "expected"),
    [
        ("{chanels: {}}", "chanels", "`channels`"),
        ("{channels: {a: {type: slak}}, routes: []}", "channels.a.type", "`slack`"),
        ("{channels: {a: {type: slack, chanel: x}}, routes: []}", "channels.a.chanel", "`channel`"),
        ("{channels: {a: {}}, routes: []}", "channels.a", "`type`"),
        ("{channels: {heartbeat: {type: log}}, routes: []}", "channels.heartbeat", "not `heartbeat`"),
        ("{channels: {log: {type: slack}}, routes: []}", "channels", "of type log"),
        ("{channels: {a: {type: email, to: x}}, routes: []}", "channels.a", "`from`"),
        ("{channels: {a: {type: webhook}}, routes: []}", "channels.a", "`url`"),
        ("{channels: {a: {type: slack, token_env: T}}, routes: []}", "channels.a", "`channel`"),
        ("{channels: {a: {type: slack, update_message: true}}, routes: []}", "channels.a", "`token_env`"),
        ("{channels: {a: {type: slack, update_message: 7}}, routes: []}", "channels.a.update_message", "true or false"),
        ("{channels: {a: {type: log, per_hour: 0}}, routes: []}", "channels.a.per_hour", "whole number of 1 or more"),
        ("{channels: {a: {type: log, quiet_hours: night}}, routes: []}", "channels.a.quiet_hours", "there is none"),
        ("{channels: {a: {type: log}}}", "channels", "`routes` beside channels"),
        ("{channels: [a]}", "channels", "a mapping"),
        ("{routes: {}}", "routes", "a list of routes"),
        ("{routes: [{}]}", "routes[0]", "`channels`"),
        ("{routes: [{channels: [slak]}]}", "routes[0].channels", "`slack`"),
        ("{routes: [{severity: criticl, channels: [log]}]}", "routes[0].severity", "`critical`"),
        ("{routes: [{severity: [info, info], channels: [log]}]}", "routes[0].severity", "only once"),
        ("{routes: [{domain: pipelin, channels: [log]}]}", "routes[0].domain", "`pipeline`"),
        ("{routes: [{alert: 'Pipe.*', channels: [log]}]}", "routes[0].alert", "a * at the end"),
        ("{routes: [{labels: {a: 3}, channels: [log]}]}", "routes[0].labels", "labels to texts"),
        ("{cooldowns: {criticl: 1h}}", "cooldowns.criticl", "`critical`"),
        ("{cooldowns: {info: 6d}}", "cooldowns.info", "from 1m to 5d"),
        ("{cooldowns: {info: 60}}", "cooldowns.info", "with its unit"),
        ("{group_wait: 1.5m}", "group_wait", "a duration such as 5m"),
        ("{quiet_hours: {n: {times: '7-8'}}}", "quiet_hours.n.times", "22:00-07:00"),
        ("{quiet_hours: {n: {times: '07:00-07:00'}}}", "quiet_hours.n.times", "22:00-07:00"),
        ("{quiet_hours: {n: {weekdays: mon}}}", "quiet_hours.n.weekdays", "monday:friday"),
        ("{quiet_hours: {n: {time_zone: Europe/Berln}}}", "quiet_hours.n.time_zone", "Europe/Berlin"),
        ("{quiet_hours: {n: {severity: crit}}}", "quiet_hours.n.severity", "`critical`"),
        ("{limits: {per_hour: many}}", "limits.per_hour", "whole number"),
        ("{heartbeat: {every: 5}}", "heartbeat.every", "with its unit"),
    ],
)
def test_what_is_wrong_is_refused_with_its_place_and_what_was_expected(
    tmp_path: Path, text: str, key: str, expected: str
) -> None:
    found = problems_of(tmp_path, f"notifications:\n  {text}\n", domains=("pipeline", "exporter"))
    assert [(p.line, p.key) for p in found] == [(2, f"notifications.{key}")]
    assert expected in found[0].expected


def test_an_alert_that_does_not_exist_is_refused_where_the_names_are_known(tmp_path: Path) -> None:
    text = "notifications: {routes: [{alert: [PipelineDwn, Pipe*, Agent*], channels: [log]}]}"
    (problem,) = problems_of(tmp_path, text, alerts=("PipelineDown", "PipelineStalled"))
    assert "`PipelineDown`" in problem.expected
    assert problems_of(tmp_path, text) == []


@pytest.mark.parametrize(
    "text",
    [
        f"{{type: slack, url: '{SECRET}'}}",
        f"{{type: slack, url_env: '{SECRET}'}}",
        "{type: webhook, url: 'https://user:verysecret@example.com/x'}",
        f"{{url: '{SECRET}'}}",
        f"{{type: slack, token_env: T, url_env: '{SECRET}'}}",
        "{type: email, to: a, from: b, password: verysecret}",
        "{type: pagerduty, routing_key: verysecret}",
    ],
)
def test_a_secret_in_the_file_is_refused_and_not_shown(tmp_path: Path, text: str) -> None:
    found = problems_of(tmp_path, f"notifications: {{channels: {{a: {text}}}, routes: []}}")
    assert found
    assert "verysecret" not in "".join(map(str, found))


def test_links_lose_their_last_slash_and_must_be_addresses(tmp_path: Path) -> None:
    problems: list[Problem] = []
    node = section(tmp_path, "links: {grafana_url: 'https://g.example.com/x/', runbook_url: example.com}", "links")
    assert read_links(node, problems).grafana_url == "https://g.example.com/x"
    assert [p.key for p in problems] == ["links.runbook_url"]
    for wrong in ("ftp://x", "http://u:p@x", "http://x/?a=b", "http://x/#a", "http://a b", 7):
        problems.clear()
        read_links(section(tmp_path, f"links: {{alertmanager_url: '{wrong}'}}", "links"), problems)
        assert len(problems) == 1, wrong


def test_quiet_hours_over_midnight_become_an_evening_and_the_morning_after_it() -> None:
    nights = QuietHours("nights", ((1320, 420),), (4, 6), "Europe/Berlin")
    assert intervals(nights) == [
        {
            "times": [{"start_time": "22:00", "end_time": "24:00"}],
            "weekdays": ["friday", "sunday"],
            "location": "Europe/Berlin",
        },
        {
            "times": [{"start_time": "00:00", "end_time": "07:00"}],
            "weekdays": ["monday", "saturday"],
            "location": "Europe/Berlin",
        },
    ]
    assert intervals(QuietHours("noon", ((720, 780),))) == [
        {"times": [{"start_time": "12:00", "end_time": "13:00"}], "location": "UTC"}
    ]
    assert len(intervals(QuietHours("late", ((1380, 0),)))) == 1


def test_credentials_come_from_variables_files_and_variables_that_name_files(tmp_path: Path) -> None:
    (tmp_path / "discord").write_text("https://discord.com/api/webhooks/1/x\n")
    environ = {"SLACK_WEBHOOK_URL": SECRET, "DISCORD_WEBHOOK_URL_FILE": str(tmp_path / "discord"),
               "EXPORTER_TOKEN": "t0ken", "DASHBOARD_API_URL": "http://exporter:8000"}  # fmt: skip
    found = find_credentials(Notifications(), environ, read_secret)
    assert found.values == {
        "slack": {"url": SECRET},
        "discord": {"url": "https://discord.com/api/webhooks/1/x"},
        "log": {"url": "http://exporter:8000", "token": "t0ken"},
    }
    assert found.notes == ()
    assert "verysecret" not in repr(found)


def test_a_channel_without_its_secret_is_left_out_with_a_note_and_the_log_stays() -> None:
    found = find_credentials(Notifications(), {"SLACK_WEBHOOK_URL": "  "}, read_secret)
    assert found.values == {"log": {"url": "http://localhost:8000"}}
    assert found.notes == (
        "channel slack is left out: SLACK_WEBHOOK_URL is empty",
        "channel discord is left out: DISCORD_WEBHOOK_URL is not set",
    )


def test_an_empty_file_is_not_called_a_variable_that_is_not_set() -> None:
    pager = {"pager": PagerDuty(name="pager", routing_key=SecretPlace(file="/run/key"))}
    several = msgspec.structs.replace(Notifications(), channels={**Notifications().channels, **pager})
    found = find_credentials(
        several, {"SLACK_WEBHOOK_URL_FILE": "/run/slack", "DISCORD_WEBHOOK_URL_FILE": ""}, lambda _: " \n"
    )
    assert found.notes == (
        "channel slack is left out: the file that SLACK_WEBHOOK_URL_FILE names is empty",
        "channel discord is left out: DISCORD_WEBHOOK_URL is not set",
        "channel pager is left out: /run/key is empty",
    )


@pytest.mark.parametrize("wrong", ["hooks.slack.com/verysecret", "https://", "https://x/very secret", "https://x:y/verysecret", '"https://x/verysecret"'])  # fmt: skip
def test_a_malformed_address_is_named_by_its_variable_and_not_shown(wrong: str) -> None:
    with pytest.raises(ConfigError) as caught:
        find_credentials(Notifications(), {"SLACK_WEBHOOK_URL": wrong}, read_secret)
    assert "SLACK_WEBHOOK_URL" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"missing: No such file or directory: expected a readable file"):
        find_credentials(Notifications(), {"SLACK_WEBHOOK_URL_FILE": str(tmp_path / "missing")}, read_secret)


MAIL = Notifications(
    channels={"log": Notifications().channels["log"], "mail": Email(name="mail", to="a@b", sender="c@d")}
)


def password(tmp_path: Path, content: bytes) -> str:
    (tmp_path / "password").write_bytes(content)
    environ = {
        "SMTP_SMARTHOST": "smtp.example.com:587",
        "SMTP_USERNAME": "me",
        "SMTP_PASSWORD_FILE": str(tmp_path / "password"),
    }
    return find_credentials(MAIL, environ, read_secret).values["mail"]["password"]


@pytest.mark.parametrize(
    "word",
    [
        "abcd efgh ijkl mnop",
        " edges ",
        "\u00a0",
        "correct horse, battery staple!",
        "{{ $x }} 'q' \"z\" #1",
        "\u00fc\u6f22",
    ],
)
def test_a_password_is_taken_as_it_is_from_a_variable_and_from_a_file(tmp_path: Path, word: str) -> None:
    if word.strip():
        environ = {"SMTP_SMARTHOST": " smtp.example.com:587 ", "SMTP_USERNAME": "me", "SMTP_PASSWORD": word}
        assert find_credentials(MAIL, environ, read_secret).values["mail"] == {
            "smarthost": "smtp.example.com:587", "username": "me", "password": word,
        }  # fmt: skip
        for end in ("", "\n", "\r\n"):
            assert password(tmp_path, (word + end).encode()) == word
        assert password(tmp_path, b"\xef\xbb\xbf" + word.encode()) == word  # a byte order mark


@pytest.mark.parametrize(
    "word", ["two\nlines", "end\n\n", "tab\there", "bell\x07", "nul\x00", "\u2028", "\x85", "\x1b[0m"]
)
def test_line_breaks_and_control_characters_in_a_password_are_refused_without_showing_it(
    tmp_path: Path, word: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        password(tmp_path, f"x{word}".encode())
    assert str(caught.value).endswith("password: (not shown): expected one line without control characters")
    with pytest.raises(ConfigError, match=r"environment variable SMTP_PASSWORD: password: \(not shown\)"):
        find_credentials(
            MAIL, {"SMTP_SMARTHOST": "h:1", "SMTP_USERNAME": "me", "SMTP_PASSWORD": f"x{word}"}, read_secret
        )


def test_spaces_beside_an_address_are_none_of_it() -> None:
    found = find_credentials(Notifications(), {"SLACK_WEBHOOK_URL": f" {SECRET} "}, read_secret)
    assert found.values["slack"] == {"url": SECRET}
