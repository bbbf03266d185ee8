//! UTF-16 with a byte order mark: what `pip freeze > requirements.txt` writes in `PowerShell`, and pip reads.

/// The mark of each order of bytes.
const LITTLE: [u8; 2] = [0xff, 0xfe];
const BIG: [u8; 2] = [0xfe, 0xff];

/// The text with its byte order mark. `None` where the bytes are no such text.
pub fn decode(bytes: &[u8]) -> Option<String> {
    let number = match bytes.get(..2)?.try_into().ok()? {
        LITTLE => u16::from_le_bytes,
        BIG => u16::from_be_bytes,
        _ => return None,
    };
    let (pairs, rest) = bytes.as_chunks::<2>();
    let units: Vec<u16> = pairs.iter().map(|pair| number(*pair)).collect();
    // With a zero in it, it is something else, such as UTF-32.
    (rest.is_empty() && !units.contains(&0)).then(|| String::from_utf16(&units).ok()).flatten()
}

/// `text` in the order of bytes that `like` has.
pub fn encode(text: &str, like: &[u8]) -> Vec<u8> {
    let bytes = if like.starts_with(&BIG) { u16::to_be_bytes } else { u16::to_le_bytes };
    text.encode_utf16().flat_map(bytes).collect()
}

/// What the encoding of `bytes` is called.
pub fn name(bytes: &[u8]) -> &'static str {
    if bytes.starts_with(&BIG) { "utf-16-be" } else { "utf-16-le" }
}

/// How many bytes the first `length` bytes of `text` are in this encoding.
pub fn offset(text: &str, length: usize) -> usize {
    text.get(..length).map_or(length, |before| before.encode_utf16().count() * 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_written_again() {
        let little = b"\xff\xfea\0\r\0\n\0\x3d\xd8\x00\xde";
        let big = b"\xfe\xff\0a\0\r\0\n\xd8\x3d\xde\x00";
        for bytes in [&little[..], big] {
            let text = decode(bytes).expect("text");
            assert_eq!(text, "\u{feff}a\r\n\u{1f600}");
            assert_eq!(encode(&text, bytes), bytes);
            assert_eq!(offset(&text, 4), 4);
            assert_eq!(offset(&text, text.len()), bytes.len());
        }
        assert_eq!((name(little), name(big)), ("utf-16-le", "utf-16-be"));
    }

    #[test]
    fn what_is_none_is_left() {
        for bytes in [&b"a"[..], b"", b"\xff\xfea", b"\xff\xfe\0\xd8", b"\xff\xfe\0\0a\0\0\0", "\u{feff}a".as_bytes()] {
            assert_eq!(decode(bytes), None, "{bytes:?}");
        }
    }
}
