#!/usr/bin/env bash
# The size of a core install without extras, in a fresh environment, and proof that it runs.
#
#   scripts/core_size.sh [CLIP]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
limit_mb=900
clip=${1:-../shared/media/grid/bbaf2n.mpg}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check --constraint constraints.txt .
size_mb=$(du --summarize --block-size=1M --apparent-size "$folder/venv" | cut -f1)
disk_mb=$(du --summarize --block-size=1M "$folder/venv" | cut -f1)
echo "core install: $disk_mb MB on disk ($size_mb MB of content)"
cd "$folder" # away from the checkout: what runs is what was installed
"$folder/venv/bin/subface" --help >/dev/null
"$folder/venv/bin/subface" run "$OLDPWD/$clip" --profile embedded --mqtt off --pace fast
((disk_mb < limit_mb)) || { echo "over the limit of $limit_mb MB" >&2; exit 6; }
