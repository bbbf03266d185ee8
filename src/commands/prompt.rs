//! Questions on a terminal. The answer is one line; the letters mean the same at every question.

use std::io::{BufRead, IsTerminal};

use super::Ui;
use crate::render::styled::{Styled, one_line};

/// Is there somebody to ask?
pub fn can_ask(ui: &Ui) -> bool {
    std::io::stdin().is_terminal() && ui.error.look.terminal
}

/// Asks `question`, and gives the line that is typed; `None` at the end of the input.
pub fn line(ui: &Ui, question: &str) -> Option<String> {
    ui.error.write(&Styled::from(&format!("{}\n  > ", one_line(question))));
    read(ui)
}

/// What was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// `y`
    Yes,
    /// `n`
    No,
    /// `e`: each file by itself.
    Each,
    /// `q`, and the end of the input.
    Quit,
}

/// What the letters mean at a question. They are the same at every one; `v` and `?` need no word.
#[derive(Debug, Clone, Copy)]
pub struct Answers {
    /// `y`
    pub yes: &'static str,
    /// `n`
    pub no: &'static str,
    /// `e`, where there are several files to speak of.
    pub each: Option<&'static str>,
    /// `q`
    pub quit: &'static str,
}

/// Asks `question` until there is an answer. `view` is what it is about, to be shown again.
pub fn ask(ui: &Ui, question: &str, answers: &Answers, view: impl Fn()) -> Answer {
    let mut choices = vec![('y', answers.yes), ('n', answers.no)];
    choices.extend(answers.each.map(|each| ('e', each)));
    choices.extend([('v', "view again"), ('q', answers.quit), ('?', "help")]);
    let shown: Vec<String> = choices.iter().map(|(letter, what)| format!("[{letter}] {what}")).collect();
    let question = format!("{question}\n  {}", shown.join("  "));
    loop {
        let (first, rest) = question.split_once('\n').unwrap_or((&question, ""));
        ui.error.write(&Styled::from(&format!("{}\n{rest}  > ", one_line(first))));
        let Some(line) = read(ui) else { return Answer::Quit };
        let word = line.trim().to_lowercase();
        let chosen = choices
            .iter()
            .find(|(letter, what)| word == letter.to_string() || (!word.is_empty() && what.starts_with(&word)));
        match chosen.map(|(letter, _)| *letter) {
            Some('y') => return Answer::Yes,
            Some('n') => return Answer::No,
            Some('e') => return Answer::Each,
            Some('q') => return Answer::Quit,
            Some('v') => view(),
            Some(_) => {
                for (letter, what) in &choices {
                    ui.say(&format!("  {letter}  {what}"));
                }
                ui.say("Nothing is written before you say yes. Ctrl-C ends it at once, the end of the input is `q`.");
            }
            None => {
                let letters: Vec<String> = choices.iter().map(|(letter, _)| letter.to_string()).collect();
                ui.say(&format!("please type one of: {}", letters.join(", ")));
            }
        }
    }
}

/// A line that is typed; `None` at the end of the input.
fn read(ui: &Ui) -> Option<String> {
    let mut line = String::new();
    match std::io::stdin().lock().read_line(&mut line) {
        Ok(0) | Err(_) => {
            ui.say("");
            None
        }
        Ok(_) => Some(line),
    }
}

/// Asks a question that is answered no by default: by an empty line, and by the end of the input.
pub fn confirm(ui: &Ui, question: &str) -> bool {
    matches!(short(ui, question, "[y/N]").as_deref(), Some("y" | "yes"))
}

/// Asks a question that is answered yes by default.
pub fn agree(ui: &Ui, question: &str) -> bool {
    !matches!(short(ui, question, "[Y/n]").as_deref(), Some("n" | "no"))
}

/// What is typed behind a question, in lower case.
fn short(ui: &Ui, question: &str, choices: &str) -> Option<String> {
    ui.error.write(&Styled::from(&format!("{} {choices} > ", one_line(question))));
    read(ui).map(|line| line.trim().to_lowercase())
}
