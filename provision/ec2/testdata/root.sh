# The files of a machine for tests, which the scripts beside this one read: this computer's under a layer that goes with
# the machine. Expects a folder in $given that has user-data, and socket, which is this test's own program.
work=$given/machine
root=$work/root
mkdir -p "$work"
mount -t tmpfs layer "$work"
mkdir -p "$work/upper" "$work/work" "$root"
mount -t overlay machine -o "lowerdir=/,upperdir=$work/upper,workdir=$work/work" "$root"
mount --bind /dev "$root/dev"
mount -t proc proc "$root/proc"
mount -t tmpfs run "$root/run"
ip link set lo up
mkdir -p "$root/given" "$root/usr/local/sbin"
cp "$given/user-data" "$given/socket" "$root/given"

# What the packages would bring: an engine that has its socket, and a shutdown that says that it was asked for.
stub() {
	printf '#!/bin/sh\n%s\n' "$2" >"$root/usr/local/sbin/$1"
	chmod 755 "$root/usr/local/sbin/$1"
}
stub dockerd 'exec /given/socket -test.run=TestMachineSocket'
stub shutdown 'echo "shutdown $*"'
stub git ''
stub iptables 'echo "iptables $*" >>/given/iptables; [ "$2" != -C ]'

inside() { chroot "$root" env -i PATH=/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin "$@"; }
