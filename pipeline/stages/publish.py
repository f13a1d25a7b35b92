"""A finished item posted to a Discord channel by webhook: one embed within Discord's limits, no pings, no formatting
that the content brings along.

The webhook's address is a secret: it is in no error, no log (httpx writes the address of every request there) and no
representation. A post is not repeated after a timeout or a broken connection, since it may have arrived.
"""  # noqa: D205 - one sentence

from __future__ import annotations
