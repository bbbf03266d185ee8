//! Questions on a terminal. The answer is one line; the end of the input is "no".

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
    let mut line = String::new();
    match std::io::stdin().lock().read_line(&mut line) {
        Ok(0) | Err(_) => {
            ui.say("");
            None
        }
        Ok(_) => Some(line),
    }
}

/// Asks `question` until the answer is one of `answers` (their first letters count), and gives its letter. The end of the
/// input is the last answer.
pub fn ask(ui: &Ui, question: &str, answers: &[(char, &str)]) -> char {
    let choices: Vec<String> = answers.iter().map(|(letter, what)| format!("[{letter}] {what}")).collect();
    loop {
        ui.error.write(&Styled::from(&format!("{}\n  {}  > ", one_line(question), choices.join("  "))));
        let mut line = String::new();
        let last = answers.last().map_or('n', |(letter, _)| *letter);
        match std::io::stdin().lock().read_line(&mut line) {
            Ok(0) | Err(_) => {
                ui.say("");
                return last;
            }
            Ok(_) => {}
        }
        let answer = line.trim().to_lowercase();
        let chosen = answers
            .iter()
            .find(|(letter, what)| answer == letter.to_string() || (!answer.is_empty() && what.starts_with(&answer)));
        if let Some((letter, _)) = chosen {
            return *letter;
        }
        ui.say(&format!(
            "please type one of: {}",
            answers.iter().map(|(letter, _)| letter.to_string()).collect::<Vec<_>>().join(", ")
        ));
    }
}
