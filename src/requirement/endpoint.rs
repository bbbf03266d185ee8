//! Where a server that is there is spoken to: its port, whether by TLS, and with which user and password.
//!
//! What tells is its command line, its variables, and a configuration file of the repository that is mounted into it. How each
//! of them is written is in the component's folder. A URL that would be a guess is none: the answer is why it is not known.

use crate::component::manifest::{self, Server, ServerVariable};
use crate::project::compose::model::{Model, Read, Service};
use crate::project::compose::words::shell_words;
use crate::requirement::image_reference::Reference;

/// Where a server is spoken to, besides its host.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Endpoint {
    /// Its port, or a variable of compose; `None` where it is the usual one.
    pub port: Option<String>,
    /// `user:password`, ready for a URL.
    pub credentials: Option<String>,
    /// Does it speak TLS?
    pub tls: bool,
}

/// A directive with its values, as a command line or a configuration file has it.
type Directive = (String, Vec<String>);

/// The endpoint of the server that `service` runs.
///
/// # Errors
///
/// It cannot be known from what lies in the repository: why, as a phrase.
pub(super) fn of(
    model: &Model,
    service: &Service,
    manifest: &manifest::Service,
    read: Read<'_>,
) -> Result<Endpoint, String> {
    let Some(server) = &manifest.server else { return Ok(Endpoint::default()) };
    if !service.is_complete {
        return Err(format!("`{}` extends a service that cannot be read", service.name));
    }
    let facts = Facts { model, service, server, read };
    let mut directives = facts.of_variables()?;
    directives.extend(facts.of_command()?);
    facts.refuse_unusable(&directives)?;
    let relative = relative(service, server);
    let last = |names: &manifest::List<manifest::Text>| {
        let mut found = directives.iter().filter(|(name, _)| names.iter().any(|known| known.0 == name));
        found.next_back().and_then(|(_, values)| values.first()).map(String::as_str)
    };
    let mut endpoint = Endpoint { port: relative.map(|relative| relative.port.to_string()), ..Endpoint::default() };
    let (port, tls_port) = (last(&server.port), last(&server.tls_port));
    match (port, tls_port) {
        (Some("0"), None) => return Err(format!("`{}` listens at no port", service.name)),
        (Some("0"), Some(tls_port)) => {
            endpoint.port = Some(facts.port(tls_port)?);
            endpoint.tls = true;
        }
        (Some(port), _) => endpoint.port = Some(facts.port(port)?),
        (None, _) => {}
    }
    let login = last(&server.login).or(server.default_login.map(|name| name.0)).unwrap_or_default();
    endpoint.credentials = facts.credentials(&directives, login, last(&server.password))?;
    Ok(endpoint)
}

/// The entry for the image of `service`, where it is another server that stands for ours.
pub(super) fn relative<'m>(service: &Service, server: &'m Server) -> Option<&'m manifest::Relative> {
    let image = Reference::parse(service.image()?);
    server.relatives.iter().find(|relative| image.is_repository(&relative.image))
}

/// Is it something of the same image that no client is to speak to: a replica, a sentinel, a node of a cluster?
pub(super) fn is_unusable(model: &Model, service: &Service, manifest: &manifest::Service, read: Read<'_>) -> bool {
    let Some(server) = &manifest.server else { return false };
    let facts = Facts { model, service, server, read };
    let directives = facts.of_command().unwrap_or_default();
    facts.refuse_unusable(&directives).is_err()
}

struct Facts<'a> {
    model: &'a Model,
    service: &'a Service,
    server: &'a Server,
    read: Read<'a>,
}

impl Facts<'_> {
    fn name(&self) -> &str {
        &self.service.name
    }

    /// What the words of its command line say.
    fn of_command(&self) -> Result<Vec<Directive>, String> {
        let words = self.service.words();
        let is_program = |word: &String| {
            let program = word.rsplit('/').next().unwrap_or(word);
            self.server.programs.iter().any(|known| known.0 == program || known.0 == word)
        };
        let Some(first) = words.first() else { return self.of_usual_files() };
        let from = match words.iter().position(is_program) {
            Some(at) => at + 1,
            // The entry point of the image puts the program before its options.
            None if first.starts_with('-') || first.ends_with(".conf") => 0,
            None if self.server.programs.is_empty() => 0,
            None if words.iter().any(|word| self.is_unusable_word(word)) => return Ok(Vec::new()),
            None => return Err(format!("what `{}` runs (`{first}`) is not known", self.name())),
        };
        let arguments: Vec<String> =
            words.get(from..).unwrap_or_default().iter().take_while(|word| *word != ";").cloned().collect();
        let file = arguments.first().filter(|first| !first.starts_with('-'));
        let mut directives = match file {
            Some(path) if !self.server.programs.is_empty() => self.of_file(path)?,
            _ => self.of_usual_files()?,
        };
        directives.extend(directives_of(&arguments));
        Ok(directives)
    }

    /// What the files say that it reads without being told, where one of them is mounted.
    fn of_usual_files(&self) -> Result<Vec<Directive>, String> {
        let mounts = self.service.mounts();
        let path = self.server.files.iter().find(|path| mounts.iter().any(|(_, target)| target == path.0));
        path.map_or(Ok(Vec::new()), |path| self.of_file(path))
    }

    /// What the configuration file at `path` in the container says.
    fn of_file(&self, path: &str) -> Result<Vec<Directive>, String> {
        let unknown = || format!("`{path}` of `{}` does not lie in the repository", self.name());
        let file = self.model.mounted(self.service, path).and_then(|path| (self.read)(&path)).ok_or_else(unknown)?;
        let text = file.text().ok_or_else(unknown)?;
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        Ok(lines
            .map(|line| {
                let (name, values) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
                // A `$` has no meaning there, and one for compose.
                let values = shell_words(values).into_iter().map(|value| value.replace('$', "$$")).collect();
                (name.to_ascii_lowercase(), values)
            })
            .collect())
    }

    /// What its variables say.
    fn of_variables(&self) -> Result<Vec<Directive>, String> {
        let image = self.service.image().unwrap_or_default();
        let applies = |variable: &&ServerVariable| variable.images.is_none_or(|part| image.contains(part.0));
        let mut directives = Vec::new();
        for variable in self.server.variables.iter().filter(applies) {
            let Some(found) = self.model.variable(self.service, &variable.name, self.read) else { continue };
            let name = variable.name;
            let value = match (found.value, found.file) {
                // What Compose takes its own variables from is a reference here, not a copy.
                (None, _) => format!("${{{name}}}"),
                (Some(_), Some(file)) if file.name() == ".env" => format!("${{{name}}}"),
                (Some(_), Some(file)) if variable.is_secret => {
                    return Err(format!("the password of `{}` stands in `{file}`", self.name()));
                }
                (Some(value), _) => value,
            };
            if value.is_empty() {
                continue;
            }
            match variable.means.0 {
                "file" => return Err(format!("the password of `{}` stands in a file (`{name}`)", self.name())),
                "arguments" => directives.extend(directives_of(&shell_words(&value))),
                "tls" if value == "yes" || value == "true" => {
                    directives.push((
                        self.server.port.first().map_or("port", |name| name.0).to_owned(),
                        vec!["0".to_owned()],
                    ));
                    directives.push((
                        self.server.tls_port.first().map_or("tls-port", |name| name.0).to_owned(),
                        vec![self.server.default_port.to_string()],
                    ));
                }
                "tls" => {}
                directive => directives.push((directive.to_owned(), vec![value])),
            }
        }
        Ok(directives)
    }

    fn is_unusable_word(&self, word: &str) -> bool {
        let program = word.rsplit('/').next().unwrap_or(word);
        self.server.unusable.iter().any(|known| known.0 == program)
    }

    fn refuse_unusable(&self, directives: &[Directive]) -> Result<(), String> {
        let words = self.service.words();
        let word = words.iter().find(|word| self.is_unusable_word(word)).cloned();
        let directive = directives.iter().find_map(|(name, values)| {
            let first = values.first().map_or("", String::as_str);
            let with_value = format!("{name} {first}");
            let is_it = self.server.unusable.iter().any(|known| known.0 == *name || known.0 == with_value);
            is_it.then(|| with_value.trim_end().to_owned())
        });
        match word.or(directive) {
            Some(what) => Err(format!("`{}` runs with `{what}`, and no URL leads to that", self.name())),
            None => Ok(()),
        }
    }

    /// A port as a number, or as the variable of compose that it is.
    fn port(&self, written: &str) -> Result<String, String> {
        let number = written.rsplit(':').next().unwrap_or(written);
        if written.starts_with('$') && !written.starts_with("$$") {
            return in_url(written).ok_or_else(|| format!("the port of `{}` is `{written}`", self.name()));
        }
        match number.parse::<u16>() {
            Ok(port) => Ok(port.to_string()),
            Err(_) => Err(format!("the port of `{}` is `{written}`", self.name())),
        }
    }

    /// Who may speak to it. A password is that of `login`; where there are no names, that of the user `default`.
    fn credentials(
        &self,
        directives: &[Directive],
        login: &str,
        password: Option<&str>,
    ) -> Result<Option<String>, String> {
        let users = directives.iter().filter(|(name, _)| self.server.user.is_some_and(|user| user.0 == name));
        let users: Vec<User<'_>> = users.filter_map(|(_, values)| User::parse(values)).collect();
        let default = users.iter().rev().find(|user| user.name == "default");
        if let Some(default) = default.filter(|user| user.is_on && (user.password.is_some() || !user.has_secret)) {
            return default.password.map(|password| self.with_password("", password)).transpose();
        }
        if default.is_some() {
            let mut others = users.iter().filter(|user| user.name != "default" && user.is_on);
            return match (others.next(), others.next()) {
                (Some(User { name, password: Some(password), .. }), None) => {
                    self.with_password(name, password).map(Some)
                }
                (Some(User { name, password: None, has_secret: false, .. }), None) => Ok(Some((*name).to_owned())),
                _ => Err(format!("which user of `{}` the application is cannot be told", self.name())),
            };
        }
        let password = password.filter(|password| !password.is_empty());
        password.map(|password| self.with_password(login, password)).transpose()
    }

    fn with_password(&self, user: &str, written: &str) -> Result<String, String> {
        let unknown = || format!("the password of `{}` does not stand here", self.name());
        let value = match written.strip_prefix("$$") {
            // The shell in the container reads it from the environment of the service.
            Some(name) => {
                let name = name.trim_matches(['{', '}']);
                let found = self.model.variable(self.service, name, self.read).ok_or_else(unknown)?;
                match (found.value, found.file) {
                    (Some(value), None) => value,
                    (None, _) => format!("${{{name}}}"),
                    (_, Some(file)) if file.name() == ".env" => format!("${{{name}}}"),
                    _ => return Err(unknown()),
                }
            }
            None => written.to_owned(),
        };
        let user = in_url(user).ok_or_else(unknown)?;
        Ok(format!("{user}:{}", in_url(&value).ok_or_else(unknown)?))
    }
}

/// A user as a line of an access control list has it.
struct User<'a> {
    name: &'a str,
    is_on: bool,
    password: Option<&'a str>,
    /// Does it ask for a password, perhaps one that only its hash is known of?
    has_secret: bool,
}

impl<'a> User<'a> {
    fn parse(values: &'a [String]) -> Option<Self> {
        let (name, rules) = values.split_first()?;
        let has = |rule: &str| rules.iter().any(|known| known.eq_ignore_ascii_case(rule));
        let password = rules.iter().find_map(|rule| rule.strip_prefix('>'));
        let has_secret = !has("nopass");
        Some(Self { name, is_on: has("on"), password: password.filter(|_| has_secret), has_secret })
    }
}

/// The directives of a command line: `--name value value`, `--name=value`, `-name value`.
fn directives_of(arguments: &[String]) -> Vec<Directive> {
    let mut directives: Vec<Directive> = Vec::new();
    for word in arguments {
        let option = word.strip_prefix("--").or_else(|| word.strip_prefix('-'));
        match option.filter(|name| name.starts_with(|first: char| first.is_ascii_alphabetic())) {
            Some(option) => {
                let (name, value) =
                    option.split_once('=').map_or((option, None), |(name, value)| (name, Some(value.to_owned())));
                directives.push((name.to_ascii_lowercase(), value.into_iter().collect()));
            }
            None => {
                if let Some((_, values)) = directives.last_mut() {
                    values.push(word.clone());
                }
            }
        }
    }
    directives
}

/// A text of a compose file as it can stand in a URL: variables of Compose as they are, for Compose to fill in, and what a URL
/// would take for its own signs written as `%40`. `None` where a variable of the container is in it.
fn in_url(written: &str) -> Option<String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!*+".contains(&byte);
    let encoded = |text: &str| -> String {
        text.bytes()
            .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
            .collect()
    };
    let mut result = String::new();
    let mut rest = written;
    while let Some(at) = rest.find('$') {
        result.push_str(&encoded(&rest[..at]));
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            result.push_str("%24");
            rest = after;
            continue;
        }
        let (inner, after) = if let Some(inner) = rest.strip_prefix('{') {
            inner.split_at(inner.find('}')?)
        } else {
            let end = rest.find(|character: char| !character.is_ascii_alphanumeric() && character != '_');
            rest.split_at(end.unwrap_or(rest.len()))
        };
        rest = after.strip_prefix('}').unwrap_or(after);
        let name: String =
            inner.chars().take_while(|character| character.is_ascii_alphanumeric() || *character == '_').collect();
        if name.is_empty() || inner.contains('$') {
            return None;
        }
        let modifier = inner.get(name.len()..).unwrap_or_default();
        let default = [":-", "-"].into_iter().find_map(|sign| Some((sign, modifier.strip_prefix(sign)?)));
        match default {
            Some((sign, default)) => result.push_str(&format!("${{{name}{sign}{}}}", encoded(default))),
            None => result.push_str(&format!("${{{name}}}")),
        }
    }
    result.push_str(&encoded(rest));
    Some(result)
}
