# $1 is the folder of a cluster. Wait for the end of the input, stop the
# servers and the poolers in the folder at once, and remove it.
cat >/dev/null
for file in "$1"/*/postmaster.pid "$1"/*/pgbouncer.pid; do
	[ -f "$file" ] || continue
	read -r pid <"$file" && kill -QUIT "$pid"
done
for _ in 1 2 3 4 5 6 7 8 9 10; do
	ls "$1"/*/postmaster.pid >/dev/null 2>&1 || break
	sleep 0.2
done
rm -rf "$1"
