"""Users and passwords as in Prometheus' `web-config.yml`: bcrypt hashes, checked outside the event loop, remembered."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import hmac
import os
from collections.abc import Mapping

import bcrypt
from starlette.datastructures import Headers
from starlette.types import Scope

from exporter.errors import ApiError

_REMEMBERED = 100  # answers kept, so that a scraper's password costs its bcrypt time only once
_NOBODY = b"$2b$10$CwTycUXWue0Thq9StjUM0uJ8v1TGD1ZLQ3l6p9tPCd3C2V1VhjWRy"  # compared when the user is unknown


class BasicAuth:
    """Checks HTTP basic authentication against a table of users."""

    def __init__(self, users: Mapping[str, str]) -> None:
        self._users = {name: digest.encode() for name, digest in users.items()}
        self._secret = os.urandom(32)
        self._known: dict[bytes, bool] = {}

    async def check(self, scope: Scope) -> None:
        """Return if the request names a user with the right password. Raises ApiError 401."""
        given = Headers(scope=scope).get("authorization", "")
        pair = credentials(given)
        if pair is None or not await self._is_right(*pair):
            headers = {"WWW-Authenticate": 'Basic realm="pipemeter"'}
            raise ApiError(401, None, "this needs a user name and a password", headers=headers)

    async def _is_right(self, user: str, password: bytes) -> bool:
        mark = hmac.new(self._secret, user.encode() + b"\0" + password, hashlib.sha256).digest()
        if mark not in self._known:
            digest = self._users.get(user, _NOBODY)
            right = await asyncio.to_thread(_matches, password, digest)
            while len(self._known) >= _REMEMBERED:
                del self._known[next(iter(self._known))]
            self._known[mark] = right and user in self._users
        return self._known[mark]


def _matches(password: bytes, digest: bytes) -> bool:
    try:
        return bcrypt.checkpw(password[:72], digest)  # bcrypt looks at 72 bytes, and newer versions refuse more
    except ValueError:
        return False


def credentials(header: str) -> tuple[str, bytes] | None:
    """Return user and password of an Authorization header, None if it holds none."""
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, separator, password = base64.b64decode(encoded.strip(), validate=True).partition(b":")
        return (user.decode("utf-8"), password) if separator else None
    except (binascii.Error, UnicodeDecodeError):
        return None
