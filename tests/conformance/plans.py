"""The plans: which module runs for which profile, in which variants.

A module is named as the OpenID Foundation's suite names it; the test that runs it has the same name
with underscores (`oidcc-prompt-login` is `test_oidcc_prompt_login`). What the suite asks for and
this server does not do is left out here, not skipped in a run.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Variant:
    """One way to run a module."""

    response_type: str = "code"
    response_mode: str = "default"
    client_auth: str = "client_secret_basic"
    sender_constrain: str = ""
    is_signed: bool = False

    @property
    def token_type(self) -> str:
        """The token_type that the token endpoint answers with."""
        return "DPoP" if self.sender_constrain == "dpop" else "Bearer"

    def __str__(self) -> str:
        if self.sender_constrain:
            signed = ", signed request and response" if self.is_signed else ""
            return f"{self.client_auth} + {self.sender_constrain}{signed}"
        said = [self.response_type]
        if self.response_mode != "default":
            said.append(self.response_mode)
        if self.client_auth != "client_secret_basic":
            said.append(self.client_auth)
        return ", ".join(said)


@dataclass(frozen=True)
class Entry:
    """Modules that a plan runs in one variant."""

    variant: Variant
    modules: tuple[str, ...]


@dataclass(frozen=True)
class Plan:
    """A certification profile and the suite's plan for it."""

    profile: str
    name: str
    entries: tuple[Entry, ...]


COMMON = (
    "oidcc-server",
    "oidcc-idtoken-signature",
    "oidcc-scope-profile",
    "oidcc-scope-email",
    "oidcc-scope-address",
    "oidcc-scope-phone",
    "oidcc-scope-all",
    "oidcc-ensure-other-scope-order-succeeds",
    "oidcc-display-page",
    "oidcc-display-popup",
    "oidcc-prompt-login",
    "oidcc-prompt-none-not-logged-in",
    "oidcc-prompt-none-logged-in",
    "oidcc-max-age-1",
    "oidcc-max-age-10000",
    "oidcc-ensure-request-with-unknown-parameter-succeeds",
    "oidcc-id-token-hint",
    "oidcc-login-hint",
    "oidcc-ui-locales",
    "oidcc-claims-locales",
    "oidcc-ensure-request-with-acr-values-succeeds",
    "oidcc-ensure-registered-redirect-uri",
    "oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported",
    "oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported",
    "oidcc-claims-essential",
)
USERINFO = ("oidcc-userinfo-get", "oidcc-userinfo-post-header", "oidcc-userinfo-post-body")
WITH_CODE = ("oidcc-codereuse", "oidcc-codereuse-30seconds", "oidcc-refresh-token")
MISSING = ("oidcc-response-type-missing",)
NONCE = ("oidcc-ensure-request-without-nonce-fails",)
NO_NONCE = ("oidcc-ensure-request-without-nonce-succeeds-for-code-flow",)
PKCE = ("oidcc-ensure-request-with-valid-pkce-succeeds",)
POSTED_SECRET = ("oidcc-server-client-secret-post",)


# The tests of these are in test_dynamic.py, also of those modules that other plans have, too.
DYNAMIC = (
    "oidcc-server",
    "oidcc-discovery-endpoint-verification",
    "oidcc-idtoken-unsigned",
    "oidcc-redirect-uri-query-ok",
    "oidcc-redirect-uri-query-mismatch",
    "oidcc-redirect-uri-query-added",
    "oidcc-redirect-uri-regfrag",
    "oidcc-ensure-redirect-uri-in-authorization-request",
    "oidcc-registration-policy-uri",
    "oidcc-registration-tos-uri",
    "oidcc-registration-jwks-uri",
    "oidcc-refresh-token-rp-key-rotation",
    "oidcc-registration-sector-uri",
    "oidcc-registration-sector-bad",
    "oidcc-request-uri-signed-rs256",
    "oidcc-ensure-request-object-with-redirect-uri",
    "oidcc-ensure-client-assertion-with-iss-aud-succeeds",
    "oidcc-refresh-token",
    "oidcc-idtoken-rs256",
    "oidcc-userinfo-rs256",
    "oidcc-server-rotate-keys",
)
FAPI = "fapi2-security-profile-final-"


def _fapi(*modules: str) -> tuple[str, ...]:
    return tuple(FAPI + module for module in modules)


FAPI_SECURITY = _fapi(
    "discovery-end-point-verification",
    "happy-flow",
    "user-rejects-authentication",
    "ensure-authorization-request-without-state-success",
    "ensure-authorization-request-without-nonce-success",
    "ensure-authorization-request-with-64-char-nonce-success",
    "ensure-other-scope-order-succeeds",
    "test-claims-parameter-identity-claims",
    "access-token-type-header-case-sensitivity",
    "ensure-authorization-request-with-long-nonce",
    "ensure-authorization-request-with-long-state",
    "par-without-duplicate-parameters",
    "ensure-different-nonce-inside-and-outside-request-object",
    "ensure-different-state-inside-and-outside-request-object",
    "state-only-outside-request-object-not-used",
    "ensure-request-object-without-redirect-uri-fails",
    "ensure-redirect-uri-in-authorization-request",
    "ensure-registered-redirect-uri",
    "plain-fapi-tolerate-unregistered-redirect-uri",
    "ensure-unsigned-authorization-request-without-using-par-fails",
    "ensure-response-type-code-idtoken-fails",
    "ensure-response-type-token-fails",
    "par-ensure-reused-request-uri-prior-to-auth-completion-succeeds",
    "par-attempt-reuse-request_uri",
    "par-attempt-to-use-expired-request_uri",
    "par-attempt-to-use-request_uri-for-different-client",
    "par-authorization-request-containing-request_uri-form-param",
    "par-attempt-invalid-http-method",
    "par-ensure-pkce-required",
    "par-plain-pkce-rejected",
    "par-ensure-pkce-code-verifier-required",
    "par-incorrect-pkce-code-verifier-rejected",
    "ensure-client-id-in-token-endpoint",
    "ensure-holder-of-key-required",
    "ensure-authorization-code-is-bound-to-client",
    "attempt-reuse-authorization-code-after-one-second",
    "attempt-to-use-expired-auth-code",
    "refresh-token",
)
FAPI_PRIVATE_KEY = _fapi(
    "par-token-endpoint-as-audience-fails",
    "par-endpoint-as-array-audience-fails",
    "par-endpoint-as-audience-fails",
    "par-ensure-jwt-client-assertion-iat-nbf-over-60-seconds-in-the-future-fails",
    "par-ensure-jwt-client-assertion-nbf-8-seconds-in-the-future-is-accepted",
    "ensure-client-assertion-with-no-sub-fails",
    "ensure-client-assertion-with-wrong-aud-fails",
    "ensure-client-assertion-with-exp-is-5-minutes-in-past-fails",
    "ensure-client-assertion-in-token-endpoint",
    "ensure-signed-client-assertion-with-RS256-fails",
)
FAPI_SIGNING = _fapi(
    "ensure-server-accepts-request-object-with-multiple-aud",
    "ensure-request-object-with-nbf-8-seconds-in-the-future-is-accepted",
    "ensure-request-object-without-exp-fails",
    "ensure-request-object-without-nbf-fails",
    "ensure-expired-request-object-fails",
    "ensure-request-object-with-bad-aud-fails",
    "ensure-request-object-with-exp-over-60-fails",
    "ensure-request-object-with-nbf-over-60-fails",
    "ensure-signed-request-object-with-RS256-fails",
    "ensure-request-object-signature-algorithm-is-not-none",
    "ensure-request-object-with-invalid-signature-fails",
    "ensure-matching-key-in-authorization-request",
    "ensure-unsigned-request-at-par-endpoint-fails",
    "par-authorization-request-containing-request_uri",
)
FAPI_DPOP = _fapi(
    "check-dpop-proof-nbf-exp",
    "ensure-dpop-proof-with-iat-10seconds-before-succeeds",
    "ensure-dpop-proof-with-iat-10seconds-after-succeeds",
    "ensure-mismatched-dpop-jkt-fails",
    "ensure-token-endpoint-fails-with-mismatched-dpop-proof-jkt",
    "ensure-token-endpoint-fails-with-mismatched-dpop-jkt",
    "ensure-dpopproof-at-par-endpoint-binding-success",
    "ensure-dpop-auth-code-binding-success",
    "dpop-negative-tests",
)


def _core(profile: str, name: str, *entries: Entry) -> tuple[Plan, Plan]:
    """Return a plan and its twin in which the answer travels by form post."""
    posted = tuple(
        Entry(replace(entry.variant, response_mode="form_post"), entry.modules) for entry in entries
    )
    return (
        Plan(profile, f"oidcc-{name}-certification-test-plan", entries),
        Plan(f"Form Post {profile}", f"oidcc-formpost-{name}-certification-test-plan", posted),
    )


DYNAMIC_OP = "Dynamic OP"
CODE = Variant()
ID_TOKEN = Variant("id_token")
ID_TOKEN_TOKEN = Variant("id_token token")
CODE_ID_TOKEN = Variant("code id_token")
CODE_TOKEN = Variant("code token")
CODE_ID_TOKEN_TOKEN = Variant("code id_token token")
KEY_AND_DPOP = Variant(client_auth="private_key_jwt", sender_constrain="dpop")
KEY_AND_MTLS = Variant(client_auth="private_key_jwt", sender_constrain="mtls")
MTLS_AND_DPOP = Variant(client_auth="mtls", sender_constrain="dpop")
MTLS_AND_MTLS = Variant(client_auth="mtls", sender_constrain="mtls")


def signed(variant: Variant) -> Variant:
    """Return the variant of FAPI 2.0 Message Signing: signed requests (JAR) and answers (JARM)."""
    return replace(variant, is_signed=True, response_mode="jwt")


PLANS: tuple[Plan, ...] = (
    *_core(
        "Basic OP",
        "basic",
        Entry(
            CODE,
            (
                *COMMON,
                *USERINFO,
                *WITH_CODE,
                *MISSING,
                *NO_NONCE,
                *PKCE,
                "oidcc-idtoken-unsigned",
                "oidcc-ensure-post-request-succeeds",
            ),
        ),
        Entry(replace(CODE, client_auth="client_secret_post"), POSTED_SECRET),
    ),
    *_core(
        "Implicit OP",
        "implicit",
        Entry(ID_TOKEN, (*COMMON, *NONCE)),
        Entry(ID_TOKEN_TOKEN, (*COMMON, *NONCE, *USERINFO, *MISSING)),
    ),
    *_core(
        "Hybrid OP",
        "hybrid",
        Entry(CODE_ID_TOKEN, (*COMMON, *USERINFO, *WITH_CODE, *MISSING, *NONCE, *PKCE)),
        Entry(replace(CODE_ID_TOKEN, client_auth="client_secret_post"), POSTED_SECRET),
        Entry(CODE_TOKEN, (*COMMON, *USERINFO, *WITH_CODE, *NO_NONCE)),
        Entry(replace(CODE_TOKEN, client_auth="client_secret_post"), POSTED_SECRET),
        Entry(CODE_ID_TOKEN_TOKEN, (*COMMON, *USERINFO, *WITH_CODE, *NONCE)),
        Entry(replace(CODE_ID_TOKEN_TOKEN, client_auth="client_secret_post"), POSTED_SECRET),
    ),
    Plan(
        DYNAMIC_OP,
        "oidcc-dynamic-certification-test-plan",
        (Entry(replace(CODE, client_auth="private_key_jwt"), DYNAMIC),),
    ),
    Plan(
        "Config OP",
        "oidcc-config-certification-test-plan",
        (Entry(CODE, ("oidcc-discovery-endpoint-verification",)),),
    ),
    Plan(
        "FAPI 2.0 Security Profile OP",
        "fapi2-security-profile-final-test-plan",
        (
            Entry(KEY_AND_DPOP, (*FAPI_SECURITY, *FAPI_PRIVATE_KEY, *FAPI_DPOP)),
            Entry(KEY_AND_MTLS, (*FAPI_SECURITY, *FAPI_PRIVATE_KEY)),
            Entry(MTLS_AND_DPOP, (*FAPI_SECURITY, *FAPI_DPOP)),
            Entry(MTLS_AND_MTLS, FAPI_SECURITY),
        ),
    ),
    Plan(
        "FAPI 2.0 Message Signing OP",
        "fapi2-message-signing-final-test-plan",
        (
            Entry(
                signed(KEY_AND_DPOP),
                (*FAPI_SECURITY, *FAPI_PRIVATE_KEY, *FAPI_DPOP, *FAPI_SIGNING),
            ),
            Entry(signed(KEY_AND_MTLS), (*FAPI_SECURITY, *FAPI_PRIVATE_KEY, *FAPI_SIGNING)),
            Entry(signed(MTLS_AND_DPOP), (*FAPI_SECURITY, *FAPI_DPOP, *FAPI_SIGNING)),
            Entry(signed(MTLS_AND_MTLS), (*FAPI_SECURITY, *FAPI_SIGNING)),
        ),
    ),
    Plan(
        "RP-Initiated Logout OP",
        "oidcc-rp-initiated-logout-certification-test-plan",
        (
            Entry(
                CODE,
                (
                    "oidcc-rp-initiated-logout-discovery-endpoint-verification",
                    "oidcc-rp-initiated-logout",
                    "oidcc-rp-initiated-logout-bad-post-logout-redirect-uri",
                    "oidcc-rp-initiated-logout-query-added-to-post-logout-redirect-uri",
                    "oidcc-rp-initiated-logout-bad-id-token-hint",
                    "oidcc-rp-initiated-logout-modified-id-token-hint",
                    "oidcc-rp-initiated-logout-no-id-token-hint",
                    "oidcc-rp-initiated-logout-no-params",
                    "oidcc-rp-initiated-logout-no-post-logout-redirect-uri",
                    "oidcc-rp-initiated-logout-no-state",
                    "oidcc-rp-initiated-logout-only-state",
                ),
            ),
        ),
    ),
    Plan(
        "Back-Channel Logout OP",
        "oidcc-backchannel-rp-initiated-logout-certification-test-plan",
        (
            Entry(
                CODE,
                (
                    "oidcc-backchannel-logout-discovery-endpoint-verification",
                    "oidcc-backchannel-rp-initiated-logout",
                ),
            ),
        ),
    ),
    Plan(
        "Front-Channel Logout OP",
        "oidcc-frontchannel-rp-initiated-logout-certification-test-plan",
        (
            Entry(
                CODE,
                (
                    "oidcc-frontchannel-logout-discovery-endpoint-verification",
                    "oidcc-frontchannel-rp-initiated-logout",
                ),
            ),
        ),
    ),
    Plan(
        "Session Management OP",
        "oidcc-session-management-certification-test-plan",
        (
            Entry(
                CODE,
                (
                    "oidcc-session-management-discovery-endpoint-verification",
                    "oidcc-session-management-rp-initiated-logout",
                ),
            ),
        ),
    ),
)


@dataclass(frozen=True)
class Run:
    """One line of the table: a module, in a variant, for a profile."""

    profile: str
    module: str
    variant: Variant


def list_runs() -> Iterator[Run]:
    """Yield all that the plans ask for, in their order."""
    for plan in PLANS:
        for entry in plan.entries:
            for module in entry.modules:
                yield Run(plan.profile, module, entry.variant)


def name_of_test(module: str) -> str:
    """Return the name of the test that runs a module."""
    for long, short in ((FAPI, "fapi2-"),):
        module = module.replace(long, short)
    return "test_" + module.replace("-", "_").lower()
