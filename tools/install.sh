#!/usr/bin/env bash
# Makes .venv and installs Doorward and its SDK into it, editable, with uv when present, else with pip.
# Usage: tools/install.sh run | dev | pypi-logto
#   dev adds the tools and the clients that the tests need; pypi-logto puts the package `logto` of
#   PyPI, without what it depends on, into .venv/pypi-logto.
set -euo pipefail
cd "$(dirname "$0")/.."
group=${1:-run}

# The first Python 3.11 or newer on the path.
find_python() {
    local name
    for name in python3 python3.14 python3.13 python3.12 python3.11; do
        if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$name"
            return
        fi
    done
    echo "Doorward needs Python 3.11 or newer." >&2
    return 1
}

has_uv() { uv --version >/dev/null 2>&1; }

if [ ! -x .venv/bin/python ]; then
    python=$(find_python)
    if has_uv; then
        uv venv --quiet --allow-existing --python "$python" .venv
    else
        "$python" -c 'import ensurepip, venv' 2>/dev/null || tools/packages.sh venv
        "$python" -m venv .venv
    fi
fi

install() {
    if has_uv; then
        uv pip install --quiet --compile-bytecode --python .venv/bin/python "$@"
    else
        .venv/bin/python -m pip install --quiet "$@"
    fi
}

if [ "$group" = pypi-logto ]; then
    install --no-deps --target .venv/pypi-logto 'logto>=0.2.1'
    exit
fi

targets=(-e .)
[ -f sdk/pyproject.toml ] && targets+=(-e ./sdk)
[ "$group" = dev ] && targets+=(--group dev)

echo "Installing Doorward into .venv ..." >&2
if ! has_uv; then
    .venv/bin/python -m ensurepip >/dev/null
    # Dependency groups need pip 25.1.
    install --upgrade 'pip>=25.1'
fi
install "${targets[@]}"
