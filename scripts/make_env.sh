#!/bin/sh
# Make a virtual environment with a Python that Subface runs on, if it is not there.
# Usage: scripts/make_env.sh FOLDER        PYTHON=... chooses the interpreter
set -eu
folder=$1

fits() {
    command -v "$1" >/dev/null 2>&1 &&
        "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

if [ -x "$folder/bin/python" ] && "$folder/bin/python" -m pip --version >/dev/null 2>&1; then
    exit 0
fi

found=
for python in ${PYTHON:-} python3 python3.13 python3.12 python3.11 python3.14; do
    if fits "$python"; then found=$python; break; fi
done
if [ -z "$found" ]; then
    echo "make: Subface needs Python 3.11 or newer, and none was found (got: $(python3 --version 2>&1))." >&2
    echo "make: install one (Debian 12: apt-get install python3 python3-venv), or name it: make PYTHON=/path/to/python3.12 ..." >&2
    exit 2
fi

echo "== $folder: $("$found" --version) from $(command -v "$found")" >&2
if ! "$found" -m venv "$folder"; then
    rm -rf "$folder"
    echo "make: $found has no venv module; install it (Debian: apt-get install python3-venv), or name another Python: make PYTHON=..." >&2
    exit 2
fi
