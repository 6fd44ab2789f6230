"""Rich authorization requests (RFC 9396)."""

from __future__ import annotations

import html
import json
from typing import Any

import pytest

from doorward.applications.rules import update_application
from doorward.resources.detail_types import describe
from doorward.resources.tables import AuthorizationDetailsType, DetailField
from doorward.users.tables import User
from tests.oidc.authorization.test_consent import ask, decide, make_partner
from tests.oidc.house import House, RegisteredClient, answer_of, code_form

BANK = "https://bank.example/api"
PAYMENT = AuthorizationDetailsType(
    type="payment_initiation",
    description="Initiate a payment",
    fields={
        "instructedAmount": DetailField(kind="object", is_required=True),
        "creditorName": DetailField(kind="string"),
        "urgent": DetailField(kind="boolean"),
        "rounds": DetailField(kind="number"),
    },
)
DETAIL = {
    "type": "payment_initiation",
    "actions": ["initiate", "status"],
    "instructedAmount": {"currency": "EUR", "amount": "123.50"},
    "creditorName": "Merchant A",
}


@pytest.fixture
async def shop(house: House) -> RegisteredClient:
    await house.add_resource(BANK, scopes=("pay",), detail_types=(PAYMENT,))
    return await house.add_client(metadata={"authorizationDetailsTypes": ["payment_initiation"]})


def spelt(*details: Any) -> str:
    return json.dumps(list(details))


async def code(house: House, shop: RegisteredClient, ada: User, **params: Any) -> str:
    asked = {"authorization_details": spelt(DETAIL)} | params
    answer = await house.browser().authorize(shop, user=ada, **asked)
    assert "code" in answer, answer
    return answer["code"]


class TestGranted:
    async def test_into_tokens(self, house: House, shop: RegisteredClient, ada: User) -> None:
        """RFC 9396 sections 7 and 9.1: the token response says what was granted, the JWT carries
        it; the resource follows from the type."""
        tokens = await house.exchange(shop, await code(house, shop, ada), resource=BANK)

        claims = await house.verify(tokens["access_token"], typ="at+jwt")
        assert tokens["authorization_details"] == [DETAIL]
        assert claims["authorization_details"] == [DETAIL]
        assert claims["aud"] == BANK

    async def test_survive_a_refresh_and_narrow(
        self, house: House, shop: RegisteredClient, ada: User
    ) -> None:
        """RFC 9396 section 6: a token request may ask for less, and the next one again for all."""
        tokens = await house.exchange(shop, await code(house, shop, ada), resource=BANK)
        less = DETAIL | {"actions": ["status"]}

        narrowed = await house.refresh(
            shop, tokens["refresh_token"], resource=BANK, authorization_details=spelt(less)
        )
        whole = await house.refresh(shop, tokens["refresh_token"], resource=BANK)

        assert narrowed.json()["authorization_details"] == [less]
        claims = await house.verify(narrowed.json()["access_token"], typ="at+jwt")
        assert claims["authorization_details"] == [less]
        assert whole.json()["authorization_details"] == [DETAIL]

    async def test_beside_scopes(self, house: House, shop: RegisteredClient, ada: User) -> None:
        """RFC 9396 section 3.1: details and scopes of one request are both answered."""
        ids = await house.add_resource("https://books.example/api", scopes=("read",))
        await house.add_role(scope_ids=[ids["read"]], user=ada)
        books = {"resource": "https://books.example/api"}
        value = await code(house, shop, ada, scope="openid offline_access read", **books)

        tokens = await house.exchange(shop, value, **books)
        payment = await house.refresh(shop, tokens["refresh_token"], resource=BANK)

        assert tokens["scope"] == "read"
        assert payment.json()["authorization_details"] == [DETAIL]

    async def test_introspection(self, house: House, shop: RegisteredClient, ada: User) -> None:
        """RFC 9396 section 9.2: of an opaque token."""
        tokens = await house.exchange(shop, await code(house, shop, ada))

        answer = await house.http.post(
            "/oidc/token/introspection",
            data={"token": tokens["access_token"]} | shop.credentials,
        )

        assert answer.json()["authorization_details"] == [DETAIL]

    async def test_only_the_api_that_knows_them(
        self, house: House, shop: RegisteredClient, ada: User
    ) -> None:
        """RFC 9396 section 13: a token for another API says nothing of payments."""
        await house.add_resource("https://books.example/api")
        value = await code(
            house, shop, ada, resource="https://books.example/api", scope="offline_access"
        )
        tokens = await house.exchange(shop, value, resource="https://books.example/api")
        payment = await house.refresh(shop, tokens["refresh_token"], resource=BANK)

        claims = await house.verify(tokens["access_token"], typ="at+jwt")
        assert "authorization_details" not in tokens
        assert "authorization_details" not in claims
        assert payment.json()["authorization_details"] == [DETAIL]

    async def test_of_a_machine(self, house: House, shop: RegisteredClient) -> None:
        """RFC 9396 section 6: any token request may carry them; a machine has what it is registered
        for."""
        machine = await house.add_client(
            "MachineToMachine",
            redirect_uris=(),
            metadata={"authorizationDetailsTypes": ["payment_initiation"]},
        )
        form = {
            "grant_type": "client_credentials",
            "resource": BANK,
            "authorization_details": spelt(DETAIL),
        }

        answer = await house.token(form | machine.credentials)
        stranger = await house.add_client("MachineToMachine", redirect_uris=())
        refused = await house.token(form | stranger.credentials)

        assert answer.json()["authorization_details"] == [DETAIL]
        claims = await house.verify(answer.json()["access_token"], typ="at+jwt")
        assert claims["authorization_details"] == [DETAIL]
        assert refused.status_code == 400
        assert refused.json()["error"] == "invalid_authorization_details"

    async def test_of_a_third_partys_machine(self, house: House, shop: RegisteredClient) -> None:
        """It may have registered itself for the type; nobody has allowed it anything."""
        machine = await house.add_client(
            "MachineToMachine",
            redirect_uris=(),
            is_third_party=True,
            metadata={"authorizationDetailsTypes": ["payment_initiation"]},
        )
        form = {"grant_type": "client_credentials", "resource": BANK}

        refused = await house.token(
            form | machine.credentials | {"authorization_details": spelt(DETAIL)}
        )

        assert refused.status_code == 400
        assert refused.json()["error"] == "invalid_authorization_details"

    async def test_discovery(self, house: House, shop: RegisteredClient) -> None:
        """RFC 9396 section 10: only where there are types."""
        metadata = (await house.http.get("/oidc/.well-known/openid-configuration")).json()
        assert metadata["authorization_details_types_supported"] == ["payment_initiation"]


class TestTakenBack:
    async def test_a_type_that_the_client_lost(
        self, house: House, shop: RegisteredClient, ada: User
    ) -> None:
        """What an application may ask for no longer, its refresh token does not give."""
        tokens = await house.exchange(shop, await code(house, shop, ada), resource=BANK)
        without = {"redirectUris": [], "postLogoutRedirectUris": []}
        async with house.db.transaction("default") as tx:
            await update_application(
                tx,
                tenant_id="default",
                application_id=shop.id,
                changes={"oidc_client_metadata": without},
            )
        await house.settle()

        refreshed = await house.refresh(shop, tokens["refresh_token"], resource=BANK)

        assert refreshed.status_code == 200
        assert "authorization_details" not in refreshed.json()


class TestRefused:
    """RFC 9396 sections 2 and 5: invalid_authorization_details, told to the client at its redirect
    URI."""

    @pytest.mark.parametrize(
        "text",
        [
            "{}",
            "[]",
            "[1]",
            "not json",
            "[{}]",
            '[{"type": 1}]',
            '[{"type": "account_information"}]',
            spelt({"type": "payment_initiation"}),
            spelt(DETAIL | {"unknown": 1}),
            spelt(DETAIL | {"creditorName": 1}),
            spelt(DETAIL | {"urgent": 1}),
            spelt(DETAIL | {"rounds": True}),
            spelt(DETAIL | {"rounds": 10**400}),
            spelt(DETAIL | {"actions": "initiate"}),
            spelt(DETAIL | {"actions": [1]}),
            spelt(DETAIL | {"identifier": []}),
            spelt(DETAIL | {"creditorName": "a\0b"}),
            spelt(*[DETAIL] * 21),
            spelt(DETAIL | {"creditorName": "x" * 5000}),
            '[{"type":"payment_initiation","instructedAmount":' + '{"a":' * 500 + "1" + "}" * 502,
            spelt(
                DETAIL | {"instructedAmount": {"a": {"b": {"c": {"d": {"e": {"f": {"g": {}}}}}}}}}
            ),
        ],
    )
    async def test_malformed_or_unknown(
        self, house: House, shop: RegisteredClient, ada: User, text: str
    ) -> None:
        """RFC 9396 section 5: unknown types, missing members, unknown ones, wrong kinds."""
        browser = house.browser()
        answer = answer_of(await browser.request(shop, authorization_details=text))
        assert answer["error"] == "invalid_authorization_details"

    async def test_a_client_that_may_not(
        self, house: House, shop: RegisteredClient, web: RegisteredClient
    ) -> None:
        """RFC 9396 section 5: the type is known, and not allowed for this client."""
        browser = house.browser()
        answer = answer_of(await browser.request(web, authorization_details=spelt(DETAIL)))
        assert answer["error"] == "invalid_authorization_details"

    @pytest.mark.parametrize(
        "asked",
        [
            DETAIL | {"instructedAmount": {"currency": "EUR", "amount": "999.00"}},
            DETAIL | {"actions": ["initiate", "status", "cancel"]},
            {name: value for name, value in DETAIL.items() if name != "actions"},
            DETAIL | {"actions": []},
            DETAIL | {"locations": ["https://bank.example"]},
            {"type": "account_information"},
        ],
    )
    async def test_more_than_was_granted(
        self, house: House, shop: RegisteredClient, ada: User, asked: dict[str, Any]
    ) -> None:
        """RFC 9396 sections 6 and 8: a token request must not widen. The code is not spent on
        it."""
        value = await code(house, shop, ada)
        form = code_form(shop, value) | {"resource": BANK}

        refused = await house.token(form | {"authorization_details": spelt(asked)})

        assert refused.status_code == 400
        assert refused.json()["error"] == "invalid_authorization_details"
        assert (await house.token(form)).status_code == 200

    async def test_none_were_granted(self, house: House, shop: RegisteredClient, ada: User) -> None:
        value = await code(house, shop, ada, authorization_details=None)

        refused = await house.token(
            code_form(shop, value) | {"authorization_details": spelt(DETAIL)}
        )

        assert refused.json()["error"] == "invalid_authorization_details"

    async def test_devices(self, house: House, shop: RegisteredClient) -> None:
        """Its page cannot show them, so a device cannot have them."""
        device = await house.add_client("Native", isDeviceFlow=True)
        answer = await house.http.post(
            "/oidc/device/auth",
            data={"client_id": device.id, "authorization_details": spelt(DETAIL)},
        )
        assert answer.json()["error"] == "invalid_authorization_details"


class TestThirdParties:
    """RFC 9396 section 12: nobody allows what they have not seen."""

    async def test_each_request_is_shown(
        self, house: House, shop: RegisteredClient, ada: User
    ) -> None:
        """The page names the amount; an earlier yes does not cover the next request."""
        partner = await make_partner(
            house, metadata={"authorizationDetailsTypes": ["payment_initiation"]}
        )
        browser = house.browser()
        asked = {"authorization_details": spelt(DETAIL), "prompt": None}
        page = await ask(browser, partner, ada, **asked)
        text = html.unescape((await browser.get(page)).text)

        answer = answer_of(await decide(browser, page, "allow"))
        tokens = await house.exchange(partner, answer["code"], resource=BANK)

        assert "Initiate a payment" in text
        assert "instructedAmount.amount: 123.50" in text
        assert tokens["authorization_details"] == [DETAIL]
        silent = await browser.request(partner, **asked | {"prompt": "none"})
        assert answer_of(silent)["error"] == "consent_required"
        again = await browser.request(partner, **asked)
        assert again.headers["location"].startswith("/consent?")

    async def test_markup_is_text(self, house: House, shop: RegisteredClient, ada: User) -> None:
        """RFC 9396 section 12: what is passed in is shown, and never run."""
        partner = await make_partner(
            house, metadata={"authorizationDetailsTypes": ["payment_initiation"]}
        )
        browser = house.browser()
        evil = DETAIL | {"creditorName": "<script>alert(1)</script>"}
        page = await ask(browser, partner, ada, authorization_details=spelt(evil))
        assert "<script>alert(1)" not in (await browser.get(page)).text


class TestInWords:
    """RFC 9396 section 12: what the person reads is what the client gets."""

    def test_lines(self) -> None:
        assert describe(DETAIL, PAYMENT) == [
            "Initiate a payment",
            "actions: initiate, status",
            "instructedAmount.currency: EUR",
            "instructedAmount.amount: 123.50",
            "creditorName: Merchant A",
        ]

    def test_nothing_hides(self) -> None:
        """No character reorders or covers its neighbours, and nothing is too long to be shown."""
        detail = DETAIL | {"creditorName": "A\u202eB\u200bC\nD" + "x" * 500}
        many = {"type": "t", "privileges": [], **{f"m{n}": n for n in range(100)}}

        assert describe(detail, PAYMENT)[-1] == "creditorName: A B C D" + "x" * 500
        assert describe(many, PAYMENT)[-1] == "m99: 99"
        assert len(describe(many, PAYMENT)) == 102
