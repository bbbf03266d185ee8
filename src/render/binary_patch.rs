//! A file's new bytes as git's binary patch, for what git takes for no text.

use std::fmt::Write as _;

use crate::lock::object_id;

/// So many bytes are in a line.
const LINE: usize = 52;
/// The digits of git's base 85.
const DIGITS: &[u8; 85] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~";

/// What `git diff --binary` calls a file of these bytes; zeros for one that is not there.
pub fn object(bytes: Option<&[u8]>) -> String {
    bytes.map_or_else(|| "0".repeat(40), object_id)
}

/// The part of a patch behind its `index` line that makes `after` of `before`.
pub fn patch(before: &[u8], after: &[u8]) -> String {
    let mut patch = String::from("GIT binary patch\n");
    for bytes in [after, before] {
        let _ = writeln!(patch, "literal {}", bytes.len());
        for line in stored(bytes).chunks(LINE) {
            push_line(&mut patch, line);
        }
        patch.push('\n');
    }
    patch
}

/// The bytes as a zlib stream (RFC 1950) that does not compress them.
fn stored(bytes: &[u8]) -> Vec<u8> {
    let mut stream = vec![0x78, 0x01];
    let mut blocks = bytes.chunks(usize::from(u16::MAX)).peekable();
    if bytes.is_empty() {
        stream.extend([1, 0, 0, 0xff, 0xff]);
    }
    while let Some(block) = blocks.next() {
        let length = u16::try_from(block.len()).unwrap_or(u16::MAX);
        stream.push(u8::from(blocks.peek().is_none()));
        stream.extend(length.to_le_bytes());
        stream.extend((!length).to_le_bytes());
        stream.extend(block);
    }
    let (mut low, mut high) = (1_u32, 0_u32);
    for byte in bytes {
        low = (low + u32::from(*byte)) % 65521;
        high = (high + low) % 65521;
    }
    stream.extend((high << 16 | low).to_be_bytes());
    stream
}

/// A line: how many bytes it has, and every four of them as five digits.
fn push_line(patch: &mut String, line: &[u8]) {
    let length = u8::try_from(line.len()).unwrap_or_default();
    patch.push(char::from(if length <= 26 { b'A' + length - 1 } else { b'a' + length - 27 }));
    for group in line.chunks(4) {
        let mut bytes = [0; 4];
        bytes[..group.len()].copy_from_slice(group);
        let mut number = u32::from_be_bytes(bytes);
        let mut digits = [0; 5];
        for digit in digits.iter_mut().rev() {
            *digit = DIGITS[(number % 85) as usize];
            number /= 85;
        }
        patch.extend(digits.map(char::from));
    }
    patch.push('\n');
}
