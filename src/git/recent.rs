//! Which trees were read a moment ago?
//!
//! A line of commits is compared one by one, and each tree is then the new one once and the old one
//! once. Its bytes are kept for the second time, checked as they are.

use std::collections::HashMap;
use std::rc::Rc;

use super::Id;

/// How many bytes are kept; when it is more, all are forgotten.
const MOST: usize = 8 * 1024 * 1024;

/// The bytes of trees that were read.
#[derive(Default)]
pub(super) struct Recent {
    trees: HashMap<Id, Rc<[u8]>>,
    size: usize,
}

impl Recent {
    pub(super) fn get(&self, tree: &Id) -> Option<Rc<[u8]>> {
        self.trees.get(tree).cloned()
    }

    pub(super) fn keep(&mut self, tree: Id, bytes: &Rc<[u8]>) {
        if self.size + bytes.len() > MOST {
            *self = Recent::default();
        }
        // A larger one would be alone here.
        if bytes.len() <= MOST && self.trees.insert(tree, Rc::clone(bytes)).is_none() {
            self.size += bytes.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::{MOST, Recent};
    use crate::git::Id;

    fn id(number: u8) -> Id {
        Id::from_bytes_or_panic(&[number; 20])
    }

    #[test]
    fn no_more_is_kept_than_was_said() {
        let mut recent = Recent::default();
        let half: Rc<[u8]> = vec![0; MOST / 2].into();
        recent.keep(id(1), &half);
        recent.keep(id(2), &half);
        recent.keep(id(2), &half);
        assert!(recent.get(&id(1)).is_some() && recent.get(&id(2)).is_some());
        recent.keep(id(3), &[1].into());
        assert!(recent.get(&id(1)).is_none() && recent.get(&id(3)).is_some());
        recent.keep(id(4), &vec![0; MOST + 1].into());
        assert!(recent.get(&id(4)).is_none());
        recent.keep(id(5), &half);
        assert_eq!(recent.size, MOST / 2);
    }
}
