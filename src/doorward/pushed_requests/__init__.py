"""Authorization requests that clients pushed before they sent the browser (RFC 9126).

    POST /oidc/request ──adds──► pushed request ◄──finds── /oidc/auth?client_id=&request_uri=
                                      │ holds it while a person signs in
                                      └─► consumed with the code, or with any other final answer

Owns: pushed_requests. A request is bound to tenant and client, is found by the hash of its
request_uri for a short time only, and is answered once: of all who bring it, one passes
`store.consume_pushed_request`. Between these two a browser may open its address again, so that a
reload, or a program that looks at links ahead of the person, does no harm.
"""
