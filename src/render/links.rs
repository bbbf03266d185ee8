//! Where a text leads, in terminals that have links: an address that can steer nothing, whatever it was made of.

use std::path::Path;

/// An address of letters, digits and a few signs alone: no name in it ends the sequence that carries it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link(String);

impl Link {
    /// A file on this machine. It is named, since a terminal may show what another machine prints.
    pub fn file(path: &Path) -> Self {
        let host = rustix::system::uname();
        Self(format!("file://{}{}", escaped(host.nodename().to_bytes()), escaped(path.as_os_str().as_encoded_bytes())))
    }

    /// The page of a finding; `None` while the package does not say where its source is.
    pub fn page(code: &str) -> Option<Self> {
        Self::page_in(env!("CARGO_PKG_REPOSITORY"), code)
    }

    fn page_in(repository: &str, code: &str) -> Option<Self> {
        let page = || Self(format!("{}/blob/HEAD/docs/findings/{code}.md", repository.trim_end_matches('/')));
        (!repository.is_empty()).then(page)
    }

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The bytes of a path in an address.
fn escaped(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for byte in bytes {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(byte) {
            text.push(char::from(*byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_of_a_file_ends_an_address() {
        let link = Link::file(Path::new("/a b/\u{1b}]8;;x\u{7}\u{9c}\n%2e/ä.py"));
        assert!(link.as_str().starts_with("file://"));
        assert!(link.as_str().ends_with("/a%20b/%1B%5D8%3B%3Bx%07%C2%9C%0A%252e/%C3%A4.py"), "{link:?}");
        assert!(link.as_str().bytes().all(|byte| byte.is_ascii_graphic()), "{link:?}");
    }

    #[test]
    fn a_code_leads_to_its_page_where_the_source_has_an_address() {
        assert_eq!(Link::page_in("", "PX101"), None);
        let page = Link::page_in("https://host.example/paxx/", "PX101").expect("there");
        assert_eq!(page.as_str(), "https://host.example/paxx/blob/HEAD/docs/findings/PX101.md");
    }
}
