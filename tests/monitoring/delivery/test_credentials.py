from __future__ import annotations

from pathlib import Path

import pytest

from monitoring.delivery.credentials import Credentials, find_credentials, read_secret
from monitoring.targets.channels import AnyChannel, Discord, Email, Log, PagerDuty, SecretPlace, Setting, Slack, Webhook
from monitoring.targets.notifications import Heartbeat, Notifications
from pipeline.errors import ConfigError

HOOK = "https://hooks.example.com/services/sesame"


def found(*channels: AnyChannel, files: dict[str, str] | None = None, **environ: str) -> Credentials:
    def read(path: Path) -> str:
        if str(path) not in (files or {}):
            raise FileNotFoundError(2, "No such file or directory")
        return (files or {})[str(path)]

    notifications = Notifications(channels={channel.name: channel for channel in channels}, routes=())
    return find_credentials(notifications, environ, read)


def refused(*channels: AnyChannel, files: dict[str, str] | None = None, **environ: str) -> str:
    with pytest.raises(ConfigError) as error:
        found(*channels, files=files, **environ)
    assert "sesame" not in str(error.value)
    return str(error.value)


def test_a_secret_is_looked_for_in_the_variable_then_in_the_file_that_a_variable_names() -> None:
    files = {"/run/hook": f" {HOOK}2 \n"}
    by_variable = found(Slack(name="s"), files=files, SLACK_WEBHOOK_URL=HOOK, SLACK_WEBHOOK_URL_FILE="/run/hook")
    assert by_variable.values == {"s": {"url": HOOK}}
    assert found(Slack(name="s"), files=files, SLACK_WEBHOOK_URL_FILE="/run/hook").values == {"s": {"url": f"{HOOK}2"}}


def test_a_file_that_the_channel_names_goes_before_any_variable() -> None:
    channel = Webhook(name="w", url=Setting(file="/run/hook"))
    assert found(channel, files={"/run/hook": HOOK}).values == {"w": {"url": HOOK}}


def test_a_channel_without_its_secret_is_left_out_with_the_reason() -> None:
    missing = found(Slack(name="s"), Discord(name="d"), Log(name="l"), DISCORD_WEBHOOK_URL="")
    assert list(missing.values) == ["l"]
    assert missing.notes == (
        "channel s is left out: SLACK_WEBHOOK_URL is not set",
        "channel d is left out: DISCORD_WEBHOOK_URL is empty",
    )
    empty = found(Slack(name="s"), files={"/x": "\n"}, SLACK_WEBHOOK_URL_FILE="/x")
    assert empty.notes == ("channel s is left out: the file that SLACK_WEBHOOK_URL_FILE names is empty",)


def test_a_bot_needs_its_token_and_a_pager_its_key() -> None:
    bot = Slack(name="b", token=SecretPlace("SLACK_TOKEN"), channel="#a")
    assert found(bot).notes == ("channel b is left out: SLACK_TOKEN is not set",)
    assert found(bot, SLACK_TOKEN="xoxb-1").values["b"]["token"] == "xoxb-1"
    assert found(PagerDuty(name="p"), PAGERDUTY_ROUTING_KEY="k1").values == {"p": {"routing_key": "k1"}}


def test_mail_with_a_login_needs_a_password_and_without_one_none() -> None:
    plain = Email(name="m", to="a@example.com", sender="b@example.com", smarthost=Setting("smtp.example.com:587"))
    assert found(plain).values["m"]["smarthost"] == "smtp.example.com:587"
    login = Email(
        name="m",
        to="a@example.com",
        sender="b@example.com",
        smarthost=Setting("smtp.example.com:587"),
        username=Setting("u"),
    )
    assert "SMTP_PASSWORD is not set" in found(login).notes[0]
    assert found(login, SMTP_PASSWORD="p").values["m"]["password"] == "p"


@pytest.mark.parametrize(
    "value",
    [
        "hooks.example.com/sesame",
        "ftp://a/sesame",
        "https://",
        "https://a/sesame b",
        "https://a/<sesame>",
        "https://a:99999/sesame",
        'https://a/"sesame"',
    ],
)
def test_an_address_that_cannot_be_right_is_refused_by_its_variable_and_not_shown(value: str) -> None:
    assert refused(Slack(name="s"), SLACK_WEBHOOK_URL=value).startswith(
        "environment variable SLACK_WEBHOOK_URL: url: (not shown)"
    )


@pytest.mark.parametrize("host", ["smtp.example.com", ":587", "smtp.example.com:", "smtp:five"])
def test_a_mail_server_has_a_host_and_a_port(host: str) -> None:
    mail = Email(name="m", to="a@example.com", sender="b@example.com", smarthost=Setting(env="SMTP_SMARTHOST"))
    assert "expected host:port" in refused(mail, SMTP_SMARTHOST=host)


def test_a_file_that_cannot_be_read_is_named_with_the_reason() -> None:
    said = refused(Slack(name="s"), SLACK_WEBHOOK_URL_FILE="/nowhere")
    assert "environment variable SLACK_WEBHOOK_URL_FILE: /nowhere: No such file or directory" in said


def test_everything_wrong_is_told_at_once() -> None:
    said = refused(Slack(name="s"), Discord(name="d"), SLACK_WEBHOOK_URL="x", DISCORD_WEBHOOK_URL="y")
    assert len(said.splitlines()) == 2


def test_a_heartbeat_is_there_when_its_address_is() -> None:
    notifications = Notifications(channels={}, routes=(), heartbeat=Heartbeat(url=Setting(env="HEARTBEAT_URL")))
    values = find_credentials(notifications, {"HEARTBEAT_URL": HOOK}, read_secret).values
    assert [list(fields.values()) for fields in values.values()] == [[HOOK]]
    assert find_credentials(notifications, {}, read_secret).values == {}


def test_credentials_are_printed_by_the_names_of_their_channels_alone() -> None:
    assert repr(found(Slack(name="s"), SLACK_WEBHOOK_URL=HOOK)) == "Credentials(s)"


def test_a_secret_file_is_read_whole(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("sesame\n")
    assert read_secret(tmp_path / "secret") == "sesame\n"
