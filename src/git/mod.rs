//! What do we ask of git and of the file system, and how?
