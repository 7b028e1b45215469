//! Reading and writing fields of the JSON objects that the sandbox keeps.

use serde_json::Value;

/// The text under `key`, empty where there is none.
pub(super) fn text<'v>(object: &'v Value, key: &str) -> &'v str {
    object.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// The whole number under `key`, 0 where there is none.
pub(super) fn whole(object: &Value, key: &str) -> i64 {
    object.get(key).and_then(Value::as_i64).unwrap_or_default()
}

/// Whether `key` holds `true`.
pub(super) fn truth(object: &Value, key: &str) -> bool {
    object.get(key).and_then(Value::as_bool).unwrap_or_default()
}

/// Puts `new` under `key`; an old value keeps its place in the printed object.
pub(super) fn set(object: &mut Value, key: &str, new: impl Into<Value>) {
    if let Some(map) = object.as_object_mut() {
        map.insert(key.to_owned(), new.into());
    }
}

/// Adds every name that is not there yet as `null`: Stripe prints a field without a value, it does not leave it out.
pub(super) fn with_nulls(mut object: Value, names: &[&str]) -> Value {
    if let Some(map) = object.as_object_mut() {
        for name in names {
            map.entry(*name).or_insert(Value::Null);
        }
    }
    object
}
