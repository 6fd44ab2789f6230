"""How sessions end: OpenID Connect RP-Initiated, Back-Channel and Front-Channel Logout, and
Session Management.

`end_session.py` is where people arrive; the other files tell the applications of the session.
"""
