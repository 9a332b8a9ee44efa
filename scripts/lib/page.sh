# The web page, where its sources are here: page build | check | test. Sourced after environment.sh.
page() {
    [ ! -d frontend ] || .venv/bin/python scripts/page.py "$1"
}
