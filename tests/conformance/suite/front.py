"""A TLS proxy of sixty lines: for a test bench, not for production.

It makes its own certificate, asks clients for theirs, and hands requests on as
docs/how-to/behind-a-proxy.md says: with X-Forwarded-For, and the certificate in a header. The Host
header is always that of the bench: whoever reaches it does not reach the console.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import ssl
from pathlib import Path
from urllib.parse import urlsplit

from tests.conformance.suite.target import Bench
from tests.conformance.tls_front import CERTIFICATE_HEADER
from tests.support.certificates import self_signed_context

MAX_HEAD = 64 * 1024
_REPLACED = (b"host", b"x-forwarded-for", b"connection", CERTIFICATE_HEADER.encode())


async def serve(bench: Bench, *, behind: int, authorities: Path) -> asyncio.Server:
    """Listen for https where the bench is and pass requests on to the local port `behind`."""
    context = self_signed_context(bench.host)
    # FAPI 2.0 Security Profile section 5.2.2: of TLS 1.2 only what BCP 195 recommends.
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("ECDHE+AESGCM")
    context.load_verify_locations(authorities)
    context.verify_mode = ssl.CERT_OPTIONAL

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            await _pass_on(reader, writer, bench=bench, behind=behind)
        writer.close()

    return await asyncio.start_server(connected, "0.0.0.0", bench.port, ssl=context, limit=MAX_HEAD)


async def _pass_on(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, bench: Bench, behind: int
) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    request, *lines = head.rstrip(b"\r\n").split(b"\r\n")
    kept = [line for line in lines if line.partition(b":")[0].lower() not in _REPLACED]
    address = writer.get_extra_info("peername")[0]
    kept += [
        b"host: " + urlsplit(bench.endpoint).netloc.encode(),
        b"x-forwarded-for: " + address.encode(),
        b"connection: close",
    ]
    certificate = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    if certificate:
        kept.append(CERTIFICATE_HEADER.encode() + b": " + base64.b64encode(certificate))

    inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", behind)
    inner_writer.write(b"\r\n".join([request, *kept]) + b"\r\n\r\n")
    body = asyncio.create_task(_copy(reader, inner_writer))
    await _copy(inner_reader, writer)
    body.cancel()
    inner_writer.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(MAX_HEAD):
        writer.write(data)
        await writer.drain()
