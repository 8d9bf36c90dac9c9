//! Serde implementations: domain types as text.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::time::{AsOf, AsOfSpec, Minute, Span, Window};
use crate::{BarTime, Symbol};

/// Serializes a type with its `Display` and reads it with a function from text.
macro_rules! as_text {
    ($type:ty, $parse:expr) => {
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<$type, D::Error> {
                let text = String::deserialize(deserializer)?;
                let parse: fn(&str) -> Option<$type> = $parse;
                parse(&text).ok_or_else(|| {
                    D::Error::custom(format!("invalid {}: {text:?}", stringify!($type)))
                })
            }
        }
    };
}

as_text!(Symbol, |text| text.parse().ok());
as_text!(Window, |text| text.parse().ok());
as_text!(AsOf, |text| text.parse::<AsOfSpec>().ok()?.moment());
as_text!(AsOfSpec, |text| text.parse().ok());

impl Serialize for Minute {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.index().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Minute {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Minute, D::Error> {
        let index = i64::deserialize(deserializer)?;
        Minute::new(index).ok_or_else(|| D::Error::custom(format!("minute out of range: {index}")))
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (self.start, self.end).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Span, D::Error> {
        let (start, end) = Deserialize::deserialize(deserializer)?;
        Ok(Span { start, end })
    }
}

impl Serialize for BarTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for BarTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<BarTime, D::Error> {
        match String::deserialize(deserializer)?.as_str() {
            "open" => Ok(BarTime::Open),
            "close" => Ok(BarTime::Close),
            other => Err(D::Error::custom(format!("invalid bar time: {other:?}"))),
        }
    }
}
