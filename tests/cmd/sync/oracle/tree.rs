//! A tree as it is being edited: what is in it, and what one change does to it.

use std::collections::BTreeMap;

use super::dice::Dice;

/// Mode and content by path; a submodule's content is its commit, in hex.
pub(super) type Tree = BTreeMap<String, (&'static str, Vec<u8>)>;

pub(super) const FILE: &str = "100644";
const PROGRAM: &str = "100755";
const LINK: &str = "120000";
pub(super) const SUBMODULE: &str = "160000";

/// What may stand in a `.gitattributes`.
const ATTRIBUTES: [&str; 9] = [
    "*.txt merge=union\n",
    "*.txt merge=both\n",
    "*.txt merge=noisy\n",
    "src/** merge=fails\n",
    "*.txt merge=unknown\n",
    "*.txt -merge\n",
    "*.txt binary\n",
    "*.txt text eol=lf\n",
    "",
];

/// Long files that renames are found for, in some directories, and some odd ones.
pub(super) fn first(dice: &mut Dice) -> Tree {
    let mut tree = Tree::new();
    let paths = [
        "a.txt",
        "src/b.txt",
        "src/c.txt",
        "lib/d.txt",
        "src/deep/e.txt",
        "dos.txt",
    ];
    for (n, path) in paths.iter().enumerate() {
        let end = if *path == "dos.txt" { "\r\n" } else { "\n" };
        let text: String = (0..12)
            .map(|line| format!("file {n} line {line}{end}"))
            .collect();
        tree.insert((*path).to_owned(), (FILE, text.into_bytes()));
    }
    tree.insert("data.bin".to_owned(), (FILE, vec![0, 1, 2, 3]));
    if dice.once_in(3) {
        let text = dice.pick(&ATTRIBUTES).as_bytes().to_vec();
        tree.insert(".gitattributes".to_owned(), (FILE, text));
    }
    tree
}

/// One change to a tree.
pub(super) fn step(dice: &mut Dice, tree: &mut Tree) {
    let paths: Vec<String> = tree
        .keys()
        .filter(|path| !path.ends_with(".gitattributes"))
        .cloned()
        .collect();
    if paths.is_empty() {
        tree.insert("again.txt".to_owned(), (FILE, b"again\n".to_vec()));
        return;
    }
    let path = dice.pick(&paths).clone();
    match dice.roll(24) {
        0..=8 => edit(dice, tree.get_mut(&path).unwrap()),
        9 => drop(tree.remove(&path)),
        10 | 11 => {
            let places = ["moved", "lib", "src/deep"];
            let to = format!("{}/{}.txt", dice.pick(&places), dice.roll(4));
            rename(tree, &path, &to);
        }
        12 => rename_directory(dice, tree),
        13 => {
            let file = tree.get_mut(&path).unwrap();
            file.0 = match file.0 {
                FILE => PROGRAM,
                PROGRAM => FILE,
                other => other,
            };
        }
        14 | 15 => {
            let text = format!("new {}\n", dice.roll(3));
            put(tree, &format!("src/new{}.txt", dice.roll(3)), FILE, &text);
        }
        16 => {
            let bytes = vec![0, 1, 2, u8::try_from(dice.roll(4)).unwrap()];
            tree.insert("data.bin".to_owned(), (FILE, bytes));
        }
        17 => put(tree, "link", LINK, &format!("target{}", dice.roll(3))),
        18 => put(tree, "sub", SUBMODULE, &commit_of(dice)),
        // A directory where a file was.
        19 => {
            let file = tree.remove(&path).unwrap();
            if file.0 != SUBMODULE {
                tree.insert(format!("{path}/inner.txt"), file);
            }
        }
        // The same name in the other case.
        20 => {
            let to = if path.chars().any(char::is_uppercase) {
                path.to_lowercase()
            } else {
                path.to_uppercase()
            };
            rename(tree, &path, &to);
        }
        21 => line_ends(tree.get_mut(&path).unwrap()),
        _ => {
            let place = *dice.pick(&[".gitattributes", "src/.gitattributes"]);
            if dice.once_in(3) {
                tree.remove(place);
            } else if tree.contains_key(place) || !blocked(tree, place) {
                let text = dice.pick(&ATTRIBUTES).as_bytes().to_vec();
                tree.insert(place.to_owned(), (FILE, text));
            }
        }
    }
}

fn put(tree: &mut Tree, path: &str, mode: &'static str, content: &str) {
    if tree.contains_key(path) || !blocked(tree, path) {
        tree.insert(path.to_owned(), (mode, content.as_bytes().to_vec()));
    }
}

fn rename(tree: &mut Tree, from: &str, to: &str) {
    if !blocked(tree, to) {
        let file = tree.remove(from).unwrap();
        tree.insert(to.to_owned(), file);
    }
}

fn rename_directory(dice: &mut Dice, tree: &mut Tree) {
    let from = *dice.pick(&["src/", "lib/", "moved/", "src/deep/"]);
    let to = *dice.pick(&["other/", "lib/", "src/"]);
    let paths: Vec<String> = tree
        .keys()
        .filter(|path| path.starts_with(from))
        .cloned()
        .collect();
    for path in paths {
        rename(tree, &path, &format!("{to}{}", &path[from.len()..]));
    }
}

fn edit(dice: &mut Dice, (mode, content): &mut (&'static str, Vec<u8>)) {
    if *mode == SUBMODULE || *mode == LINK {
        *content = commit_of(dice).into_bytes();
        return;
    }
    let end = if content.contains(&b'\r') {
        "\r\n"
    } else {
        "\n"
    };
    let text = String::from_utf8_lossy(content).into_owned();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let at = dice.roll(lines.len().max(1));
    let new = format!("edited {}", dice.roll(3));
    match dice.roll(4) {
        0 => lines.insert(at.min(lines.len()), new),
        1 if lines.len() > 1 => drop(lines.remove(at)),
        _ if lines.is_empty() => lines.push(new),
        _ => lines[at] = new,
    }
    *content = (lines.join(end) + end).into_bytes();
}

/// A commit that a submodule may be at.
fn commit_of(dice: &mut Dice) -> String {
    (1 + dice.roll(3)).to_string().repeat(40)
}

/// Unix line ends become those of DOS, and the other way round.
fn line_ends((mode, content): &mut (&'static str, Vec<u8>)) {
    if *mode != FILE && *mode != PROGRAM {
        return;
    }
    let text = String::from_utf8_lossy(content).into_owned();
    let turned = if text.contains('\r') {
        text.replace("\r\n", "\n")
    } else {
        text.replace('\n', "\r\n")
    };
    *content = turned.into_bytes();
}

/// Whether a file or a directory stands where this file would.
fn blocked(tree: &Tree, path: &str) -> bool {
    let below = format!("{path}/");
    tree.keys().any(|other| {
        other == path || other.starts_with(&below) || path.starts_with(&format!("{other}/"))
    })
}

/// Does to a tree what leads from `old` to `new`, where that can be done.
pub(super) fn replay(tree: &mut Tree, old: &Tree, new: &Tree) {
    for path in old.keys().filter(|path| !new.contains_key(*path)) {
        tree.remove(path);
    }
    for (path, file) in new
        .iter()
        .filter(|(path, file)| old.get(*path) != Some(file))
    {
        if tree.contains_key(path) || !blocked(tree, path) {
            tree.insert(path.clone(), file.clone());
        }
    }
}
