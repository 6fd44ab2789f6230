"""Sign in to a Flask application with Doorward: the tutorial's application, whole."""

import os
import secrets

from flask import Flask, redirect, render_template_string, request, session
from logto import LogtoClient, LogtoConfig, LogtoException, Storage, UserInfoScope

PORT = int(os.environ.get("PORT", "3000"))
HOME = f"http://localhost:{PORT}/"

app = Flask(__name__)
app.secret_key = os.environ.get("SECRET_KEY") or secrets.token_hex(32)
app.config["SESSION_COOKIE_SAMESITE"] = "Lax"


class SessionStorage(Storage):
    """The user's tokens, in Flask's own signed session cookie."""

    def get(self, key: str) -> str | None:
        return session.get(key, None)

    def set(self, key: str, value: str | None) -> None:
        session[key] = value

    def delete(self, key: str) -> None:
        session.pop(key, None)


client = LogtoClient(
    LogtoConfig(
        endpoint=os.environ.get("LOGTO_ENDPOINT", "http://localhost:3001/"),
        appId=os.environ["LOGTO_APP_ID"],
        appSecret=os.environ["LOGTO_APP_SECRET"],
        scopes=[UserInfoScope.email],
    ),
    storage=SessionStorage(),
)

PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Bookstore</title>
<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">
<style>
body{font:16px/1.5 system-ui;display:grid;place-content:center;min-height:90vh;text-align:center}
main{padding:2.5rem 3.5rem;border:1px solid #8884;border-radius:16px}h1{margin:.2em 0}
img{width:72px;height:72px;border-radius:50%}p{margin:.3em 0;opacity:.7}nav{margin-top:1.5rem}
a{display:inline-block;padding:.5em 1.2em;margin:.2em;border-radius:8px;text-decoration:none;
background:#4f46e5;color:#fff}a+a,a.quiet{background:none;color:inherit;border:1px solid #8888}
</style><main>
{% if error %}<h1>That did not work</h1><p role="alert">{{ error }}</p>
<nav><a href="/">Back</a></nav>
{% elif user %}{% if user.picture %}<img src="{{ user.picture }}" alt="">{% endif %}
<h1>{{ user.name or user.username or user.email or user.sub }}</h1>
{% if user.email %}<p>{{ user.email }}</p>{% endif %}<p>Authenticated</p>
<nav><a class="quiet" href="/sign-out">Sign out</a></nav>
{% else %}<h1>Bookstore</h1><p>Not authenticated</p>
<nav><a href="/sign-in">Sign in</a><a href="/sign-up">Create account</a></nav>{% endif %}
</main></html>"""


@app.route("/")
async def home():
    user = client.getIdTokenClaims() if client.isAuthenticated() else None
    return render_template_string(PAGE, user=user)


@app.route("/sign-in")
async def sign_in():
    return redirect(await client.signIn(redirectUri=HOME + "callback"))


@app.route("/sign-up")
async def sign_up():
    return redirect(await client.signIn(redirectUri=HOME + "callback", interactionMode="signUp"))


@app.route("/callback")
async def callback():
    await client.handleSignInCallback(request.url)
    return redirect("/")


@app.route("/sign-out")
async def sign_out():
    return redirect(await client.signOut(postLogoutRedirectUri=HOME))


@app.errorhandler(LogtoException)
def refused(error: LogtoException):
    return render_template_string(PAGE, error=error), 400


if __name__ == "__main__":
    app.run(port=PORT)
