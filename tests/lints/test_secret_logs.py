"""No secret is logged."""

import pytest

from tests.lints.conftest import Found
from tools.lints import secret_logs

CODE = "src/doorward/oidc/token.py"


class TestSecretLogs:
    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ('logger.info(f"user {name}")', "formats its text; pass named values"),
            ('self.log.debug("x %s", client_secret)', "logs client_secret"),
            ('log.warning("x", extra={"v": request.password})', "logs request.password"),
            ('logging.error("x", access_token)', "logs access_token"),
            ('logger.info("x", extra=dict(a=secret.reveal()))', "logs what secret.reveal reveals"),
        ],
    )
    def test_finds_a_secret(self, found: Found, text: str, message: str) -> None:
        assert (1, message) in found(secret_logs, CODE, text)

    @pytest.mark.parametrize(
        "text",
        [
            'logger.info("signed in", extra={"user_id": user.id})',
            'logger.info("exchanged", extra={"token_type": token_type, "secret_id": secret_id})',
            'print(f"open {url}")',
            "math.log(password)",
            'catalogue.error(f"{code}")',
        ],
    )
    def test_leaves_the_rest_alone(self, found: Found, text: str) -> None:
        assert found(secret_logs, CODE, text) == []
