//! What does a set of patterns match, and can two claims own a common path?
