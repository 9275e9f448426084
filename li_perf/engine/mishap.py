"""What goes wrong on the wire, as aiohttp raises it, and in words that hold nothing of the request."""

from __future__ import annotations

import ssl

import aiohttp
from aiohttp import http

ERRORS = (aiohttp.ClientError, http.HttpProcessingError, TimeoutError, OSError, ValueError)


def explained(error: BaseException, timeout: float) -> str:
    """What went wrong; `timeout` is in seconds."""
    kinds = {
        aiohttp.ClientConnectorDNSError: "its name is not known here (is this machine online?)",
        aiohttp.ClientConnectorCertificateError: f"its certificate is not trusted ({_flaw(error)})",
        aiohttp.ClientConnectorSSLError: "it does not speak TLS (https) there",
        aiohttp.ClientConnectorError: "no connection",
        aiohttp.ServerDisconnectedError: "it hung up without an answer",
        aiohttp.ClientPayloadError: "its answer broke off",
        http.HttpProcessingError: "what it sends is not HTTP",
        TimeoutError: f"no answer within {timeout:.0f} s",
    }
    return next((text for kind, text in kinds.items() if isinstance(error, kind)), type(error).__name__)


def _flaw(error: BaseException) -> str:
    """What is wrong with a certificate, in OpenSSL's words: they name the certificate and its host, nothing else."""
    found = error.certificate_error if isinstance(error, aiohttp.ClientConnectorCertificateError) else None
    return found.verify_message.rstrip(".") if isinstance(found, ssl.SSLCertVerificationError) else type(found).__name__
