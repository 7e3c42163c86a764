#!/bin/sh
# stop.sh DIR: stop what start.sh DIR started, by its process ids.
set -u

SLURM_CONF="$1/slurm.conf" scancel --user=root
for file in "$1/slurmd.pid" "$1/slurmctld.pid" /run/munge/genomask.pid; do
    [ ! -f "$file" ] || kill "$(cat "$file")"
done
