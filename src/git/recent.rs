//! Which trees and commits were read a moment ago?
//!
//! A line of commits is compared one by one, and each tree is then the new one once and the old one
//! once. And where a base has long moved on, one question after the other walks through the same
//! history. The bytes are kept for the next time, checked as they are.

use std::collections::HashMap;
use std::rc::Rc;

use super::Id;

/// Objects that were read, by their ids.
pub(super) struct Recent {
    objects: HashMap<Id, Rc<[u8]>>,
    size: usize,
    /// How many bytes are kept; when it is more, all are forgotten.
    most: usize,
}

impl Recent {
    pub(super) fn new(most: usize) -> Recent {
        Recent {
            objects: HashMap::new(),
            size: 0,
            most,
        }
    }

    pub(super) fn get(&self, id: &Id) -> Option<Rc<[u8]>> {
        self.objects.get(id).cloned()
    }

    pub(super) fn keep(&mut self, id: Id, bytes: &Rc<[u8]>) {
        if self.size + bytes.len() > self.most {
            *self = Recent::new(self.most);
        }
        // A larger one would be alone here.
        if bytes.len() <= self.most && self.objects.insert(id, Rc::clone(bytes)).is_none() {
            self.size += bytes.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::Recent;
    use crate::git::Id;

    fn id(number: u8) -> Id {
        Id::from_bytes_or_panic(&[number; 20])
    }

    #[test]
    fn no_more_is_kept_than_was_said() {
        let mut recent = Recent::new(100);
        let half: Rc<[u8]> = vec![0; 50].into();
        recent.keep(id(1), &half);
        recent.keep(id(2), &half);
        recent.keep(id(2), &half);
        assert!(recent.get(&id(1)).is_none() && recent.get(&id(2)).is_some());
        recent.keep(id(3), &[1].into());
        assert!(recent.get(&id(2)).is_some() && recent.get(&id(3)).is_some());
        recent.keep(id(4), &vec![0; 101].into());
        assert!(recent.get(&id(3)).is_none() && recent.get(&id(4)).is_none());
        recent.keep(id(5), &half);
        assert_eq!(recent.size, 50);
    }
}
