"""The steps of signing in: one step, one file, holding its rule, its page and its Experience route.

    start       which event, what is known so far        PUT /api/experience, GET .../interaction
    password    identifier and password                  /sign-in
    register    user name and password for an account    /register
    social      to a provider and back                   /callback/{id}, /direct/social/{target}
    link        add a social identity to an account?     /social/link
    profile     what the tenant requires and is missing  /missing-profile
    identify    from a proof to an account               POST /api/experience/identification
    submit      back to the application                  POST /api/experience/submit

Each page handler calls the rule of its step, then `proceed`; each Experience handler calls the same
rule, then stores the state.
"""
