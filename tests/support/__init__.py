"""What tests stand on: real servers, real databases, a real browser, and a faithful fake Discord.

    server.py        starts Doorward as a program, on free ports, with a folder of its own
    postgres.py      a throw-away PostgreSQL cluster, shared by all workers of a test run
    pages.py         walks hosted pages as a browser without scripts would
    management.py    calls the management API with a token from `doorward token`
    chromium.py      Chromium through Playwright, axe-core, screenshots
    discord.py       the other company's server: consent page, codes, tokens, faults

Nothing here replaces a part of Doorward; only the clock and other companies' servers are faked.
"""
