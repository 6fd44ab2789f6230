"""Tools without domain words: clock, ids, crypto, jose, cookies, html, http client, i18n.

Nothing here knows what a user or an application is. Everything else may import it; it imports
only `doorward.errors`.
"""
