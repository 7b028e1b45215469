//! Ids: a prefix that names the noun and a UUIDv7, made by the program, never by a database.
//!
//! Each noun declares its own type with [`id!`](crate::id), so that ids cannot be swapped; parsing checks the prefix.

/// Why a text is not the id it should be.
#[derive(Debug, thiserror::Error)]
#[error("not an id of the form {prefix}_…")]
pub struct BadId {
    /// The prefix that the id should have.
    pub prefix: &'static str,
}

/// Declares an id type: `id!(/// A gift. pub DonationId, "don");`
#[macro_export]
macro_rules! id {
    ($(#[$meta:meta])* pub $name:ident, $prefix:literal) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord,
            diesel::expression::AsExpression, diesel::deserialize::FromSqlRow)]
        #[diesel(sql_type = diesel::sql_types::Text)]
        pub struct $name(uuid::Uuid);

        impl $name {
            /// A new id, in the order of time (UUIDv7, RFC 9562).
            #[allow(clippy::new_without_default)]
            pub fn new() -> Self {
                Self(uuid::Uuid::now_v7())
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(out, concat!($prefix, "_{}"), self.0.simple())
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Display::fmt(self, out)
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::kernel::id::BadId;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.strip_prefix(concat!($prefix, "_"))
                    .filter(|rest| rest.len() == 32)
                    .and_then(|rest| uuid::Uuid::try_parse(rest).ok())
                    .map(Self)
                    .ok_or($crate::kernel::id::BadId { prefix: $prefix })
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let text = String::deserialize(from)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }

        $crate::text_column!($name);
    };
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    crate::id!(
        /// One noun.
        pub AppleId,
        "apl"
    );
    crate::id!(
        /// Another noun.
        pub PearId,
        "per"
    );

    #[test]
    fn an_id_survives_printing_and_no_other_noun_takes_it() {
        let apple = AppleId::new();
        let text = apple.to_string();
        assert!(text.starts_with("apl_"));
        assert_eq!(text.parse::<AppleId>().unwrap(), apple);
        assert!(text.parse::<PearId>().is_err());
        assert!("apl_1".parse::<AppleId>().is_err());
    }

    #[test]
    fn ids_are_in_the_order_of_their_making() {
        let ids: Vec<AppleId> = (0..100).map(|_| AppleId::new()).collect();
        assert!(ids.is_sorted());
    }
}
