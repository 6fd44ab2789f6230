"""What may be presented only once, remembered until nobody would accept it anyway.

Owns: replays, shared by every worker and node. A protocol that gives its messages an identifier
(`jti` of client assertions, request objects and DPoP proofs) asks `store.remember` for each, and
refuses the message when that says it is not the first. Only hashes of the values are kept.
"""
