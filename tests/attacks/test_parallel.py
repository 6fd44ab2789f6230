"""A credential that works once, presented many times at once: one winner at most."""

from __future__ import annotations

import asyncio

import pytest

from tests.attacks.credentials import CREDENTIALS, Credential, Scene, is_refused

ONCE = [credential for credential in CREDENTIALS if credential.is_single_use]


@pytest.mark.parametrize("credential", ONCE, ids=lambda credential: credential.name)
class TestParallel:
    async def test_one_winner(self, scene: Scene, credential: Credential) -> None:
        """RFC 6749 section 4.1.2, and likewise for all that is used once."""
        value = await credential.make(scene)

        answers = await asyncio.gather(
            *(credential.use(scene, value, scene.client, scene.house) for _ in range(20))
        )

        assert sum(not is_refused(answer) for answer in answers) == 1
        assert max(answer.status_code for answer in answers) < 500
