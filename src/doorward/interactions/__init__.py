"""Interactions: one authorization request that waits for a person.

    /oidc/auth ──creates──► interaction ◄──reads, advances── sign_in (pages, Experience API)
         ▲                                                        │ completes (user, time, amr)
         └────────────── /oidc/auth/{uid} ◄───── 303 ─────────────┘

`oidc` and `sign_in` meet here and nowhere else. The browser holds the uid in a cookie; the table
holds its hash. Each change is one conditional UPDATE on `version`, so two tabs cannot overwrite
each other, and completion and consumption happen once.
"""
