"""A load generator that costs little itself: raw keep-alive connections, prepared requests, status lines counted.

Run in a process of its own (`python -m bench.load`), so that client and server each have a core.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import socket
import subprocess
import sys
import time
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import uvloop


class Connection(asyncio.Protocol):
    """Sends the same request again and again, each after the answer to the one before."""

    def __init__(self, request: bytes, statuses: Counter[str], until: float, done: asyncio.Event) -> None:
        self._request, self._statuses, self._until, self._done = request, statuses, until, done
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the first request."""
        self._transport: Any = transport
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        transport.write(self._request)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        """Count an answer and send the next request."""
        self._received += data
        head, separator, body = self._received.partition(b"\r\n\r\n")
        if not separator or len(body) < _length(head):
            return
        self._statuses[head[9:12].decode()] += 1
        self._received = b""
        if time.perf_counter() < self._until:
            self._transport.write(self._request)
        else:
            self._transport.close()

    def connection_lost(self, error: Exception | None) -> None:  # noqa: ARG002
        """Say that this connection is done."""
        self._done.set()


def _same(protocol: Connection) -> Connection:
    return protocol


def _length(head: bytes) -> int:
    lowered = head.lower()
    at = lowered.find(b"content-length:")
    return int(lowered[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0


async def _main(url: str, method: str, headers: dict[str, str], body: bytes, connections: int, seconds: float) -> Any:
    parts = urlsplit(url)
    lines = [f"{method} {parts.path} HTTP/1.1", f"Host: {parts.netloc}", f"Content-Length: {len(body)}"]
    request = "\r\n".join([*lines, *(f"{k}: {v}" for k, v in headers.items()), "", ""]).encode() + body
    statuses: Counter[str] = Counter()
    started = time.perf_counter()
    done = [asyncio.Event() for _ in range(connections)]
    loop = asyncio.get_running_loop()
    for event in done:
        made = Connection(request, statuses, started + seconds, event)
        await loop.create_connection(partial(_same, made), parts.hostname or "", parts.port or 80)
    await asyncio.gather(*(event.wait() for event in done))
    return {"seconds": time.perf_counter() - started, "statuses": dict(statuses)}


def load(
    url: str,
    body: bytes,
    *,
    method: str = "POST",
    headers: dict[str, str] | None = None,
    connections: int = 32,
    seconds: float = 5.0,
) -> dict[str, Any]:
    """Run the generator in a process of its own and return {"seconds", "statuses", "per_second" (of 2xx answers)}."""
    command = [sys.executable, "-m", "bench.load", url, "--method", method, "--headers", json.dumps(headers or {})]
    command += ["--connections", str(connections), "--seconds", str(seconds)]
    ran = subprocess.run(command, input=body, stdout=subprocess.PIPE, check=True, cwd=Path(__file__).parent.parent)
    result: dict[str, Any] = json.loads(ran.stdout)
    good = sum(count for status, count in result["statuses"].items() if status.startswith("2"))
    return {**result, "per_second": good / result["seconds"]}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("--method", default="POST")
    parser.add_argument("--headers", default="{}")
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=5.0)
    a = parser.parse_args()
    body = sys.stdin.buffer.read()
    print(json.dumps(uvloop.run(_main(a.url, a.method, json.loads(a.headers), body, a.connections, a.seconds))))


if __name__ == "__main__":
    main()
