#!/bin/sh
# Two agents in one repository: the main job of git stream, shown in a scratch clone of itself.
#
# usage: examples/demo.sh [--keep]      (git stream must be on PATH)
#
# Every command is printed before it runs, and the demo fails where one ends with a status other
# than the expected one. It writes nothing outside a temporary directory.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)

# Nothing of the person's configuration, and nothing that marks an agent's process, comes along.
if [ "${GIT_STREAM_DEMO:-}" != inside ]; then
	SCRATCH=$(mktemp -d)
	if [ "${1:-}" = --keep ]; then
		trap 'echo "The demo is kept in $SCRATCH"' EXIT
	else
		trap 'rm -rf -- "$SCRATCH"' EXIT
	fi
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	status=0
	mkdir "$SCRATCH/home"
	env -i GIT_STREAM_DEMO=inside SCRATCH="$SCRATCH" PATH="$PATH" HOME="$SCRATCH/home" \
		TMPDIR="$SCRATCH" TERM="${TERM:-dumb}" LANG="${LANG:-C}" USER=maria LOGNAME=maria \
		GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1 GIT_TERMINAL_PROMPT=0 GIT_PAGER=cat \
		GIT_AUTHOR_NAME=Maria GIT_AUTHOR_EMAIL=maria@example.com \
		GIT_COMMITTER_NAME=Maria GIT_COMMITTER_EMAIL=maria@example.com \
		sh "$here/examples/demo.sh" || status=$?
	exit "$status"
fi

die() {
	printf '\nerror: %s\n' "$*" >&2
	exit 1
}

tell() { printf '\n# %s\n' "$*"; }

# The words of a command as a person would type them.
typed() {
	line='$'
	for word; do
		case $word in
		*[!A-Za-z0-9_./:=@+,-]* | '') line="$line '$word'" ;;
		*) line="$line $word" ;;
		esac
	done
	printf '%s\n' "$line"
}

# expect STATUS COMMAND…
expect() {
	wanted=$1
	shift
	typed "$@"
	status=0
	"$@" >"$SCRATCH/said" 2>&1 || status=$?
	cat "$SCRATCH/said"
	[ "$status" = "$wanted" ] || die "this ended with status $status, not $wanted"
	[ "$status" = 0 ] || echo "[status $status, as it should be]"
}

# says WORD…: what the last command printed names all of these.
says() {
	for word; do
		grep -Fq -- "$word" "$SCRATCH/said" || die "this did not name '$word'"
	done
}

# enter STREAM: goes to its worktree.
enter() {
	printf '$ cd "%s(git stream path %s)"\n' '$' "$1"
	place=$(git stream path "$1") || die "the worktree of $1 has no path"
	cd -- "$place"
}

# leave: goes back to the main checkout.
leave() {
	typed cd "$main"
	cd -- "$main"
}

# edit FILE TEXT: adds a line at the end.
edit() {
	printf "$ echo '%s' >>%s\n" "$2" "$1"
	printf '%s\n' "$2" >>"$1"
}

# first_line FILE TEXT: replaces the first line, for two people who both want to.
first_line() {
	printf "$ sed -i '1s|.*|%s|' %s\n" "$2" "$1"
	{ printf '%s\n' "$2" && sed 1d "$1"; } >"$SCRATCH/edited"
	cat "$SCRATCH/edited" >"$1"
}

# The files as they stand, for a tarball, a shallow clone or somebody else's directory.
copy_source() {
	rm -rf "$SCRATCH/demo"
	mkdir "$SCRATCH/demo"
	(cd "$here" && tar -cf - --exclude=./target --exclude=./.git .) |
		(cd "$SCRATCH/demo" && tar -xf -)
	cd "$SCRATCH/demo"
	git init --quiet -b main
	git add --all
	git commit --quiet -m "The source of git stream"
}

clone_source() {
	[ -e "$here/.git" ] || return 1
	[ "$(git -C "$here" rev-parse --is-shallow-repository)" = false ] || return 1
	git clone --quiet --no-hardlinks "$here" "$SCRATCH/demo" || return 1
	cd "$SCRATCH/demo"
	git checkout --quiet -B main
	# The demo's ledger is its own business.
	git remote remove origin
}

command -v git-stream >/dev/null || die "git stream is not on PATH; run ./install.sh --demo"
echo "A scratch clone of this repository, in $SCRATCH/demo"
clone_source 2>/dev/null || copy_source
main=$SCRATCH/demo

tell "Set the repository up. Nothing is added to its files."
expect 0 git stream init --private

tell "Two agents take a stream each: a branch, a worktree, and files that are theirs alone."
expect 0 git stream claim guarding --files 'src/guard/**' --agent a1
expect 0 git stream claim installing --files install.sh --files 'docs/**' --agent a2

tell "A third wants files that a1 holds. It is refused, with a path that both would own."
expect 4 git stream claim hooking --files 'src/**/hook*.rs' --agent a3
says guarding a1 src/guard/

tell "a1 works, and edits a file of a2 on the way. The commit is refused."
enter guarding
edit src/guard/mod.rs '// a1 was here.'
edit install.sh '# And a1 was here.'
expect 0 git add --all
expect 1 git commit --quiet -m "Guard better"
says install.sh installing a2

tell "Looking away does not help."
expect 1 git commit --quiet --no-verify -m "Guard better"
says install.sh

tell "What is not its own goes out of the commit. The rest is committed."
expect 0 git stream guard unstage
expect 0 git commit --quiet -m "Guard better"
expect 0 git checkout --quiet -- install.sh

tell "Meanwhile Maria changes the base branch, where nobody is in the way."
leave
edit README.md 'Maria was here.'
expect 0 git commit --quiet -a -m "Say who was here"

tell "a1 brings its stream up to date: a rebase."
expect 0 git stream sync guarding
expect 0 git log --oneline --graph -n 3 stream/guarding

tell "a2 and Maria both change one line."
enter installing
first_line install.sh '#!/usr/bin/env sh'
expect 0 git commit --quiet -a -m "Find the shell on PATH"
before=$(git rev-parse HEAD && git status --porcelain && git hash-object install.sh)
leave
first_line install.sh '#!/bin/bash'
expect 0 git commit --quiet -a -m "Use bash"

tell "No machine can know which is right. sync stops before it has touched anything, and asks."
expect 3 git stream sync installing
enter installing
after=$(git rev-parse HEAD && git status --porcelain && git hash-object install.sh)
[ "$before" = "$after" ] || die "the stopped sync has changed the worktree"
echo "(branch, index and files of a2 are what they were)"

tell "The question waits for a person."
leave
expect 0 git stream inbox
says installing install.sh

tell "And this is the whole picture."
expect 0 git stream status
says guarding a1 installing a2

tell "Every decision is a commit: who, what, when."
expect 0 git log --format='%h %s' refs/stream/ledger

printf '\nThe demo has shown what it promised; every command ended as it should.\n'
