//! Ports that services of a compose file publish, in all the forms that they are written in.

use super::data::Data;
use super::with_defaults;

/// Ports that a service publishes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// The address of the host, where one is given.
    pub address: Option<String>,
    /// The first and the last port of the host; `None` where none is fixed.
    pub host: Option<(u16, u16)>,
    /// The first and the last port of the container.
    pub container: Option<(u16, u16)>,
    /// `tcp` or `udp`
    pub protocol: String,
    /// Does it depend on a variable?
    pub has_variables: bool,
}

impl Published {
    /// Does it take `port` of the host, for `tcp`?
    pub fn takes(&self, port: u16) -> bool {
        self.protocol == "tcp" && self.host.is_some_and(|(first, last)| (first..=last).contains(&port))
    }

    /// The port of the host that leads to `port` of the container.
    pub fn host_of(&self, port: u16) -> Option<u16> {
        let ((host, host_end), (first, last)) = (self.host?, self.container?);
        if self.protocol != "tcp" || !(first..=last).contains(&port) {
            return None;
        }
        let found = host.checked_add(port - first)?;
        (found <= host_end).then_some(found)
    }
}

/// One item of `ports`, in its short or its long form.
pub fn published(item: &Data) -> Option<Published> {
    let (short, has_variables) = if let Data::Scalar(written) = item {
        let expanded = with_defaults(written);
        (expanded.text, expanded.has_variables)
    } else {
        let text = |key| item.get(key).and_then(Data::text);
        let address = text("host_ip").map(|address| format!("{address}:")).unwrap_or_default();
        let protocol = text("protocol").map(|protocol| format!("/{protocol}")).unwrap_or_default();
        let host = text("published").map(|host| format!("{host}:")).unwrap_or_default();
        if host.is_empty() && !address.is_empty() {
            return None;
        }
        let expanded = with_defaults(&format!("{address}{host}{}{protocol}", text("target")?));
        (expanded.text, expanded.has_variables)
    };
    let (rest, protocol) = short.split_once('/').unwrap_or((&short, "tcp"));
    let (rest, container) = rest.rsplit_once(':').map_or(("", rest), |(rest, container)| (rest, container));
    let (address, host) =
        rest.rsplit_once(':').map_or((None, rest), |(address, host)| (Some(address.to_owned()), host));
    let protocol = if protocol.is_empty() { "tcp" } else { protocol }.to_owned();
    Some(Published { address, host: port_range(host), container: port_range(container), protocol, has_variables })
}

/// `6379`, or `6379-6389`.
fn port_range(written: &str) -> Option<(u16, u16)> {
    let (first, last) = written.split_once('-').unwrap_or((written, written));
    let (first, last) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
    (first <= last).then_some((first, last))
}
