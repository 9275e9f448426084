"""How a reply goes over the wire, whole or broken off, and to whom: this machine only."""

from __future__ import annotations

import ipaddress

from aiohttp import web

from li_perf.simulator.reply import Reply

GRACE_SECONDS = 0.2


def is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


async def send(request: web.BaseRequest, reply: Reply) -> web.StreamResponse:
    headers = {**reply.headers, "Content-Type": reply.content_type}
    if reply.cut is None:
        return web.Response(status=reply.status, body=reply.body, headers=headers)
    part = reply.body[: int(len(reply.body) * reply.cut)]
    response = web.StreamResponse(status=reply.status or 200, headers=headers)
    if part and request.transport is not None:
        response.content_length = len(reply.body)
        await response.prepare(request)
        await response.write(part)
        request.transport.close()
    elif request.transport is not None:
        request.transport.abort()
    return response
