//! Renders the results of a market's stages as one self-contained HTML page.
//!
//! [`Report`] is the input: plain data that the caller reads from the outputs of the stages.
//! [`render`] turns it into a page that loads nothing over the network or from other files and that
//! is readable without JavaScript. The same report always gives the same page.
//!
//! ```
//! use report::model::{BoardRow, BoardTable};
//! use report::{MinMaxSeries, Report, render};
//!
//! let closes = [10.0, 10.5, f64::NAN, 12.0];
//! let report = Report {
//!     boards: vec![BoardTable {
//!         title: "Gainers".to_owned(),
//!         description: "Symbols that rank most often among the biggest gains.".to_owned(),
//!         rows: vec![BoardRow {
//!             symbol: "ABC/USD".to_owned(),
//!             price: MinMaxSeries::from_values(&closes, 60),
//!             price_change_pct: 20.0,
//!             volume_change_pct: f64::NAN,
//!             gain_count: 7,
//!             loss_count: 1,
//!             tags: vec!["Short-Term".to_owned()],
//!         }],
//!     }],
//!     ..Report::default()
//! };
//! let page = render(&report);
//! assert!(page.starts_with("<!DOCTYPE html>"));
//! assert!(page.contains("ABC/USD") && page.contains("+20.00"));
//! ```
//!
//! # Modules
//!
//! - [`model`]: the report's data.
//! - `downsample`: reduces a long series to the resolution of a chart.
//! - `sections`: the sections of the page, one file each.
//! - `table`, `tabs`, `chart`: building blocks of sections: sortable tables, tabs, SVG lines.
//! - `format`: numbers as text.
//!
//! Markup is built with `maud`, which escapes every value that is not markup itself.

mod chart;
mod downsample;
mod format;
pub mod model;
mod page;
mod sections;
mod table;
mod tabs;

pub use downsample::MinMaxSeries;
pub use format::Period;
pub use model::Report;
pub use page::render;
