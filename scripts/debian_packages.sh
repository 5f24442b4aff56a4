#!/bin/sh
# Install the Debian packages that the tests need, where that is allowed; otherwise say what is left out.
set -eu

needed() {
    cat <<'LIST'
python3-venv                    the environment itself, where Debian's own Python makes it
mosquitto                       tests of delivery against a real broker
ffmpeg                          tests of sources: RTMP, HLS, HTTP-TS, UDP-TS, odd files
srt-tools                       tests of SRT sources
chromium                        tests of captions: a real browser shows them
pocketsphinx-testdata           tests and benchmarks of speech: LibriVox sentences with their text
python3-gi                      tests of RTSP sources: a real server on loopback
gir1.2-gst-rtsp-server-1.0      .
gstreamer1.0-rtsp               .
gstreamer1.0-plugins-base       .
gstreamer1.0-plugins-good       .
gstreamer1.0-plugins-bad        .
gstreamer1.0-plugins-ugly       .
gstreamer1.0-x                  .
gstreamer1.0-libav              .
LIST
}

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    echo "== no apt-get here: tests that need a program which is not installed are left out and say so"
    exit 0
fi

missing=$(needed | while read -r package _; do
    [ "$package" != python3-venv ] || ! python3 -c 'import ensurepip' 2>/dev/null || continue
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || echo "$package"
done)
if [ -z "$missing" ]; then
    exit 0
fi

if [ "$(id -u)" -eq 0 ]; then
    echo "== apt-get install" $missing
    export DEBIAN_FRONTEND=noninteractive
    apt-get -q update
    # shellcheck disable=SC2086 (one argument a package)
    apt-get -qy install --no-install-recommends $missing
else
    echo "== not root, so these Debian packages are not installed, and the tests that need them are left out:"
    for package in $missing; do needed | grep "^$package "; done
    echo "== as root: apt-get install --no-install-recommends" $missing
fi
