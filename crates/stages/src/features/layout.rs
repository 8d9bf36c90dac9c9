//! The columns of a feature table. They depend on the catalog of metrics, the windows and the
//! options, never on the data.

use bars::Window;

use super::enrich::Enrichment;
use super::metric::{Family, Form, MetricCatalog};
use crate::table::{ColumnSpec, DType};

/// The source of a column's values; numbers are indices of a window, a metric or a roll-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FeatureCell {
    /// The symbol.
    Symbol,
    /// The as-of.
    AsOf,
    /// Share of the window's minutes that have a bar.
    Coverage(usize),
    /// Whether the coverage reaches the threshold.
    IsOk(usize),
    /// A metric of a window.
    Value(usize, usize),
    /// A metric of a window relative to its baseline.
    Enriched(usize, usize, Enrichment),
    /// Whether any metric of a family has a value.
    IsValid(usize, Family),
    /// A roll-up.
    Rollup(usize),
    /// Whether the roll-up has a value.
    IsRollupValid(usize),
    /// Whether the value of the column at this index is neutral because it was missing.
    Mask(usize),
}

/// A column of a feature table.
#[derive(Debug, Clone, PartialEq)]
pub struct FeatureColumn {
    /// The description.
    pub spec: ColumnSpec,
    /// The source of its values.
    pub cell: FeatureCell,
}

/// Options for the set of columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LayoutOptions {
    /// Whether to include enrichment columns.
    pub has_baseline: bool,
    /// Whether to replace missing values by neutral ones and add masks.
    pub is_imputed: bool,
}

/// The columns of a feature table.
#[derive(Debug, Clone)]
pub struct FeatureLayout {
    /// The metrics.
    pub catalog: MetricCatalog,
    /// The windows, ascending.
    pub windows: Vec<Window>,
    /// The options.
    pub options: LayoutOptions,
    columns: Vec<FeatureColumn>,
}

impl FeatureLayout {
    /// Lists the columns of `catalog` over `windows`: keys; then per window coverage, ok, metrics
    /// each followed by its enrichment, and validity flags; then roll-ups. A mask directly follows
    /// its column.
    pub fn new(
        catalog: MetricCatalog,
        windows: &[Window],
        options: LayoutOptions,
    ) -> FeatureLayout {
        let mut columns = Columns { list: Vec::new(), is_imputed: options.is_imputed };
        columns.push("symbol", DType::Utf8, "key", "the symbol", FeatureCell::Symbol);
        let asof = "as-of: only bars that close by then are used";
        columns.push("timestamp_asof_utc", DType::Timestamp, "key", asof, FeatureCell::AsOf);
        for (place, window) in windows.iter().enumerate() {
            let from = columns.list.len();
            columns.window(&catalog, *window, place, options);
            let name = window.to_string();
            columns.list[from..].iter_mut().for_each(|column| column.spec.window.clone_from(&name));
        }
        for (place, rollup) in
            catalog.rollups.iter().enumerate().filter(|(_, rollup)| rollup.is_formed(windows))
        {
            let is_whole = matches!(rollup.form, Form::SignAgreement(..));
            let dtype = if is_whole { DType::Int64 } else { DType::Float64 };
            columns.masked(
                rollup.column,
                dtype,
                rollup.kind.tag(),
                rollup.description,
                FeatureCell::Rollup(place),
            );
            let (name, what) = (
                format!("{}_valid", rollup.column),
                format!("whether {} has a value", rollup.column),
            );
            columns.push(&name, DType::Boolean, "flag", &what, FeatureCell::IsRollupValid(place));
        }
        FeatureLayout { catalog, windows: windows.to_vec(), options, columns: columns.list }
    }

    /// The columns, in order.
    pub fn columns(&self) -> &[FeatureColumn] {
        &self.columns
    }
}

struct Columns {
    list: Vec<FeatureColumn>,
    is_imputed: bool,
}

impl Columns {
    fn push(
        &mut self,
        name: &str,
        dtype: DType,
        family: &'static str,
        description: &str,
        cell: FeatureCell,
    ) {
        let spec = ColumnSpec { family, ..ColumnSpec::new(name, dtype, description) };
        self.list.push(FeatureColumn { spec, cell });
    }

    /// Adds a column with missing values replaced, and its mask.
    fn masked(
        &mut self,
        name: &str,
        dtype: DType,
        family: &'static str,
        description: &str,
        cell: FeatureCell,
    ) {
        self.push(name, dtype, family, description, cell);
        if self.is_imputed {
            let mask = FeatureCell::Mask(self.list.len() - 1);
            let what = format!("1 if {name} is missing and a neutral value was inserted, else 0");
            self.push(&format!("{name}_imputed"), DType::Int64, "imputed_flag", &what, mask);
        }
    }

    fn window(
        &mut self,
        catalog: &MetricCatalog,
        window: Window,
        place: usize,
        options: LayoutOptions,
    ) {
        let coverage = "share of the window's minutes that have a bar, 0 to 1";
        self.push(
            &format!("window_coverage_{window}"),
            DType::Float64,
            "flag",
            coverage,
            FeatureCell::Coverage(place),
        );
        let ok = "whether the coverage reaches the threshold; if not, all metrics of the window are missing";
        self.push(
            &format!("window_ok_{window}"),
            DType::Boolean,
            "flag",
            ok,
            FeatureCell::IsOk(place),
        );
        for (m, metric) in catalog.metrics.iter().enumerate() {
            let name = metric.column(window);
            self.masked(
                &name,
                DType::Float64,
                metric.kind.tag(),
                metric.description,
                FeatureCell::Value(place, m),
            );
            if options.has_baseline && metric.has_baseline {
                for column in Enrichment::TABLE {
                    let (own, cell) = (
                        format!("{name}_{}", column.suffix),
                        FeatureCell::Enriched(place, m, column.which),
                    );
                    let what = format!("{name}: {}", column.description);
                    let push = if column.has_mask { Columns::masked } else { Columns::push };
                    push(self, &own, column.dtype, column.family, &what, cell);
                }
            }
        }
        for family in catalog.families() {
            let members = catalog.metrics.iter().filter(|metric| metric.family == Some(family));
            let members: Vec<&str> = members.map(|metric| metric.stem).collect();
            let what = format!("whether any of {} has a value", members.join(", "));
            let name = format!("metrics_valid_{}_{window}", family.name());
            self.push(&name, DType::Boolean, "flag", &what, FeatureCell::IsValid(place, family));
        }
    }
}
