//! The command line as it was typed, to be shown again with an answer in it: what a message says is typed as it stands.

/// The words behind the program's name, without the options that answers replace.
#[derive(Debug, Clone, Default)]
pub struct Invocation {
    words: Vec<String>,
}

impl Invocation {
    /// The one that runs.
    pub fn current() -> Self {
        Self::of(std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned()))
    }

    fn of(words: impl IntoIterator<Item = String>) -> Self {
        Self { words: words.into_iter().collect() }
    }

    /// The command with these answers: options as [`crate::finding::Question::option`] names them, with their values; a
    /// switch has an empty one.
    pub fn with(&self, answers: &[(&str, &str)]) -> String {
        let mut words = vec!["paxx".to_owned()];
        for (_, folder) in answers.iter().filter(|(option, _)| *option == "project") {
            let folder = if folder.starts_with('-') { format!("./{folder}") } else { (*folder).to_owned() };
            words.extend(["-C".to_owned(), shell_word(&folder)]);
        }
        let replaces_project = words.len() > 1;
        let mut own = self.words.iter();
        let mut ended = Vec::new();
        while let Some(word) = own.next() {
            if word == "--" {
                ended = std::iter::once("--".to_owned()).chain(own.by_ref().map(|word| shell_word(word))).collect();
                break;
            }
            let takes_folder = replaces_project && (word == "-C" || word == "--project");
            if takes_folder || (word == "--set" && own.clone().next().is_some_and(|pair| is_set_anew(answers, pair))) {
                own.next();
                continue;
            }
            let is_folder = replaces_project && (word.starts_with("-C") || word.starts_with("--project="));
            if !is_folder && !word.strip_prefix("--set=").is_some_and(|pair| is_set_anew(answers, pair)) {
                words.push(shell_word(word));
            }
        }
        for (option, value) in answers.iter().filter(|(option, _)| *option != "project") {
            if value.is_empty() {
                words.push(format!("--{option}"));
                continue;
            }
            let value = shell_word(value);
            // What begins like an option is given in one word.
            let between = if value.starts_with('-') { "=" } else { " " };
            words.push(format!("--{option}{between}{value}"));
        }
        words.extend(ended);
        words.join(" ")
    }
}

/// Has one of the answers another value for the option of a component that `pair` sets?
fn is_set_anew(answers: &[(&str, &str)], pair: &str) -> bool {
    let key = |pair: &str| pair.split('=').next().map(str::to_owned);
    answers.iter().any(|(option, value)| *option == "set" && key(value) == key(pair))
}

/// A word as a shell takes it for one.
fn shell_word(word: &str) -> String {
    let is_plain = |character: char| character.is_alphanumeric() || "/._-:=,@+%".contains(character);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(words: &str, answers: &[(&str, &str)]) -> String {
        Invocation::of(words.split(' ').map(str::to_owned)).with(answers)
    }

    #[test]
    fn an_answer_about_an_option_replaces_what_was_said_of_it() {
        let tracing = [("set", "metrics.parts=tracing")];
        let expected = "paxx add metrics --set metrics.collector=none --set metrics.parts=tracing";
        assert_eq!(with("add metrics --set metrics.parts=all --set metrics.collector=none", &tracing), expected);
        assert_eq!(with("add metrics --set=metrics.parts=all --set metrics.collector=none", &tracing), expected);
    }

    #[test]
    fn an_answer_joins_the_command() {
        assert_eq!(with("add redis --yes", &[("app", "main:app")]), "paxx add redis --yes --app main:app");
        assert_eq!(
            with("add redis", &[("app", "a/b c.py:app"), ("settings", "new")]),
            "paxx add redis --app 'a/b c.py:app' --settings new"
        );
        assert_eq!(
            with("add redis", &[("app", "a:b"), ("raise-bounds", "")]),
            "paxx add redis --app a:b --raise-bounds"
        );
        assert_eq!(with("add -- redis", &[("service", "web")]), "paxx add --service web -- redis");
        assert_eq!(with("add redis", &[("settings", "-a/b.py:C")]), "paxx add redis --settings=-a/b.py:C");
        assert_eq!(with("add redis", &[("project", "-rf")]), "paxx -C ./-rf add redis");
    }

    #[test]
    fn a_folder_takes_the_place_of_the_one_that_was_given() {
        for given in ["add redis", "-C demo add redis", "add redis -Cdemo", "add --project=demo redis"] {
            assert_eq!(with(given, &[("project", "demo/it's")]), "paxx -C 'demo/it'\\''s' add redis");
        }
        assert_eq!(with("-C demo check", &[("app", "a:b")]), "paxx -C demo check --app a:b");
    }
}
