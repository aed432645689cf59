//! Where do the hook managers come from?
//!
//! From their registries, once, by `tests/managers/install`, into the directory of builds. Without
//! npm, Python or a network a manager is left out, loudly.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use rustix::fs::{FlockOperation, flock};

/// Where they are put.
fn directory() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("managers")
}

/// The program of a manager, by its name.
pub(super) fn program(manager: &str) -> PathBuf {
    let places = ["node_modules/.bin", "python/bin"];
    let mut found = places.map(|place| directory().join(place).join(manager));
    found.sort_by_key(|path| !path.exists());
    found[0].clone()
}

/// Whether a manager can be had; says so where not.
pub(super) fn is_here(manager: &str) -> bool {
    static MISSING: OnceLock<BTreeMap<String, String>> = OnceLock::new();
    match MISSING.get_or_init(install).get(manager) {
        Some(why) => {
            println!(
                "!!!!  SKIPPED: {manager} cannot be had, so nobody lived beside it: {why}  !!!!"
            );
            false
        }
        None => true,
    }
}

/// Gets all of them, and says which are missing.
fn install() -> BTreeMap<String, String> {
    fs::create_dir_all(directory()).unwrap();
    // Another run of the tests may be at it.
    let lock = File::create(directory().with_extension("lock")).unwrap();
    flock(&lock, FlockOperation::LockExclusive).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/managers/install");
    let output = Command::new(script).arg(directory()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let said = String::from_utf8_lossy(&output.stdout);
    let missing = said.lines().filter_map(|line| line.split_once(": "));
    missing
        .map(|(manager, why)| (manager.to_owned(), why.to_owned()))
        .collect()
}
