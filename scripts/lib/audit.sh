# Sourced by check, in the checkout's root.

AUDIT_S=120

# audit FILE...: whether a package that these files pin has a known vulnerability. Asks OSV, https://osv.dev; where that
# cannot be reached it says so and passes: a check without a network is not a failed one.
audit() {
    answer=0
    # shellcheck disable=SC2046 # several arguments
    said=$(timeout $AUDIT_S .venv/bin/pip-audit --progress-spinner off --vulnerability-service osv --timeout 5 \
        --disable-pip --no-deps $(printf -- '--requirement %s ' "$@") 2>&1) || answer=$?
    [ $answer -ne 0 ] || return 0
    case "$answer $said" in
        124* | *ConnectionError* | *ConnectTimeout* | *ReadTimeout*)
            echo "pip-audit skipped: the database of vulnerabilities (api.osv.dev) cannot be reached" >&2
            ;;
        *)
            echo "$said" >&2
            return 1
            ;;
    esac
}
