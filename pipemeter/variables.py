"""Which environment variables mean something here, and what is said of those that look as if they did and do not.

Names alone are told, never values: they may be secrets.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping

import msgspec

from exporter.settings import ENV as EXPORTER
from monitoring.targets.channels import SecretPlace, Setting
from monitoring.targets.targets import default_path, load_targets
from pipeline.configuration.config import ENV_SETTINGS, QUALITY_ENV
from pipeline.configuration.flags import Flags, flag_env
from pipeline.errors import ConfigError

READ = frozenset(
    {
        *EXPORTER,
        *QUALITY_ENV,
        *(variable for *_, variable in ENV_SETTINGS),
        *map(flag_env, Flags.__struct_fields__),
        *("ALERTMANAGER_URL", "CONFIG_VERSION", "DASHBOARD_API_URL", "LOG_LEVEL", "MONITORING_HOME"),
        *("PIPEMETER_DURABLE_PUSH", "PIPEMETER_PROFILE", "SHADOW_RATE", "XDG_STATE_HOME", "WEB_CONCURRENCY"),
    }
)
COMPOSE = frozenset({"EXPORTER_PORT", "PIPEMETER_IMAGE", "PIPEMETER_TRANSCRIPTION_IMAGE"})  # read by docker-compose.yml
OLD: Mapping[str, str] = {
    "OPENAI_API_KEY": "LLM_API_KEY does, with LLM_BASE_URL",
    "OPENROUTER_API_KEY": "LLM_API_KEY does, with LLM_BASE_URL",
    "OPENAI_BASE_URL": "LLM_BASE_URL does",
    "OPENAI_MODEL_NAME": "LLM_MODEL does",
    "DISCORD_WEBHOOK": "DISCORD_WEBHOOK_URL does",
    "DISCORD_BOT_TOKEN": "DISCORD_WEBHOOK_URL does: a webhook posts, no bot is needed",
    "REDIS_URL": "nothing is kept in Redis; MONITORING_HOME says where state lies",
    "DATABASE_URL": "memory.path in pipeline.yaml names the SQLite file that items are remembered in",
    "PROMETHEUS_ENDPOINT_PATH": "metrics are always served at /metrics",
    "ENABLE_PROMETHEUS_ENDPOINT": "`pipemeter serve` and `pipemeter run --serve` always serve /metrics",
    "ENABLE_HTTP_RETRY": "downloads are always tried again; download.attempts in pipeline.yaml says how often",
    "RETRY_MAX_ATTEMPTS": "download.attempts, publish.attempts and llm.attempts in the configuration files do",
    "ENABLE_GRAPH_MEMORY": "memory always keeps a graph",
    "ENABLE_HIPPORAG_MEMORY": "memory always keeps a graph",
    "GOOGLE_DRIVE_CREDENTIALS": "nothing is uploaded; results go to memory and to DISCORD_WEBHOOK_URL",
    "EXPORTER_TOKEN_FILE": "`pipemeter alertmanager render` alone reads it; EXPORTER_TOKEN does",
    "QDRANT_API_KEY_FILE": "QDRANT_API_KEY does",
    "ENABLE_TRACING": "there are no traces; exemplars carry the item_id that `pipemeter run --json` prints",
}
_PREFIXES = ("ENABLE_", "EXPORTER_", "PIPEMETER_", "QUALITY_MIN_", "SHADOW_", "LLM_", "DASHBOARD_API_")
_OF_KUBERNETES = re.compile(
    r"_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_\d+_(TCP|UDP)(_\w+)?)?)$"
)  # of a service so named
_LIKE = 0.9  # so similar names are slips of the pen: DISCORD_WEBHOK_URL


class Idle(msgspec.Struct, frozen=True):
    """A variable that is set and does nothing here, and what does what it seems to ask for."""

    name: str
    instead: str

    def __str__(self) -> str:
        return f"{self.name} is set and does nothing here: {self.instead}"


def idle_variables(environ: Mapping[str, str], *, similar: bool = False) -> list[Idle]:
    """Return the variables that are set, look as if they were for us, and are read by nothing.

    `similar`: misspelt ones too that do not begin as ours do.
    """
    found = [name for name, value in environ.items() if value and name not in READ | COMPOSE]
    old = [Idle(name, OLD[name]) for name in found if name in OLD]
    unknown = [name for name in found if name not in OLD and _is_for_us(name, similar=similar)]
    named = _named_in_targets() if unknown else frozenset()
    new = [Idle(name, _advice(name)) for name in unknown if name.removesuffix("_FILE") not in named]
    return sorted([*old, *new], key=lambda one: one.name)


def _is_for_us(name: str, *, similar: bool) -> bool:
    if _OF_KUBERNETES.search(name):
        return False
    return name.startswith(_PREFIXES) or (similar and bool(difflib.get_close_matches(name, READ, 1, _LIKE)))


def _advice(name: str) -> str:
    longer = sorted(known for known in READ if known.startswith(f"{name}_"))  # the end left out
    near = longer or difflib.get_close_matches(name, sorted(READ), 1, 0.6)
    return f"{near[0]} does" if near else "docs/configuration.md and docs/exporter.md list what does"


def _named_in_targets() -> frozenset[str]:
    """Return the variables that monitoring.yaml names for its channels, the built-in ones where it cannot be read."""
    try:
        targets = load_targets(default_path())
    except ConfigError:
        targets = load_targets(None)
    told = targets.notifications
    return frozenset(_variables(*told.channels.values(), told.heartbeat))


def _variables(*structs: msgspec.Struct) -> Iterator[str]:
    for struct in structs:
        places = (getattr(struct, name) for name in struct.__struct_fields__)
        yield from (place.env for place in places if isinstance(place, (SecretPlace, Setting)) and place.env)
