//! How does a small object get onto disk at little cost?
//!
//! As git does it, but not compressed: a deflate stream needs a quarter of a megabyte of cleared
//! memory, mostly for trees of two kilobytes, whose file takes one block of the disk either way.
//! Larger ones, as that of a ledger with a thousand streams, are half ids, which no compression
//! makes smaller: they take up to twice the room. Every git reads it, and the next repack compresses it.

use std::fs::{self, Permissions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use gix::objs::Kind;

use super::Id;

/// Up to how many bytes an object is small.
pub(super) const SMALL: usize = 64 * 1024;
/// The most that one stored block of a deflate stream holds.
const BLOCK: usize = 0xffff;

/// Writes an object to an object directory, under its id.
pub(super) fn write(objects: &Path, kind: Kind, bytes: &[u8], id: Id) -> std::io::Result<()> {
    let hex = id.to_string();
    let (directory, name) = hex.split_at(2);
    let directory = objects.join(directory);
    match fs::create_dir(&directory) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
        Ok(()) | Err(_) => {}
    }
    // The name that git gives such a file, so that its housekeeping knows what a dead one is.
    let mut file = tempfile::Builder::new()
        .prefix("tmp_obj_")
        .permissions(Permissions::from_mode(0o444))
        .tempfile_in(&directory)?;
    let header = format!("{kind} {}\0", bytes.len());
    file.write_all(&stored(&[header.as_bytes(), bytes].concat()))?;
    file.persist(directory.join(name))?;
    Ok(())
}

/// The content as a zlib stream that is not compressed.
fn stored(content: &[u8]) -> Vec<u8> {
    let mut stream = vec![0x78, 0x01];
    let mut blocks = content.chunks(BLOCK).peekable();
    while let Some(block) = blocks.next() {
        let length = u16::try_from(block.len()).expect("a block is no longer than that");
        stream.push(u8::from(blocks.peek().is_none()));
        stream.extend(length.to_le_bytes());
        stream.extend((!length).to_le_bytes());
        stream.extend_from_slice(block);
    }
    stream.extend(adler32(content).to_be_bytes());
    stream
}

fn adler32(content: &[u8]) -> u32 {
    const PRIME: u32 = 65_521;
    let (mut low, mut high) = (1_u32, 0_u32);
    // So many bytes can be added up before the sums leave 32 bits.
    for part in content.chunks(5552) {
        for byte in part {
            low += u32::from(*byte);
            high += low;
        }
        low %= PRIME;
        high %= PRIME;
    }
    high << 16 | low
}

#[cfg(test)]
mod tests {
    use super::{adler32, stored};

    #[test]
    fn the_checksum_is_that_of_zlib() {
        assert_eq!(adler32(b""), 1);
        assert_eq!(adler32(b"Wikipedia"), 0x11e6_0398);
        assert_eq!(adler32(&[0xff; 10_000]), 0xb623_eb2b);
    }

    #[test]
    fn a_stream_ends_with_its_last_block() {
        let stream = stored(&vec![b'x'; 70_000]);
        assert_eq!(stream[..7], [0x78, 1, 0, 0xff, 0xff, 0, 0]);
        assert_eq!(stream[7 + 65_535], 1);
        assert_eq!(stream.len(), 2 + 5 + 65_535 + 5 + 4_465 + 4);
    }
}
