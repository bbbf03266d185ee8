//! What is longer than the screen, a screen at a time, so that the question behind it stands on the screen with its summary.
//!
//! No program is started for it. What is shown is [`Styled`]: nothing of a project steers the terminal.

use std::io::IsTerminal as _;
use std::time::Duration;

use anstyle::{Effects, Style};
use crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use crossterm::{cursor, queue, terminal};

use super::interrupt::Interrupt;
use super::screen::Screen;
use crate::render::styled::Styled;

/// How long a key is waited for before it is looked whether a signal has come.
const TICK: Duration = Duration::from_millis(100);

/// Smaller screens are not paged on.
const SMALLEST: (usize, usize) = (20, 6);

/// Rows that a question takes.
pub const QUESTION: usize = 4;

/// A text in two forms.
#[derive(Debug, Clone, Default)]
pub struct View {
    /// What is shown first.
    pub short: Styled,
    /// With new modules whole; the same where nothing is folded.
    pub whole: Styled,
}

impl View {
    /// The same below another text.
    pub fn below(&self, above: &Styled) -> Self {
        let joined = |text: &Styled| {
            let mut joined = above.clone();
            joined.push("\n");
            joined.append(text);
            joined
        };
        Self { short: joined(&self.short), whole: joined(&self.whole) }
    }

    /// The whole text from the beginning.
    pub fn opened(&self) -> Self {
        Self { short: self.whole.clone(), whole: self.whole.clone() }
    }
}

/// Columns and rows of the terminal; `None` where nobody pages on it.
pub fn size(screen: Screen) -> Option<(usize, usize)> {
    let is_dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb" || term.is_empty());
    if is_dumb || !screen.look.terminal || !std::io::stdin().is_terminal() {
        return None;
    }
    // Not `terminal::size`, which would start a program where the terminal does not tell.
    let size = terminal::window_size().ok()?;
    let (columns, rows) = (usize::from(size.columns), usize::from(size.rows));
    (columns >= SMALLEST.0 && rows >= SMALLEST.1).then_some((columns, rows))
}

/// How many rows a text takes on this screen; nothing where that is not known.
pub fn height(screen: Screen, text: &Styled) -> usize {
    size(screen).map_or(0, |(columns, _)| text.rows(columns).len())
}

/// Who is paged for.
#[derive(Debug, Clone, Copy)]
pub struct Pages<'a> {
    /// What tells of signals, which a pager must not leave the terminal for as it is.
    pub watch: &'a Interrupt,
    /// Does the user want it?
    pub wanted: bool,
}

impl Pages<'_> {
    /// Shows what a question below is about: at once where it fits below `above` rows, else a screen at a time. Where no screen is
    /// known, what is short is printed.
    pub fn show(&self, screen: Screen, view: &View, above: usize) {
        let fits = |text: &Styled| {
            size(screen).is_some_and(|(columns, rows)| text.rows(columns).len() + above + QUESTION <= rows)
        };
        if fits(&view.whole) || !self.wanted {
            print(screen, &view.whole);
        } else if fits(&view.short) || page(screen, self.watch, view).is_none() {
            print(screen, &view.short);
        }
    }

    /// Shows what nothing comes behind: all of it, at once where it fits.
    pub fn show_all(&self, screen: Screen, view: &View) {
        let fits = size(screen).is_none_or(|(columns, rows)| view.whole.rows(columns).len() < rows);
        if fits || !self.wanted || page(screen, self.watch, view).is_none() {
            print(screen, &view.whole);
        }
    }
}

fn print(screen: Screen, text: &Styled) {
    let mut text = text.clone();
    if !text.is_empty() && !text.ends_line() {
        text.push("\n");
    }
    screen.write(&text);
}

/// The terminal while it is paged on. However that ends, it is left as it was.
struct Raw(Screen);

impl Raw {
    fn enter(screen: Screen) -> Option<Self> {
        terminal::enable_raw_mode().ok()?;
        let raw = Self(screen);
        let mut bytes = Vec::new();
        queue!(bytes, terminal::EnterAlternateScreen, cursor::Hide).ok()?;
        screen.steer(&bytes);
        Some(raw)
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        let mut bytes = Vec::new();
        let _ = queue!(bytes, cursor::Show, terminal::LeaveAlternateScreen);
        self.0.steer(&bytes);
        let _ = terminal::disable_raw_mode();
    }
}

/// What a key asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wish {
    By(isize),
    Screens(isize),
    Start,
    End,
    File(bool),
    Unfold,
    Leave,
    Interrupt,
}

fn wish(key: KeyEvent) -> Option<Wish> {
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    Some(match key.code {
        KeyCode::Char('c') if control => Wish::Interrupt,
        KeyCode::Char(' ' | 'f') | KeyCode::PageDown => Wish::Screens(1),
        KeyCode::Char('b') | KeyCode::PageUp => Wish::Screens(-1),
        KeyCode::Char('j') | KeyCode::Down | KeyCode::Enter => Wish::By(1),
        KeyCode::Char('k') | KeyCode::Up => Wish::By(-1),
        KeyCode::Char('g') | KeyCode::Home => Wish::Start,
        KeyCode::Char('G') | KeyCode::End => Wish::End,
        KeyCode::Char('n') => Wish::File(true),
        KeyCode::Char('p') => Wish::File(false),
        KeyCode::Char('m') => Wish::Unfold,
        KeyCode::Char('q') | KeyCode::Esc => Wish::Leave,
        KeyCode::Char('d') if control => Wish::Leave,
        _ => return None,
    })
}

/// Where in which form of the text one is.
struct Pager<'a> {
    view: &'a View,
    is_whole: bool,
    size: (usize, usize),
    rows: Vec<Styled>,
    top: usize,
}

/// Pages until the user leaves; `None` where the terminal does not take it.
fn page(screen: Screen, watch: &Interrupt, view: &View) -> Option<()> {
    let size = size(screen)?;
    let mut pager = Pager { view, is_whole: false, size, rows: view.short.rows(size.0), top: 0 };
    watch.hold();
    let raw = Raw::enter(screen)?;
    let ended = pager.run(screen, watch);
    drop(raw);
    if ended == Wish::Interrupt {
        watch.end();
    }
    watch.release();
    Some(())
}

impl Pager<'_> {
    fn run(&mut self, screen: Screen, watch: &Interrupt) -> Wish {
        loop {
            screen.steer(&self.drawn(screen));
            let key = loop {
                if watch.came() {
                    return Wish::Leave;
                }
                match event::poll(TICK) {
                    Ok(false) => {}
                    Ok(true) => match event::read() {
                        Ok(Event::Key(key)) if key.kind != KeyEventKind::Release => break Some(key),
                        Ok(Event::Resize(..)) => break None,
                        Ok(_) => {}
                        Err(_) => return Wish::Leave,
                    },
                    Err(_) => return Wish::Leave,
                }
            };
            let Some(key) = key else {
                self.size = size(screen).unwrap_or(self.size);
                self.lay_out();
                continue;
            };
            match wish(key) {
                Some(end @ (Wish::Leave | Wish::Interrupt)) => return end,
                Some(wish) => self.obey(wish),
                None => {}
            }
        }
    }

    /// Rows of text: the last row says where one is.
    fn room(&self) -> usize {
        self.size.1 - 1
    }

    fn last_top(&self) -> usize {
        self.rows.len().saturating_sub(self.room())
    }

    fn lay_out(&mut self) {
        let text = if self.is_whole { &self.view.whole } else { &self.view.short };
        self.rows = text.rows(self.size.0);
        self.top = self.top.min(self.last_top());
    }

    fn obey(&mut self, wish: Wish) {
        let room = isize::try_from(self.room()).unwrap_or(1);
        let by = |by: isize, top: usize| top.saturating_add_signed(by);
        self.top = match wish {
            Wish::By(rows) => by(rows, self.top),
            Wish::Screens(screens) => by(screens * (room - 1).max(1), self.top),
            Wish::Start => 0,
            Wish::End => usize::MAX,
            Wish::File(true) => self.files().find(|row| *row > self.top).unwrap_or(self.top),
            Wish::File(false) => self.files().filter(|row| *row < self.top).last().unwrap_or(0),
            Wish::Unfold => {
                // The same file stays in sight.
                let file = self.files().filter(|row| *row <= self.top).count();
                self.is_whole = !self.is_whole;
                self.lay_out();
                file.checked_sub(1).and_then(|file| self.files().nth(file)).unwrap_or(0)
            }
            Wish::Leave | Wish::Interrupt => self.top,
        };
        self.top = self.top.min(self.last_top());
    }

    /// The rows at which a file begins.
    fn files(&self) -> impl Iterator<Item = usize> {
        self.rows.iter().enumerate().filter(|(_, row)| row.starts_with("diff --git ")).map(|(number, _)| number)
    }

    fn drawn(&self, screen: Screen) -> Vec<u8> {
        let mut bytes = Vec::new();
        let end = (self.top + self.room()).min(self.rows.len());
        for (line, number) in (self.top..self.top + self.room()).enumerate() {
            let _ = queue!(
                bytes,
                cursor::MoveTo(0, u16::try_from(line).unwrap_or(u16::MAX)),
                terminal::Clear(terminal::ClearType::CurrentLine)
            );
            if let Some(row) = self.rows.get(number) {
                bytes.extend(row.encode(screen.look));
            }
        }
        let last = u16::try_from(self.size.1 - 1).unwrap_or(u16::MAX);
        let _ = queue!(bytes, cursor::MoveTo(0, last), terminal::Clear(terminal::ClearType::CurrentLine));
        let mut state = Styled::default();
        state.push_styled(Style::new().effects(Effects::INVERT), self.state(end));
        bytes.extend(state.encode(screen.look));
        bytes
    }

    /// Where one is, and the keys, as far as they have room.
    fn state(&self, end: usize) -> String {
        let mut state = format!(" {}-{end} of {} ", self.top + 1, self.rows.len());
        let is_end = end == self.rows.len();
        let folds = self.view.short != self.view.whole;
        let modules = if self.is_whole { "m fold modules" } else { "m modules whole" };
        let keys = [
            (true, "q to go on"),
            (!is_end, "space more"),
            (folds, modules),
            (self.files().nth(1).is_some(), "n next file"),
            (self.top > 0, "b back"),
        ];
        for (_, key) in keys.iter().filter(|(is_there, _)| *is_there) {
            if state.len() + key.len() + 2 < self.size.0 {
                state.push_str(&format!("  {key}"));
            }
        }
        state.push(' ');
        state
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pager(view: &View, size: (usize, usize)) -> Pager<'_> {
        Pager { view, is_whole: false, size, rows: view.short.rows(size.0), top: 0 }
    }

    #[test]
    fn one_goes_through_the_text_and_stays_in_it() {
        let text: String = (0..40).map(|number| format!("{number}\n")).collect();
        let view = View { short: Styled::from(&text), whole: Styled::from(&text) };
        let mut pager = pager(&view, (60, 11));
        for (wish, top) in [
            (Wish::By(-1), 0),
            (Wish::By(1), 1),
            (Wish::Screens(1), 10),
            (Wish::End, 30),
            (Wish::By(1), 30),
            (Wish::Screens(-1), 21),
            (Wish::Start, 0),
        ] {
            pager.obey(wish);
            assert_eq!(pager.top, top, "{wish:?}");
        }
    }

    #[test]
    fn a_module_is_unfolded_in_sight() {
        let module =
            |rows: usize| format!("diff --git a/a b/a\n{}diff --git a/b b/b\n{}", "x\n".repeat(30), "y\n".repeat(rows));
        let view = View { short: Styled::from(&module(12)), whole: Styled::from(&module(300)) };
        let mut pager = pager(&view, (60, 10));
        pager.obey(Wish::File(true));
        assert_eq!(pager.top, 31);
        pager.obey(Wish::Unfold);
        assert_eq!((pager.top, pager.rows.len()), (31, 332));
        assert!(pager.state(40).contains("m fold modules"), "{}", pager.state(40));
        pager.obey(Wish::File(false));
        assert_eq!(pager.top, 0);
    }

    #[test]
    fn the_state_fits_its_row() {
        let view = View { short: Styled::from(&"x\n".repeat(500)), whole: Styled::default() };
        for columns in [20, 40, 60, 80, 200] {
            let pager = pager(&view, (columns, 24));
            let state = pager.state(23);
            assert!(state.len() <= columns.max(21), "{columns}: {state}");
            assert!(columns < 40 || state.contains("q to go on"), "{state}");
        }
    }
}
