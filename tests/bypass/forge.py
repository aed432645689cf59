"""Writes what no command of git's would write: objects, indexes and caches, byte by byte.

    forge.py commit PARENT TREE          a commit, by its id; nothing else is touched
    forge.py entry DIRECTORY MODE NAME ID   HEAD with one more entry in a directory, committed
    forge.py twice ID first|last|file    HEAD with a second entry 'ui' in src, committed
    forge.py unsorted                    HEAD with src in the wrong order, committed
    forge.py late-parent EVIL            a commit with a parent line after the author's
    forge.py index TREE                  an index whose tree cache names another tree
    forge.py deep N                      HEAD with N directories inside one another, committed
    forge.py parents N ID                a commit on HEAD that has it as N parents, and ID
    forge.py commit-graph BASE TIP       a commit-graph in which BASE has TIP as a parent
    forge.py object ID OTHER             the object ID with the content of OTHER
"""

import functools
import hashlib
import os
import struct
import subprocess
import sys
import zlib


def git(*args):
    return subprocess.run(["git", *args], check=True, capture_output=True).stdout


@functools.cache
def objects():
    return os.path.join(git("rev-parse", "--git-common-dir").decode().strip(), "objects")


def loose(name):
    return os.path.join(objects(), name[:2], name[2:])


def put(kind, content):
    data = b"%s %d\0" % (kind.encode(), len(content)) + content
    name = hashlib.sha1(data).hexdigest()
    if not os.path.exists(loose(name)):
        os.makedirs(os.path.dirname(loose(name)), exist_ok=True)
        with open(loose(name), "wb") as file:
            file.write(zlib.compress(data))
    return name


def entries(tree):
    data, found = git("cat-file", "tree", tree), []
    while data:
        head, rest = data.split(b"\0", 1)
        mode, name = head.split(b" ", 1)
        found.append((mode, name, rest[:20].hex()))
        data = rest[20:]
    return found


def order(entry):
    mode, name, _ = entry
    return name + b"/" if int(mode, 8) & 0o170000 == 0o040000 else name


def tree(all_entries):
    lines = (mode + b" " + name + b"\0" + bytes.fromhex(id) for mode, name, id in all_entries)
    return put("tree", b"".join(lines))


def replaced(all_entries, name, id):
    return [(m, n, id if n == name else i) for m, n, i in all_entries]


def commit(parent, top, late=None):
    who = "Ada <ada@example.com> 1770000000 +0000"
    extra = f"parent {late}\n" if late else ""
    text = f"tree {top}\nparent {parent}\nauthor {who}\n{extra}committer {who}\n\nTheirs\n"
    return put("commit", text.encode())


def head():
    return git("rev-parse", "HEAD").decode().strip()


def move_to(top):
    git("update-ref", "HEAD", commit(head(), top))


def with_directory(directory, id):
    """HEAD's tree with another tree at a directory."""
    if not directory:
        return id
    above, _, name = directory.rpartition("/")
    there = entries(f"HEAD:{above}")
    return with_directory(above, tree(replaced(there, name.encode(), id)))


def add_entry(directory, mode, name, id):
    added = entries(f"HEAD:{directory}") + [(mode.encode(), name.encode(), id)]
    move_to(with_directory(directory, tree(sorted(added, key=order))))


def twice(id, where):
    there = entries("HEAD:src")
    mode = b"100644" if where == "file" else b"40000"
    at = [name for _, name, _ in there].index(b"ui") + (where == "last")
    there.insert(at, (mode, b"ui", id))
    move_to(with_directory("src", tree(there)))


def forge_index(other):
    """Every tree that the index's cache names becomes the one of the other tree."""
    path = git("rev-parse", "--git-path", "index").decode().strip()
    with open(path, "rb") as file:
        data = file.read()
    at = data.index(b"TREE")
    size = struct.unpack(">I", data[at + 4 : at + 8])[0]
    old, new, above = data[at + 8 : at + 8 + size], b"", []
    while old:
        name, rest = old.split(b"\0", 1)
        numbers, rest = rest.split(b"\n", 1)
        count, subtrees = (int(number) for number in numbers.split())
        while above and above[-1][1] == 0:
            above.pop()
        if above:
            above[-1][1] -= 1
        place = "/".join([part for part, _ in above if part] + [name.decode()])
        above.append([name.decode(), subtrees])
        new += name + b"\0" + numbers + b"\n"
        if count >= 0:
            new += bytes.fromhex(git("rev-parse", f"{other}:{place}").decode().strip())
            rest = rest[20:]
        old = rest
    data = data[: at + 8] + new + data[at + 8 + size : -20]
    with open(path, "wb") as file:
        file.write(data + hashlib.sha1(data).digest())


def deep(levels):
    below = tree([(b"100644", b"file", git("rev-parse", "HEAD:src/api/lib.rs").decode().strip())])
    for _ in range(levels):
        below = tree([(b"40000", b"d", below)])
    add_entry("src/api", "40000", "deep", below)


def parents(number, other):
    who = "Ada <ada@example.com> 1770000000 +0000"
    top = git("rev-parse", "HEAD^{tree}").decode().strip()
    lines = [f"tree {top}"] + [f"parent {head()}"] * number + [f"parent {other}"]
    text = "\n".join(lines + [f"author {who}", f"committer {who}", "", "Theirs", ""])
    git("update-ref", "HEAD", put("commit", text.encode()))


def forge_commit_graph(base, tip):
    git("commit-graph", "write", "--reachable")
    path = os.path.join(objects(), "info", "commit-graph")
    with open(path, "rb") as file:
        data = bytearray(file.read())
    chunks, at = {}, 8
    for number in range(data[6] + 1):
        chunks[bytes(data[at : at + 4])] = struct.unpack(">Q", data[at + 4 : at + 12])[0]
        at += 12
    count = struct.unpack(">I", data[chunks[b"OIDF"] + 1020 : chunks[b"OIDF"] + 1024])[0]
    names = chunks[b"OIDL"]
    all_names = [bytes(data[names + 20 * n : names + 20 * n + 20]).hex() for n in range(count)]
    second = chunks[b"CDAT"] + 36 * all_names.index(base) + 24
    data[second : second + 4] = struct.pack(">I", all_names.index(tip))
    data[-20:] = hashlib.sha1(data[:-20]).digest()
    os.chmod(path, 0o644)
    with open(path, "wb") as file:
        file.write(data)


def overwrite(name, other):
    kind = git("cat-file", "-t", other).decode().strip()
    content = git("cat-file", kind, other)
    os.chmod(loose(name), 0o644)
    with open(loose(name), "wb") as file:
        file.write(zlib.compress(b"%s %d\0" % (kind.encode(), len(content)) + content))


def main(command, *args):
    if command == "commit":
        print(commit(*args))
    elif command == "entry":
        add_entry(*args)
    elif command == "twice":
        twice(*args)
    elif command == "unsorted":
        move_to(with_directory("src", tree(reversed(entries("HEAD:src")))))
    elif command == "late-parent":
        top = git("rev-parse", "HEAD^{tree}").decode().strip()
        git("update-ref", "HEAD", commit(head(), top, late=args[0]))
    elif command == "index":
        forge_index(*args)
    elif command == "deep":
        deep(int(args[0]))
    elif command == "parents":
        parents(int(args[0]), args[1])
    elif command == "commit-graph":
        forge_commit_graph(*args)
    elif command == "object":
        overwrite(*args)
    else:
        sys.exit(__doc__)


main(*sys.argv[1:])
