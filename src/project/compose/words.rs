//! Commands of a compose file as words. Nothing is run, and no variable is read.

use super::data::Data;

/// The words of a command, in its short or its list form.
pub fn words(command: &Data) -> Vec<String> {
    match command {
        Data::Scalar(written) => shell_words(written),
        Data::List(items) => {
            let mut words: Vec<String> = Vec::new();
            for item in items.iter().filter_map(Data::text) {
                let is_script = words.last().is_some_and(|last| matches!(last.as_str(), "-c" | "-ec" | "-lc" | "-exc"));
                if is_script {
                    words.extend(shell_words(item));
                } else {
                    words.push(item.to_owned());
                }
            }
            words
        }
        _ => Vec::new(),
    }
}

/// The words of a line as a shell takes it apart; its operators are words of their own.
pub fn shell_words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut is_word = false;
    let mut quote = None;
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        match (quote, character) {
            (Some(open), _) if character == open => quote = None,
            (None, '"' | '\'') => {
                quote = Some(character);
                is_word = true;
            }
            (None | Some('"'), '\\') => match characters.next() {
                None | Some('\n') => {}
                Some(next) => {
                    word.push(next);
                    is_word = true;
                }
            },
            (None, ';' | '&' | '|' | '\n') => {
                if is_word {
                    words.push(std::mem::take(&mut word));
                }
                is_word = false;
                if words.last().is_none_or(|last| last != ";") {
                    words.push(";".to_owned());
                }
            }
            (None, blank) if blank.is_whitespace() => {
                if is_word {
                    words.push(std::mem::take(&mut word));
                }
                is_word = false;
            }
            (None, '$') if characters.peek() == Some(&'{') => {
                is_word = true;
                word.push('$');
                // A variable's default may hold blanks.
                for inner in characters.by_ref() {
                    word.push(inner);
                    if inner == '}' {
                        break;
                    }
                }
            }
            _ => {
                word.push(character);
                is_word = true;
            }
        }
    }
    if is_word {
        words.push(word);
    }
    // A command that was made of a sh -c script is taken apart in turn.
    match words.iter().position(|word| matches!(word.as_str(), "-c" | "-ec" | "-lc" | "-exc")) {
        Some(at) if words.first().is_some_and(|first| first.ends_with("sh")) && words.len() > at + 1 => {
            let script = words.remove(at + 1);
            let inner = shell_words(&script);
            words.splice(at + 1..=at, inner);
            words
        }
        _ => words,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_a_command_as_a_shell_has_them() {
        assert_eq!(shell_words("a \"b c\" 'd;e' f\\ g"), ["a", "b c", "d;e", "f g"]);
        assert_eq!(
            shell_words("sh -c \"x && exec y --p '${A:-b c}'\""),
            ["sh", "-c", "x", ";", "exec", "y", "--p", "${A:-b c}"]
        );
    }
}
