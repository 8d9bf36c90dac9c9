//! Minutes, windows and as-ofs: the point-in-time rule.
//!
//! A bar is named by its **open time**. The bar that opens at `t` closes at `t + 1 min` and
//! counts for an as-of `A` when `t + 1 min <= A`. A window of length `w` that ends at `E` holds
//! the bars that open in `[E - w, E)`. All times are UTC, and buckets are aligned to the epoch.

pub use self::asof::{AsOf, AsOfSpec};
pub use self::calendar::DAY;
pub use self::format::StampFormat;
pub use self::minute::Minute;
pub use self::parse::StampReader;
pub use self::span::Span;
pub use self::stamp::Stamp;
pub use self::window::Window;

mod asof;
mod calendar;
mod format;
pub(crate) mod minute;
mod parse;
mod span;
mod stamp;
mod window;
