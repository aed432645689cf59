//! What does one file of git's configuration say, and in which order?
//!
//! What counts in the end is asked of [`Repo`]; this is about where it comes from.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use bstr::BString;

use super::{Error, Repo, replace_file};

/// The condition under which a file is included in all linked worktrees, and only there.
pub const LINKED: &str = "gitdir:./worktrees/";
/// The key whose values name the files that are.
pub const INCLUDE: &str = "includeIf.gitdir:./worktrees/.path";

impl Repo {
    /// Whether the shared configuration file includes another one in linked worktrees, by the path as
    /// it is written.
    pub fn includes(&self, path: &str) -> Result<bool, Error> {
        let config = read_config(&self.common_dir().join("config"))?;
        let included = config.strings(INCLUDE).unwrap_or_default();
        Ok(included.iter().any(|value| value == path))
    }

    /// The same, and nothing that this section says can come after it: the later value counts, and
    /// git writes a new one into the last section of its name.
    pub fn includes_after(&self, path: &str, section: &str) -> Result<bool, Error> {
        let config = read_config(&self.common_dir().join("config"))?;
        let mut included = false;
        for part in config.sections() {
            if part
                .header()
                .name()
                .eq_ignore_ascii_case(section.as_bytes())
            {
                included = false;
            } else if part.header().name().eq_ignore_ascii_case(b"includeIf")
                && part.header().subsection_name() == Some(LINKED.into())
            {
                included |= part.values("path").iter().any(|value| *value == path);
            }
        }
        Ok(included)
    }

    /// A value of the shared configuration file itself; the last one counts.
    pub fn shared_config(&self, key: &str) -> Result<Option<BString>, Error> {
        let config = read_config(&self.common_dir().join("config"))?;
        Ok(config.string(key).map(|value| value.to_vec().into()))
    }

    /// Whether git's configuration has a hook of somebody's for this event, which newer gits run.
    pub fn configures_hook(&self, event: &str) -> bool {
        let snapshot = self.gix.config_snapshot();
        let sections = snapshot.sections_by_name("hook").into_iter().flatten();
        let mut events = sections.flat_map(|section| section.values("event"));
        events.any(|value| value.as_slice() == event.as_bytes())
    }

    /// Whether a filter of the user's is one program for many files.
    pub(super) fn has_filter_process(&self) -> bool {
        let snapshot = self.gix.config_snapshot();
        let mut sections = snapshot.sections_by_name("filter").into_iter().flatten();
        sections.any(|section| section.value("process").is_some())
    }

    /// Writes lines at the end of the shared configuration file, under git's own lock.
    pub fn append_config(&self, lines: &str) -> Result<(), Error> {
        let file = self.common_dir().join("config");
        let lock = file.with_extension("lock");
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&lock)
            .map_err(Error::file("lock", &file))?;
        let written = append(&file, lines);
        fs::remove_file(&lock).map_err(Error::file("unlock", &file))?;
        written
    }
}

fn append(file: &Path, lines: &str) -> Result<(), Error> {
    let mut text = fs::read(file).map_err(Error::file("read", file))?;
    let about = fs::metadata(file).map_err(Error::file("read", file))?;
    if text.last().is_some_and(|last| *last != b'\n') {
        text.push(b'\n');
    }
    text.extend(lines.as_bytes());
    replace_file(file, &text, about.permissions().mode() & 0o777)
}

/// Whether a configuration file has a value of its own for this.
pub fn sets(file: &Path, key: &str) -> Result<bool, Error> {
    Ok(read_config(file)?.string(key).is_some())
}

/// One configuration file, without those that it includes.
fn read_config(file: &Path) -> Result<gix::config::File, Error> {
    let bytes = fs::read(file).map_err(Error::file("read", file))?;
    gix::config::File::from_bytes_no_includes(
        &bytes,
        gix::config::file::Metadata::from(gix::config::Source::Local),
        gix::config::file::init::Options::default(),
    )
    .map_err(|source| Error::Object {
        attempt: "understand",
        what: format!("'{}'", file.display()),
        source: source.into(),
    })
}
