"""An application of the `logto` package, told line by line what to do; see contract.py.

It runs with whichever package is first on its path: ours, or the one it stands in for. So it uses
nothing but what both have.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import os
import sys
from typing import Any

answers = os.fdopen(os.dup(1), "w", buffering=1)
os.dup2(2, 1)  # what a package prints is not an answer

import logto  # noqa: E402
from logto import LogtoClient, LogtoConfig, LogtoException, Storage, UserInfoScope  # noqa: E402
from logto.Storage import PersistKey  # noqa: E402

kept: dict[str, str | None] = {}


class KeptStorage(Storage):
    """As in the tutorial, over a dict."""

    def get(self, key: PersistKey) -> str | None:
        return kept.get(key)

    def set(self, key: PersistKey, value: str | None) -> None:
        kept[key] = value

    def delete(self, key: PersistKey) -> None:
        kept.pop(key, None)


def plain(value: Any) -> Any:
    """`value` as JSON can say it."""
    return value.model_dump(exclude_unset=True) if hasattr(value, "model_dump") else value


def interface() -> dict[str, Any]:
    """What the package offers: names, fields with their defaults, members, parameters."""
    offered: dict[str, Any] = {}
    for name in dir(logto):
        value = getattr(logto, name)
        if name.startswith("_") or name in {"models", "utilities"} or inspect.ismodule(value):
            continue
        entry: dict[str, Any] = {}
        if hasattr(value, "model_fields"):
            entry["fields"] = sorted(value.model_fields)
        elif hasattr(value, "__members__"):
            entry["members"] = {n: m.value for n, m in value.__members__.items()}
        elif inspect.isclass(value):
            entry["methods"] = {
                n: list(inspect.signature(m).parameters)
                for n, m in inspect.getmembers(value, inspect.isfunction)
                if not n.startswith("_")
            }
        offered[name] = entry
    return offered


def do(order: dict[str, Any], client: LogtoClient) -> Any:
    if order["do"] == "interface":
        return interface()
    if order["do"] == "kept":
        return kept
    if order["do"] == "forget":
        return kept.pop(order["key"], None)
    if order["do"] == "keep":
        return kept.update({order["key"]: order["value"]})
    result = getattr(client, order["do"])(**order["with"])
    if inspect.isawaitable(result):
        result = asyncio.run(_wait_for(result))
    return plain(result)


async def _wait_for(result: Any) -> Any:
    return await result


def main() -> None:
    config = json.loads(sys.argv[1])
    config["scopes"] = [UserInfoScope(scope) for scope in config.get("scopes", ())]
    client = LogtoClient(LogtoConfig(**config), storage=KeptStorage())
    for line in sys.stdin:
        try:
            answer = {"result": do(json.loads(line), client)}
        except LogtoException as error:
            answer = {"refused": str(error)}
        except Exception as error:
            answer = {"raised": repr(error)}
        print(json.dumps(answer), file=answers)


if __name__ == "__main__":
    main()
