"""The admin console: server-rendered pages at /console on the admin tenant.

    GET  page ─► console.provide_console ─► no session: /console/sign-in ─► /oidc/auth ─► callback
                     │
                     └─► administrator still allowed? ─► the page's handler ─► Console.page
    POST form ─► the same, then CSRF (form token, Origin, Sec-Fetch-Site) ─► handler ─► 303

One module for each menu entry. The console is a client of the product's own OpenID provider:
application `admin-console` of the tenant `admin`, code flow with PKCE. It manages the tenant
`default` by calling the slices directly, never the HTTP API, and writes an audit entry for each
change.

Owns: console_sessions; the templates, texts and styles in this folder; integration guides.
Does not own: any rule of what it manages (the slices), signing in (oidc, sign_in).
Read first: `console.py`, `sign_in.py`, then any page, for example `signing_keys.py`.
"""
