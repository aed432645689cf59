//! How is a file of ours written so that every reader sees the old or the new one, never half?

use std::fs::{self, File, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use tempfile::NamedTempFile;

use super::Error;

/// Replaces a file as a whole: written beside it, flushed to disk, then renamed over it.
///
/// `mode` is the file mode, `0o644` or `0o755`. The directory is created if it is missing.
pub fn replace_file(path: &Path, content: &[u8], mode: u32) -> Result<(), Error> {
    let (directory, file) = beside(path, content, mode)?;
    let persisted = file.persist(path);
    persisted.map_err(|error| Error::file("write", path)(error.error))?;
    sync_directory(directory)
}

/// Writes a file as a whole where there is none; whether it is this one. Of many processes at one
/// instant, one writes it.
pub fn create_file(path: &Path, content: &[u8], mode: u32) -> Result<bool, Error> {
    let (directory, file) = beside(path, content, mode)?;
    match file.persist_noclobber(path) {
        Ok(_) => sync_directory(directory).map(|()| true),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(Error::file("write", path)(error.error)),
    }
}

/// The file under a name that nobody knows, on disk.
fn beside<'p>(
    path: &'p Path,
    content: &[u8],
    mode: u32,
) -> Result<(&'p Path, NamedTempFile), Error> {
    let directory = path.parent().expect("files of ours lie in a directory");
    fs::create_dir_all(directory).map_err(Error::file("create", directory))?;
    let failed = |source| Error::File {
        attempt: "write",
        path: path.to_owned(),
        source,
    };
    let mut file = tempfile::Builder::new()
        .prefix(".new-")
        .permissions(Permissions::from_mode(mode))
        .tempfile_in(directory)
        .map_err(failed)?;
    file.write_all(content).map_err(failed)?;
    // The umask may have taken bits away; a hook without its executable bit would be skipped.
    file.as_file()
        .set_permissions(Permissions::from_mode(mode))
        .map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    Ok((directory, file))
}

/// Flushes a directory, so that a rename in it survives a power cut.
pub(super) fn sync_directory(directory: &Path) -> Result<(), Error> {
    File::open(directory)
        .and_then(|directory| directory.sync_all())
        .map_err(Error::file("flush", directory))
}

/// Whether hardly anything can be written any more where a directory lies.
pub fn is_full(directory: &Path) -> bool {
    const HARDLY_ANYTHING: u64 = 64 * 1024;
    rustix::fs::statvfs(directory)
        .is_ok_and(|disk| disk.f_bavail.saturating_mul(disk.f_frsize) < HARDLY_ANYTHING)
}
