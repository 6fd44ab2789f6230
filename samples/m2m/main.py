"""A program that manages Doorward: signs in as itself, then lists applications and users."""

import os
import sys

import httpx

ENDPOINT = os.environ.get("LOGTO_ENDPOINT", "http://localhost:3001").rstrip("/")
# The name of the management API, the same wherever the server runs.
RESOURCE = "https://default.logto.app/api"


def fetch_token(http: httpx.Client) -> str:
    """Return an access token of this program for the management API (OAuth client credentials)."""
    answer = http.post(
        "/oidc/token",
        data={"grant_type": "client_credentials", "resource": RESOURCE, "scope": "all"},
        auth=(os.environ["LOGTO_APP_ID"], os.environ["LOGTO_APP_SECRET"]),
    )
    answer.raise_for_status()
    token = answer.json()
    if "all" not in token["scope"].split():
        sys.exit("This application may not use the management API: give it a role with scope all")
    return token["access_token"]


def list_all(http: httpx.Client, path: str):
    """Yield everything in a list of the management API, page after page."""
    for page in range(1, 10_000):
        answer = http.get(path, params={"page": page, "page_size": 100})
        answer.raise_for_status()
        yield from answer.json()
        if page * 100 >= int(answer.headers["Total-Number"]):
            return


def main() -> None:
    with httpx.Client(base_url=ENDPOINT, timeout=10) as http:
        http.headers["authorization"] = f"Bearer {fetch_token(http)}"
        print("Applications")
        for application in list_all(http, "/api/applications"):
            print(f"  {application['id']}  {application['type']:<18}  {application['name']}")
        print("Users")
        for user in list_all(http, "/api/users"):
            print(f"  {user['id']}  {user['username'] or user['primaryEmail'] or ''}")


if __name__ == "__main__":
    main()
