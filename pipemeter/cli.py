"""The command `pipemeter`: its verbs are imported when they are used, so that `--help` answers at once."""

from __future__ import annotations

import io
import sys
from importlib import import_module

import click

from pipemeter import exits

_VERBS = {
    "run": "Process content and show what the shortcuts saved.",
    "explain": "Say what the pipeline would do with content, and why.",
    "serve": "Serve /metrics and take records from other processes.",
    "journal": "Check or mend what the exporter keeps.",
    "simulate": "Send realistic traffic to an exporter.",
    "backtest": "Replay alert rules over recorded history: what would have fired.",
    "status": "Show what was done and saved, and how that stands against the targets.",
    "report": "Write the report of a week: totals, savings, quality, alerts, changes.",
    "snapshot": "Export the collected metrics into a file that can be read back.",
    "compile": "Turn monitoring.yaml into rules, tests, routes, messages, runbooks and dashboards.",
    "alertmanager": "Write the configuration that Alertmanager runs on, secrets filled in.",
    "notify": "Show the messages that alerts become.",
    "alerts": "Send a test alert through the real Alertmanager.",
    "tune": "Recommend thresholds from what the metrics show.",
    "compare": "Compare two configurations, and say which to take.",
    "assign": "Say which configuration an item gets in an A/B test.",
    "init": "Write a folder to start from: configuration, docker-compose.yml, .env.",
    "doctor": "Check the installation and say how to mend it.",
}


class _Verbs(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click calls it so
        return list(_VERBS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:  # noqa: ARG002 - see above
        if name not in _VERBS:
            return None
        command = import_module(f"pipemeter.verbs.{name}").command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - see above
        with formatter.section("Commands"):
            formatter.write_dl(list(_VERBS.items()))


def _say_version(ctx: click.Context, parameter: click.Parameter, asked: bool) -> None:  # noqa: ARG001 - click calls it so
    if asked:
        from pipeline.version import installed_version

        click.echo(f"pipemeter, version {installed_version()}")
        ctx.exit()


@click.group(cls=_Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_say_version,
    help="Show the version and exit.",
)
def cli() -> None:
    """See what a content pipeline's shortcuts save, and what they cost in quality."""


def main() -> None:
    """Run the command line and leave with its exit code; no traceback for what a user can cause."""
    try:
        _run()
    except ImportError as error:
        sys.exit(_missing(error))


def _missing(error: ImportError) -> int:
    """Say why something cannot be imported: a package called as ours is in the way, or it is not installed."""
    from pipemeter.clashes import clashes

    for clash in (found := clashes()):
        click.echo(f"pipemeter: {clash}; start it elsewhere, take that off PYTHONPATH, or rename it", err=True)
    if found:
        return exits.FAILED
    if not isinstance(error, ModuleNotFoundError):
        raise error
    from pipemeter.packages import needed_module

    click.echo(f"pipemeter: {needed_module(error.name or str(error))}", err=True)
    return exits.FAILED


def _run() -> None:
    from pipeline.errors import (  # here, so that `main` can say if they are not ours
        ConfigError,
        DomainError,
        PipemeterError,
    )

    if isinstance(sys.stdout, io.TextIOWrapper):  # cron and old terminals may not have every letter
        sys.stdout.reconfigure(errors="replace")
    try:
        code = cli.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (ConfigError, DomainError) as error:
        for problem in error.problems:
            click.echo(f"pipemeter: {problem}", err=True)
        sys.exit(exits.USAGE)
    except PipemeterError as error:
        click.echo(f"pipemeter: {error}", err=True)
        sys.exit(exits.FAILED)
    except (click.Abort, KeyboardInterrupt):
        click.echo("pipemeter: interrupted", err=True)
        sys.exit(exits.INTERRUPTED)
    except BrokenPipeError:  # the reader of our output has left, such as `| head`
        sys.stderr.close()
        sys.exit(exits.FAILED)
    except OSError as error:  # a full disk behind standard output, a folder that is gone
        named = f"{error.filename}: " if error.filename else ""
        click.echo(f"pipemeter: {named}{error.strerror or error}", err=True)
        sys.exit(exits.FAILED)
    sys.exit(code if isinstance(code, int) else 0)
