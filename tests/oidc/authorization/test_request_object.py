"""Request objects: RFC 9101, OpenID Connect Core section 6."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio

from doorward.kit.edge import Edge
from doorward.kit.http_client import AddressRefused, HttpClient
from doorward.kit.jose import SigningKey
from doorward.oidc.authorization.request_object import fetch_request_object, parse_request_object
from doorward.oidc.clients.lookup import find_client_at
from doorward.oidc.errors import InvalidRequestObject, InvalidRequestUri
from doorward.oidc.provider import Provider
from doorward.oidc.request import Params
from doorward.users.tables import User
from tests.oidc.assertions import LEFT_OUT, jwks, mac_jwt, part
from tests.oidc.house import SECRET, House, RegisteredClient, answer_of, auth_params
from tests.support.client_site import ClientSite, Page
from tests.support.doorbell import LOOPBACK_SPELLINGS, doorbell

KEY = SigningKey.generate("ES256")
EVE = SigningKey.generate("ES256")
TYP = "oauth-authz-req+jwt"
URI = "https://client.example/request.jwt"


async def add_client(house: House, **metadata: Any) -> RegisteredClient:
    return await house.add_client(metadata={"jwks": jwks(KEY)} | metadata)


def request_claims(house: House, client: RegisteredClient, **changes: Any) -> dict[str, Any]:
    """Return the claims of an ordinary request object, changed by `changes`."""
    now = house.clock.seconds()
    usual = {
        "iss": client.id,
        "aud": house.issuer,
        "nbf": now,
        "exp": now + 300,
        "client_id": client.id,
        "response_type": "code",
        "redirect_uri": client.redirect_uri,
        "scope": "openid",
    }
    return {name: value for name, value in (usual | changes).items() if value is not LEFT_OUT}


def signed(house: House, client: RegisteredClient, **changes: Any) -> str:
    return KEY.encode(request_claims(house, client, **changes), typ=TYP)


def edge_of(house: House) -> Edge:
    return Edge(
        request_id="r",
        client_ip="192.0.2.7",
        user_agent="",
        tenant_id=house.tenant_id,
        endpoint=house.endpoint,
        issuer=house.issuer,
        is_secure=False,
    )


def provider_of(house: House) -> Provider:
    assert house.app._running is not None
    return house.app._running.oidc._provider


async def parse(house: House, client: RegisteredClient, value: str) -> Params:
    provider, edge = provider_of(house), edge_of(house)
    snapshot = await provider.snapshots.current(house.tenant_id)
    registered = await find_client_at(snapshot, client.id, edge=edge, documents=None)
    assert registered is not None
    return await parse_request_object(provider, registered, edge=edge, value=value)


async def fetch(
    house: House, client: RegisteredClient, uri: str, *, http: HttpClient | None = None
) -> str:
    provider = provider_of(house)
    provider = replace(provider, http=http or provider.http)
    snapshot = await provider.snapshots.current(house.tenant_id)
    registered = await find_client_at(snapshot, client.id, edge=edge_of(house), documents=None)
    assert registered is not None
    return await fetch_request_object(provider, registered, uri)


async def refuse(house: House, client: RegisteredClient, value: str) -> None:
    with pytest.raises(InvalidRequestObject):
        await parse(house, client, value)


class TestByValue:
    @pytest.mark.parametrize("typ", [TYP, "JWT", f"application/{TYP}"])
    async def test_the_parameters_inside(self, house: House, typ: str) -> None:
        """RFC 9101 section 4; numbers, JSON and several resources as their own specs have them."""
        client = await add_client(house)
        claims = request_claims(
            house,
            client,
            state="s",
            max_age=300,
            claims={"id_token": {"auth_time": None}},
            resource=["https://a.example", "https://b.example"],
            nonce=None,
            prompt="",
            jti="1",
        )

        params = await parse(house, client, KEY.encode(claims, typ=typ))

        assert params == Params(
            {
                "client_id": client.id,
                "response_type": "code",
                "redirect_uri": client.redirect_uri,
                "scope": "openid",
                "state": "s",
                "max_age": "300",
                "claims": '{"id_token":{"auth_time":null}}',
            },
            ("https://a.example", "https://b.example"),
        )

    @pytest.mark.parametrize(
        "changes",
        [
            {"iss": LEFT_OUT},
            {"iss": "somebody-else"},
            {"aud": LEFT_OUT},
            {"aud": "https://other.example"},
            {"aud": ["https://other.example"]},
            {"aud": "http://localhost:3001/oidc/auth"},
            {"client_id": "somebody-else"},
            {"client_id": None},
            {"request": "x"},
            {"request_uri": "https://client.example/request.jwt"},
            {"request": None},
            {"exp": 1},
            {"exp": "soon"},
            {"nbf": 99999999999},
            {"state": ["a", "b"]},
            {"state": {"a": 1}},
            {"state": True},
            {"state": 1.5},
            {"state": "a\0b"},
            {"resource": [1.5]},
            {"resource": [["a"]]},
        ],
        ids=str,
    )
    async def test_wrong(self, house: House, changes: dict[str, Any]) -> None:
        """RFC 9101 sections 4, 5 and 6, OpenID Connect Core section 6.3: for us, by this client,
        now, and with no other inside."""
        client = await add_client(house)

        await refuse(house, client, KEY.encode(request_claims(house, client, **changes), typ=TYP))

    async def test_a_minute_of_difference(self, house: House) -> None:
        """RFC 7519 sections 4.1.4 and 4.1.5: a small leeway, a minute here; clocks differ."""
        client, now = await add_client(house), house.clock.seconds()

        for times in ({"nbf": now + 60}, {"exp": now - 55}):
            assert await parse(house, client, signed(house, client, **times))
        for times in ({"nbf": now + 65}, {"exp": now - 60}):
            await refuse(house, client, signed(house, client, **times))

    async def test_an_audience_of_several(self, house: House) -> None:
        """RFC 9101 section 4: aud SHOULD be or hold the issuer."""
        client = await add_client(house)
        claims = request_claims(house, client, aud=["https://other.example", house.issuer])

        assert (await parse(house, client, KEY.encode(claims))).get("scope") == "openid"

    async def test_a_client_assertion(self, house: House) -> None:
        """RFC 9101 section 10.8: what authenticates the client is no request of it."""
        client = await add_client(house)
        claims = request_claims(house, client, sub=client.id)

        await refuse(house, client, KEY.encode(claims))

    @pytest.mark.parametrize("typ", ["at+jwt", "dpop+jwt", "client-authentication+jwt"])
    async def test_another_kind_of_jwt(self, house: House, typ: str) -> None:
        client = await add_client(house)

        await refuse(house, client, KEY.encode(request_claims(house, client), typ=typ))

    async def test_unsigned(self, house: House) -> None:
        """RFC 9101 section 10.5: a request object that nobody signed could be anybody's."""
        client = await add_client(house)
        claims = part(request_claims(house, client))

        for alg in ("none", "None", ""):
            await refuse(house, client, f"{part({'alg': alg, 'typ': TYP})}.{claims}.")

    async def test_signed_by_another(self, house: House) -> None:
        client = await add_client(house)
        other = await add_client(house, jwks=jwks(EVE))

        await refuse(house, client, EVE.encode(request_claims(house, client), typ=TYP))
        await refuse(house, other, KEY.encode(request_claims(house, client), typ=TYP))

    async def test_a_mac(self, house: House) -> None:
        """Neither under what everybody can read, nor under the secret, which is no signature."""
        client = await add_client(house)
        claims = request_claims(house, client)

        for secret in (json.dumps(KEY.public_jwk), SECRET, ""):
            await refuse(house, client, mac_jwt(claims, secret.encode(), kid=KEY.kid))

    async def test_only_the_registered_algorithm(self, house: House) -> None:
        """OpenID Connect Registration section 2: request_object_signing_alg MUST be used."""
        client = await add_client(house, requestObjectSigningAlg="PS256")

        await refuse(house, client, KEY.encode(request_claims(house, client), typ=TYP))

    @pytest.mark.parametrize(
        ("times", "is_good"),
        [
            ({}, True),
            ({"exp": LEFT_OUT}, False),
            ({"nbf": LEFT_OUT}, False),
            ({"exp": 4000}, False),
            ({"nbf": -4000}, False),
            ({"nbf": -3000, "exp": 3000}, False),
            ({"nbf": 10}, True),
        ],
        ids=str,
    )
    async def test_a_client_that_must_sign(
        self, house: House, times: dict[str, Any], is_good: bool
    ) -> None:
        """FAPI 2.0 Message Signing section 5.3.1: exp and nbf, an hour apart at most."""
        client = await add_client(house, requireSignedRequestObject=True)
        now = house.clock.seconds()
        changes = {n: t if t is LEFT_OUT else now + t for n, t in times.items()}
        value = KEY.encode(request_claims(house, client, **changes), typ=TYP)

        if is_good:
            assert (await parse(house, client, value)).get("scope") == "openid"
        else:
            await refuse(house, client, value)

    async def test_a_tenant_where_all_must_sign(self, house: House) -> None:
        """FAPI 2.0 Message Signing section 5.3.1, for a client that did not ask for it."""
        client = await add_client(house)
        await house.demand(requireSignedRequestObject=True)

        await refuse(house, client, KEY.encode(request_claims(house, client, nbf=LEFT_OUT)))
        assert await parse(house, client, KEY.encode(request_claims(house, client)))

    async def test_one_that_is_kept_for_long(self, house: House) -> None:
        """RFC 9101 section 5.2: what lies at an address may lie there for a year."""
        client = await add_client(house)
        year = 365 * 86_400
        now = house.clock.seconds()
        claims = request_claims(house, client, iat=now - year, nbf=now - year, exp=now + year)

        assert (await parse(house, client, KEY.encode(claims))).get("scope") == "openid"

    @pytest.mark.parametrize("value", ["", "x", "a.b.c", "a.b.c.d.e", "x" * 20_000])
    async def test_no_request_object(self, house: House, value: str) -> None:
        """RFC 9101 sections 6.1 and 7: invalid_request_object; an encrypted one too, it is not
        offered."""
        await refuse(house, await add_client(house), value)


class TestByReference:
    @pytest_asyncio.fixture
    async def client(self, connected_house: House) -> RegisteredClient:
        return await add_client(connected_house, requestUris=[URI, f"{URI}#hash"])

    async def test_what_is_there(
        self, connected_house: House, client: RegisteredClient, site: ClientSite
    ) -> None:
        """RFC 9101 section 5.2.3; a fragment is not sent."""
        house = connected_house
        value = KEY.encode(request_claims(house, client), typ=TYP)
        site.pages["/request.jwt"] = Page(f"{value}\n".encode())

        assert await fetch(house, client, URI) == value
        assert await fetch(house, client, f"{URI}#hash") == value
        assert site.asked == ["/request.jwt", "/request.jwt"]

    @pytest.mark.parametrize(
        "uri",
        [
            "https://client.example/other.jwt",
            "https://client.example/request.jwt?x",
            "https://client.example/request.jwt#other",
            "https://client.example:443/request.jwt",
            "http://client.example/request.jwt",
            "HTTPS://client.example/request.jwt",
            "http://127.0.0.1/request.jwt",
            "http://169.254.169.254/latest/meta-data",
            "file:///etc/passwd",
            "urn:ietf:params:oauth:request_uri:x",
            "",
        ],
    )
    async def test_what_is_not_registered(
        self, connected_house: House, client: RegisteredClient, site: ClientSite, uri: str
    ) -> None:
        """RFC 9101 section 10.4, CWE-918: nobody makes us call an address of their choice."""
        with pytest.raises(InvalidRequestUri):
            await fetch(connected_house, client, uri)

        assert site.asked == []

    @pytest.mark.parametrize("spelling", LOOPBACK_SPELLINGS)
    async def test_what_leads_inside(self, connected_house: House, spelling: str) -> None:
        """CWE-918: registered or not, a server of the operator's own, which is there, is not
        called."""
        with doorbell() as bell:
            uri = f"https://{spelling}:{bell.port}/r"
            client = await add_client(connected_house, requestUris=[uri])

            with pytest.raises(InvalidRequestUri):
                await fetch(connected_house, client, uri)

            assert not bell.rang()

    @pytest.mark.parametrize(
        "uri", ["https://[::1]/r", "https://169.254.169.254/r", "https://10.1.2.3/r"]
    )
    async def test_networks_inside(self, connected_house: House, uri: str) -> None:
        """CWE-918: refused for what they are, not because nobody answers."""
        client = await add_client(connected_house, requestUris=[uri])

        with pytest.raises(InvalidRequestUri) as caught:
            await fetch(connected_house, client, uri)

        assert isinstance(caught.value.__cause__, AddressRefused)

    async def test_a_name_that_leads_inside(self, house: House) -> None:
        """DNS rebinding: public when asked first, loopback when dialled; one answer decides."""
        answers = [["127.0.0.1"], ["93.184.216.34", "127.0.0.1"]]

        async def resolve(host: str, port: int) -> list[str]:
            return answers.pop(0)

        with doorbell() as bell:
            uri = f"https://rebinding.example:{bell.port}/r"
            client = await add_client(house, requestUris=[uri])
            for _ in range(2):
                with pytest.raises(InvalidRequestUri):
                    await fetch(house, client, uri, http=HttpClient(resolve=resolve))

            assert not bell.rang()
        assert answers == []

    @pytest.mark.parametrize(
        "page",
        [
            Page(status=404),
            Page(status=302, headers={"location": "/elsewhere"}),
            Page(b"x" * 20_000),
            Page("é".encode()),
        ],
        ids=lambda page: str(page.status),
    )
    async def test_what_is_of_no_use(
        self, connected_house: House, client: RegisteredClient, site: ClientSite, page: Page
    ) -> None:
        site.pages |= {"/request.jwt": page, "/elsewhere": Page(b"x")}

        with pytest.raises(InvalidRequestUri):
            await fetch(connected_house, client, URI)

        assert site.asked == ["/request.jwt"]


class TestAuthorization:
    """The way of a request object through the authorization and PAR endpoints."""

    @pytest_asyncio.fixture
    async def ada_there(self, connected_house: House) -> User:
        """Somebody with an account in the connected house."""
        return await connected_house.add_user("ada")

    async def test_the_address_of_the_management_api(self, house: House, ada: User) -> None:
        """Its metadata (RFC 9728) call it so, and a signed request may as well."""
        client = await add_client(house)
        value = signed(house, client, resource=f"{house.endpoint}/api", scope="openid all")

        answer = await house.browser().follow({"client_id": client.id, "request": value}, user=ada)

        assert "code" in answer

    async def test_by_value(self, house: House, ada: User) -> None:
        """RFC 9101 section 6.3: what was signed counts, and nothing that stands beside it."""
        client = await add_client(house)
        value = signed(house, client, state="signed", nonce="signed-nonce")

        answer = await house.browser().follow(
            {"client_id": client.id, "request": value},
            user=ada,
            state="changed",
            scope="openid profile email",
            redirect_uri="https://evil.example/",
            response_mode="fragment",
        )
        tokens = await house.exchange(client, answer["code"], code_verifier="")

        claims = await house.verify(tokens["id_token"], typ="jwt")
        assert answer["state"] == "signed"
        assert claims["nonce"] == "signed-nonce"
        assert tokens["scope"] == "openid"

    async def test_by_reference(
        self, connected_house: House, site: ClientSite, ada_there: User
    ) -> None:
        """RFC 9101 section 5.2: what is at the address counts, nothing else does."""
        house = connected_house
        client = await add_client(house, requestUris=[URI])
        site.pages["/request.jwt"] = Page(signed(house, client, state="signed").encode())

        answer = await house.browser().follow(
            {"client_id": client.id, "request_uri": URI}, user=ada_there, state="changed"
        )

        assert answer["state"] == "signed"
        assert set(site.asked) == {"/request.jwt"}

    async def test_pushed(self, house: House, ada: User) -> None:
        """RFC 9126 section 3: a request object may be pushed."""
        client = await add_client(house, requireSignedRequestObject=True)
        value = signed(house, client, state="signed")

        pushed = await house.http.post(
            "/oidc/request", data={"request": value, "state": "changed"} | client.credentials
        )
        answer = await house.browser().follow(
            {"client_id": client.id, "request_uri": pushed.json()["request_uri"]}, user=ada
        )

        assert answer["state"] == "signed"

    async def test_pushed_by_another(self, house: House, web: RegisteredClient) -> None:
        """RFC 9126 section 3: client_id in the object MUST be that of who pushes it; and section
        2.1: so MUST client_id in the form, whoever authenticates."""
        client = await add_client(house)
        value = KEY.encode(request_claims(house, client), typ=TYP)

        theirs = await house.http.post("/oidc/request", data={"request": value} | web.credentials)
        two = await house.http.post(
            "/oidc/request",
            data=auth_params(client),
            auth=(web.id, str(web.secret)),
        )

        assert theirs.status_code == 400
        assert theirs.json()["error"] == "invalid_request_object"
        assert two.status_code in {400, 401}
        assert two.json()["error"] in {"invalid_request", "invalid_client"}

    async def test_required(self, house: House) -> None:
        """RFC 9101 section 10.5: who always signs is refused when it seems not to, at both doors;
        so nobody takes the protection away by leaving it out."""
        client = await add_client(house, requireSignedRequestObject=True)

        plain = answer_of(await house.browser().request(client))
        pushed = await house.push(client)

        assert plain["error"] == "invalid_request"
        assert pushed.json()["error"] == "invalid_request"

    async def test_of_another_client(self, house: House) -> None:
        """RFC 9101 section 5: client_id outside and inside MUST match."""
        client, other = await add_client(house), await add_client(house)
        value = signed(house, client)

        answer = await house.browser().get("/oidc/auth", client_id=other.id, request=value)

        assert answer.status_code == 400
        assert answer.json()["error"] == "invalid_request_object"

    @pytest.mark.parametrize("client_id", [None, "unknown"])
    async def test_of_nobody(self, house: House, client_id: str | None) -> None:
        client = await add_client(house)
        params = {"request": signed(house, client)}
        params |= {} if client_id is None else {"client_id": client_id}

        answer = await house.browser().get("/oidc/auth", **params)

        assert answer.status_code == 400
        assert "location" not in answer.headers

    async def test_redirect_uri_inside(self, house: House) -> None:
        """RFC 9700 section 2.1: signed or not, only registered addresses get an answer."""
        client = await add_client(house)
        value = signed(house, client, redirect_uri="https://evil.example/")

        answer = await house.browser().get("/oidc/auth", client_id=client.id, request=value)

        assert answer.json()["error"] == "invalid_redirect_uri"
        assert "location" not in answer.headers

    @pytest.mark.parametrize(
        "uri",
        [
            "https://evil.example/request.jwt",
            "http://169.254.169.254/latest",
            "http://localhost:3001/oidc/jwks",
            "file:///etc/passwd",
            "urn:ietf:params:oauth:request_uri",
        ],
    )
    async def test_unregistered_address(self, house: House, uri: str) -> None:
        """RFC 9101 section 10.4: we call nobody whom the client did not name before."""
        client = await add_client(house, requestUris=[URI])

        answer = await house.browser().get("/oidc/auth", client_id=client.id, request_uri=uri)

        assert answer.status_code == 400
        assert answer.json()["error"] == "invalid_request_uri"

    async def test_told_to_the_client(self, house: House) -> None:
        """RFC 9101 section 7: told where the plain parameters lead, if that is a good address."""
        client = await add_client(house)
        value = EVE.encode(request_claims(house, client), typ=TYP)

        told = await house.browser().request(client, request=value)
        elsewhere = await house.browser().request(
            client, request=value, redirect_uri="https://evil.example/"
        )

        assert answer_of(told)["error"] == "invalid_request_object"
        assert answer_of(told)["state"] == "the-state"
        assert elsewhere.status_code == 400
        assert "location" not in elsewhere.headers

    async def test_discovery(self, house: House) -> None:
        """RFC 9101 section 9, OpenID Connect Discovery section 3."""
        metadata = (await house.http.get("/oidc/.well-known/openid-configuration")).json()

        assert metadata["request_parameter_supported"] is True
        assert metadata["request_uri_parameter_supported"] is True
        assert metadata["require_request_uri_registration"] is True
        assert "ES256" in metadata["request_object_signing_alg_values_supported"]
        assert "none" not in metadata["request_object_signing_alg_values_supported"]
