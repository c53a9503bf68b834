#!/bin/sh
# Boots a machine that stays, in fresh namespaces (mount, net, pid): somebody plugs in a cable called eth0.
# Usage: standing.sh FOLDER ADDRESS ROUTER    FOLDER has user-data and socket
set -eu
given=$1 address=$2 router=$3
. "$(dirname "$0")/root.sh"
until ip link show eth0 >/dev/null 2>&1; do sleep 0.05; done
ip addr add "$address/24" dev eth0
ip link set eth0 up
ip route add default via "$router"
inside sh /given/user-data
exec sleep infinity
