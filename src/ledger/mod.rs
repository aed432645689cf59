//! What is the state of all streams, which events change it, and how is it written?
