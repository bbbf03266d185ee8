//! Questions on a terminal. The answer is one line; the end of the input is "no".

use std::io::{BufRead, IsTerminal, Write};

use super::Ui;

/// Is there somebody to ask?
pub fn can_ask() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Asks `question` until the answer is one of `answers` (their first letters count), and gives its letter. The end of the
/// input is the last answer.
pub fn ask(ui: &Ui, question: &str, answers: &[(char, &str)]) -> char {
    let choices: Vec<String> = answers.iter().map(|(letter, what)| format!("[{letter}] {what}")).collect();
    loop {
        let prompt = format!("{question}\n  {}  > ", choices.join("  "));
        let mut err = std::io::stderr().lock();
        let _ = err.write_all(prompt.as_bytes()).and_then(|()| err.flush());
        drop(err);
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
        let chosen = answers.iter().find(|(letter, what)| answer == letter.to_string() || (!answer.is_empty() && what.starts_with(&answer)));
        if let Some((letter, _)) = chosen {
            return *letter;
        }
        ui.say(&format!("please type one of: {}", answers.iter().map(|(letter, _)| letter.to_string()).collect::<Vec<_>>().join(", ")));
    }
}
