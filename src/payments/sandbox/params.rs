//! Parameters in Stripe's bracket syntax: `line_items[0][price_data][currency]=usd`, `expand[]=charge`.

use crate::kernel::secret::sha256_hex;

use super::refusal::Refusal;

/// The parameters of one request, flat, in the order they came.
#[derive(Debug, Clone, Default)]
pub(super) struct Params(Vec<(String, String)>);

/// The bounds of `created` in a list, in UTC seconds, both ends inside.
#[derive(Debug, Clone, Copy)]
pub(super) struct Between {
    pub from: i64,
    pub to: i64,
}

impl Params {
    /// Reads a query string or a form-encoded body.
    pub fn parse(encoded: &[u8]) -> Self {
        Self(
            url::form_urlencoded::parse(encoded)
                .into_owned()
                .collect::<Vec<_>>(),
        )
    }

    /// The value of exactly this name; the last one if there are several; empty counts as absent.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .rev()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    /// The whole number of this name.
    pub fn whole(&self, name: &str) -> Result<Option<i64>, Refusal> {
        self.get(name)
            .map(|value| {
                value.parse().map_err(|_| {
                    Refusal::invalid(
                        "parameter_invalid_integer",
                        name,
                        format!("{name} must be a whole number."),
                    )
                })
            })
            .transpose()
    }

    /// The values of `name[]` or `name[0]`, `name[1]` ….
    pub fn list(&self, name: &str) -> Vec<&str> {
        self.inside(name)
            .filter(|(key, _)| key.bytes().all(|b| b.is_ascii_digit()))
            .map(|(_, value)| value)
            .collect()
    }

    /// The pairs of `name[key]=value`.
    pub fn map(&self, name: &str) -> Vec<(&str, &str)> {
        self.inside(name)
            .filter(|(key, _)| !key.contains('['))
            .collect()
    }

    /// Whether anything begins with `name[`.
    pub fn has_inside(&self, name: &str) -> bool {
        self.0.iter().any(|(key, _)| {
            key.strip_prefix(name)
                .is_some_and(|rest| rest.starts_with('['))
        })
    }

    /// Everything inside the brackets after `name`, the outer bracket taken off.
    fn inside<'p, 'n>(
        &'p self,
        name: &'n str,
    ) -> impl Iterator<Item = (&'p str, &'p str)> + use<'p, 'n> {
        self.0.iter().filter_map(move |(key, value)| {
            let inner = key
                .strip_prefix(name)?
                .strip_prefix('[')?
                .strip_suffix(']')?;
            Some((inner, value.as_str()))
        })
    }

    /// `created=1`, or `created[gt|gte|lt|lte]=1`.
    pub fn created(&self) -> Result<Between, Refusal> {
        let mut between = Between {
            from: i64::MIN,
            to: i64::MAX,
        };
        if let Some(at) = self.whole("created")? {
            between = Between { from: at, to: at };
        }
        if let Some(at) = self.whole("created[gte]")? {
            between.from = at;
        }
        if let Some(at) = self.whole("created[gt]")? {
            between.from = at.saturating_add(1);
        }
        if let Some(at) = self.whole("created[lte]")? {
            between.to = at;
        }
        if let Some(at) = self.whole("created[lt]")? {
            between.to = at.saturating_sub(1);
        }
        Ok(between)
    }

    /// Refuses a name the processor does not know, as Stripe does: a typing error must not pass in silence.
    pub fn only(&self, known: &[&str]) -> Result<(), Refusal> {
        let stranger = self
            .0
            .iter()
            .map(|(key, _)| key.split('[').next().unwrap_or(key))
            .find(|head| !known.contains(head) && *head != "expand");
        match stranger {
            Some(name) => Err(Refusal::invalid(
                "parameter_unknown",
                name,
                format!("The sandbox does not know the parameter {name}."),
            )),
            None => Ok(()),
        }
    }

    /// A fingerprint of what is asked, the same whatever the order of the parameters.
    pub fn fingerprint(&self, method: &str, path: &str) -> String {
        let mut pairs: Vec<String> = self
            .0
            .iter()
            .map(|(key, value)| format!("{key}\u{0}{value}"))
            .collect();
        pairs.sort();
        sha256_hex(format!("{method} {path}\u{1}{}", pairs.join("\u{1}")))
    }

    /// `metadata` within Stripe's limits: 50 keys, 40 characters a key, 500 a value.
    pub fn metadata(
        &self,
        name: &str,
    ) -> Result<serde_json::Map<String, serde_json::Value>, Refusal> {
        let pairs = self.map(name);
        let fits =
            |(key, value): &(&str, &str)| key.chars().count() <= 40 && value.chars().count() <= 500;
        if pairs.len() > 50 || !pairs.iter().all(fits) {
            return Err(Refusal::invalid(
                "metadata_too_large",
                name,
                "Metadata holds 50 keys of 40 characters with values of 500.",
            ));
        }
        Ok(pairs
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(key, value)| (key.to_owned(), value.into()))
            .collect())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn brackets_are_read() {
        let params = Params::parse(
            b"metadata%5Ba%5D=1&line_items[0][price_data][currency]=usd&expand[]=x&expand%5B1%5D=y&created[gte]=5",
        );
        assert_eq!(params.map("metadata"), [("a", "1")]);
        assert_eq!(
            params.get("line_items[0][price_data][currency]"),
            Some("usd")
        );
        assert_eq!(params.list("expand"), ["x", "y"]);
        assert_eq!(params.created().unwrap().from, 5);
        assert!(params.only(&["metadata", "line_items", "created"]).is_ok());
        assert!(params.only(&["metadata"]).is_err());
    }

    #[test]
    fn a_fingerprint_knows_values_not_order() {
        let one = Params::parse(b"a=1&b=2").fingerprint("POST", "/x");
        assert_eq!(one, Params::parse(b"b=2&a=1").fingerprint("POST", "/x"));
        assert_ne!(one, Params::parse(b"b=1&a=2").fingerprint("POST", "/x"));
    }
}
