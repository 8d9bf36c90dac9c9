//! Code shared by the feature stages (metrics, state, regime). Each metric is described once, as
//! data; everything else is derived.
//!
//! [`metric`] describes metrics; [`asofs`] are the evaluation times; [`panel`] holds values per
//! bucket; [`baseline`] slides quantiles over a panel; [`enrich`] compares values with baselines;
//! [`layout`] derives the columns, [`table`] fills them and [`output`] chooses among them; [`page`]
//! generates the documentation; [`highlights`] chooses what a summary shows.

pub mod asofs;
pub mod baseline;
pub mod enrich;
pub mod highlights;
pub mod layout;
pub mod metric;
pub mod output;
pub mod page;
pub mod panel;
pub mod table;
