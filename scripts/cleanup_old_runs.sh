#!/bin/sh
# Deletes old run directories as the retention policy allows.
#   scripts/cleanup_old_runs.sh PATH KEEP MIN_FREE_GB     e.g. workspace/output/scg 5 2
# KEEP runs always stay; nothing goes while MIN_FREE_GB or more is free. OMP_DRY_RUN=1 only lists.
# What goes lies in output/trash for a day first, or is gone at once where the disk is nearly full.
set -eu
if [ "$#" -ne 3 ]; then
    echo "usage: $0 PATH KEEP MIN_FREE_GB   (PATH is the workspace's output/scg)" >&2
    exit 2
fi
here=$(CDPATH='' cd -- "$(dirname -- "$(readlink -f -- "$0")")/.." && pwd)
case "${1%/}" in
*/output/scg) workspace=${1%/}; workspace=${workspace%/output/scg} ;;
output/scg) workspace=. ;;
*)
    echo "$1 is not the output/scg of a workspace. What to do: name WORKSPACE/output/scg" >&2
    exit 2
    ;;
esac
if [ ! -d "$workspace/dashboard" ]; then
    echo "$workspace is no workspace. What to do: name the output/scg of one" >&2
    exit 2
fi
OMP_WORKSPACE=$workspace
export OMP_WORKSPACE
if [ -n "${OMP_DRY_RUN:-}" ]; then
    exec "$here/omp" cleanup --keep "$2" --min-free-gb "$3" --dry-run
fi
exec "$here/omp" cleanup --keep "$2" --min-free-gb "$3"
