//! Where does what the user's merge drivers print go?
//!
//! git lets a driver write to its own stdout, which here is the conversation with us. So each
//! configured driver is run with its stdout on stderr, for these calls only.

use bstr::{BString, ByteSlice as _};

use crate::git::{Call, Repo};

impl Repo {
    /// The call, with drivers that cannot write between its answers.
    pub(in crate::git) fn with_quiet_drivers(&self, mut call: Call) -> Call {
        let mut number = 0;
        for (name, command) in self.merge_drivers() {
            let key = [b"merge.", name.as_slice(), b".driver"].concat();
            // A line of its own: the command may end with a comment.
            let value = [b"{ ", command.as_slice(), b"\n} >&2"].concat();
            call = call
                .env(&format!("GIT_CONFIG_KEY_{number}"), key.to_os_str_lossy())
                .env(
                    &format!("GIT_CONFIG_VALUE_{number}"),
                    value.to_os_str_lossy(),
                );
            number += 1;
        }
        if number > 0 {
            call = call.env("GIT_CONFIG_COUNT", number.to_string());
        }
        call
    }

    /// The merge drivers of the user: name and command.
    fn merge_drivers(&self) -> Vec<(BString, BString)> {
        let snapshot = self.gix.config_snapshot();
        let mut found = Vec::new();
        for section in snapshot.sections_by_name("merge").into_iter().flatten() {
            let (Some(name), Some(command)) =
                (section.header().subsection_name(), section.value("driver"))
            else {
                continue;
            };
            // The last one counts.
            found.retain(|(other, _)| other != name);
            found.push((name.to_owned(), BString::from(command.to_vec())));
        }
        found
    }
}
