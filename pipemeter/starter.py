"""What `pipemeter init` puts into a folder: the files that came with the installation, for whoever has no repository.

The layout is the repository's, so that what docs/compose.md and docs/configuration.md say holds there too. A few places
speak of the repository; each is rewritten here, and a place that is no longer found is an error that the tests see.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

import msgspec

from pipeline.defaults import checkout, default_files
from pipemeter.wheel import wheel

_COPIED = ("config", "prometheus", "alert_rules", "alertmanager", "grafana", "docs/reference", "docs/runbooks",
           "docker/alertmanager-defaults")  # fmt: skip
_PINS = ("docker/exporter.txt", "docker/transcription.txt")
_MAKE = re.compile(r"\bmake (up|down|logs)\b")

# pattern -> text, each for one place
_SCRIPTS: dict[str, dict[str, str]] = {
    "docker/compose": {r" \(\.env\.example lists them\)": ""},
    "docker/demo": {},
    "docker/grafana-setup": {},
}
_ENVIRONMENT = {
    r"`cp \.env\.example \.env`, take away the": "Take away the",
    r"The file \.env is not part of the repository\.": "Secrets stand here: keep it out of git.",
    r"#PIPEMETER_TRANSCRIPTION_IMAGE=.*\n": "",
    r"our own two images are built on, and what they are called": "our own image is built on, and what it is called",
    r"# off: nothing is made up; the exporter waits for your own producers\.\n#DEMO=on": (
        "# on: items are simulated, so that there is something to see; they are counted like yours.\n#DEMO=off"
    ),
    r"Simulated items a second, once the samples are done\.": "Simulated items a second.",
}
# there are no samples: the demo simulates, on request, in the exporter's image
_COMPOSE = {
    r"Settings go into \.env \(cp \.env\.example \.env\);": "Settings go into .env;",
    r"# works through samples/, then simulates; DEMO=off makes it end at once": (
        "# DEMO=on simulates items, so that there is something to see; else it ends at once"
    ),
    r"<<: \*defaults\n +image: \$\{PIPEMETER_TRANSCRIPTION_IMAGE.*\n +build:\n( {6}.*\n)+": "<<: *exporter-image\n",
    r"\$\{DEMO:-on\}": "${DEMO:-off}",
    r" +- \./samples:/app/samples:ro\n": "",
    r"mem_limit: 1536m": "mem_limit: 256m",
}
_DOCKERFILE = {r"(?<=FROM tools AS wheel\n)(?:(?!FROM ).*\n)+": "COPY wheels /wheels\n\n"}


class StarterFile(msgspec.Struct, frozen=True):
    """One file to write. `mode`: its permissions."""

    data: bytes
    mode: int = 0o644


def starter_files() -> dict[str, StarterFile]:
    """Return relative path -> file of everything that a new folder gets.

    From a wheel the folder holds all that its image is built of, a wheel made of this installation among it; from a
    checkout, the compose file builds that checkout. Raises PipemeterError where neither is there.
    """
    root, source = default_files(), checkout()
    paths = sorted(path for name in _COPIED for path in (root / name).rglob("*") if path.is_file())
    files = {path.relative_to(root).as_posix(): StarterFile(path.read_bytes()) for path in paths}
    files |= {name: StarterFile(_rewritten(name, places), 0o755) for name, places in _SCRIPTS.items()}
    files[".env"] = StarterFile(_rewritten(".env.example", _ENVIRONMENT), 0o600)  # secrets will stand in it
    files["docker-compose.yml"] = StarterFile(_rewritten("docker-compose.yml", _COMPOSE | _built_from(source)))
    if source is None:
        name, data = wheel()
        files[f"wheels/{name}"] = StarterFile(data)
        files[".dockerignore"] = StarterFile(b"*\n!docker\n!wheels\n")
        files["Dockerfile"] = StarterFile(_rewritten("Dockerfile", _DOCKERFILE))
        files |= {pins: StarterFile((root / pins).read_bytes()) for pins in _PINS}
    return files


def _built_from(source: Path | None) -> dict[str, str]:
    if source is None:
        return {}
    return {r"(?<=context: )\.(?=\n +target: exporter\n)": json.dumps(str(source).replace("$", "$$"))}


def _rewritten(name: str, places: Mapping[str, str]) -> bytes:
    text = (default_files() / name).read_text(encoding="utf-8")
    for pattern, by in places.items():
        text, count = re.subn(pattern, lambda _, by=by: by, text)  # type: ignore[misc]
        assert count == 1, f"{name}: {count} places of {pattern}"
    return _MAKE.sub(r"docker/compose \1", text).encode()
