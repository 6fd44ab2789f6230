"""A program without a browser: shows a code, waits until its user has entered it, says hello."""

import os
import sys
import time

import httpx

ENDPOINT = os.environ.get("LOGTO_ENDPOINT", "http://localhost:3001").rstrip("/")
CLIENT_ID = os.environ["LOGTO_APP_ID"]
GRANT_TYPE = "urn:ietf:params:oauth:grant-type:device_code"


def ask_for_codes(http: httpx.Client) -> dict:
    """Return the code to poll with, and the one to show."""
    form = {"client_id": CLIENT_ID, "scope": "openid profile offline_access"}
    answer = http.post("/oidc/device/auth", data=form)
    answer.raise_for_status()
    return answer.json()


def wait_for_tokens(http: httpx.Client, codes: dict) -> dict:
    """Ask again and again, no faster than the server says, until the user has answered."""
    form = {
        "grant_type": GRANT_TYPE,
        "client_id": CLIENT_ID,
        "device_code": codes["device_code"],
    }
    interval = codes.get("interval", 5)
    while True:
        time.sleep(interval)
        answer = http.post("/oidc/token", data=form)
        if answer.status_code == 200:
            return answer.json()
        error = answer.json()["error"]
        if error == "slow_down":
            interval += 5
        elif error == "access_denied":
            sys.exit("You refused this device.")
        elif error == "expired_token":
            sys.exit("Nobody entered the code in time. Start again.")
        elif error != "authorization_pending":
            sys.exit(f"The server refused: {answer.text}")


def main() -> None:
    with httpx.Client(base_url=ENDPOINT, timeout=10) as http:
        codes = ask_for_codes(http)
        print(f"Open  {codes['verification_uri']}")
        print(f"Enter {codes['user_code']}")
        print(f"Or open {codes['verification_uri_complete']}", flush=True)
        tokens = wait_for_tokens(http, codes)
        http.headers["authorization"] = f"Bearer {tokens['access_token']}"
        user = http.get("/oidc/me").raise_for_status().json()
        print(f"Hello, {user['name'] or user['username']}!")


if __name__ == "__main__":
    main()
