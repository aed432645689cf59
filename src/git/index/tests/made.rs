//! What does an index file look like, byte by byte, when a test makes it?
//!
//! Written from git's description of the format, independently of the reader.

use gix::hash::Kind;

use super::super::Id;

/// One entry to be written.
#[derive(Debug, Clone)]
pub(super) struct Item {
    pub(super) path: Vec<u8>,
    pub(super) mode: u32,
    pub(super) id: Id,
    pub(super) stage: u16,
    pub(super) intent_to_add: bool,
    pub(super) skip_worktree: bool,
    pub(super) assume_valid: bool,
}

/// One directory of the cache-tree; `count` is negative where its tree is not known.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) name: Vec<u8>,
    pub(super) count: i64,
    pub(super) id: Id,
    pub(super) children: Vec<Node>,
}

impl Node {
    fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.name);
        bytes.extend(format!("\0{} {}\n", self.count, self.children.len()).into_bytes());
        if self.count >= 0 {
            bytes.extend_from_slice(self.id.as_slice());
        }
        // git's own order: the shorter name first.
        let mut children: Vec<&Node> = self.children.iter().collect();
        children.sort_by_key(|child| (child.name.len(), child.name.clone()));
        for child in children {
            child.write(bytes);
        }
    }
}

/// A whole index to be written.
pub(super) struct Made {
    pub(super) hash: Kind,
    pub(super) version: u32,
    pub(super) items: Vec<Item>,
    pub(super) cache: Option<Node>,
    /// Further extensions, before the cache-tree.
    pub(super) extensions: Vec<(&'static [u8; 4], Vec<u8>)>,
}

impl Made {
    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut bytes = b"DIRC".to_vec();
        let number = |number: usize| u32::try_from(number).unwrap().to_be_bytes();
        bytes.extend(self.version.to_be_bytes());
        bytes.extend(number(self.items.len()));
        let mut before: &[u8] = b"";
        for item in &self.items {
            let start = bytes.len();
            fixed(item, &mut bytes);
            if self.version == 4 {
                let pairs = before.iter().zip(&item.path);
                let common = pairs.take_while(|(one, other)| one == other).count();
                varint(before.len() - common, &mut bytes);
                bytes.extend_from_slice(&item.path[common..]);
                bytes.push(0);
                before = &item.path;
            } else {
                bytes.extend_from_slice(&item.path);
                bytes.push(0);
                while !(bytes.len() - start).is_multiple_of(8) {
                    bytes.push(0);
                }
            }
        }
        let mut extensions = self.extensions.clone();
        if let Some(node) = &self.cache {
            let mut content = Vec::new();
            node.write(&mut content);
            extensions.push((b"TREE", content));
        }
        for (name, content) in extensions {
            bytes.extend_from_slice(name);
            bytes.extend(number(content.len()));
            bytes.extend(content);
        }
        // No checksum, as with `index.skipHash`.
        bytes.resize(bytes.len() + self.hash.len_in_bytes(), 0);
        bytes
    }
}

/// Everything of an entry before its path.
fn fixed(item: &Item, bytes: &mut Vec<u8>) {
    bytes.extend([7; 24]);
    bytes.extend(item.mode.to_be_bytes());
    bytes.extend([7; 12]);
    bytes.extend_from_slice(item.id.as_slice());
    let further = u16::from(item.intent_to_add) << 13 | u16::from(item.skip_worktree) << 14;
    let mut flags = u16::try_from(item.path.len().min(0xfff)).unwrap() | item.stage << 12;
    flags |= u16::from(item.assume_valid) << 15 | u16::from(further != 0) << 14;
    bytes.extend(flags.to_be_bytes());
    if further != 0 {
        bytes.extend(further.to_be_bytes());
    }
}

/// git's variable-length number.
fn varint(mut value: usize, bytes: &mut Vec<u8>) {
    let mut digits = vec![u8::try_from(value & 0x7f).unwrap()];
    while value > 0x7f {
        value = (value >> 7) - 1;
        digits.push(u8::try_from(value & 0x7f).unwrap() | 0x80);
    }
    bytes.extend(digits.iter().rev());
}
