#!/bin/sh
# start.sh DIR: install SLURM from Debian's packages if it is not there, and start a cluster of this one machine,
# with its configuration, state and process ids in DIR. Needs root. Leaves a SLURM that is set up already alone.
set -eu

dir=$(mkdir -p "$1" && cd "$1" && pwd)
command -v slurmctld > /dev/null || { apt-get update -qq; apt-get install -y -qq slurm-wlm munge > /dev/null; }

host=$(hostname -s)
cat > "$dir/slurm.conf" << END
ClusterName=genomask
SlurmctldHost=$host
SlurmctldPort=16817
SlurmdPort=16818
SlurmUser=root
SlurmctldPidFile=$dir/slurmctld.pid
SlurmdPidFile=$dir/slurmd.pid
SlurmctldLogFile=$dir/slurmctld.log
SlurmdLogFile=$dir/slurmd.log
StateSaveLocation=$dir/state
SlurmdSpoolDir=$dir/spool
MpiDefault=none
ProctrackType=proctrack/pgid
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
JobRequeue=1
ReturnToService=2
NodeName=$host CPUs=$(nproc)
PartitionName=test Nodes=$host Default=YES MaxTime=INFINITE State=UP
END
mkdir -p "$dir/state" "$dir/spool"

export SLURM_CONF="$dir/slurm.conf"
if ! munge -n > /dev/null 2>&1; then
    mkdir -p /run/munge && chown munge: /run/munge
    runuser -u munge -- munged --pid-file=/run/munge/genomask.pid
fi
slurmctld
slurmd

tries=0
until sinfo --noheader --states=idle --format=%n | grep -q "$host"; do
    tries=$((tries + 1))
    [ "$tries" -le 60 ] || { echo "SLURM did not start: see $dir/slurmctld.log and slurmd.log" >&2; exit 1; }
    sleep 1
done
sinfo
