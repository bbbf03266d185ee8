//! `setup.cfg`: `install_requires` of `[options]`, with an entry a line.

use super::{Entry, Format, Lines, PIP, PackageList, Tool};
use crate::source::text;

/// `setup.cfg` of setuptools.
pub struct SetupCfg;

impl Format for SetupCfg {
    fn names(&self) -> &'static [&'static str] {
        &["setup.cfg"]
    }

    fn read(&self, text: &str) -> Option<PackageList> {
        let mut section = "";
        let mut list: Option<Lines> = None;
        let mut start = text::bom_length(text);
        while start < text.len() {
            let end = text::line_end(text, start);
            let line = text.get(start..end)?;
            let content = line.trim();
            let is_code = !content.is_empty() && !content.starts_with(['#', ';']);
            if let Some(list) = list.as_mut().filter(|_| is_code) {
                if !line.starts_with([' ', '\t']) {
                    break;
                }
                let at = start + line.len() - line.trim_start().len();
                if list.entries.is_empty() {
                    text.get(start..at)?.clone_into(&mut list.lead);
                }
                list.entries.push(Entry { range: at..at + content.len(), text: content.to_owned() });
            } else if is_code && !line.starts_with([' ', '\t']) {
                if let Some(name) = content.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                    section = name.trim();
                } else if section == "options"
                    && let Some((key, value)) = content.split_once(['=', ':'])
                    && key.trim() == "install_requires"
                {
                    // `file: requirements.txt`, or a list on the line of the key.
                    if !value.trim().is_empty() {
                        return None;
                    }
                    list = Some(Lines { head: end, lead: "    ".to_owned(), entries: Vec::new() });
                }
            }
            start = text::next_line(text, end);
        }
        list.map(PackageList::Lines)
    }

    fn tool(&self) -> Tool {
        PIP
    }
}
