//! What the user does after components were added: one numbered list for all of them together, and what was left to him.

use std::fmt::Write as _;

use crate::component::{Component, Context};

/// What there is to do, before it is numbered.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct NextSteps {
    /// Each a phrase, perhaps with more lines.
    pub steps: Vec<String>,
    /// What was not done, and would be next: a line each.
    pub left: Vec<String>,
}

impl NextSteps {
    /// Those of these components. What all of them share comes first: to install, and to start `services` of compose.
    pub fn of(components: &[&Component], context: &Context, installs: bool, services: &Services) -> Self {
        let mut all = Self::default();
        all.steps.extend(installs.then(|| format!("Install the dependencies: {}", context.install)));
        all.steps.extend(services.command(&context.compose));
        for component in components {
            let (steps, left) = parts(&component.next_steps(context));
            let named = components.len() > 1;
            for (number, step) in steps.into_iter().enumerate() {
                let name = if named && number == 0 { format!("{}: ", component.id()) } else { String::new() };
                all.steps.push(format!("{name}{step}"));
            }
            all.left.extend(left);
        }
        all
    }

    /// Is there nothing to do?
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty() && self.left.is_empty()
    }

    /// As text.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        for (number, step) in self.steps.iter().enumerate() {
            let _ = writeln!(text, "{}. {step}", number + 1);
            // Paragraphs are parted from what follows.
            if step.contains("\n\n") && number + 1 < self.steps.len() {
                text.push('\n');
            }
        }
        if !self.left.is_empty() {
            text.push_str("\nNot done, and left to you:\n");
            for line in &self.left {
                let _ = writeln!(text, "- {line}");
            }
        }
        text
    }
}

/// Services of compose that are to be started.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Services {
    /// Their names; empty: all that there are.
    pub names: Vec<String>,
    /// Is one of them built from the application, so that its image is old?
    pub built: bool,
    /// Is there anything to start?
    pub any: bool,
}

impl Services {
    fn command(&self, compose: &str) -> Option<String> {
        if !self.any || compose.is_empty() {
            return None;
        }
        let build = if self.built { " --build" } else { "" };
        let names: String = self.names.iter().map(|name| format!(" {name}")).collect();
        let what = if self.built { "Build and start" } else { "Start" };
        Some(format!("{what} in compose: {compose} up -d{build}{names}"))
    }
}

/// The steps of a template, without their numbers, and its lines that begin with `!`: what is left to the user.
fn parts(text: &str) -> (Vec<String>, Vec<String>) {
    let (mut steps, mut left): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    let mut is_left = false;
    for line in text.lines() {
        let number = line.split_once(". ").filter(|(number, _)| number.parse::<u8>().is_ok());
        if let Some((_, step)) = number {
            is_left = false;
            steps.push(step.to_owned());
        } else if let Some(what) = line.strip_prefix("! ") {
            is_left = true;
            left.push(what.to_owned());
        } else if let Some(last) = if is_left { left.last_mut() } else { steps.last_mut() } {
            last.push('\n');
            last.push_str(line);
        }
    }
    for step in &mut steps {
        step.truncate(step.trim_end().len());
    }
    (steps, left.iter().map(|line| line.trim_end().to_owned()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::component::COMPONENTS;

    fn context(compose: &str) -> Context {
        let install = "uv sync".to_owned();
        Context { install, compose: compose.to_owned(), port: 8000, ..Context::default() }
    }

    #[test]
    fn steps_are_numbered_together() {
        let text = "2. Start it\n5. Use it:\n\n   a\n\n   b\n\n7. More\n! Close it\n  soon\n";
        let (steps, left) = parts(text);
        assert_eq!(steps, ["Start it", "Use it:\n\n   a\n\n   b", "More"]);
        assert_eq!(left, ["Close it\n  soon"]);
        let text = NextSteps { steps, left }.to_text();
        let expected =
            "1. Start it\n2. Use it:\n\n   a\n\n   b\n\n3. More\n\nNot done, and left to you:\n- Close it\n  soon\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn what_is_shared_is_said_once() {
        let services = Services { names: vec!["redis".to_owned(), "worker".to_owned()], built: true, any: true };
        let components: Vec<&Component> =
            ["redis", "arq", "metrics"].iter().filter_map(|name| Component::find(name)).collect();
        let text = NextSteps::of(&components, &context("docker compose"), true, &services).to_text();
        assert!(text.starts_with(
            "1. Install the dependencies: uv sync\n2. Build and start in compose: docker compose up -d --build redis worker\n3. redis: "
        ), "{text}");
        assert_eq!(text.matches("uv sync").count(), 1, "{text}");
        assert_eq!(text.matches(" up -d").count(), 1, "{text}");
        assert!(text.contains(". arq: Write tasks") && text.contains("\n- /metrics is open"), "{text}");
    }

    #[test]
    fn every_component_has_steps_with_and_without_compose() {
        for component in COMPONENTS {
            for compose in ["", "docker compose"] {
                let (steps, _) = parts(&component.next_steps(&context(compose)));
                assert!(!steps.is_empty(), "{}", component.id());
                for step in &steps {
                    assert!(!step.contains("Install the dependencies"), "{}: {step}", component.id());
                    assert!(step.lines().all(|line| line.chars().count() <= 100), "{}: {step}", component.id());
                }
                let text = component.next_steps(&context(compose));
                assert!(
                    text.trim_start().starts_with(|first: char| first.is_ascii_digit()),
                    "{}: {text}",
                    component.id()
                );
            }
        }
    }
}
