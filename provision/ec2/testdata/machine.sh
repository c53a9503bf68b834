#!/bin/sh
# Runs user data in a machine of its own: a network without a way out, and this computer's files under a layer that goes
# with it. Called in fresh namespaces, with a folder that has user-data, login (a private key), known_hosts and socket.
set -eu
given=$1
. "$(dirname "$0")/root.sh"
cp "$given/login" "$given/known_hosts" "$root/given"
chmod 600 "$root/given/login"
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
