"""OpenID Connect Core 1.0: what the endpoints work with, wired once in `app.py`."""

from __future__ import annotations

from dataclasses import dataclass

from doorward.cimd.documents import ClientDocuments
from doorward.kit.clock import Clock
from doorward.kit.crypto import Sealer
from doorward.kit.html import Pages as Templates
from doorward.kit.http_client import HttpClient
from doorward.kit.i18n import Catalogues
from doorward.kit.rate_limit import RateLimit
from doorward.oidc.clients.certificate import MutualTls
from doorward.oidc.clients.keys import KeySets
from doorward.oidc.dpop import ProofVerifier
from doorward.storage import Database, Snapshots


@dataclass(frozen=True, slots=True)
class Provider:
    """The collaborators of an endpoint. Functions below the endpoints take the one they need.

    `http` is the guarded client: the URLs it is given come from clients. `mutual_tls` is None where
    no proxy hands over the certificates of clients. `strangers` is what each address may store.
    """

    db: Database
    snapshots: Snapshots
    clock: Clock
    sealer: Sealer
    templates: Templates
    texts: Catalogues
    http: HttpClient
    key_sets: KeySets
    documents: ClientDocuments
    proofs: ProofVerifier
    mutual_tls: MutualTls | None
    strangers: RateLimit
