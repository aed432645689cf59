#!/bin/sh
# What every way round has at hand. It runs in the worktree of stream 'api', which owns src/api/**
# but not src/api/generated/**. REPO is the main checkout, ADMIN the worktree's admin directory,
# BASE the newest commit of the base, PLANNED the one before, on which the stream stands.

# shellcheck disable=SC2030,SC2031 # each index is for its own subshell

# Another stream's file is changed.
theirs() { echo theirs >src/ui/app.js; }

# An own file is changed.
mine() { echo "mine $1" >src/api/lib.rs; }

# The tree of $1 with another stream's file changed.
stolen() (
	export GIT_INDEX_FILE="$TMPDIR/stolen.index"
	git read-tree "$1"
	blob=$(echo theirs | git hash-object -w --stdin)
	git update-index --cacheinfo "100644,$blob,src/ui/app.js"
	git write-tree
)

# A commit on $1 that changes another stream's file.
evil() { git commit-tree -p "$1" -m Theirs "$(stolen "$1")"; }

# A commit that nothing has refused, as if it had been made in another clone.
slip() { git -c core.hooksPath=/dev/null update-ref HEAD "$(evil HEAD)" && git reset -q --hard; }

# Branches of somebody else: on the base's commit that the stream stands on, on the stream, and one that brings nothing wrong.
topic() { git -C "$REPO" update-ref refs/heads/topic "$(evil "$PLANNED")"; }
ahead() { git -C "$REPO" update-ref refs/heads/ahead "$(evil stream/api)"; }
side() { git -C "$REPO" update-ref refs/heads/side "$(git commit-tree -p "$PLANNED" -m Side "$PLANNED^{tree}")"; }

# The change as a patch.
patch() { git diff HEAD "$(evil HEAD)"; }

# The stream's directory with one more line of `git ls-tree` in it, committed.
in_api() {
	api=$({ echo "$1"; git ls-tree HEAD:src/api; } | git mktree)
	src=$(git ls-tree HEAD:src | sed "s/[0-9a-f]*\tapi$/$api\tapi/" | git mktree)
	top=$(git ls-tree HEAD | sed "s/[0-9a-f]*\tsrc$/$src\tsrc/" | git mktree)
	git update-ref HEAD "$(git commit-tree -p HEAD -m Theirs "$top")"
}

# A file of the ledger's tree is edited by a sed script.
edit_ledger() (
	export GIT_INDEX_FILE="$TMPDIR/ledger.index"
	git read-tree refs/stream/ledger
	blob=$(git show "refs/stream/ledger:$1" | sed "$2" | git hash-object -w --stdin)
	git update-index --cacheinfo "100644,$blob,$1"
	id=$(git commit-tree -p refs/stream/ledger -m Edited "$(git write-tree)")
	git update-ref refs/stream/ledger "$id"
)

# What no command of git's writes.
forge() { python3 "$FORGE" "$@"; }
