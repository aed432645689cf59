//! How do arguments come in, and how does one answer go out?
