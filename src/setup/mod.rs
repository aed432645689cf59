//! How is a repository set up, and taken down again?
