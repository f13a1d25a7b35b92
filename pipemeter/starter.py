"""What `pipemeter init` puts into a folder: the files that came with the installation, for a user without the repository.

The layout is the repository's, so that what docs/compose.md and docs/configuration.md say holds there too. Four files speak
of the repository; they are rewritten here, each place by name, and refused when it is no longer found.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import msgspec

from pipeline.defaults import checkout, default_files
from pipemeter.wheel import wheel

_COPIED = (
    "config",
    "prometheus",
    "alert_rules",
    "alertmanager",
    "grafana",
    "docs/runbooks",
    "docker/alertmanager-defaults",
)
_SCRIPTS = ("docker/compose", "docker/demo", "docker/grafana-setup")
_PINS = ("docker/exporter.txt", "docker/transcription.txt")
_MAKE = re.compile(r"\bmake (up|down|logs)\b")


class StarterFile(msgspec.Struct, frozen=True):
    """One file to write. `mode`: its permissions."""

    data: bytes
    mode: int = 0o644


def starter_files() -> dict[str, StarterFile]:
    """Return relative path -> file of everything that a new folder gets.

    From a wheel the folder holds all that its image is built of, a wheel made of this installation among it; from a
    checkout, the compose file builds that checkout.
    """
    root, source = default_files(), checkout()
    paths = sorted(path for name in _COPIED for path in (root / name).rglob("*") if path.is_file())
    files = {path.relative_to(root).as_posix(): StarterFile(path.read_bytes()) for path in paths}
    files |= {name: StarterFile(_without_make(_text(name)).encode(), 0o755) for name in _SCRIPTS}
    files[".env"] = StarterFile(_environment(_text(".env.example")).encode(), 0o600)  # secrets will stand in it
    files["docker-compose.yml"] = StarterFile(_compose(_text("docker-compose.yml"), source).encode())
    if source is None:
        name, data = wheel()
        files[f"wheels/{name}"] = StarterFile(data)
        files[".dockerignore"] = StarterFile(b"*\n!docker\n!wheels\n")
        files["Dockerfile"] = StarterFile(_dockerfile(_text("Dockerfile")).encode())
        files |= {pins: StarterFile((root / pins).read_bytes()) for pins in _PINS}
    return files


def _text(name: str) -> str:
    return (default_files() / name).read_text(encoding="utf-8")


def _environment(text: str) -> str:
    """Return the example as a `.env` of its own: every line of it is a comment, so it changes nothing yet."""
    text = _replaced(text, r"`cp \.env\.example \.env`, take away the", "Take away the")
    text = _replaced(
        text, r" The file \.env is not part of the repository\.", " Secrets stand here: keep it out of git."
    )
    text = _replaced(text, r"#PIPEMETER_TRANSCRIPTION_IMAGE=.*\n", "")
    text = _replaced(
        text,
        r"our own two images are built on, and what they are called",
        "our own image is built on, and what it is called",
    )
    text = _replaced(text, r"# off: nothing is made up;.*\n#DEMO=on\n# Simulated items a second, once the samples are done\.",
                     "# on: items are simulated, so that there is something to see; they are counted like yours.\n"
                     "#DEMO=off\n# Simulated items a second.")  # fmt: skip
    return _without_make(text)


def _compose(text: str, source: Path | None) -> str:
    """Return docker-compose.yml with the demo simulating on request, in the exporter's image: there are no samples."""
    text = _replaced(text, r" Settings go into \.env \(cp \.env\.example \.env\); what each means stands there\.",
                     " Settings go into .env; what each means stands there.")  # fmt: skip
    text = _replaced(text, r"  # works through samples/, then simulates; DEMO=off makes it end at once with exit code 0\n",
                     "  # DEMO=on simulates items, so that there is something to see; else it ends at once with exit code 0\n")  # fmt: skip
    text = _replaced(text, r"<<: \*defaults\n    image: \$\{PIPEMETER_TRANSCRIPTION_IMAGE.*\n    build:\n(      .*\n)+    entrypoint: \[demo\]",
                     "<<: *exporter-image\n    entrypoint: [demo]")  # fmt: skip
    text = _replaced(text, r"\$\{DEMO:-on\}", "${DEMO:-off}")
    text = _replaced(text, r"      - \./samples:/app/samples:ro\n", "")
    text = _replaced(text, r"mem_limit: 1536m", "mem_limit: 256m")
    if source is not None:
        text = _replaced(text, r"context: \.\n", f"context: {json.dumps(str(source).replace('$', '$$'))}\n")
    return _without_make(text)


def _dockerfile(text: str) -> str:
    """Return the Dockerfile with the wheel taken from beside it, not built."""
    return _replaced(text, r"(?<=FROM tools AS wheel\n)(?:(?!FROM ).*\n)+", "COPY wheels /wheels\n\n")


def _without_make(text: str) -> str:
    return _MAKE.sub(r"docker/compose \1", text)


def _replaced(text: str, pattern: str, by: str) -> str:
    """Replace the one place that the pattern finds."""
    changed, count = re.subn(pattern, lambda _: by, text)
    assert count == 1, f"{count} places of {pattern}"
    return changed
