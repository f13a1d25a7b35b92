"""Every value of .env arrives as it was meant: through Compose's own rules, into containers, into what is rendered."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from monitoring.compile.routing.config import alertmanager_config, yaml_text
from monitoring.delivery.credentials import find_credentials, read_secret
from monitoring.targets.channels import Email
from monitoring.targets.links import Links
from monitoring.targets.notifications import Notifications, Route, default_channels
from tests.compose_env import read_v1, read_v2, substituted
from tests.test_compose import EXAMPLE, ROOT, SERVICES

TEXT = (ROOT / ".env.example").read_text()
SHOWN = re.compile(r"^#   ([A-Z_]+)=(.*?)(?: {2,}\w.*)?$", re.M)  # what the example shows of how a value is written
MEANT = {
    """'abcd efgh ijkl mnop'""": "abcd efgh ijkl mnop",
    """' pa$$word #1 '""": " pa$$word #1 ",
    r"""'say "it\'s me"'""": """say "it's me\"""",
    "it\\'s a \\": "it\\'s a \\",
    r'''"a \\ and #1"''': "a \\ and #1",
    """'https://logs.example.com/search?q=${__value.raw}'""": "https://logs.example.com/search?q=${__value.raw}",
}
VALUES = [
    *("plain", "two words", " edges ", "pa$word", "pa$$word", "$", "a#b", "a #b", "#", 'say "hi"', "it's", "back\\slash", "\\", "ends with \\"),
    *("C:\\dir\\", "\\\\", "a\\\\x", "\\ #1", " \\ ", "$\\", "'\\", "\\n is no line end", "100 %", "a=b", "{{ .Labels }}", "ü 漢字", "`date`", "!", "a: b", "- x", "*", "& ; | < >", "'", '"', "\\'"),
]  # fmt: skip


def written(value: str) -> str:
    """Write a value as .env.example says."""
    if not set(value) & set(" #$'\"\\") or ("\\" in value and not needs_quotes(value)):
        return value
    if "\\" in value:
        return '"' + re.sub(r'([\\"$])', r"\\\1", value) + '"'
    return "'" + value.replace("'", r"\'") + "'"


def needs_quotes(value: str) -> bool:
    return value != value.strip() or bool(set(value) & set("#$")) or value[:1] in ("'", '"')


def is_for_v1(value: str) -> bool:
    """Tell whether docker-compose 1.29 takes a value from a file: what is for the shell alone the example says."""
    return "${" not in value and not ("\\" in value and needs_quotes(value))


def test_the_example_shows_how_each_kind_of_value_is_written() -> None:
    assert {m[2] for m in SHOWN.finditer(TEXT)} == set(MEANT)


@pytest.mark.parametrize("text", MEANT)
def test_what_the_example_shows_means_what_it_says(text: str) -> None:
    assert read_v2(f"X={text}\n") == {"X": MEANT[text]}
    if is_for_v1(MEANT[text]):
        assert read_v1(f"X={text}\n") == {"X": MEANT[text]}


@pytest.mark.parametrize("name", sorted(EXAMPLE))
def test_any_value_of_any_variable_is_read_as_it_was_meant(name: str) -> None:
    for value in VALUES:
        text = f"# before\n{name}={written(value)}\nAFTER=1\n"
        assert read_v2(text) == {name: value, "AFTER": "1"}, value
        if is_for_v1(value):
            assert read_v1(text) == {name: value, "AFTER": "1"}, value


def test_every_kind_of_value_may_stand_in_one_file() -> None:
    every = {f"X{n}": value for n, value in enumerate([*VALUES, *MEANT.values(), *reversed(VALUES)])}
    assert read_v2("".join(f"{name}={written(value)}\n" for name, value in every.items())) == every
    some = {name: value for name, value in every.items() if is_for_v1(value)}
    assert read_v1("".join(f"{name}={written(value)}\n" for name, value in some.items())) == some
    assert {value for value in VALUES if not is_for_v1(value)} == {"\\ #1", " \\ ", "$\\", "'\\"}


def test_docker_compose_1_29_loses_two_values_when_one_in_quotes_ends_with_a_backslash() -> None:
    """Why the example has a value with a backslash written without quotes, and the rest of them given in the shell."""
    assert read_v1('A="ends with \\\\"\nB="plain"\n').get("B") != "plain"
    assert read_v1("A='a\\\\x'\n") == {"A": "a\\x"}


def test_without_quotes_a_value_is_cut_and_replaced_as_the_example_warns() -> None:
    assert read_v2("A=word #1\nB=$A-$$x  \n") == {"A": "word", "B": "word-$x"}


def test_the_values_of_the_example_are_read_as_they_stand() -> None:
    assert read_v2("\n".join(f"{name}={value}" for name, value in EXAMPLE.items())) == EXAMPLE


@pytest.mark.parametrize("value", [value for value in VALUES if value.strip()])
def test_a_password_goes_from_the_file_through_compose_into_alertmanagers_configuration(value: str) -> None:
    env = read_v2(f"SMTP_PASSWORD={written(value)}\nSMTP_USERNAME=me\nSMTP_SMARTHOST=smtp.example.com:587\n")
    container = {
        name: substituted(str(text), env) for name, text in SERVICES["alertmanager-config"]["environment"].items()
    }
    assert container["SMTP_PASSWORD"] == value
    mail = Email(name="mail", to="team@example.com", sender="alerts@example.com")
    routes = (Route(channels=("mail", "log")), *Notifications().routes)
    notifications = Notifications(channels={**default_channels(), "mail": mail}, routes=routes)
    found = find_credentials(notifications, container, read_secret)
    text = yaml_text(alertmanager_config(notifications, Links(), values=found.values))
    mails = [mail for receiver in yaml.safe_load(text)["receivers"] for mail in receiver.get("email_configs", ())]
    assert [mail["auth_password"] for mail in mails] == [value]


# --- docker/compose reads some of them itself ------------------------------------------------------------------------


def shell(folder: Path, call: str) -> subprocess.CompletedProcess[str]:
    functions = (
        (ROOT / "docker/compose").read_text().partition("find_compose()")[0].replace('cd "$(dirname "$0")/.."', "true")
    )
    return subprocess.run(["sh", "-c", functions + call], cwd=folder, capture_output=True, text=True, check=True)


@pytest.mark.parametrize(
    "line", ["GRAFANA_PORT=3001", "GRAFANA_PORT='3001'", 'GRAFANA_PORT="3001" # mine', "export GRAFANA_PORT=3001 # mine", "  GRAFANA_PORT = 3001  ", "GRAFANA_PORT=1\nGRAFANA_PORT=3001\r"]
)  # fmt: skip
def test_the_script_reads_a_setting_as_compose_does(tmp_path: Path, line: str) -> None:
    (tmp_path / ".env").write_text(line + "\n")
    assert shell(tmp_path, "setting GRAFANA_PORT 3000").stdout == "3001"
    assert read_v2(line + "\n")["GRAFANA_PORT"] == "3001"


def test_a_name_in_env_that_nothing_reads_is_told(tmp_path: Path) -> None:
    (tmp_path / "docker").mkdir()
    for name in ("docker/compose", "docker-compose.yml"):
        (tmp_path / name).write_text((ROOT / name).read_text())
    every = "".join(f"{name}=x\n" for name in EXAMPLE)
    (tmp_path / ".env").write_text(every + "COMPOSE_PROJECT_NAME=x\nDISCORD_WEBHOOK=sesame\n# OLD=x\n")
    said = shell(tmp_path, "say_what_does_nothing").stderr
    assert (
        said == "pipemeter: DISCORD_WEBHOOK stands in .env and does nothing here: docker-compose.yml does not read it\n"
    )
