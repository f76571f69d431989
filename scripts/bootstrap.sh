# Sourced by ./omp, ./combiner and ./test. Sets $OMP_PYTHON, preparing the environment on first use.
# The quick path (environment present, lock file unchanged) costs two milliseconds and no Python.

omp_prepare() { # omp_prepare HERE GROUP
    omp_here=$1
    omp_group=$2
    case "$(uname -s)" in
    Linux) ;;
    *)
        echo "omp runs on Linux only; this is $(uname -s). What to do: use a Linux machine or WSL 2." >&2
        exit 4
        ;;
    esac
    omp_want=$(cat "$omp_here/uv.lock" "$omp_here/pyproject.toml" | cksum)
    OMP_PYTHON="$omp_here/.venv/bin/python"
    for omp_have in test runtime; do
        if [ "$omp_have" = "$omp_group" ] || [ "$omp_have" = test ]; then
            omp_stamp="$omp_here/.venv/.ready-$omp_have"
            if [ -f "$omp_stamp" ] && [ "$(cat "$omp_stamp")" = "$omp_want" ] && [ -x "$OMP_PYTHON" ]; then
                return 0
            fi
        fi
    done
    for omp_candidate in "${OMP_BASE_PYTHON:-python3}" python3.13 python3.12 python3.11 python; do
        if "$omp_candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null; then
            "$omp_candidate" "$omp_here/scripts/prepare_environment.py" "$omp_group" "$omp_want" || exit $?
            return 0
        fi
    done
    echo "No usable Python was found. Allowed: 3.11, 3.12 or 3.13. What to do: apt install python3 python3-venv" >&2
    exit 4
}
