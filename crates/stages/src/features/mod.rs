//! What the feature stages (metrics, state, regime) share: a metric is said once, as data, and
//! everything else follows from it.
//!
//! [`metric`] describes metrics; [`asofs`] are the moments to look back from; [`panel`] holds their
//! values bucket by bucket; [`baseline`] slides quantiles over a panel; [`enrich`] tells how
//! unusual a value is; [`layout`] derives the columns, [`table`] fills them; [`page`] writes the
//! documentation.

pub mod asofs;
pub mod baseline;
pub mod enrich;
pub mod layout;
pub mod metric;
pub mod page;
pub mod panel;
pub mod table;
