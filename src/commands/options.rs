//! Options of components: what `--set` says, and the questions on a terminal.

use super::{Ui, components, nearest, prompt};
use crate::component::manifest::{Choice, ChoiceKind};
use crate::component::options::Given;
use crate::component::registry::with_required;
use crate::component::{COMPONENTS, Component};
use crate::error::Error;
use crate::lock::Lock;

/// What `--set NAME.OPTION=VALUE` says, each of it once.
pub fn parse(texts: &[String]) -> Result<Vec<Given>, Error> {
    let mut given: Vec<Given> = Vec::new();
    for text in texts {
        let new = one(text)?;
        let same = |known: &&Given| known.component == new.component && known.option == new.option;
        match given.iter().find(same) {
            Some(known) if known.value != new.value => {
                let message =
                    format!("`{}.{}` is set to `{}` and to `{}`", new.component, new.option, known.value, new.value);
                return Err(Error::Usage(message, Some("say one of them".to_owned())));
            }
            Some(_) => {}
            None => given.push(new),
        }
    }
    Ok(given)
}

fn one(text: &str) -> Result<Given, Error> {
    let form = || {
        let message = format!("`--set {}` is no option of a component with a value", text.escape_debug());
        let option = text.split('=').next().unwrap_or_default().trim();
        // A component that was left out is known where only one has this option.
        let mut having = COMPONENTS.iter().filter(|component| component.option(option).is_some());
        let example = match (having.next(), having.next(), text.split_once('=')) {
            (Some(only), None, Some((_, value))) => format!("{}.{option}={}", only.id(), value.trim().escape_debug()),
            _ => "email.backend=smtp".to_owned(),
        };
        Error::Usage(message, Some(format!("write `--set NAME.OPTION=VALUE`, as in `--set {example}`")))
    };
    let (key, value) = text.split_once('=').ok_or_else(form)?;
    let (name, option) = key.trim().split_once('.').ok_or_else(form)?;
    let component = components(&[name.to_owned()])?.into_iter().next().ok_or_else(form)?;
    let option = find(component, option)?;
    let value = value.trim();
    option.check(value).map_err(|why| wrong_value(component, option, value, &why))?;
    Ok(Given { component: component.id(), option: option.name.0, value: value.to_owned() })
}

fn find(component: &'static Component, name: &str) -> Result<&'static Choice, Error> {
    let names = || component.manifest.option.0.iter().map(|option| option.name.0);
    if names().next().is_none() {
        let message = format!("`{}` has no options", component.id());
        return Err(Error::Usage(
            message,
            Some(format!("leave out `--set {}.{}=...`", component.id(), name.escape_debug())),
        ));
    }
    component.option(name).ok_or_else(|| {
        let near = nearest(&name.to_lowercase(), names());
        let near = near.map(|near| format!("did you mean `{near}`? ")).unwrap_or_default();
        let known: Vec<&str> = names().collect();
        let message = format!("`{}` has no option `{}`", component.id(), name.escape_debug());
        Error::Usage(message, Some(format!("{near}it has {}", known.join(", "))))
    })
}

fn wrong_value(component: &Component, option: &Choice, value: &str, why: &str) -> Error {
    let id = component.id();
    let message = if value.is_empty() {
        format!("`{id}.{}` has no value", option.name)
    } else {
        format!("`{}` for `{id}.{}` {why}", value.escape_debug(), option.name)
    };
    let near = nearest(&value.to_lowercase(), option.values.iter().map(|known| known.0));
    let near = near.map(|near| format!("did you mean `{near}`? ")).unwrap_or_default();
    Error::Usage(message, Some(format!("{near}it is {}, such as `{}`, the default", option.expected(), option.default)))
}

/// Does what was given fit what is added, and what is there?
pub fn verify(given: &[Given], named: &[&'static Component], lock: &Lock) -> Result<(), Error> {
    let added = with_required(named);
    for Given { component, option, value } in given {
        if !added.iter().any(|(known, _)| known.id() == *component) {
            let help = format!("name the component as well: `paxx add {component} --set {component}.{option}={value}`");
            return Err(Error::Usage(format!("`{component}`, which `--set` is about, is not added here"), Some(help)));
        }
        let Some((known, _)) =
            lock.component(component).and_then(|_| added.iter().find(|(known, _)| known.id() == *component))
        else {
            continue;
        };
        let is = lock.decided(known).value(option);
        if is != value {
            let help = format!(
                "take it out first: `paxx remove {component}`, and then `paxx add {component} --set {component}.{option}={value}`"
            );
            return Err(Error::Usage(format!("`{component}` is installed with `{option}` `{is}`"), Some(help)));
        }
    }
    Ok(())
}

/// Asks for each option of what is added that nobody decided on.
pub fn ask(ui: &Ui, given: &mut Vec<Given>, named: &[&'static Component], lock: &Lock) -> Result<(), Error> {
    for (component, _) in with_required(named) {
        if lock.component(component.id()).is_some() {
            continue;
        }
        for option in component.manifest.option.0 {
            let is_given = |known: &Given| known.component == component.id() && known.option == option.name.0;
            if given.iter().any(is_given) {
                continue;
            }
            let value = answer(ui, component, option)?;
            given.push(Given { component: component.id(), option: option.name.0, value });
        }
    }
    Ok(())
}

fn answer(ui: &Ui, component: &'static Component, option: &Choice) -> Result<String, Error> {
    let number = |value: &str| {
        let at = value.parse::<usize>().ok()?.checked_sub(1)?;
        option.values.get(at).filter(|_| option.kind == ChoiceKind::OneOf).map(|value| value.0)
    };
    loop {
        ui.say(&format!("{}.{}: {}", component.id(), option.name, option.summary));
        for (number, value) in option.values.iter().enumerate() {
            let default = if *value == option.default { "  (the default)" } else { "" };
            ui.say(&format!("  {:2}  {value}{default}", number + 1));
        }
        let expected = if option.values.is_empty() { option.expected() } else { "A name or a number".to_owned() };
        let line = prompt::line(ui, &format!("{expected}; nothing for `{}`", option.default)).ok_or(Error::Declined)?;
        let word = line.trim();
        let value = if word.is_empty() { option.default.0 } else { number(word).unwrap_or(word) };
        match option.check(value) {
            Ok(()) => return Ok(value.to_owned()),
            Err(why) => ui.report(&wrong_value(component, option, value, &why)),
        }
    }
}
