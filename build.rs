//! How is the program linked that every commit starts, three times?
//!
//! At a fixed address. Otherwise each start corrects thousands of pointers, which writes to dozens
//! of pages that would not be written to, and the file has to list them all. And without the
//! tables for unwinding, a tenth of the file, in releases: there a panic aborts, and nobody unwinds.

use std::env;
use std::error::Error;
use std::fs;
use std::path::Path;

const WITHOUT_TABLES: &str = "SECTIONS {
  /DISCARD/ : { *(.eh_frame) *(.eh_frame_hdr) *(.gcc_except_table .gcc_except_table.*) }
} INSERT AFTER .text;
";

#[expect(
    clippy::disallowed_methods,
    reason = "a build script cannot use the library, and its output is nobody's to read meanwhile"
)]
fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=build.rs");
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|found| found == value);
    let is_gnu = is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu");
    // Whoever has chosen another linker, or how it is to link, knows better.
    let is_ordinary = env::var_os("RUSTC_LINKER").is_none() && is("CARGO_ENCODED_RUSTFLAGS", "");
    if !is_gnu || !is_ordinary {
        return Ok(());
    }
    link("-no-pie");
    if is("PROFILE", "release") {
        let script = Path::new(&env::var("OUT_DIR")?).join("without-tables.ld");
        fs::write(&script, WITHOUT_TABLES)?;
        link("-Wl,--no-eh-frame-hdr");
        link(&format!("-T{}", script.display()));
    }
    Ok(())
}

fn link(argument: &str) {
    println!("cargo:rustc-link-arg-bin=git-stream-guard={argument}");
}
