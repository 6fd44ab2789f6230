#!/usr/bin/env bash
# Makes sure that the named system packages are there, through apt, as root or with sudo.
# Usage: tools/packages.sh chromium postgresql node npm wrk venv
set -euo pipefail

# Whether what package $1 is wanted for is there already.
present() {
    case "$1" in
        postgresql) command -v initdb >/dev/null || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null ;;
        venv) python3 -c 'import ensurepip, venv' 2>/dev/null ;;
        *) command -v "$1" >/dev/null ;;
    esac
}

# The Debian package that brings command $1.
package_of() {
    case "$1" in
        node) echo nodejs ;;
        venv) echo python3-venv ;;
        *) echo "$1" ;;
    esac
}

missing=()
for name in "$@"; do
    present "$name" || missing+=("$(package_of "$name")")
done
[ "${#missing[@]}" -eq 0 ] && exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
    as_root=(sudo)
fi
if ! command -v apt-get >/dev/null || { [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null; }; then
    echo "Please install ${missing[*]} with your system's package manager, then run make again." >&2
    exit 1
fi

echo "Installing ${missing[*]} ..." >&2
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
