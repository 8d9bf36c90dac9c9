//! Tables in, one HTML page out.
//!
//! [`model::Report`] holds what a market's stages found, as far as they have run; [`render`] makes of it a page that needs
//! nothing but itself: no network, no other file, readable without its script. It is the same page for the same report.
//!
//! - [`model`]: what is shown.
//! - [`thin`]: long series to the few points that a screen can show.
//! - `html`: text into markup; `table`: tables that sort and filter; `chart`: lines and points in SVG.
//! - `sections`: the page from top to bottom, a file each.

mod chart;
mod html;
pub mod model;
mod page;
mod sections;
mod table;
pub mod thin;

pub use model::Report;
pub use page::render;
pub use thin::Thinned;
