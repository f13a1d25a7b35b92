"""The HTTP client of the download stage: it connects only to addresses that the SSRF rule permits.

The rule sits where the connection is made. Every request, every redirect and every segment of a stream passes there,
the address that was checked is the one that is dialled (a name that resolves differently a moment later gains
nothing), and TLS still verifies the certificate against the host's name.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any

import httpcore
import httpx

from pipeline.errors import StageError
from pipeline.settings import DownloadSettings
from pipeline.stages.download.address import Resolver, permitted, resolve
from pipeline.stages.download.budget import capped
from pipeline.stages.download.url import check_url

CONNECT_SECONDS = 10.0
READ_SECONDS = 20.0  # longest silence of a server between two reads
USER_AGENT = "Mozilla/5.0 (compatible; pipemeter)"
# Only what `encoding.decoded` can unpack in small steps.
ACCEPT_ENCODING = "gzip, deflate"


class GuardedStream(httpcore.NetworkStream):
    """A connection whose every wait is cut off by the download's deadline."""

    def __init__(self, inner: httpcore.NetworkStream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read what is there, waiting at most `timeout` seconds and never past the deadline."""
        return self._inner.read(max_bytes, _wait(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write everything, under the same limits."""
        self._inner.write(buffer, _wait(timeout, httpcore.WriteTimeout))

    def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """Begin TLS; the certificate is checked against the host's name, not against the dialled address."""
        limit = _wait(timeout, httpcore.ConnectTimeout)
        return GuardedStream(self._inner.start_tls(ssl_context, server_hostname, limit))

    def get_extra_info(self, info: str) -> Any:
        """Pass on what httpcore asks of a connection."""
        return self._inner.get_extra_info(info)

    def close(self) -> None:
        """Close the connection."""
        self._inner.close()


class GuardedBackend(httpcore.NetworkBackend):
    """Resolves a host, applies the SSRF rule and dials only what passed."""

    def __init__(self, resolver: Resolver, *, allow_private: bool) -> None:
        self._inner = httpcore.SyncBackend()
        self._resolver = resolver
        self._allow_private = allow_private

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first permitted address that answers (raises `forbidden_address`, `not_found`)."""
        options = list(socket_options or ())
        refusal: Exception = httpcore.ConnectError(f"no address of {host} answered")
        for address in permitted(host, self._addresses(host, port), allow_private=self._allow_private):
            try:
                limit = _wait(timeout, httpcore.ConnectTimeout)
                return GuardedStream(self._inner.connect_tcp(address, port, limit, local_address, options))
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                refusal = error
        raise refusal

    def connect_unix_socket(
        self,
        path: str,  # noqa: ARG002 - httpcore's signature
        timeout: float | None = None,  # noqa: ARG002
        socket_options: Iterable[Any] | None = None,  # noqa: ARG002
    ) -> httpcore.NetworkStream:
        """Refuse: nothing here has business with a socket of this machine."""
        raise StageError("forbidden_address", "connections to sockets of this machine are refused")

    def _addresses(self, host: str, port: int) -> list[str]:
        try:
            return self._resolver(host, port)
        except socket.gaierror as error:
            if error.errno in (socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)):
                raise StageError("not_found", f"there is no host named {host}") from None
            raise StageError("network", f"the name {host} cannot be resolved at the moment", retryable=True) from None
        except (UnicodeError, OSError):
            raise StageError("not_found", f"{host} is not a host name that can be resolved") from None


class GuardedTransport(httpx.HTTPTransport):
    """httpx's own transport over guarded connections; looks at the URL of each request, redirected ones included."""

    def __init__(self, resolver: Resolver, *, allow_private: bool) -> None:
        context = httpx.create_ssl_context()
        super().__init__(verify=context, trust_env=False)
        # HTTPTransport has no parameter for a backend; a test would notice if this attribute were renamed.
        self._pool.close()
        self._pool = httpcore.ConnectionPool(
            ssl_context=context,
            max_connections=64,
            max_keepalive_connections=16,
            keepalive_expiry=5.0,
            network_backend=GuardedBackend(resolver, allow_private=allow_private),
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request (raises StageError for a scheme or an address that is refused)."""
        check_url(str(request.url))
        return super().handle_request(request)


def make_client(settings: DownloadSettings, resolver: Resolver = resolve) -> httpx.Client:
    """Return a client for the download stage: SSRF rule on every connection, no proxies, no cookies kept.

    It may be shared between threads. `settings.allow_private_addresses` lifts the address rule (not the others);
    `settings.max_redirects` limits redirects. `resolver` turns (host, port) into addresses.
    """
    return httpx.Client(
        transport=GuardedTransport(resolver, allow_private=settings.allow_private_addresses),
        timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
        headers={"User-Agent": USER_AGENT, "Accept-Encoding": ACCEPT_ENCODING},
        cookies=CookieJar(
            DefaultCookiePolicy(allowed_domains=[])
        ),  # what one item's server sets is no other's business
        follow_redirects=True,
        max_redirects=settings.max_redirects,
        trust_env=False,
    )


def _wait(timeout: float | None, over: type[Exception]) -> float | None:
    limit = capped(timeout)
    if limit is not None and limit <= 0:
        raise over("the time for this download is used up")
    return limit
