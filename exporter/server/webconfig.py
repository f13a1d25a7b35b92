"""TLS and basic authentication by the `web-config.yml` that Prometheus' own servers and exporters read.

Supported: `tls_server_config` (cert_file, key_file, client_auth_type, client_ca_file, min_version, max_version),
`http_server_config.headers`, `basic_auth_users`. HTTP/2 and the choice of cipher suites and curves are beyond uvicorn;
they are refused by name rather than ignored, except `http2: false`, which says what is so anyway.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from pipeline.errors import ConfigError, Problem
from pipeline.yaml_file import Node, load, nearest

_VERSIONS = {"TLS12": ssl.TLSVersion.TLSv1_2, "TLS13": ssl.TLSVersion.TLSv1_3}
_CLIENT_AUTH = {
    "NoClientCert": ssl.CERT_NONE,
    "VerifyClientCertIfGiven": ssl.CERT_OPTIONAL,
    "RequireAndVerifyClientCert": ssl.CERT_REQUIRED,
}
_TLS_KEYS = ("cert_file", "key_file", "client_auth_type", "client_ca_file", "min_version", "max_version")
_BEYOND = ("cipher_suites", "curve_preferences", "prefer_server_cipher_suites", "client_allowed_sans", "cert", "key")
_HEADERS = (
    "Content-Security-Policy",
    "Strict-Transport-Security",
    "X-Content-Type-Options",
    "X-Frame-Options",
    "X-XSS-Protection",
)


class WebConfig(msgspec.Struct, frozen=True):
    """What the file says: a TLS context (None: plain HTTP), users with bcrypt hashes, headers of every answer."""

    tls: ssl.SSLContext | None = None
    users: Mapping[str, str] = {}
    headers: Mapping[str, str] = {}


def load_web_config(path: Path) -> WebConfig:
    """Read the file; paths in it are relative to its folder. Raises ConfigError with everything that is wrong."""
    root, problems = load(path), list[Problem]()
    sections = _known(root, ("tls_server_config", "http_server_config", "basic_auth_users"), (), problems)
    users = {name: str(node.plain()) for name, node in _items(sections.get("basic_auth_users"))}
    for name, node in _items(sections.get("basic_auth_users")):
        if not users[name].startswith(("$2a$", "$2b$", "$2y$")):
            problems.append(Problem(str(path), node.line, f"basic_auth_users.{name}", "***", "a bcrypt hash ($2b$...)"))
    headers = _headers(sections.get("http_server_config"), problems)
    tls = _tls(sections.get("tls_server_config"), path.parent, problems)
    if problems:
        raise ConfigError(problems)
    return WebConfig(tls, users, headers)


def _headers(section: Node | None, problems: list[Problem]) -> dict[str, str]:
    if section is None:
        return {}
    keys = _known(section, ("http2", "headers"), (), problems)
    if "http2" in keys and keys["http2"].plain() is not False:
        problems.append(keys["http2"].problem("false (uvicorn speaks HTTP/1.1 only)"))
    if "headers" not in keys:
        return {}
    named = _known(keys["headers"], _HEADERS, (), problems)
    return {name: str(node.plain()) for name, node in named.items()}


def _tls(section: Node | None, folder: Path, problems: list[Problem]) -> ssl.SSLContext | None:
    if section is None or section.value is None:
        return None
    keys = _known(section, _TLS_KEYS, _BEYOND, problems)
    problems += [
        section.problem(f"{name}, a file", f"{section.key}.{name}") for name in _TLS_KEYS[:2] if name not in keys
    ]
    minimum = _one_of(keys.get("min_version"), _VERSIONS, problems) or ssl.TLSVersion.TLSv1_2
    maximum = _one_of(keys.get("max_version"), _VERSIONS, problems) or ssl.TLSVersion.MAXIMUM_SUPPORTED
    mode = _one_of(keys.get("client_auth_type"), _CLIENT_AUTH, problems) or ssl.CERT_NONE
    if mode is not ssl.CERT_NONE and "client_ca_file" not in keys:
        problems.append(keys["client_auth_type"].problem("client_ca_file beside it, to verify against"))
    if problems:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version, context.maximum_version = minimum, maximum
    _load_files(context, keys, folder, problems)
    context.verify_mode = mode
    return context


def _load_files(context: ssl.SSLContext, keys: Mapping[str, Node], folder: Path, problems: list[Problem]) -> None:
    def path_of(name: str) -> str:
        return str(folder / str(keys[name].plain()))

    try:
        context.load_cert_chain(path_of("cert_file"), path_of("key_file"))
    except (OSError, ValueError) as error:
        problems.append(keys["cert_file"].problem(f"a readable PEM certificate with its key ({_reason(error)})"))
    if "client_ca_file" in keys:
        try:
            context.load_verify_locations(path_of("client_ca_file"))
        except (OSError, ValueError) as error:
            problems.append(keys["client_ca_file"].problem(f"a readable PEM certificate ({_reason(error)})"))


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or getattr(error, "reason", None) or str(error)


def _one_of(node: Node | None, table: Mapping[str, Any], problems: list[Problem]) -> Any:
    if node is None:
        return None
    value = str(node.plain())
    if value not in table:
        problems.append(node.problem(nearest(value, table)))
    return table.get(value)


def _known(node: Node, names: tuple[str, ...], beyond: tuple[str, ...], problems: list[Problem]) -> dict[str, Node]:
    """Return the entries with known names; report the others."""
    found = {}
    for name, entry in node.items():
        if name in names:
            found[name] = entry
        elif name in beyond:
            problems.append(entry.problem("this key left out: uvicorn cannot do it", entry.key))
        else:
            problems.append(entry.problem(nearest(name, names), entry.key))
    return found


def _items(node: Node | None) -> list[tuple[str, Node]]:
    return [] if node is None else list(node.items())
