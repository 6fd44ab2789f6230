"""The figures that Doorward promises, each measured as a ratio.

Run them with `make bench`, or `python -m benchmarks NAME...` for some of them. Every module but
the ones named below measures one figure and offers `measure(options) -> list[Figure]`.

    harness.py        starts pinned servers, loads them, alternates runs, takes the median
    workbench.py      a Doorward server with the applications, tokens and users a figure needs
    references.py     starts the two servers that Doorward is compared with:
    floor.py            the least that a durable token endpoint can cost on our web server
    reference/          npm oidc-provider, in memory
    load/             the Lua scripts that wrk runs

README.md explains the method and keeps the dated figures.
"""
