//! What a command cannot decide: asked on a terminal, printed as commands to type elsewhere.

use std::collections::BTreeSet;
use std::fmt::{self, Write as _};

use inquire::ui::RenderConfig;
use inquire::{InquireError, Select};

use super::{Ui, prompt};
use crate::error::Error;
use crate::finding::{Candidate, Problem, Question};
use crate::project::options::Options;
use crate::render::findings::MOST_ANSWERS;
use crate::render::styled::{one_line, visible};

/// So many rows of a list are shown at once.
const ROWS: usize = 10;

/// A row of the list.
struct Row {
    number: usize,
    /// The answer; `None` for none of them.
    value: Option<String>,
    text: String,
}

impl fmt::Display for Row {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

/// Asks for each question of these problems that has no answer yet, and puts the answers into `options`. Was there one?
///
/// # Errors
///
/// The user wants none of them, or interrupts.
pub fn ask(ui: &Ui, problems: &[Problem], options: &mut Options) -> Result<bool, Error> {
    let mut asked = BTreeSet::new();
    for problem in problems {
        let Some(question) = &problem.question else { continue };
        if !is_answered(options, question) && asked.insert((question.option, module_of(question))) {
            let value = choose(ui, &problem.message, question)?;
            answer(options, question.option, value);
        }
    }
    Ok(!asked.is_empty())
}

/// The likeliest answer to each question of these problems, put into `options`. Was there one?
pub fn assume(problems: &[Problem], options: &mut Options) -> Vec<(&'static str, String)> {
    let mut assumed: Vec<(&'static str, String)> = Vec::new();
    for question in problems.iter().filter_map(|problem| problem.question.as_ref()) {
        if !is_answered(options, question)
            && let Some(first) = question.candidates.first()
        {
            answer(options, question.option, first.value.clone());
            assumed.push((question.option, first.value.clone()));
        }
    }
    assumed
}

fn is_answered(options: &Options, question: &Question) -> bool {
    match question.option {
        "app" => options.app.is_some(),
        "settings" => options.settings.is_some(),
        "compose" => options.compose.is_some(),
        "service" => options.service.is_some(),
        "services-dir" => options.services_dir.is_some(),
        "set" => question.candidates.iter().any(|candidate| options.set.contains(&candidate.value)),
        "module" => module_of(question).is_some_and(|name| {
            options.modules.iter().any(|pair| pair.split_once('=').is_some_and(|(own, _)| own == name))
        }),
        _ => false,
    }
}

/// The module whose name is asked for: each is a question of its own.
fn module_of(question: &Question) -> Option<&str> {
    let first = question.candidates.first().filter(|_| question.option == "module")?;
    first.value.split_once('=').map(|(name, _)| name)
}

fn answer(options: &mut Options, option: &str, value: String) {
    let place = match option {
        "app" => &mut options.app,
        "settings" => &mut options.settings,
        "compose" => &mut options.compose,
        "service" => &mut options.service,
        "services-dir" => &mut options.services_dir,
        "module" => return options.modules.push(value),
        "set" => return options.set.push(value),
        _ => {
            let folder = options.project.take().unwrap_or_default().join(value);
            options.project = Some(folder);
            return;
        }
    };
    *place = Some(value);
}

/// Asks one question: what was chosen.
fn choose(ui: &Ui, message: &str, question: &Question) -> Result<String, Error> {
    let asks = match question.option {
        "module" => "which name has ours?",
        "services-dir" => "which folder is it?",
        "set" => "what is added?",
        _ => "which one?",
    };
    let message = shown(&format!("{message}: {asks}"));
    let mut rows: Vec<Row> = question
        .candidates
        .iter()
        .enumerate()
        .map(|(index, candidate)| {
            let text = format!("{}. {}", index + 1, described(candidate));
            Row { number: index + 1, value: Some(candidate.value.clone()), text }
        })
        .collect();
    // Where nothing speaks for one of them, a mere Enter chooses none.
    let none = rows.len();
    rows.push(Row { number: 0, value: None, text: "0. none of these: change nothing".to_owned() });
    let start = if question.is_likely { 0 } else { none };
    if !can_redraw() {
        return by_number(ui, &message, &rows, start);
    }
    let scorer = |typed: &str, row: &Row, text: &str, _: usize| {
        let typed = typed.trim().to_lowercase();
        let fits = match typed.parse::<usize>() {
            Ok(number) => row.number.to_string().starts_with(&number.to_string()),
            Err(_) => text.to_lowercase().contains(&typed),
        };
        fits.then_some(0)
    };
    let answer = Select::new(&message, rows)
        .with_help_message("arrows move, typing filters, a number chooses, Enter takes it, Esc cancels")
        .with_starting_cursor(start)
        .with_page_size(ROWS)
        .with_scorer(&scorer)
        .with_formatter(&|row| row.value.value.as_deref().map_or_else(|| "none".to_owned(), shown))
        .with_render_config(look(ui))
        .prompt();
    match answer {
        Ok(Row { value: Some(value), .. }) => Ok(value),
        Err(InquireError::OperationInterrupted) => Err(Error::Interrupted),
        Ok(_) | Err(InquireError::OperationCanceled) => Err(Error::Declined),
        Err(_) => Err(Error::NoTerminal),
    }
}

/// Does the terminal show a list that moves? One that only takes lines does not.
pub fn can_redraw() -> bool {
    std::env::var_os("TERM").is_some_and(|term| term != "dumb")
}

/// How a list looks.
pub fn look(ui: &Ui) -> RenderConfig<'static> {
    let look = if ui.error.look.colour { RenderConfig::default_colored() } else { RenderConfig::empty() };
    look.with_highlighted_option_prefix(inquire::ui::Styled::new(">"))
}

/// The same for a terminal that only takes lines.
fn by_number(ui: &Ui, message: &str, rows: &[Row], start: usize) -> Result<String, Error> {
    let mut list = format!("{message}\n");
    for row in rows {
        let _ = writeln!(list, "  {}", row.text);
    }
    ui.say(&list);
    let default = rows.get(start).map_or(0, |row| row.number);
    loop {
        let Some(line) = prompt::line(ui, &format!("A number; nothing for {default}")) else {
            return Err(Error::Declined);
        };
        let line = line.trim();
        let number = if line.is_empty() { Some(default) } else { line.parse().ok() };
        match rows.iter().find(|row| Some(row.number) == number) {
            Some(Row { value: Some(value), .. }) => return Ok(value.clone()),
            Some(_) => return Err(Error::Declined),
            None => ui.say("please type one of the numbers"),
        }
    }
}

/// A candidate on one line.
fn described(candidate: &Candidate) -> String {
    let value = shown(&candidate.value);
    if candidate.evidence.is_empty() { value } else { format!("{value}  ({})", shown(&candidate.evidence)) }
}

/// Text of a project on a terminal: on one line, and nothing in it steers.
fn shown(text: &str) -> String {
    visible(&one_line(text)).into_owned()
}

/// The commands that answer a question, a line each; never broken, so that they can be pasted.
pub fn commands(ui: &Ui, question: &Question) -> String {
    let mut text = String::new();
    let line = |candidate: &Candidate| {
        let command = ui.invocation.with(&[(question.option, candidate.value.as_str())]);
        let why = if candidate.evidence.is_empty() { String::new() } else { format!("  # {}", candidate.evidence) };
        one_line(&format!("{command}{why}")).into_owned()
    };
    for candidate in question.candidates.iter().take(MOST_ANSWERS) {
        let _ = writeln!(text, "    {}", line(candidate));
    }
    if question.candidates.len() > MOST_ANSWERS {
        let _ = writeln!(text, "    and {} more", question.candidates.len() - MOST_ANSWERS);
    }
    if !question.together.is_empty() {
        let answers: Vec<(&str, &str)> =
            question.together.iter().map(|(option, value)| (*option, value.as_str())).collect();
        let _ =
            writeln!(text, "  all at once, by the likeliest answers:\n    {}", one_line(&ui.invocation.with(&answers)));
    }
    text
}
