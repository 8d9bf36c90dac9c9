//! The columns of a result, derived from a catalog of metrics and the windows; the same whatever
//! the data.

use bars::Window;

use super::enrich::Enrichment;
use super::metric::{Family, Form, MetricCatalog};
use crate::table::{ColumnSpec, DType};

/// Where a column's values come from: places of a window, a metric, a roll-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FeatureCell {
    /// The symbol.
    Symbol,
    /// The as-of.
    AsOf,
    /// Share of the window's time for which there are bars.
    Coverage(usize),
    /// Whether that is enough.
    IsOk(usize),
    /// A metric of a window.
    Value(usize, usize),
    /// A metric of a window against its baseline.
    Enriched(usize, usize, Enrichment),
    /// Whether any metric of a family has a value.
    IsValid(usize, Family),
    /// A roll-up.
    Rollup(usize),
    /// Whether it has a value.
    IsRollupValid(usize),
    /// Whether the column at this place was filled with a neutral value.
    Mask(usize),
}

/// A column of a feature table.
#[derive(Debug, Clone, PartialEq)]
pub struct FeatureColumn {
    /// The description.
    pub spec: ColumnSpec,
    /// Where its values come from.
    pub cell: FeatureCell,
}

/// What columns are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LayoutOptions {
    /// Those of enrichment.
    pub has_baseline: bool,
    /// Neutral values in place of missing ones, and the masks that tell of them.
    pub is_imputed: bool,
}

/// The columns of a result.
#[derive(Debug, Clone)]
pub struct FeatureLayout {
    /// The metrics.
    pub catalog: MetricCatalog,
    /// The windows, ascending.
    pub windows: Vec<Window>,
    /// What columns there are.
    pub options: LayoutOptions,
    columns: Vec<FeatureColumn>,
}

impl FeatureLayout {
    /// The columns of `catalog` over `windows`: keys, then window by window coverage, ok, metrics
    /// each with its enrichment, validity; then the roll-ups. A mask stands directly after its
    /// column.
    pub fn new(
        catalog: MetricCatalog,
        windows: &[Window],
        options: LayoutOptions,
    ) -> FeatureLayout {
        let mut columns = Columns { list: Vec::new(), is_imputed: options.is_imputed };
        columns.push("symbol", DType::Utf8, "key", "the symbol", FeatureCell::Symbol);
        let asof = "the as-of: no bar that closes later was used";
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

    /// A column that is filled where it is missing, and its mask.
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
            let what = format!(
                "1 where {name} was missing and a neutral value stands in its place, else 0"
            );
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
        let coverage = "share of the window's time for which there are bars, 0 to 1";
        self.push(
            &format!("window_coverage_{window}"),
            DType::Float64,
            "flag",
            coverage,
            FeatureCell::Coverage(place),
        );
        let ok = "whether the coverage reaches the threshold; where not, the window has no metrics";
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
