#!/bin/sh
# Stands in front of git: writes down each call, and kills the caller at one of them.
#   SHIM_CALLS  a directory; call N leaves its arguments in the file N
#   SHIM_GIT    the real git
#   SHIM_KILL   "", "before N" or "after N"
#   SHIM_SPARE  the process of the tests, which is never killed

# The shell opens with O_EXCL under -C, so two calls at once never take the same number.
set -C
call=1
until { printf '%s' "$*" >"$SHIM_CALLS/$call"; } 2>/dev/null; do
	call=$((call + 1))
done
set +C

kill_caller() {
	# A caller that is gone has left its children to process 1.
	if [ "$PPID" -gt 1 ] && [ "$PPID" != "$SHIM_SPARE" ]; then
		kill -9 "$PPID"
	fi
	exit 137
}

case $SHIM_KILL in
"before $call")
	kill_caller
	;;
"after $call")
	"$SHIM_GIT" "$@"
	kill_caller
	;;
esac
exec "$SHIM_GIT" "$@"
