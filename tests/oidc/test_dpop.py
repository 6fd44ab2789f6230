"""DPoP proofs at the token endpoint: what is accepted, and every way to be refused."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from doorward.kit.jose import SigningKey
from doorward.settings import Settings
from doorward.storage import Database
from tests.oidc.conftest import open_house
from tests.oidc.house import ENDPOINT, ISSUER, House, RegisteredClient
from tests.support.dpop import Prover, base64url

TOKEN = f"{ISSUER}/token"
BOOKS = "https://books.example/api"


@pytest_asyncio.fixture
async def machine(house: House) -> RegisteredClient:
    """A machine that may have tokens for books."""
    await house.add_resource()
    return await house.add_client("MachineToMachine", redirect_uris=())


@pytest.fixture
def prover(house: House) -> Prover:
    """A client's key, whose clock is right."""
    return Prover(seconds=house.clock.seconds)


async def ask(
    house: House, client: RegisteredClient, *proofs: str, **changes: str
) -> httpx.Response:
    """Send a client_credentials request with these proofs."""
    form = {"grant_type": "client_credentials", "resource": BOOKS, **client.credentials, **changes}
    return await house.http.post(
        "/oidc/token", data=form, headers=[("dpop", proof) for proof in proofs]
    )


async def refusal(house: House, client: RegisteredClient, *proofs: str) -> str:
    """Return the description of a refused proof."""
    answer = await ask(house, client, *proofs)
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"] == "invalid_dpop_proof", answer.text
    description: str = answer.json()["error_description"]
    return description


class TestBoundTokens:
    async def test_a_token_names_the_key(
        self, house: House, machine: RegisteredClient, prover: Prover
    ) -> None:
        """RFC 9449 sections 5 and 6.1: token_type DPoP, and cnf.jkt in the token."""
        answer = await ask(house, machine, prover.proof("POST", TOKEN))

        tokens = answer.json()
        assert tokens["token_type"] == "DPoP"
        claims = await house.verify(tokens["access_token"], typ="at+jwt")
        assert claims["cnf"] == {"jkt": prover.jkt}

    async def test_without_a_proof(self, house: House, machine: RegisteredClient) -> None:
        """A client that does not ask for it gets what it always got."""
        answer = await ask(house, machine)

        assert answer.json()["token_type"] == "Bearer"
        claims = await house.verify(answer.json()["access_token"], typ="at+jwt")
        assert "cnf" not in claims

    @pytest.mark.parametrize("algorithm", ["ES256", "ES384", "ES512", "PS256", "RS256", "EdDSA"])
    async def test_algorithms(
        self, house: House, machine: RegisteredClient, algorithm: str
    ) -> None:
        """RFC 9449 section 5.1: each that discovery names."""
        prover = Prover(SigningKey.generate(algorithm), seconds=house.clock.seconds)

        answer = await ask(house, machine, prover.proof("POST", TOKEN))

        assert answer.json()["token_type"] == "DPoP"
        discovery = await house.http.get("/oidc/.well-known/openid-configuration")
        assert algorithm in discovery.json()["dpop_signing_alg_values_supported"]

    async def test_ed25519_by_its_new_name(self, house: House, machine: RegisteredClient) -> None:
        """RFC 9864 section 2.2."""
        prover = Prover(SigningKey.generate("EdDSA"), seconds=house.clock.seconds)

        answer = await ask(house, machine, prover.proof("POST", TOKEN, header={"alg": "Ed25519"}))

        assert answer.json()["token_type"] == "DPoP"

    async def test_thumbprint(self, house: House, machine: RegisteredClient) -> None:
        """RFC 7638 section 3: computed of the members that RFC 7638 names, whatever else the key
        says of itself."""
        prover = Prover(SigningKey.generate("PS256"), seconds=house.clock.seconds)
        members = json.dumps(
            {"e": prover.jwk["e"], "kty": "RSA", "n": prover.jwk["n"]}, separators=(",", ":")
        )
        expected = base64url(hashlib.sha256(members.encode()).digest())
        proof = prover.proof(
            "POST", TOKEN, header={"jwk": {**prover.jwk, "kid": "mine", "use": "sig"}}
        )

        answer = await ask(house, machine, proof)

        claims = await house.verify(answer.json()["access_token"], typ="at+jwt")
        assert claims["cnf"] == {"jkt": expected}

    async def test_application_that_has_to(self, house: House, prover: Prover) -> None:
        """RFC 9449 section 5.2: dpop_bound_access_tokens; without a proof there is no token."""
        await house.add_resource()
        machine = await house.add_client(
            "MachineToMachine", redirect_uris=(), metadata={"dpopBoundAccessTokens": True}
        )

        assert await refusal(house, machine) == "a DPoP proof is required"
        answer = await ask(house, machine, prover.proof("POST", TOKEN))
        assert answer.json()["token_type"] == "DPoP"


class TestAddress:
    @pytest.mark.parametrize(
        "htu",
        [
            "http://localhost:3001/oidc/token",
            "HTTP://LocalHost:3001/oidc/token",
            "http://localhost:3001/oidc/token?grant=1#here",
            "http://localhost:3001/oidc/%74oken",
            "http://localhost:3001/oidc/x/../token",
            "http://localhost:3001/./oidc/./token",
        ],
    )
    async def test_same_address_in_other_words(
        self, house: House, machine: RegisteredClient, prover: Prover, htu: str
    ) -> None:
        """RFC 9449 section 4.3: htu is compared after normalisation, without query and fragment."""
        answer = await ask(house, machine, prover.proof("POST", htu))

        assert answer.status_code == 200, answer.text

    @pytest.mark.parametrize(
        "htu",
        [
            "http://localhost:3001/oidc/me",
            "http://localhost:3001/oidc/token/",
            "http://localhost:3001/OIDC/token",
            "http://localhost:3001/oidc%2ftoken",
            "http://localhost:3002/oidc/token",
            "http://localhost/oidc/token",
            "https://localhost:3001/oidc/token",
            "http://localhost:3001.evil.example/oidc/token",
            "http://localhost:3001@evil.example/oidc/token",
            "http://evil@localhost:3001/oidc/token",
            "http://[localhost:3001/oidc/token",
            "http://localhost:99999/oidc/token",
            "http://localhost:3001",
            "/oidc/token",
            "javascript:alert(1)",
            "",
        ],
    )
    async def test_another_address(
        self, house: House, machine: RegisteredClient, prover: Prover, htu: str
    ) -> None:
        """A proof that another server saw is of no use here."""
        description = await refusal(house, machine, prover.proof("POST", htu))

        assert description == "the DPoP proof's htu is not the address of the request"

    async def test_default_port(
        self, database_url: str, database: Database, tmp_path: Path
    ) -> None:
        """RFC 3986 section 6.2.3; and the address is the public one, whatever a proxy says."""
        endpoint = "https://id.example"
        settings = Settings(data_dir=tmp_path, database_url=database_url, endpoint=endpoint)
        async with open_house(database, settings) as house:
            await house.add_resource()
            machine = await house.add_client("MachineToMachine", redirect_uris=())
            prover = Prover(seconds=house.clock.seconds)
            house.http.headers["x-forwarded-host"] = "evil.example"
            # This address leads to the server, whatever Host says.
            house.http.headers["host"] = "evil.example"

            given = await ask(house, machine, prover.proof("POST", f"{endpoint}:443/oidc/token"))
            refused = await ask(
                house, machine, prover.proof("POST", "https://evil.example/oidc/token")
            )

            assert given.json()["token_type"] == "DPoP"
            assert refused.json()["error"] == "invalid_dpop_proof"

    @pytest.mark.parametrize("htm", ["GET", "post", "", "POST "])
    async def test_another_method(
        self, house: House, machine: RegisteredClient, prover: Prover, htm: str
    ) -> None:
        """RFC 9449 section 4.3: htm is the method, to the letter."""
        description = await refusal(house, machine, prover.proof(htm, TOKEN))

        assert description == "the DPoP proof's htm is not the method of the request"


class TestTime:
    @pytest.mark.parametrize("offset", [-56, 0, 60])
    async def test_clocks_that_differ(
        self, house: House, machine: RegisteredClient, prover: Prover, offset: int
    ) -> None:
        """A minute either way is tolerated."""
        proof = prover.proof("POST", TOKEN, iat=house.clock.seconds() + offset)

        assert (await ask(house, machine, proof)).status_code == 200

    @pytest.mark.parametrize("offset", [-3600, -70, 70, 3600, 10**300])
    async def test_made_at_another_time(
        self, house: House, machine: RegisteredClient, prover: Prover, offset: int
    ) -> None:
        """RFC 9449 section 11.1: an old proof, and one made for later."""
        proof = prover.proof("POST", TOKEN, iat=house.clock.seconds() + offset)

        description = await refusal(house, machine, proof)

        assert description == "the DPoP proof's iat is too far from the time of the server"

    @pytest.mark.parametrize("claims", [{"exp": 1}, {"nbf": 9_999_999_999}])
    async def test_its_own_limits(
        self, house: House, machine: RegisteredClient, prover: Prover, claims: dict[str, int]
    ) -> None:
        """RFC 7519 sections 4.1.4 and 4.1.5: a token is not accepted outside of them."""
        description = await refusal(house, machine, prover.proof("POST", TOKEN, **claims))

        assert description == "the DPoP proof is not valid now"


class TestReplay:
    async def test_used_twice(
        self, house: House, machine: RegisteredClient, prover: Prover
    ) -> None:
        """RFC 9449 section 11.1."""
        proof = prover.proof("POST", TOKEN)
        assert (await ask(house, machine, proof)).status_code == 200

        assert await refusal(house, machine, proof) == "the DPoP proof was used before"

    async def test_another_signature_over_the_same_jti(
        self, house: House, machine: RegisteredClient, prover: Prover
    ) -> None:
        """ECDSA signatures can be altered without the key; the identifier counts."""
        first = prover.proof("POST", TOKEN, jti="the-same")
        second = prover.proof("POST", TOKEN, jti="the-same")
        assert (await ask(house, machine, first)).status_code == 200

        assert await refusal(house, machine, second) == "the DPoP proof was used before"

    async def test_the_same_jti_of_another_key(
        self, house: House, machine: RegisteredClient, prover: Prover
    ) -> None:
        """Nobody can use up the identifiers of somebody else."""
        other = Prover(seconds=house.clock.seconds)
        assert (await ask(house, machine, other.proof("POST", TOKEN, jti="1"))).status_code == 200

        assert (await ask(house, machine, prover.proof("POST", TOKEN, jti="1"))).status_code == 200

    async def test_at_once(self, house: House, machine: RegisteredClient, prover: Prover) -> None:
        """Of many requests with one proof, one passes."""
        proof = prover.proof("POST", TOKEN)

        answers = await asyncio.gather(*[ask(house, machine, proof) for _ in range(8)])

        assert sorted(answer.status_code for answer in answers) == [200, *[400] * 7]

    async def test_a_refused_request_uses_the_proof_up(
        self, house: House, machine: RegisteredClient, prover: Prover
    ) -> None:
        """Else a proof that was seen with a wrong request would work with a right one."""
        proof = prover.proof("POST", TOKEN)
        wrong = await ask(house, machine, proof, resource="https://unknown.example")
        assert wrong.json()["error"] == "invalid_target"

        assert await refusal(house, machine, proof) == "the DPoP proof was used before"

    async def test_a_stranger_uses_nothing_up(
        self, house: House, machine: RegisteredClient, prover: Prover
    ) -> None:
        """A client that is refused does not get as far."""
        proof = prover.proof("POST", TOKEN)
        stranger = RegisteredClient(machine.id, "not-the-secret")
        assert (await ask(house, stranger, proof)).status_code == 401

        assert (await ask(house, machine, proof)).status_code == 200


class TestMalformed:
    @pytest.mark.parametrize(
        "raw",
        [b'{"jti":"\xff"}', b'{"\xc3(":1}', b"[" * 1500, b"\xff"],
        ids=["value", "name", "depth", "byte"],
    )
    async def test_what_is_no_json(
        self, house: House, machine: RegisteredClient, prover: Prover, raw: bytes
    ) -> None:
        """RFC 9449 section 4.2: header and claims are JSON in UTF-8, and no depth of nesting is a
        fault of ours."""
        head, claims, signature = prover.proof("POST", TOKEN).split(".")
        signed = f"{head}.{base64url(raw)}"
        resigned = base64url(prover.key._sign(signed.encode()))

        assert await refusal(house, machine, f"{base64url(raw)}.{claims}.{signature}")
        assert await refusal(house, machine, f"{signed}.{resigned}")

    async def test_two_proofs(
        self, house: House, machine: RegisteredClient, prover: Prover
    ) -> None:
        """RFC 9449 section 4.3: not more than one header."""
        proofs = [prover.proof("POST", TOKEN) for _ in range(2)]

        assert await refusal(house, machine, *proofs) == "more than one DPoP proof was sent"
        assert (
            await refusal(house, machine, ", ".join(proofs))
            == "the DPoP proof is not a compact JWT"
        )

    @pytest.mark.parametrize(
        "proof", ["", "x", "a.b", "..", "a.b.c", "e30.e30.", "a.b.c.d", "é.é.é", "9" * 9000]
    )
    async def test_no_jwt(self, house: House, machine: RegisteredClient, proof: str) -> None:
        """RFC 9449 section 4.3: a well-formed JWT."""
        answer = await house.http.post(
            "/oidc/token",
            data={"grant_type": "client_credentials", **machine.credentials},
            headers=[(b"dpop", proof.encode("latin-1"))],
        )

        assert answer.status_code == 400
        assert answer.json()["error"] == "invalid_dpop_proof"

    @pytest.mark.parametrize(
        ("claims", "header"),
        [
            ({"jti": None}, {}),
            ({"jti": ""}, {}),
            ({"jti": "x" * 257}, {}),
            ({"jti": 7}, {}),
            ({"htm": None}, {}),
            ({"htu": None}, {}),
            ({"htu": ["http://localhost:3001/oidc/token"]}, {}),
            ({"iat": None}, {}),
            ({"iat": "now"}, {}),
            ({"iat": True}, {}),
            ({}, {"jwk": None}),
            ({}, {"jwk": "key"}),
            ({}, {"jwk": {}}),
            ({}, {"jwk": {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}}),
            ({}, {"jwk": {"kty": "EC", "crv": "P-256", "x": [], "y": 1}}),
            ({}, {"jwk": {"kty": "EC", "crv": "secp256k1", "x": "AA", "y": "AA"}}),
            ({}, {"jwk": {"kty": ["EC"]}}),
            ({}, {"alg": None}),
            ({}, {"alg": "ES384"}),
            ({}, {"alg": "RS256", "jwk": {"kty": "RSA", "n": "AQAB", "e": "AQAB"}}),
            ({}, {"alg": "EdDSA", "jwk": {"kty": "OKP", "crv": "Ed25519", "x": "AA"}}),
            ({}, {"typ": None}),
            ({}, {"typ": "JWT"}),
            ({}, {"typ": "at+jwt"}),
            ({}, {"crit": ["b64"], "b64": False}),
        ],
    )
    async def test_members(
        self,
        house: House,
        machine: RegisteredClient,
        prover: Prover,
        claims: dict[str, Any],
        header: dict[str, Any],
    ) -> None:
        """RFC 9449 sections 4.2 and 4.3: what a proof must have, and of which type."""
        await refusal(house, machine, prover.proof("POST", TOKEN, header=header, **claims))

    @pytest.mark.parametrize(
        "spoilt",
        [
            b'{"typ":"\xff"}',
            b'{"typ":"dpop+jwt","alg":"ES256","jwk":' + b"[" * 1400 + b"]" * 1400 + b"}",
            b"[" * 2000,
            b'"dpop+jwt"',
            b"null",
        ],
    )
    async def test_spoilt_json(
        self, house: House, machine: RegisteredClient, prover: Prover, spoilt: bytes
    ) -> None:
        """Broken UTF-8, and nesting as deep as a header can be, are refused like other mistakes;
        under a good signature, too."""
        header, claims, signature = prover.proof("POST", TOKEN).split(".")
        signed = f"{header}.{base64url(spoilt)}"
        own = base64url(prover.key._sign(signed.encode()))

        await refusal(house, machine, f"{base64url(spoilt)}.{claims}.{signature}")
        await refusal(house, machine, f"{signed}.{own}")

    async def test_another_keys_signature(
        self, house: House, machine: RegisteredClient, prover: Prover
    ) -> None:
        """RFC 9449 section 4.3: the signature is that of the key in the header."""
        stolen = Prover(seconds=house.clock.seconds).jwk

        description = await refusal(
            house, machine, prover.proof("POST", TOKEN, header={"jwk": stolen})
        )

        assert description == "the DPoP proof's signature is wrong"

    async def test_a_known_key_is_still_verified(
        self, house: House, machine: RegisteredClient, prover: Prover
    ) -> None:
        """The key is kept, not the verdict."""
        good = prover.proof("POST", TOKEN)
        assert (await ask(house, machine, good)).status_code == 200
        header, claims, signature = prover.proof("POST", TOKEN).split(".")
        other = base64url(base64.urlsafe_b64decode(claims + "==").replace(b"POST", b"HACK"))

        description = await refusal(house, machine, f"{header}.{other}.{signature}")

        assert description == "the DPoP proof's signature is wrong"

    async def test_private_key(
        self, house: House, machine: RegisteredClient, prover: Prover
    ) -> None:
        """RFC 9449 section 4.3: the jwk MUST NOT contain a private key."""
        jwk = {**prover.jwk, "d": base64url(b"0" * 32)}

        description = await refusal(
            house, machine, prover.proof("POST", TOKEN, header={"jwk": jwk})
        )

        assert description == "the DPoP proof's jwk must be a public key"

    @pytest.mark.parametrize("alg", ["none", "HS256", "HS512", "ES256K", "A256KW"])
    async def test_algorithm(
        self, house: House, machine: RegisteredClient, prover: Prover, alg: str
    ) -> None:
        """RFC 9449 sections 4.3 and 11.6: not none, and not symmetric."""
        description = await refusal(
            house, machine, prover.proof("POST", TOKEN, header={"alg": alg})
        )

        assert description == "the DPoP proof's alg is not supported"

    async def test_signed_with_a_shared_secret(
        self, house: House, machine: RegisteredClient, prover: Prover
    ) -> None:
        """The public key as an HMAC secret, and a key of type oct."""
        jwk = {"kty": "oct", "k": base64url(b"secret")}
        claims = prover.proof("POST", TOKEN).split(".")[1]
        heading = base64url(json.dumps({"typ": "dpop+jwt", "alg": "HS256", "jwk": jwk}).encode())
        mac = hmac.digest(b"secret", f"{heading}.{claims}".encode(), "sha256")

        await refusal(house, machine, f"{heading}.{claims}.{base64url(mac)}")

    async def test_access_token_as_proof(
        self, house: House, machine: RegisteredClient, prover: Prover
    ) -> None:
        """RFC 9449 section 11.5, RFC 8725 section 3.11: another JWT of ours does not serve as a
        proof."""
        token = (await ask(house, machine, prover.proof("POST", TOKEN))).json()["access_token"]

        await refusal(house, machine, token)


@pytest_asyncio.fixture
async def strict_house(
    database_url: str, database: Database, tmp_path: Path
) -> AsyncIterator[House]:
    """A server that wants a nonce in every proof."""
    settings = Settings(data_dir=tmp_path, database_url=database_url, require_dpop_nonce=True)
    async with open_house(database, settings) as house:
        yield house


class TestNonce:
    @pytest_asyncio.fixture
    async def house(self, strict_house: House) -> House:
        return strict_house

    async def test_token_endpoint(
        self, house: House, machine: RegisteredClient, prover: Prover
    ) -> None:
        """RFC 9449 section 8: the refusal hands out the nonce, with which the request succeeds."""
        refused = await ask(house, machine, prover.proof("POST", TOKEN))
        assert refused.status_code == 400
        assert refused.json()["error"] == "use_dpop_nonce"
        nonce = refused.headers["dpop-nonce"]
        # Section 8.1: what a nonce is spelt with.
        assert re.fullmatch(r"[\x21\x23-\x5b\x5d-\x7e]+", nonce)

        answer = await ask(house, machine, prover.proof("POST", TOKEN, nonce=nonce))

        assert answer.json()["token_type"] == "DPoP"
        # Section 8.2: the next one comes with the answer.
        assert answer.headers["dpop-nonce"]

    async def test_without_one_after_it_was_given(
        self, house: House, machine: RegisteredClient, prover: Prover
    ) -> None:
        """RFC 9449 section 11.3: once a nonce was provided, no proof without one is accepted."""
        refused = await ask(house, machine, prover.proof("POST", TOKEN))
        nonce = refused.headers["dpop-nonce"]
        first = await ask(house, machine, prover.proof("POST", TOKEN, nonce=nonce))

        downgraded = await ask(house, machine, prover.proof("POST", TOKEN))

        assert first.status_code == 200
        assert downgraded.status_code == 400
        assert downgraded.json()["error"] == "use_dpop_nonce"

    @pytest.mark.parametrize("nonce", ["", "guessed", "é", "x" * 43])
    async def test_made_up(
        self, house: House, machine: RegisteredClient, prover: Prover, nonce: str
    ) -> None:
        answer = await ask(house, machine, prover.proof("POST", TOKEN, nonce=nonce))

        assert answer.json()["error"] == "use_dpop_nonce"

    async def test_it_changes_and_ends(
        self, house: House, machine: RegisteredClient, prover: Prover
    ) -> None:
        """RFC 9449 section 11.2: a nonce is good for minutes, so that proofs cannot be made long
        ahead."""
        refused = await ask(house, machine, prover.proof("POST", TOKEN))
        nonce = refused.headers["dpop-nonce"]
        house.pass_time(seconds=180)
        later = await ask(house, machine, prover.proof("POST", TOKEN, nonce=nonce))
        house.pass_time(seconds=180)

        too_late = await ask(house, machine, prover.proof("POST", TOKEN, nonce=nonce))

        assert later.status_code == 200
        assert later.headers["dpop-nonce"] != nonce
        assert too_late.json()["error"] == "use_dpop_nonce"

    async def test_of_another_tenant(
        self, house: House, machine: RegisteredClient, prover: Prover
    ) -> None:
        """A nonce is of one issuer."""
        admin = House(
            house.app, house.db, house.clock, house.sealer, "admin", "http://localhost:3002"
        )
        await admin.add_resource()
        stranger = await admin.add_client("MachineToMachine", redirect_uris=())
        theirs = await ask(
            admin, stranger, prover.proof("POST", "http://localhost:3002/oidc/token")
        )
        nonce = theirs.headers["dpop-nonce"]

        answer = await ask(house, machine, prover.proof("POST", TOKEN, nonce=nonce))

        assert answer.json()["error"] == "use_dpop_nonce"

    async def test_a_bearer_client_needs_none(
        self, house: House, machine: RegisteredClient
    ) -> None:
        answer = await ask(house, machine)

        assert answer.json()["token_type"] == "Bearer"
        assert "dpop-nonce" not in answer.headers

    async def test_refused_proofs_stay_unused(
        self, house: House, machine: RegisteredClient, prover: Prover
    ) -> None:
        """What lacks the nonce is not remembered: strangers must not fill the table."""
        refused = await ask(house, machine, prover.proof("POST", TOKEN, jti="one"))
        nonce = refused.headers["dpop-nonce"]

        answer = await ask(house, machine, prover.proof("POST", TOKEN, jti="one", nonce=nonce))

        assert answer.status_code == 200

    async def test_browser_application(
        self, house: House, machine: RegisteredClient, prover: Prover
    ) -> None:
        """RFC 9449 section 8.2: a page can read the header."""
        answer = await house.http.post(
            "/oidc/token",
            data={"grant_type": "client_credentials", **machine.credentials},
            headers={"dpop": prover.proof("POST", TOKEN), "origin": ENDPOINT},
        )

        assert answer.json()["error"] == "use_dpop_nonce"
        assert "DPoP-Nonce" in answer.headers["access-control-expose-headers"]
        assert "WWW-Authenticate" in answer.headers["access-control-expose-headers"]


class TestBrowser:
    async def test_preflight(self, house: House) -> None:
        """Fetch Standard: a page may send the header."""
        for path in ("/oidc/token", "/oidc/me", "/oidc/request"):
            answer = await house.http.options(
                path,
                headers={
                    "origin": "https://app.example",
                    "access-control-request-method": "POST",
                    "access-control-request-headers": "authorization, dpop",
                },
            )

            assert answer.status_code == 204
            assert "dpop" in answer.headers["access-control-allow-headers"]


class TestUnasked:
    async def test_a_nonce_that_nobody_wanted(
        self, house: House, machine: RegisteredClient, prover: Prover
    ) -> None:
        """RFC 9449 section 4.3: a nonce has to be ours even where none is required, as when the
        setting was just turned off."""
        refused = await ask(house, machine, prover.proof("POST", TOKEN, nonce="x"))
        assert refused.json()["error"] == "use_dpop_nonce"

        nonce = refused.headers["dpop-nonce"]
        answer = await ask(house, machine, prover.proof("POST", TOKEN, nonce=nonce))

        assert answer.status_code == 200
