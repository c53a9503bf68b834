# Sourced by the scripts beside it, all bash.
# shellcheck shell=bash
#
# What a script leaves on the machine is recorded under .cache in the repository, so that it can be taken back:
#   .cache/machine   the engine that `engine start` started, the image that `postgres-image` made
#   .cache/demo      what `demo up` made beyond that

set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repo=$(cd "$here/../.." && pwd)
# shellcheck disable=SC2034 # for those who source this
state=$repo/.cache/machine
# shellcheck disable=SC2034 # likewise
tools=$repo/.cache/bin
# dockerd, iptables and other tools of the administrator are not on everybody's PATH.
export PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

say() { printf '%s: %s\n' "${0##*/}" "$*"; }
# Usage: fail MESSAGE [HINT]
fail() {
	printf '%s: %s\n' "${0##*/}" "$1" >&2
	if [ -n "${2:-}" ]; then printf 'hint: %s\n' "$2" >&2; fi
	exit 1
}
have() { command -v "$1" >/dev/null 2>&1; }

# can_root tells whether as_root works. It asks for a password only where there is somebody to type it.
can_root() {
	[ "$(id -u)" = 0 ] && return 0
	have sudo || return 1
	sudo -n true 2>/dev/null && return 0
	[ -t 0 ] && [ -t 2 ] && sudo -v
}
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

# wait_for SECONDS COMMAND...: true as soon as the command succeeds.
wait_for() {
	local until=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -lt "$until" ] || return 1
		sleep 0.2
	done
}

# pg_bin prints the directory of the newest PostgreSQL server on this machine.
# Debian keeps it off PATH, one directory for each major version; Homebrew does alike.
pg_bin() {
	local dir
	for dir in $(printf "%s\n" /usr/lib/postgresql/*/bin /opt/homebrew/opt/postgresql@*/bin /usr/local/opt/postgresql@*/bin \
		/usr/pgsql-*/bin | sed 's/.*[^0-9]\([0-9][0-9]*\)\/bin$/\1 &/' | sort -rn | sed 's/^[0-9]* //'); do
		if [ -x "$dir/initdb" ] && [ -x "$dir/postgres" ]; then
			echo "$dir"
			return
		fi
	done
	if have initdb && have postgres; then dirname "$(command -v initdb)"; fi
}

# pg_major prints the major version of the server in that directory.
pg_major() { "$1/postgres" --version | sed 's/[^0-9]*\([0-9]*\).*/\1/'; }
