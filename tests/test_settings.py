"""Settings: what is wrong is said at once, by name."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from doorward.errors import ConfigurationError
from doorward.settings import Settings


class TestFromEnvironment:
    def test_defaults_need_nothing(self, tmp_path: Path) -> None:
        """Two ports on loopback, SQLite in the data folder."""
        settings = Settings.from_environment({"DOORWARD_DATA_DIR": str(tmp_path)})

        assert settings.endpoint == "http://localhost:3001"
        assert settings.admin_endpoint == "http://localhost:3002"
        assert settings.sqlite_path == tmp_path / "doorward.sqlite"
        assert settings.workers == 1
        assert settings.trusted_proxies == ()

    def test_endpoints_follow_the_ports(self) -> None:
        """A port alone is enough to move a development server."""
        settings = Settings.from_environment({"DOORWARD_PORT": "4001"})

        assert settings.endpoint == "http://localhost:4001"

    @pytest.mark.parametrize(
        ("variable", "value", "message"),
        [
            ("DOORWARD_PROT", "4001", "unknown setting DOORWARD_PROT"),
            ("DOORWARD_PORT", "many", "DOORWARD_PORT: must be a whole number"),
            ("DOORWARD_PORT", "0", "DOORWARD_PORT: must be between 1 and 65535"),
            ("DOORWARD_PORT", "3002", "DOORWARD_PORT and DOORWARD_ADMIN_PORT must differ"),
            ("DOORWARD_ENDPOINT", "id.example.com", "must be an absolute http or https URL"),
            ("DOORWARD_ENDPOINT", "https://id.example.com/auth", "must be an origin only"),
            ("DOORWARD_ENDPOINT", "http://localhost:3002", "must differ"),
            ("DOORWARD_DATABASE_URL", "mysql://x", "must start with sqlite:/// or postgresql://"),
            ("DOORWARD_SECRET_KEY", "short", "must be 32 bytes in base64url"),
            ("DOORWARD_LOG_FORMAT", "xml", "must be one of text, json"),
            ("DOORWARD_TRUSTED_PROXIES", "10.0.0.0/40", "DOORWARD_TRUSTED_PROXIES"),
            ("DOORWARD_DEV_HOST_OVERRIDES", "discord.com", "must look like"),
            ("DOORWARD_CLIENT_CERTIFICATE_HEADER", "a b", "must be the name of a header"),
            ("DOORWARD_CLIENT_CERTIFICATE_HEADER", "Client-Cert", "needs DOORWARD_TRUSTED_PROXIES"),
            ("DOORWARD_CLIENT_CERTIFICATE_AUTHORITIES", "/ca.pem", "CERTIFICATE_HEADER"),
            ("DOORWARD_MTLS_ENDPOINT", "https://mtls.example", "CERTIFICATE_HEADER"),
        ],
    )
    def test_a_mistake_is_named(self, variable: str, value: str, message: str) -> None:
        """The error says which variable and what it should be."""
        with pytest.raises(ConfigurationError, match=message):
            Settings.from_environment({variable: value})

    def test_an_endpoint_for_certificates_is_another_host(self) -> None:
        """Else the console's address would lead to the tenant of the applications."""
        with pytest.raises(ConfigurationError, match="DOORWARD_MTLS_ENDPOINT must differ"):
            Settings.from_environment({"DOORWARD_MTLS_ENDPOINT": "http://localhost:3002"})

    def test_host_overrides_are_refused_with_https(self) -> None:
        """A deployment cannot send its outbound calls to another host."""
        with pytest.raises(ConfigurationError, match="refused with https"):
            Settings.from_environment(
                {
                    "DOORWARD_ENDPOINT": "https://id.example.com",
                    "DOORWARD_DEV_HOST_OVERRIDES": "discord.com=http://127.0.0.1:4000",
                }
            )

    def test_a_secret_does_not_show_itself(self) -> None:
        """A settings object in a log line or a traceback gives no key away."""
        key = "A" * 43
        settings = Settings.from_environment({"DOORWARD_SECRET_KEY": key})

        assert key not in repr(settings)


class TestMasterKey:
    def test_is_generated_once_and_readable_by_the_owner_alone(self, tmp_path: Path) -> None:
        """The second call reads what the first wrote, mode 0600."""
        first = Settings(data_dir=tmp_path).master_key()
        second = Settings(data_dir=tmp_path).master_key()

        assert first == second
        assert len(first) == 32
        assert stat.S_IMODE((tmp_path / "secret.key").stat().st_mode) == 0o600
        assert [p.name for p in tmp_path.iterdir()] == ["secret.key"]
