#!/bin/sh
# Runs user data in a machine of its own: a network without a way out, and this computer's files under a layer that goes
# with it. Called in fresh namespaces, with a folder that has user-data, login (a private key) and known_hosts.
set -eu
given=$1
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
cp "$given/user-data" "$given/login" "$given/known_hosts" "$root/given"
chmod 600 "$root/given/login"

# What the packages would bring: an engine that has its socket, and a shutdown that says that it was asked for.
stub() {
	printf '#!/bin/sh\n%s\n' "$2" >"$root/usr/local/sbin/$1"
	chmod 755 "$root/usr/local/sbin/$1"
}
stub dockerd 'exec /given/socket -test.run=TestMachineSocket'
stub shutdown 'echo "shutdown $*"'
stub git ''
stub iptables 'echo "iptables $*" >>/given/iptables; [ "$2" != -C ]'
cp "$given/socket" "$root/given/socket"

inside() { chroot "$root" env -i PATH=/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin "$@"; }
login() { inside ssh -F none -o BatchMode=yes -o UserKnownHostsFile=/given/known_hosts -i /given/login -p 2222 offshoot@127.0.0.1 "$1"; }
inside sh /given/user-data
inside ls /etc/offshoot
login 'id -un; id -Gn; cat /etc/offshoot/expires; ls -l /etc/offshoot/ssh_host_key | cut -c1-10'
login 'echo 7226582401 >/etc/offshoot/expires; cat /etc/offshoot/expires'
cat "$root/given/iptables"
login 'cat /etc/offshoot/ssh_host_key' 2>/dev/null && echo "the host key is for everybody to read"
echo "not yet:"
inside /etc/offshoot/expire
echo "expired:"
echo 1 >"$root/etc/offshoot/expires"
inside /etc/offshoot/expire
echo "never:"
echo 0 >"$root/etc/offshoot/expires"
inside /etc/offshoot/expire
echo "again:"
inside sh /given/user-data
login 'echo in'
