#!/bin/sh
# Made by offshoot: turns a fresh machine into one for a preview. It may run again: every boot of an image that was
# baked from it does.
set -eu
umask 077
mkdir -p /etc/offshoot
chmod 755 /etc/offshoot
rm -f /etc/offshoot/ready /etc/offshoot/failed
at=begin
end() {
	code=$?
	[ "$code" != 0 ] || return 0
	echo "offshoot: bootstrap failed at: $at (exit $code)"
	echo "$at (exit $code)" >/etc/offshoot/failed
	chmod 644 /etc/offshoot/failed
}
trap end EXIT
say() {
	at=$1
	echo "offshoot: bootstrap: $1"
}
systemd() { [ -d /run/systemd/system ]; }
kind=@KIND@

say "timer"
# First of all: whatever goes wrong from here on, the machine ends when it expires. A shutdown terminates it.
echo @EXPIRES@ >/etc/offshoot/expires
chmod 644 /etc/offshoot/expires
cat >/etc/offshoot/expire <<'SCRIPT'
#!/bin/sh
# Shuts the machine down when it has expired; 0: never.
expires=$(cat /etc/offshoot/expires)
[ "$expires" -gt 0 ] && [ "$(date +%s)" -ge "$expires" ] || exit 0
echo "offshoot: expired, shutting down"
exec shutdown -h now
SCRIPT
chmod 755 /etc/offshoot/expire
if systemd; then
	cat >/etc/systemd/system/offshoot-expire.service <<'UNIT'
[Unit]
Description=end this preview's machine when it has expired
[Service]
Type=oneshot
ExecStart=/etc/offshoot/expire
UNIT
	# A machine that was stopped for longer than it was to live has a quarter of an hour to be told otherwise.
	cat >/etc/systemd/system/offshoot-expire.timer <<'UNIT'
[Unit]
Description=end this preview's machine when it has expired
[Timer]
OnBootSec=15min
OnUnitActiveSec=1min
[Install]
WantedBy=timers.target
UNIT
	systemctl daemon-reload
	systemctl enable --now offshoot-expire.timer
else
	# nohup and the streams: what starts this script must not wait for it.
	nohup sh -c 'while sleep 60; do /etc/offshoot/expire; done' >/dev/null 2>&1 </dev/null &
fi

say "user"
getent group docker >/dev/null || groupadd --system docker
id offshoot >/dev/null 2>&1 || useradd --create-home --shell /bin/sh --groups docker offshoot
# A star is no password; the exclamation mark that useradd leaves is a locked account, which sshd does not let in.
usermod --password '*' offshoot
install -d -m 700 -o offshoot -g offshoot /home/offshoot/.ssh
# Without a key in it EC2 Instance Connect says who is let in.
cat >/home/offshoot/.ssh/authorized_keys <<'KEY'
@LOGIN_KEY@
KEY
login=$(cat /home/offshoot/.ssh/authorized_keys)
chown offshoot:offshoot /home/offshoot/.ssh/authorized_keys
# Every up tells the timer a new time.
chown offshoot /etc/offshoot/expires

# The timeout that apt-get knows is for the lock of dpkg: for that of the lists, which an unattended upgrade holds as
# well, it does not wait.
update() {
	tries=0
	until apt-get -o DPkg::Lock::Timeout=300 update 2>/etc/offshoot/update; do
		cat /etc/offshoot/update >&2
		grep -q 'lists/lock' /etc/offshoot/update && [ "$tries" -lt 60 ] || return 1
		tries=$((tries + 1))
		sleep "${PAUSE:-5}"
	done
	rm -f /etc/offshoot/update
}

say "packages"
# The distribution's own, and none where an image has them already.
if [ "$kind" = bare ] && [ -x /usr/sbin/sshd ]; then
	# What is to be installed later must not meet the upgrade that a young machine begins with.
	if command -v apt-get >/dev/null && [ ! -x /usr/bin/pg_dump ]; then update; fi
elif command -v dockerd >/dev/null && command -v iptables >/dev/null && command -v git >/dev/null && [ -x /usr/sbin/sshd ]; then
	:
elif command -v apt-get >/dev/null; then
	export DEBIAN_FRONTEND=noninteractive
	update
	apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends docker.io iptables git openssh-server
elif command -v dnf >/dev/null; then
	dnf install -y docker iptables git openssh-server
else
	say "packages: neither apt-get nor dnf is there"
	exit 1
fi

instance_connect() {
	for eic in /usr/share/ec2-instance-connect/eic_run_authorized_keys /opt/aws/bin/eic_run_authorized_keys; do
		[ ! -x "$eic" ] || return 0
	done
	return 1
}
if [ -z "$login" ] && ! instance_connect; then
	say "packages: ec2-instance-connect"
	if command -v apt-get >/dev/null; then
		apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends ec2-instance-connect
	else
		dnf install -y ec2-instance-connect
	fi
	instance_connect
fi

say "ssh"
cat >/etc/offshoot/ssh_host_key <<'KEY'
@HOST_KEY@
KEY
# An endpoint of EC2 Instance Connect reaches 22 and 3389 alone, and at 22 the image's own server answers first.
cat >/etc/offshoot/sshd_config <<'CONFIG'
Port @PORT@
Port 3389
HostKey /etc/offshoot/ssh_host_key
PidFile /run/offshoot-sshd.pid
AllowUsers offshoot
AuthenticationMethods publickey
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin no
X11Forwarding no
AllowAgentForwarding no
MaxAuthTries 3
ClientAliveInterval 30
ClientAliveCountMax 10
CONFIG
if [ -z "$login" ]; then
	cat >>/etc/offshoot/sshd_config <<CONFIG
AuthorizedKeysFile none
AuthorizedKeysCommand $eic %u %f
AuthorizedKeysCommandUser ec2-instance-connect
CONFIG
fi
mkdir -p /run/sshd
chmod 755 /run/sshd
/usr/sbin/sshd -t -f /etc/offshoot/sshd_config
if systemd; then
	cat >/etc/systemd/system/offshoot-sshd.service <<'UNIT'
[Unit]
Description=SSH for offshoot
After=network.target
[Service]
RuntimeDirectory=sshd
RuntimeDirectoryMode=0755
RuntimeDirectoryPreserve=yes
ExecStart=/usr/sbin/sshd -D -f /etc/offshoot/sshd_config
Restart=always
# What was started over a connection goes on without it.
KillMode=process
[Install]
WantedBy=multi-user.target
UNIT
	systemctl daemon-reload
	systemctl enable --now offshoot-sshd.service
	# Nobody needs the image's own.
	# Each by itself: of several, one that is not there can keep the others as they are.
	for unit in ssh.socket ssh.service sshd.socket sshd.service; do
		systemctl disable --now "$unit" 2>/dev/null || true
	done
else
	/usr/sbin/sshd -f /etc/offshoot/sshd_config
fi

engine() {
	say "engine"
	# Containers do not reach the metadata service, which knows the machine's credentials. The engine keeps what it finds in
	# this chain, and asks it first.
	cat >/etc/offshoot/guard <<'SCRIPT'
#!/bin/sh
set -e
iptables -w -N DOCKER-USER 2>/dev/null || true
iptables -w -C DOCKER-USER -d 169.254.169.254/32 -j REJECT 2>/dev/null || iptables -w -I DOCKER-USER -d 169.254.169.254/32 -j REJECT
SCRIPT
	chmod 755 /etc/offshoot/guard
	if systemd; then
		mkdir -p /etc/systemd/system/docker.service.d
		printf '[Service]\nExecStartPre=/etc/offshoot/guard\n' >/etc/systemd/system/docker.service.d/offshoot.conf
		systemctl daemon-reload
		/etc/offshoot/guard # the packages may have started the engine already
		systemctl enable --now docker.service
	else
		/etc/offshoot/guard
		[ -S /var/run/docker.sock ] || nohup dockerd >/var/log/offshoot-dockerd.log 2>&1 </dev/null &
	fi
	waited=0
	until [ -S /var/run/docker.sock ]; do
		[ "$waited" -lt 60 ] || exit 1
		waited=$((waited + 1))
		sleep 1
	done
}

if [ "$kind" = bare ]; then
	say "rights"
	# To install PostgreSQL's programs of a version that only the source tells.
	mkdir -p /etc/sudoers.d
	echo 'offshoot ALL=(root) NOPASSWD: ALL' >/etc/sudoers.d/offshoot
	chmod 440 /etc/sudoers.d/offshoot
else
	engine
fi

say "done"
: >/etc/offshoot/ready
chmod 644 /etc/offshoot/ready
