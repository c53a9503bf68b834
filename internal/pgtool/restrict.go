package pgtool

import "strings"

// Restrict begins a script in which psql takes no commands of its own until
// Unrestrict with the same key, of letters and digits, which nobody who writes
// into the script may know. Without that, whatever gets out of quotes in the
// text of a schema runs programs where psql runs:
// https://www.postgresql.org/support/security/CVE-2025-8714/
//
// psql knows \restrict since 13.22, 14.19, 15.14, 16.10, 17.6 and 18, and stops
// at a command that it does not know, also in a branch of \if that is not
// taken. So an older one gets the command within a comment, which a variable
// opens: psql reads on in what it put in place of a variable.
func Restrict(key string) string {
	return "SELECT CASE WHEN " + knowsRestrict + " THEN '' ELSE '/*' END AS " + guardOf(key) + " \\gset\n" +
		guardedCommand("restrict", key)
}

// Unrestrict ends what Restrict began.
func Unrestrict(key string) string { return guardedCommand("unrestrict", key) }

const knowsRestrict = ":VERSION_NUM >= 170006" +
	" OR :VERSION_NUM BETWEEN 160010 AND 169999 OR :VERSION_NUM BETWEEN 150014 AND 159999" +
	" OR :VERSION_NUM BETWEEN 140019 AND 149999 OR :VERSION_NUM BETWEEN 130022 AND 139999"

// guardOf is a variable whose name nobody can know either: what opens a
// comment for us would open one for others.
func guardOf(key string) string { return "guard_" + strings.ToLower(key) }

func guardedCommand(name, key string) string {
	return ":" + guardOf(key) + "\n\\" + name + " " + key + "\n-- */\n"
}
