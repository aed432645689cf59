//! Can a stream move onto its base: rebase, or stop and ask?
