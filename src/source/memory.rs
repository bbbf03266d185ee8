//! What was made of a text is kept for the next who asks: discovery, each step of a plan and the check of its result look at
//! the same files, and many projects of one repository have the same modules.

use std::cell::RefCell;
use std::collections::HashMap;

/// More texts than this are not kept.
const MOST: usize = 128;

/// What was made of the texts seen last.
pub struct Memory<T>(RefCell<HashMap<String, T>>);

impl<T> Default for Memory<T> {
    fn default() -> Self {
        Self(RefCell::default())
    }
}

impl<T: Clone> Memory<T> {
    /// What was made of `text` before, else what `make` gives.
    pub fn get_or_insert_with(&self, text: &str, make: impl FnOnce() -> T) -> T {
        if let Some(known) = self.0.borrow().get(text).cloned() {
            return known;
        }
        let made = make();
        let mut known = self.0.borrow_mut();
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(text.to_owned(), made.clone());
        made
    }
}
