//! Where is the rule asked: in hooks, of the index, of a range, of paths?

pub mod hooks;

/// Why the guard could not be asked or set up.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// git or the file system failed.
    #[error(transparent)]
    Git(#[from] crate::git::Error),
}

impl crate::exit::Explain for Error {
    fn exit(&self) -> crate::exit::Exit {
        match self {
            Error::Git(error) => error.exit(),
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Error::Git(error) => error.hints(),
        }
    }

    fn evidence(&self) -> serde_json::Map<String, serde_json::Value> {
        match self {
            Error::Git(error) => error.evidence(),
        }
    }

    fn git_said(&self) -> Vec<String> {
        match self {
            Error::Git(error) => error.git_said(),
        }
    }
}
