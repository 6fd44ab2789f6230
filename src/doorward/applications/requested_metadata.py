"""RFC 7591 section 2: what a client says of itself when it registers itself, parsed and checked.

    members as sent ─► parse_requested_client ─► RequestedClient, in the names that we store

One rule for both ways in: a registration request (`oidc/registration/register.py`) and a client id
metadata document (slice `cimd`). It knows what a client may ask for at all; what this provider
offers is in its discovery document, and the endpoint compares with that.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec

from doorward.applications.metadata import ClientMetadata
from doorward.applications.metadata_checks import find_metadata_faults
from doorward.applications.redirect_uris import find_fault, is_loopback
from doorward.applications.sectors import PAIRWISE, find_sector
from doorward.applications.types import ApplicationType, AuthMethod
from doorward.errors import DoorwardError
from doorward.management.body import has_nul, is_deeper

GRANT_TYPES = ("authorization_code", "refresh_token")
"""What a client may ask for by itself. Other grants and other response types need somebody who
answers for the client: an administrator."""

RESPONSE_TYPES = ("code",)
SECRET_METHODS = frozenset({"client_secret_basic", "client_secret_post", "client_secret_jwt"})
MAX_MEMBERS = 100
MAX_DEPTH = 10
MAX_NAME = 256
MAX_URIS = 20
MAX_URI = 2048
MAX_TEXT = 256

_METHODS = frozenset(AuthMethod)
_SUBJECTS = (
    "tls_client_auth_subject_dn",
    "tls_client_auth_san_dns",
    "tls_client_auth_san_uri",
    "tls_client_auth_san_ip",
    "tls_client_auth_san_email",
)
_WEB_ADDRESSES = (
    "client_uri",
    "logo_uri",
    "tos_uri",
    "policy_uri",
    "jwks_uri",
    "sector_identifier_uri",
    "initiate_login_uri",
    "backchannel_logout_uri",
    "frontchannel_logout_uri",
)


T = TypeVar("T", bound=msgspec.Struct)


class MetadataError(DoorwardError):
    """A member that a client must not say of itself; the text is for its developer."""


class RedirectUriError(MetadataError):
    """A redirect URI is missing or unusable (RFC 7591 section 3.2.2 has a code of its own)."""


class Requested(msgspec.Struct, frozen=True, kw_only=True):
    """The members that `ClientMetadata` leaves to columns of their own."""

    client_name: str | None = None
    redirect_uris: tuple[str, ...] = ()
    post_logout_redirect_uris: tuple[str, ...] = ()
    application_type: str | None = None
    logo_uri: str | None = None


class RequestedClient(msgspec.Struct, frozen=True):
    """A client as it may be stored. `oidc_client_metadata` has the camelCase names of the column;
    what the client left out is in it where the default matters."""

    name: str | None
    type: str
    redirect_uris: tuple[str, ...]
    metadata: ClientMetadata
    oidc_client_metadata: dict[str, Any]

    @property
    def has_secret(self) -> bool:
        """Whether it proves who it is with a secret that we share."""
        return self.metadata.token_endpoint_auth_method in SECRET_METHODS


def parse_requested_client(members: Mapping[str, Any]) -> RequestedClient:
    """Return the client that `members` describe; those that we do not know are ignored.

    Raises:
        RedirectUriError: its redirect URIs.
        MetadataError: anything else.
    """
    # 1. RFC 7591 section 2: unknown members are ignored; null stands for nothing.
    if len(members) > MAX_MEMBERS:
        raise MetadataError(f"there are more than {MAX_MEMBERS} members")
    said = {name: value for name, value in members.items() if value is not None}
    _check_redirect_member(said)
    requested = _convert(said, Requested)
    metadata = _convert(said, ClientMetadata)

    # 2. RFC 7591 section 2.1: grants and responses belong together.
    grants = metadata.grant_types or ("authorization_code",)
    responses = metadata.response_types
    if "response_types" not in said and "authorization_code" in grants:
        responses = ("code",)
    metadata = msgspec.structs.replace(metadata, grant_types=grants, response_types=responses)
    _check_flows(metadata, has_redirect_uris=bool(requested.redirect_uris))

    # 3. What kind of application it is, and how it proves who it is.
    is_native = _is_native(requested, metadata)
    method = metadata.token_endpoint_auth_method or ("none" if is_native else "client_secret_basic")
    if method not in _METHODS:
        raise MetadataError(f"token_endpoint_auth_method: {method[:64]!r} is unknown")
    metadata = msgspec.structs.replace(metadata, token_endpoint_auth_method=method)
    type_ = _type(is_native=is_native, method=method)

    # 4. Where it lives, and what it points at.
    check_self_registered_uris(requested.redirect_uris, is_native=is_native)
    check_self_registered_uris(
        requested.post_logout_redirect_uris, is_native=is_native, error=MetadataError
    )
    _check_addresses(requested, metadata)
    _check_texts(requested, metadata)

    # 5. What holds for every application, whoever describes it. What is stored is encoded again, in
    #    lists that an administrator reads: it must not be what breaks them.
    stored = _stored(requested, metadata)
    if is_deeper(stored, levels=MAX_DEPTH) or has_nul(stored):
        raise MetadataError("the metadata are nested too deeply, or hold NUL")
    for name, text in find_metadata_faults(stored, type_=type_):
        raise MetadataError(f"{_specified_name(name)} {text}")
    return RequestedClient(
        name=requested.client_name,
        type=type_,
        redirect_uris=requested.redirect_uris,
        metadata=metadata,
        oidc_client_metadata=stored,
    )


def check_self_registered_uris(
    uris: Sequence[str], *, is_native: bool, error: type[MetadataError] = RedirectUriError
) -> None:
    """Check URIs that a client chose by itself.

    Raises:
        MetadataError: of the kind asked for.
    """
    if len(uris) > MAX_URIS:
        raise error(f"there are more than {MAX_URIS} URIs")
    for uri in uris:
        fault = _find_uri_fault(uri, is_native=is_native)
        if fault is not None:
            raise error(f"{uri[:200]!r} {fault}")


def _find_uri_fault(uri: str, *, is_native: bool) -> str | None:
    if len(uri) > MAX_URI:
        return f"is longer than {MAX_URI} characters"
    if (fault := find_fault(uri)) is not None:
        return fault
    # RFC 9700 section 2.1: exact match. A pattern is for an administrator to allow.
    if "*" in uri:
        return "must not have a wildcard"
    scheme = urlsplit(uri).scheme
    if scheme == "https":
        # OpenID Connect Registration section 2 and RFC 8252 section 7.2.
        return "must not be https on a loopback host" if is_native and is_loopback(uri) else None
    if scheme == "http":
        return None if is_loopback(uri) else "must be https, or http on a loopback host"
    if not is_native:
        return "must be https: this is not a native application"
    # RFC 8252 section 8.4: reverse domain names, so that two applications do not share a scheme.
    return None if "." in scheme else "must have a scheme with a period in it"


def _check_redirect_member(said: Mapping[str, Any]) -> None:
    uris = said.get("redirect_uris", [])
    if not isinstance(uris, list) or not all(isinstance(uri, str) for uri in uris):
        raise RedirectUriError("redirect_uris must be an array of strings")


def _convert(said: Mapping[str, Any], into: type[T]) -> T:
    fields = msgspec.structs.fields(into)
    known = {f.encode_name: said[f.name] for f in fields if f.name in said}
    try:
        return msgspec.convert(known, into)
    except msgspec.ValidationError as error:
        text = str(error)
        for f in fields:
            text = text.replace(f"$.{f.encode_name}", f.name)
        raise MetadataError(text) from error


def _check_flows(metadata: ClientMetadata, *, has_redirect_uris: bool) -> None:
    for name in metadata.grant_types:
        if name not in GRANT_TYPES:
            raise MetadataError(f"grant_types: {name[:64]!r} is not for a client to ask for")
    for name in metadata.response_types:
        if name not in RESPONSE_TYPES:
            raise MetadataError(f"response_types: {name[:64]!r} is not for a client to ask for")
    has_code = "authorization_code" in metadata.grant_types
    if has_code != ("code" in metadata.response_types):
        raise MetadataError("response_types and grant_types do not fit each other")
    if metadata.grant_types == ("refresh_token",):
        raise MetadataError("grant_types has no grant that leads to a refresh token")
    # RFC 7591 section 2: flows that redirect MUST register where to.
    if has_code and not has_redirect_uris:
        raise RedirectUriError("redirect_uris must name at least one URI")


def _is_native(requested: Requested, metadata: ClientMetadata) -> bool:
    """Tell whether the client runs on the user's device. One that does not say is taken for what
    its redirect URIs show; RFC 7591 section 2 lets us choose where it is silent."""
    if requested.application_type not in {None, "web", "native"}:
        raise MetadataError("application_type must be web or native")
    if requested.application_type is not None:
        return requested.application_type == "native"
    return metadata.token_endpoint_auth_method in {None, "none"} and all(
        not uri.startswith("https:") and (not uri.startswith("http:") or is_loopback(uri))
        for uri in requested.redirect_uris
    )


def _check_addresses(requested: Requested, metadata: ClientMetadata) -> None:
    for name in _WEB_ADDRESSES:
        uri = requested.logo_uri if name == "logo_uri" else getattr(metadata, name)
        if uri is not None and not _is_https(uri):
            raise MetadataError(f"{name} must be an https URL")
    if len(metadata.request_uris) > MAX_URIS or not all(map(_is_https, metadata.request_uris)):
        raise MetadataError(f"request_uris must be at most {MAX_URIS} https URLs")
    # OpenID Connect Registration section 5: one sector, or a document that says which.
    if metadata.subject_type == PAIRWISE and not find_sector(
        requested.redirect_uris, sector_identifier_uri=metadata.sector_identifier_uri
    ):
        raise MetadataError("pairwise on several hosts needs a sector_identifier_uri")


def _check_texts(requested: Requested, metadata: ClientMetadata) -> None:
    name = requested.client_name
    # Seen by people who decide: nothing that hides, and no line of its own.
    if name is not None and (not 0 < len(name) <= MAX_NAME or not name.isprintable()):
        raise MetadataError(f"client_name must be 1 to {MAX_NAME} printable characters")
    texts = {
        "contacts": metadata.contacts,
        "software_id": (metadata.software_id or "",),
        "software_version": (metadata.software_version or "",),
        "default_acr_values": metadata.default_acr_values,
        "authorization_details_types": metadata.authorization_details_types,
        **{one: (getattr(metadata, one) or "",) for one in _SUBJECTS},
    }
    for member, values in texts.items():
        if len(values) > MAX_URIS or any(
            len(value) > MAX_TEXT or not value.isprintable() for value in values
        ):
            raise MetadataError(f"{member} must be short printable text")
    if metadata.default_max_age is not None and not 0 <= metadata.default_max_age < 10**9:
        raise MetadataError("default_max_age must be a number of seconds")


def _is_https(uri: str) -> bool:
    return (
        len(uri) <= MAX_URI
        and uri.startswith("https://")
        and "*" not in uri
        and find_fault(uri.partition("#")[0]) is None
    )


def _type(*, is_native: bool, method: str) -> str:
    if is_native:
        return ApplicationType.NATIVE
    return ApplicationType.SPA if method == "none" else ApplicationType.TRADITIONAL


def _specified_name(name: str) -> str:
    """Return the name that the specifications give a member of `oidcClientMetadata`."""
    return re.sub("[A-Z]", lambda letter: f"_{letter[0].lower()}", name)


def _stored(requested: Requested, metadata: ClientMetadata) -> dict[str, Any]:
    defaults = ClientMetadata()
    stored: dict[str, Any] = {
        "redirectUris": list(requested.redirect_uris),
        "postLogoutRedirectUris": list(requested.post_logout_redirect_uris),
    }
    if requested.logo_uri is not None:
        stored["logoUri"] = requested.logo_uri
    for f in msgspec.structs.fields(ClientMetadata):
        value = getattr(metadata, f.name)
        if value != getattr(defaults, f.name):
            # As it comes back from the database: lists, not tuples.
            stored[f.encode_name] = msgspec.json.decode(msgspec.json.encode(value))
    return stored
