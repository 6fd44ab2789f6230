"""A TLS-terminating proxy, as far as the server behind it can tell.

    front = TlsFront({"id.example": 3001})
    httpx.Client(transport=front).get("https://id.example/oidc/jwks")

The server is set up for https endpoints and listens on plain local ports, which is how it runs in
production. A front with a client certificate passes it on as the trusted proxy does.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

import httpx

CERTIFICATE_HEADER = "x-client-certificate"


class TlsFront(httpx.BaseTransport):
    """Passes requests on to the port behind each host name; any other host is an error."""

    def __init__(self, ports: Mapping[str, int], *, certificate: str | None = None) -> None:
        self._ports = ports
        self._certificate = certificate
        # Nothing behind speaks TLS, and loading certificates takes longer than most requests.
        self._inner = httpx.HTTPTransport(verify=False)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request on, with its Host header as it is."""
        headers = request.headers.copy()
        headers["x-forwarded-for"] = "192.0.2.7"
        # A proxy removes what a client made up, and says what the TLS handshake proved.
        headers.pop(CERTIFICATE_HEADER, None)
        if self._certificate is not None:
            headers[CERTIFICATE_HEADER] = quote(self._certificate)
        assert request.url.scheme == "https", request.url
        url = request.url.copy_with(
            scheme="http", host="127.0.0.1", port=self._ports[request.url.host]
        )
        return self._inner.handle_request(
            httpx.Request(
                request.method,
                url,
                headers=headers,
                stream=request.stream,
                extensions=request.extensions,
            )
        )

    def close(self) -> None:
        """Close the connections."""
        self._inner.close()
