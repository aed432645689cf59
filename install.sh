#!/bin/sh
# Builds git stream with cargo and installs it: programs, man pages, completions.
set -eu

usage() {
	cat <<'END'
usage: ./install.sh [--prefix DIR] [--demo [--keep]] [--built DIR] [--dry-run]
       ./install.sh [--prefix DIR] --uninstall [--dry-run]

  --prefix DIR   where to install (default: ~/.local)
  --demo         afterwards, show the main job in a scratch clone of this repository
  --keep         leave the demo's directory for a look around
  --built DIR    install the programs found in DIR instead of building them
  --uninstall    remove exactly what was installed under the prefix
  -n, --dry-run  say what would be written or removed, and change nothing
END
}

# git merge-tree --write-tree and git hook run, with the fixes that both got by then.
git_least="2 39"
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
prefix=${HOME:-}/.local
built=
demo=no
keep=
job=install
dry=no
temp=

say() { printf '%s\n' "$*"; }
warn() { printf 'warning: %s\n' "$*" >&2; }
die() {
	printf 'error: %s\n' "$1" >&2
	shift
	for hint; do printf 'hint: %s\n' "$hint" >&2; done
	exit 1
}
need() { command -v "$1" >/dev/null 2>&1 || die "'$1' is not on PATH" "$2"; }

# at_least "FOUND MINOR" "WANTED MINOR": compares versions that are written as two numbers.
at_least() {
	# shellcheck disable=SC2086 # two words each, on purpose
	set -- $1 $2
	[ "$1" -gt "$3" ] || { [ "$1" -eq "$3" ] && [ "$2" -ge "$4" ]; }
}

check_git() {
	need git "Install git 2.39 or newer."
	found=$(git version | sed -n 's/^git version \([0-9]*\)\.\([0-9]*\).*/\1 \2/p')
	[ -n "$found" ] || die "\`git version\` answers '$(git version)', which names no version"
	at_least "$found" "$git_least" || die \
		"$(git version) is too old: 'git merge-tree --write-tree' and 'git hook run' are needed" \
		"Install git 2.39 or newer; no other part of the system has to change."
}

check_rust() {
	need cargo "Install Rust from https://rustup.rs, then run this again."
	need rustc "Install Rust from https://rustup.rs, then run this again."
	wanted=$(sed -n 's/^rust-version = "\([0-9]*\)\.\([0-9]*\).*/\1 \2/p' "$here/Cargo.toml")
	found=$(cd "$here" && rustc --version | sed -n 's/^rustc \([0-9]*\)\.\([0-9]*\).*/\1 \2/p')
	at_least "${found:-0 0}" "$wanted" || die \
		"Rust $(say "$found" | tr ' ' .) is too old; $(say "$wanted" | tr ' ' .) is needed" \
		"Run 'rustup update', then run this again."
}

# Nothing is built for a place that cannot be written to.
check_prefix() {
	above=$prefix
	while [ ! -e "$above" ]; do above=$(dirname -- "$above"); done
	[ -d "$above" ] || die "'$above' is not a directory; nothing was changed"
	[ -w "$above" ] || die "'$above' cannot be written to; nothing was changed" \
		"Choose another place with './install.sh --prefix DIR'."
}

build() {
	[ -z "$built" ] || return 0
	if [ "$dry" = yes ]; then
		say "would run: cargo build --release --locked --bins"
		return 0
	fi
	(cd "$here" && cargo build --release --locked --bins) || die \
		"the build failed; nothing was installed"
	# cargo knows best where it builds: CARGO_TARGET_DIR and its configuration both have a say.
	built=$(cd "$here" && cargo metadata --format-version 1 --no-deps --locked |
		sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p')/release
}

manifest_name=share/git-stream/manifest
manifest() { printf '%s/%s' "$prefix" "$manifest_name"; }

# The manifest names files, and directories with a final '/', relative to the prefix.
note() { grep -Fqx -- "$1" "$temp/manifest" || say "$1" >>"$temp/manifest"; }

# Makes a directory below the prefix, with its parents, and notes those that were not there.
directory() {
	[ "$1" != . ] && [ ! -d "$prefix/$1" ] || return 0
	directory "$(dirname -- "$1")"
	note "$1/"
	save_manifest
	mkdir -- "$prefix/$1"
}

# What is about to be written is on record first: a killed installation can be uninstalled.
save_manifest() {
	[ -d "$prefix/share/git-stream" ] || return 0
	new=$prefix/share/git-stream/.manifest.new
	cp -- "$temp/manifest" "$new"
	mv -f -- "$new" "$(manifest)"
}

# put MODE FILE DIRECTORY: a program that runs keeps its old file, a new start gets the new one.
put() {
	name=$(basename -- "$2")
	say "  $name"
	[ "$dry" = no ] || return 0
	directory "$3"
	note "$3/$name"
	say "$3/$name" >>"$temp/now"
	save_manifest
	new=$prefix/$3/.$name.new
	cp -- "$2" "$new"
	chmod "$1" "$new"
	mv -f -- "$new" "$prefix/$3/$name"
}

# put_all TITLE MODE DIRECTORY FILES…: nothing where the tree has no such files.
put_all() {
	title=$1 mode=$2 into=$3
	shift 3
	[ -e "$1" ] || return 0
	say "$title in $prefix/$into:"
	for file; do put "$mode" "$file" "$into"; done
}

programs() {
	for source in "$here"/src/bin/*.rs; do basename -- "$source" .rs; done
}

install_all() {
	if [ "$dry" = no ]; then
		mkdir -p -- "$prefix"
		# As PATH would name it: without "..".
		prefix=$(CDPATH='' cd -- "$prefix/." && pwd)
		: >"$temp/now"
		if [ -f "$(manifest)" ]; then cp -- "$(manifest)" "$temp/manifest"; else : >"$temp/manifest"; fi
		directory share/git-stream
		note "$manifest_name"
		save_manifest
	fi
	if [ "$dry" = yes ]; then say "would write"; fi
	say "programs in $prefix/bin:"
	for name in $(programs); do
		[ "$dry" = yes ] || [ -f "$built/$name" ] || die "'$built/$name' was not built"
		put 755 "$built/$name" bin
	done
	from=$here/docs/completions
	put_all "man pages" 644 share/man/man1 "$here"/docs/man/*.1
	put_all "bash completions" 644 share/bash-completion/completions "$from"/bash/*
	put_all "zsh completions" 644 share/zsh/site-functions "$from"/zsh/*
	put_all "fish completions" 644 share/fish/vendor_completions.d "$from"/fish/*
	[ "$dry" = yes ] || drop_outdated
}

# What an earlier version installed and this one does not have.
drop_outdated() {
	say "$manifest_name" >>"$temp/now"
	grep -v '/$' "$temp/manifest" | grep -Fvx -f "$temp/now" >"$temp/outdated" || :
	while IFS= read -r path; do
		say "removed $prefix/$path, which this version does not have"
		rm -f -- "$prefix/$path"
		grep -Fvx -- "$path" "$temp/manifest" >"$temp/kept"
		mv -- "$temp/kept" "$temp/manifest"
	done <"$temp/outdated"
	save_manifest
}

# has LIST DIRECTORY: whether a list with colons contains it.
has() {
	case ":$1:" in
	*":$2:"*) return 0 ;;
	*) return 1 ;;
	esac
}

advise() {
	first=$(command -v git-stream || :)
	if ! has "$PATH" "$prefix/bin"; then
		warn "$prefix/bin is not on PATH; git will not find 'git stream' there."
		warn "add to your shell's profile: export PATH=\"$prefix/bin:\$PATH\""
	elif [ -n "$first" ] && [ "$first" != "$prefix/bin/git-stream" ]; then
		warn "$first comes first on PATH and hides this installation."
	fi
	# An empty part of MANPATH stands for what man finds by itself, beside the programs on PATH.
	if [ -n "${MANPATH:-}" ] && ! has "$MANPATH" "" && ! has "$MANPATH" "$prefix/share/man"; then
		warn "MANPATH leaves out $prefix/share/man; 'git stream --help' will find no page."
		warn "add to your shell's profile: export MANPATH=\"$prefix/share/man:\$MANPATH\""
	fi
	command -v man >/dev/null 2>&1 || warn "'man' is not installed: use 'git stream VERB -h'."
}

uninstall() {
	[ -f "$(manifest)" ] || die "nothing is installed under $prefix: $(manifest) does not exist" \
		"Name the place with './install.sh --prefix DIR --uninstall'."
	if grep -Eq '^/|(^|/)\.\.(/|$)' "$(manifest)"; then
		die "$(manifest) names files outside $prefix; nothing was changed"
	fi
	cp -- "$(manifest)" "$temp/manifest"
	if [ "$dry" = yes ]; then say "would remove from $prefix:"; else say "removing from $prefix:"; fi
	grep -v '/$' "$temp/manifest" | grep -Fvx -- "$manifest_name" >"$temp/files" || :
	say "$manifest_name" >>"$temp/files"
	while IFS= read -r path; do
		say "  $path"
		new=$(dirname -- "$path")/.$(basename -- "$path").new
		[ "$dry" = yes ] || rm -f -- "$prefix/$path" "$prefix/$new"
	done <"$temp/files"
	[ "$dry" = no ] || return 0
	# The deepest directories first; one that somebody else uses as well stays.
	grep '/$' "$temp/manifest" | sort -r >"$temp/directories" || :
	while IFS= read -r path; do
		rmdir -- "$prefix/$path" 2>/dev/null || :
	done <"$temp/directories"
}

while [ $# -gt 0 ]; do
	case $1 in
	--prefix | --built)
		[ -n "${2:-}" ] || die "$1 needs a directory"
		if [ "$1" = --prefix ]; then prefix=$2; else built=$2; fi
		shift
		;;
	--prefix=?*) prefix=${1#*=} ;;
	--built=?*) built=${1#*=} ;;
	--demo) demo=yes ;;
	--keep) keep=--keep ;;
	--uninstall) job=uninstall ;;
	-n | --dry-run) dry=yes ;;
	-h | --help)
		usage
		exit 0
		;;
	*)
		usage >&2
		exit 2
		;;
	esac
	shift
done

case $prefix in
/.local) die "HOME is not set" "Name the place with './install.sh --prefix DIR'." ;;
/*) ;;
*) prefix=$(pwd -P)/$prefix ;;
esac
prefix=${prefix%/}
case $built in
"" | /*) ;;
*) built=$(pwd -P)/$built ;;
esac

temp=$(mktemp -d)
trap 'rm -rf -- "$temp"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

if [ "$job" = uninstall ]; then
	uninstall
else
	check_git
	[ -n "$built" ] || check_rust
	check_prefix
	build
	install_all
fi
if [ "$dry" = yes ]; then
	say "nothing was changed"
	exit 0
fi
[ "$job" = install ] || exit 0
advise
if [ "$demo" = yes ]; then
	PATH=$prefix/bin:$PATH sh "$here/examples/demo.sh" ${keep:+"$keep"}
fi
