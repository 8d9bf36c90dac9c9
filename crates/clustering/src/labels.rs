/// The cluster of each point, numbered from 0; `None` is noise.
pub type Labels = Vec<Option<usize>>;

/// Renumbers clusters from 0 in the order of their first points.
pub(crate) fn number_by_first_point(labels: impl Iterator<Item = Option<usize>>) -> Labels {
    let mut numbers = std::collections::BTreeMap::new();
    labels
        .map(|label| {
            label.map(|label| {
                let next = numbers.len();
                *numbers.entry(label).or_insert(next)
            })
        })
        .collect()
}

/// The number of clusters of labels that are numbered without gaps.
pub(crate) fn count(labels: &[Option<usize>]) -> usize {
    labels.iter().flatten().max().map_or(0, |last| last + 1)
}
