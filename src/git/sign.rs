//! How is a commit written that the user wants signed?

use bstr::{BStr, ByteSlice as _};

use super::{Commit, Error, Id, Repo};

impl Repo {
    /// Writes a commit as the user's configuration wants it: signed where `commit.gpgSign` says so.
    pub fn write_commit_as_configured(&self, commit: &Commit) -> Result<Id, Error> {
        if self.config_bool("commit.gpgSign") != Some(true) {
            return self.write_commit(commit);
        }
        let (name, mail, date) = identity(commit.author.as_bstr()).ok_or_else(|| Error::Odd {
            command: "git cat-file commit".to_owned(),
            answer: commit.author.to_string(),
        })?;
        let mut call = self.call();
        if let Some(encoding) = &commit.encoding {
            call = call
                .arg("-c")
                .arg(format!("i18n.commitEncoding={encoding}"));
        }
        call = call
            .env("GIT_AUTHOR_NAME", name)
            .env("GIT_AUTHOR_EMAIL", mail)
            .env("GIT_AUTHOR_DATE", format!("@{date}"))
            .args(["commit-tree", "-S"])
            .flushing();
        for parent in &commit.parents {
            call = call.arg("-p").arg(parent.to_string());
        }
        let output = call
            .arg(commit.tree.to_string())
            .run_with_input(&commit.message)?;
        self.parse_id(&output.line()).ok_or_else(|| Error::Odd {
            command: "git commit-tree -S".to_owned(),
            answer: output.line(),
        })
    }
}

/// Splits `Name <mail> seconds +zone`.
fn identity(line: &BStr) -> Option<(&std::ffi::OsStr, &std::ffi::OsStr, &str)> {
    let (name, rest) = line.split_once_str(" <")?;
    let (mail, date) = rest.rsplit_once_str("> ")?;
    Some((
        name.to_os_str().ok()?,
        mail.to_os_str().ok()?,
        date.to_str().ok()?,
    ))
}

#[cfg(test)]
mod tests {
    use super::identity;

    #[test]
    fn an_identity_has_three_parts() {
        let (name, mail, date) = identity("A <b> C <a@b> 12 +0100".into()).expect("an identity");
        assert_eq!(name, "A");
        assert_eq!(mail, "b> C <a@b");
        assert_eq!(date, "12 +0100");
        assert!(identity("nobody".into()).is_none());
    }
}
