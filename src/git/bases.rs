//! On which objects do the deltas of a pack build?
//!
//! In a pack, an object is often written as its difference from another one, and that from a third.
//! One that was read is kept for a while, since what is read next (the same directory of an older
//! commit) is likely to build on it; without it, each read goes down the whole chain again.

use std::collections::HashMap;

use gix::objs::Kind;
use gix::odb::Cache;
use gix::odb::pack::cache::DecodeEntry;

/// How many bytes are kept; when it is more, all are forgotten.
const MOST: usize = 16 * 1024 * 1024;
/// What is larger is no tree, and nothing of ours builds on it.
const LARGEST: usize = 1024 * 1024;

/// Objects by the pack and the place in it.
#[derive(Default)]
struct Bases {
    objects: HashMap<(u32, u64), Base>,
    size: usize,
}

struct Base {
    kind: Kind,
    data: Box<[u8]>,
    packed: usize,
}

/// Lets a handle keep what it has read from packs.
pub(super) fn keep_bases<S>(objects: &mut Cache<S>) {
    objects.set_pack_cache(|| Box::new(Bases::default()));
}

impl DecodeEntry for Bases {
    fn put(&mut self, pack: u32, offset: u64, data: &[u8], kind: Kind, packed: usize) {
        if data.len() > LARGEST || kind != Kind::Tree {
            return;
        }
        if self.size + data.len() > MOST {
            *self = Bases::default();
        }
        let data = Box::from(data);
        let base = Base { kind, data, packed };
        let new = base.data.len();
        let old = self.objects.insert((pack, offset), base);
        self.size += new;
        self.size -= old.map_or(0, |old| old.data.len());
    }

    fn get(&mut self, pack: u32, offset: u64, out: &mut Vec<u8>) -> Option<(Kind, usize)> {
        let base = self.objects.get(&(pack, offset))?;
        out.clear();
        out.extend_from_slice(&base.data);
        Some((base.kind, base.packed))
    }
}
