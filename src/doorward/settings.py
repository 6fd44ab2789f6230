"""Settings: one frozen, validated object, read from DOORWARD_* environment variables.

Every field names its variable and says what it means; `docs/reference/settings.md` is made from
here. A DOORWARD_* variable that is not listed is an error, so that a misspelt one is noticed.
"""

from __future__ import annotations

import ipaddress
import os
import re
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from doorward.errors import ConfigurationError
from doorward.kit.crypto import Secret

PREFIX = "DOORWARD_"
_LOG_LEVELS = ("debug", "info", "warning", "error")
_LOG_FORMATS = ("text", "json")

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def _setting(parse: Callable[[str], Any], default: Any, about: str) -> Any:
    if isinstance(default, dict):
        return field(default_factory=default.copy, metadata={"parse": parse, "about": about})
    return field(default=default, metadata={"parse": parse, "about": about})


def _text(value: str) -> str:
    return value.strip()


def _integer(minimum: int, maximum: int) -> Callable[[str], int]:
    def parse(value: str) -> int:
        try:
            number = int(value)
        except ValueError:
            raise ValueError("must be a whole number") from None
        if not minimum <= number <= maximum:
            raise ValueError(f"must be between {minimum} and {maximum}")
        return number

    return parse


def _boolean(value: str) -> bool:
    lowered = value.strip().lower()
    if lowered not in {"1", "true", "yes", "on", "0", "false", "no", "off"}:
        raise ValueError("must be true or false")
    return lowered in {"1", "true", "yes", "on"}


def _choice(*options: str) -> Callable[[str], str]:
    def parse(value: str) -> str:
        if value not in options:
            raise ValueError(f"must be one of {', '.join(options)}")
        return value

    return parse


def _networks(value: str) -> tuple[Network, ...]:
    parts = (part.strip() for part in value.split(","))
    return tuple(ipaddress.ip_network(part, strict=False) for part in parts if part)


def _header_name(value: str) -> str:
    name = value.strip().lower()
    if not re.fullmatch(r"[a-z0-9-]+", name):
        raise ValueError("must be the name of a header")
    return name


def _host_overrides(value: str) -> dict[str, str]:
    overrides = {}
    for pair in filter(None, (part.strip() for part in value.split(","))):
        host, separator, base = pair.partition("=")
        if not separator or urlsplit(base).scheme not in {"http", "https"}:
            raise ValueError("must look like host=http://127.0.0.1:4000,other=...")
        overrides[host.lower()] = base.rstrip("/")
    return overrides


def _endpoint(value: str) -> str:
    parts = urlsplit(value.strip())
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("must be an absolute http or https URL")
    if parts.path not in {"", "/"} or parts.query or parts.fragment or parts.username:
        raise ValueError("must be an origin only, such as https://id.example.com")
    return f"{parts.scheme}://{parts.netloc.lower()}"


def _database_url(value: str) -> str:
    scheme = urlsplit(value).scheme
    if scheme not in {"sqlite", "postgresql", "postgres"}:
        raise ValueError("must start with sqlite:/// or postgresql://")
    return value


def _secret_key(value: str) -> Secret:
    _key_bytes(value)
    return Secret(value)


def _key_bytes(value: str) -> bytes:
    try:
        key = urlsafe_b64decode(value + "=" * (-len(value) % 4))
    except ValueError as error:
        raise ValueError("must be 32 bytes in base64url") from error
    if len(key) != 32:
        raise ValueError("must be 32 bytes in base64url")
    return key


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything an operator can choose. Read with `Settings.from_environment`."""

    data_dir: Path = _setting(
        Path, Path("data"), "Folder of the SQLite file and of generated keys."
    )
    database_url: str = _setting(
        _database_url,
        "",
        "`sqlite:///path/to/file` or `postgresql://user:password@host/database`. "
        "Default: doorward.sqlite in the data folder.",
    )
    database_pool_size: int = _setting(
        _integer(1, 500), 10, "PostgreSQL connections of each worker."
    )
    host: str = _setting(_text, "127.0.0.1", "Address to listen on; 0.0.0.0 for all.")
    port: int = _setting(_integer(1, 65535), 3001, "Port of the default tenant.")
    admin_port: int = _setting(
        _integer(1, 65535), 3002, "Port of the admin tenant and the console."
    )
    endpoint: str = _setting(
        _endpoint, "", "Public origin of the default tenant. Default: http://localhost:<port>."
    )
    admin_endpoint: str = _setting(
        _endpoint, "", "Public origin of the console. Default: http://localhost:<admin port>."
    )
    workers: int = _setting(_integer(1, 256), 1, "Worker processes; one serves SQLite best.")
    secret_key: Secret | None = _setting(
        _secret_key,
        None,
        "Master key (32 bytes, base64url) that seals secrets at rest. All nodes of a cluster "
        "share it. Default: generated once into the data folder, mode 0600.",
    )
    trusted_proxies: tuple[Network, ...] = _setting(
        _networks,
        (),
        "Networks (CIDR, comma separated) whose X-Forwarded-For is believed. Default: none.",
    )
    require_dpop_nonce: bool = _setting(
        _boolean,
        False,
        "Whether a DPoP proof has to carry a nonce of this server (RFC 9449 section 8). A client "
        "then needs one more request now and then, and proofs cannot be made long ahead.",
    )
    client_certificate_header: str = _setting(
        _header_name,
        "",
        "Header in which a trusted proxy hands over the TLS certificate of a client, such as "
        "Client-Cert (RFC 9440). Default: none.",
    )
    client_certificate_authorities: Path | None = _setting(
        Path,
        None,
        "PEM file of the certificates that issue those of clients with tls_client_auth.",
    )
    mtls_endpoint: str = _setting(
        _endpoint,
        "",
        "Public origin of the default tenant at which the proxy asks clients for a certificate, if "
        "it does not do so at the endpoint. Advertised as mtls_endpoint_aliases.",
    )
    log_level: str = _setting(_choice(*_LOG_LEVELS), "info", "debug, info, warning or error.")
    log_format: str = _setting(
        _choice(*_LOG_FORMATS), "text", "text for people, json for machines."
    )
    shutdown_timeout: int = _setting(
        _integer(1, 600), 20, "Seconds that requests in flight get to finish at a stop."
    )
    password_hash_memory: int = _setting(_integer(8192, 4194304), 19456, "Argon2id memory in KiB.")
    password_hash_time: int = _setting(_integer(1, 100), 2, "Argon2id passes.")
    password_hash_parallelism: int = _setting(_integer(1, 64), 1, "Argon2id lanes.")
    password_hash_threads: int = _setting(
        _integer(0, 64), 0, "Threads that hash passwords; 0 takes one for each usable core."
    )
    password_hash_queue: int = _setting(
        _integer(1, 100000), 256, "Hashes that may wait before the answer is 503."
    )
    pwned_passwords_url: str = _setting(
        _text,
        "https://api.pwnedpasswords.com/range/",
        "k-anonymity range API asked when a policy rejects breached passwords; empty turns it off. "
        "Only the first five characters of a SHA-1 leave the server; if it does not answer in a "
        "second the password is accepted.",
    )
    allow_private_addresses: bool = _setting(
        _boolean, False, "Let outbound calls reach private, loopback and link-local addresses."
    )
    dev_host_overrides: dict[str, str] = _setting(
        _host_overrides,
        {},
        "Development only: `host=http://127.0.0.1:4000,...` sends outbound calls for a host "
        "elsewhere. Refused when an endpoint is https.",
    )

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """Return the settings that `environment` (default: os.environ) describes.

        Raises:
            ConfigurationError: unknown variable, malformed value, or values that contradict.
        """
        environment = os.environ if environment is None else environment
        by_variable = {PREFIX + f.name.upper(): f for f in fields(cls)}
        unknown = sorted(n for n in environment if n.startswith(PREFIX) and n not in by_variable)
        if unknown:
            raise ConfigurationError(f"unknown setting {', '.join(unknown)}")
        values: dict[str, Any] = {}
        for variable, f in by_variable.items():
            text = environment.get(variable, "")
            if not text.strip() and not (
                variable in environment and f.name == "pwned_passwords_url"
            ):
                continue
            try:
                values[f.name] = f.metadata["parse"](text)
            except ValueError as error:
                raise ConfigurationError(f"{variable}: {error}") from error
        return cls(**values)

    def __post_init__(self) -> None:
        fill: dict[str, Any] = {}
        if not self.database_url:
            fill["database_url"] = f"sqlite:///{self.data_dir / 'doorward.sqlite'}"
        if not self.endpoint:
            fill["endpoint"] = f"http://localhost:{self.port}"
        if not self.admin_endpoint:
            fill["admin_endpoint"] = f"http://localhost:{self.admin_port}"
        for name, value in fill.items():
            object.__setattr__(self, name, value)
        self._check()

    def _check(self) -> None:
        if self.port == self.admin_port:
            raise ConfigurationError("DOORWARD_PORT and DOORWARD_ADMIN_PORT must differ")
        if self.endpoint == self.admin_endpoint:
            raise ConfigurationError("DOORWARD_ENDPOINT and DOORWARD_ADMIN_ENDPOINT must differ")
        if self.client_certificate_header and not self.trusted_proxies:
            raise ConfigurationError(
                "DOORWARD_CLIENT_CERTIFICATE_HEADER needs DOORWARD_TRUSTED_PROXIES: from anybody "
                "else the header would be an invention"
            )
        if self.mtls_endpoint in {self.endpoint, self.admin_endpoint}:
            raise ConfigurationError(
                "DOORWARD_MTLS_ENDPOINT must differ from the endpoints; leave it out if the proxy "
                "asks for certificates there"
            )
        if not self.client_certificate_header and (
            self.client_certificate_authorities or self.mtls_endpoint
        ):
            raise ConfigurationError(
                "DOORWARD_CLIENT_CERTIFICATE_AUTHORITIES and DOORWARD_MTLS_ENDPOINT need "
                "DOORWARD_CLIENT_CERTIFICATE_HEADER"
            )
        if self.dev_host_overrides and self.is_https:
            raise ConfigurationError(
                "DOORWARD_DEV_HOST_OVERRIDES is for development and is refused with https endpoints"
            )

    @property
    def is_https(self) -> bool:
        """Whether any public endpoint is https, the mark of a real deployment."""
        return "https" in {urlsplit(self.endpoint).scheme, urlsplit(self.admin_endpoint).scheme}

    @property
    def is_sqlite(self) -> bool:
        """Whether the database is the embedded one."""
        return self.database_url.startswith("sqlite:")

    @property
    def sqlite_path(self) -> Path:
        """The SQLite file."""
        return Path(self.database_url.removeprefix("sqlite:///"))

    def master_key(self) -> bytes:
        """Return the 32-byte master key, generating it into the data folder the first time."""
        return self.find_master_key() or self._generate_key()

    def find_master_key(self) -> bytes | None:
        """Return the master key if there is one already.

        Raises:
            ConfigurationError: what stands in the file is no key.
        """
        if self.secret_key:
            return _key_bytes(self.secret_key.reveal())
        try:
            return _key_bytes(self.key_path.read_text().strip())
        except FileNotFoundError:
            return None
        except ValueError as error:
            raise ConfigurationError(f"{self.key_path}: {error}") from error

    @property
    def key_path(self) -> Path:
        """The file of the master key, where DOORWARD_SECRET_KEY does not hold it."""
        return self.data_dir / "secret.key"

    def _generate_key(self) -> bytes:
        path = self.key_path
        self.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        key = secrets.token_bytes(32)
        # Written aside and linked into place: two workers starting at once agree on one key,
        # and a crash cannot leave half a key behind.
        draft = path.with_name(f".secret.key.{os.getpid()}")
        try:
            draft.touch(mode=0o600)
            draft.write_text(urlsafe_b64encode(key).decode().rstrip("=") + "\n")
            os.link(draft, path)
        except FileExistsError:
            return _key_bytes(path.read_text().strip())
        finally:
            draft.unlink(missing_ok=True)
        return key
