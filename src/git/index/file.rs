//! How does the content of an index get into memory?
//!
//! Mapped, not read: of a large index only the bytes that say where entries begin are looked at,
//! and copying 44 MB (half a million files) into fresh memory costs five times as much as looking
//! at them where the system has them.

use std::fs::File;
use std::io::{Error, ErrorKind};
use std::path::Path;

use memmap2::{Mmap, MmapOptions};

/// The content of a file; `None` where there is none.
#[expect(
    unsafe_code,
    reason = "a mapping is only sound while nobody changes the file. git never does: it writes a \
              new file and renames it over the old one, and maps the index in the same way, as \
              gix does. Where somebody cuts it short all the same, this process dies, and a \
              guard that dies refuses."
)]
pub(super) fn content(path: &Path) -> Result<Option<Mmap>, Error> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    // All of it is needed, and to be told so once is cheaper than page after page.
    let mut options = MmapOptions::new();
    // SAFETY: see above.
    unsafe { options.populate().map(&file) }.map(Some)
}
