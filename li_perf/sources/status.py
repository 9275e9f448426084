"""What a status means, for every kind of server; 200, 400 and 404 have a meaning of each server's own."""

from __future__ import annotations

import re

import msgspec

from li_perf.errors import Astray, Blocked, Broken, Busy, Denied, Rejected
from li_perf.sources.body import decode
from li_perf.wire import Reply, retry_after

# "key" as a word, as a firewall may repeat the address that it refuses: 4100 KEYSTONE ST
OF_A_KEY = re.compile(r"\b(api|gatekeeper)?[ _-]?keys?\b|expired|revoked|not granted|banned|credential", re.IGNORECASE)


class Said(msgspec.Struct, frozen=True):
    """The words of an error body."""

    message: object = None
    error: object = None


def raise_for(reply: Reply, name: str, *, setting: str) -> None:
    """Raise what a status other than 200, 400 and 404 means; `setting` is what the user can mend a refusal with."""
    status, wait = reply.status, retry_after(reply.headers)
    if status == 401 or (status == 403 and _speaks_of_a_key(reply.body)):
        raise Denied(f"{name} refused the key ({status}). Check {setting}; nothing is lost: `li-perf resume` goes on.")
    if status == 429:
        raise Busy(f"{name} asks for a pause (429).", status=status, wait=wait)
    if status in (403, 405):
        raise Blocked(f"{name} is behind a firewall that refuses us ({status}).", status=status, wait=wait)
    if status == 408 or status >= 500:
        raise Broken(f"{name} failed ({status}).", status=status, wait=wait)
    if 300 <= status < 400:
        raise Astray(f"{name} wants us to go elsewhere ({status}); it is not followed.", status=status)
    if 400 <= status < 500:
        raise Rejected(f"{name} will not answer this ({status}).", status=status)


def _speaks_of_a_key(body: bytes) -> bool:
    try:
        said = decode(body, Said)
    except ValueError:
        return False
    return bool(OF_A_KEY.search(f"{said.message} {said.error}"))
