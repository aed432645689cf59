//! Where is the rule asked: in hooks, of the index, of a range, of paths?
