"""`pipemeter snapshot`: the collected metrics of a window, in a file that can be read back."""

from __future__ import annotations

import gzip
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, cast

import click
import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from monitoring.archive.archive import Archive, Window
from monitoring.archive.text import JsonText, OpenMetricsText, Text
from monitoring.wording.durations import format_duration
from pipeline.errors import PipemeterError
from pipeline.files import replacing
from pipemeter.asking import Duration, Time, answered, client_for, prometheus_option
from pipemeter.logs import configure_logs

_HOUR = 3600
_FORMATS: dict[str, Callable[[Callable[[str], None]], Text]] = {".om": OpenMetricsText, ".json": JsonText}
_ENDINGS = tuple(ending + packed for ending in _FORMATS for packed in ("", ".gz"))


class Written(msgspec.Struct, frozen=True):
    """What became of a snapshot. `existed`: a file of that name was there and was left alone."""

    file: str
    start: int
    end: int
    series: int = 0
    samples: int = 0
    bytes: int = 0
    existed: bool = False


@click.command("snapshot")
@click.option("--window", type=Duration(), default="24h", show_default=True, help="How far to look back.")
@click.option("--at", type=Time(), help="Where the window ends.  [default: now; with --output-dir the last full hour]")
@click.option("--step", type=Duration(1), help="One value in so long.  [default: every scrape]")
@click.option(
    "--output", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="NAME" + ", NAME".join(_ENDINGS)
)
@click.option(
    "--output-dir", type=click.Path(file_okay=False, path_type=Path), metavar="DIR",
    help="Write DIR/pipemeter-<end of the window, to the hour>.om.gz, once.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="What was written, as one JSON line.")
@prometheus_option
def command(
    window: int,
    at: float | None,
    step: int | None,
    output: Path | None,
    output_dir: Path | None,
    as_json: bool,
    prometheus: str | None,
) -> int:
    """Export our families over a window: every scrape (or one value a step), with types and help texts.

    OpenMetrics (.om) can be made into blocks again by promtool; JSON (.json) is for scripts. The file appears
    when it is whole. Exit code 1 if Prometheus could not be reached or holds nothing of ours.
    """
    configure_logs()
    span = _window(window, at, step, to_the_hour=output_dir is not None)
    file = _file(output, output_dir, window, span)
    client = client_for(prometheus)
    if output_dir is not None and file.exists():
        _say(Written(str(file), span.start, span.end, bytes=file.stat().st_size, existed=True), as_json)
        return 0
    with _progress() as progress:
        written = answered(_write(Archive(client, span), file, span, progress), "interrupted; nothing was written")
    _say(written, as_json)
    return 0


def _window(window: int, at: float | None, step: int | None, *, to_the_hour: bool) -> Window:
    end = int(time.time() if at is None else at)
    if to_the_hour:
        end -= end % _HOUR
    return Window(end - window, end, step)


def _file(output: Path | None, folder: Path | None, window: int, span: Window) -> Path:
    """Return where to write. Raises click.UsageError."""
    if (output is None) == (folder is None):
        raise click.UsageError("say where to write: --output FILE or --output-dir DIR")
    if folder is not None:
        if window < _HOUR:
            raise click.UsageError("--output-dir names files by the hour, so that --window has to be at least 1h")
        return folder / f"pipemeter-{datetime.fromtimestamp(span.end, UTC):%Y-%m-%dT%H}.om.gz"
    assert output is not None
    if not output.name.endswith(_ENDINGS):
        raise click.UsageError(f"--output {output.name}: expected a name that ends in {', '.join(_ENDINGS)}")
    return output


async def _write(archive: Archive, file: Path, span: Window, progress: Callable[[int, int], None]) -> Written:
    """Write the archive; memory holds one piece. Raises PrometheusError."""
    made = _FORMATS[file.name.removesuffix(".gz")[file.name.removesuffix(".gz").rindex(".") :]]
    series = samples = 0
    with replacing(file) as plain, _packed(plain, file) as out:
        text = made(lambda piece: cast(None, out.write(piece.encode())))
        groups = await archive.groups(apart=text.apart)
        expected = sum(group.samples for group in groups)
        if not expected:
            raise PipemeterError(
                f"not enough data: Prometheus holds no sample of ours in the {format_duration(span.seconds)} asked for"
            )
        text.begin(span)
        for group in groups:
            text.group(group)
            last = None
            async for unit, found in archive.pieces(group):
                text.piece(unit, found)
                series += len(found) if unit != last else 0
                samples += sum(len(one.samples) for one in found)
                last = unit
                progress(samples, expected)
        text.end()
    return Written(str(file), span.start, span.end, series, samples, file.stat().st_size)


@contextmanager
def _packed(plain: BinaryIO, file: Path) -> Iterator[BinaryIO]:
    """Yield the file, packed if its name says so; without a time in it, so that the same data makes the same bytes."""
    if not file.name.endswith(".gz"):
        yield plain
        return
    with gzip.GzipFile("", "wb", 6, plain, 0) as out:
        yield cast(BinaryIO, out)


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    """Show on standard error how many samples have come; nothing where that is no terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("asking", total=None)

        def show(done: int, expected: int) -> None:
            bar.update(task, completed=done, total=max(expected, done), description=f"{done:,} samples")

        yield show


def _say(written: Written, as_json: bool) -> None:
    if as_json:
        click.echo(msgspec.json.encode(written).decode())
    elif written.existed:
        click.echo(f"{written.file} is there already ({written.bytes:,} bytes)")
    else:
        click.echo(f"{written.file}: {written.samples:,} samples of {written.series:,} series, {written.bytes:,} bytes")
