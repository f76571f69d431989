#!/bin/sh
# Says whether the daemon lives and mining is well; --json for programs. Exit code 1 if not.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$(readlink -f -- "$0")")/../.." && pwd)
exec "$here/omp" health "$@"
