# Shared by start, test and check: the virtual environment in .venv. Sourced in the checkout's root.

PATH=${PATH:-/usr/local/bin:/usr/bin:/bin}
export PATH
# Images of containers set it: every process would compile 400 files anew, 0.4 s of each start and 8 s of each test process.
unset PYTHONDONTWRITEBYTECODE

fail() {
    echo "$1" >&2
    exit 1
}

# Prints the first Python that is new enough.
find_python() {
    for name in python3 python3.14 python3.13 python3.12 python3.11; do
        if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$name"
            return
        fi
    done
    fail "Aether needs Python 3.11 or newer; 'python3 --version' says: $(python3 --version 2>&1 || true)"
}

create_venv() {
    python=$(find_python) || exit 1
    "$python" -c 'import ensurepip, venv' 2>/dev/null ||
        fail "Python's venv module is missing. Install it: sudo apt-get install python3-venv"
    "$python" -m venv --clear .venv
}

# The folder that remembers what is installed: another one for each version of Python.
memory() {
    echo ".venv/lib/$(.venv/bin/python -c 'import sys; print("python%d.%d" % sys.version_info[:2])')/installed"
}

up_to_date() {
    [ -x .venv/bin/python ] || return 1
    for file in "$@"; do
        cmp -s "$file" "$(memory)/$file" || return 1
    done
}

# prepare_environment FILE...: what the requirements files pin is in .venv. Quick where nothing has changed.
prepare_environment() {
    if up_to_date "$@"; then
        return
    fi
    .venv/bin/python -m pip --version >/dev/null 2>&1 || create_venv
    echo "Installing $* into .venv ..." >&2
    [ -w "${HOME:-/nonexistent}" ] || export PIP_NO_CACHE_DIR=1
    # shellcheck disable=SC2046 # several arguments
    .venv/bin/python -m pip install --quiet --quiet --disable-pip-version-check --no-input $(printf -- '--requirement %s ' "$@")
    mkdir -p "$(memory)"
    cp "$@" "$(memory)"
}
