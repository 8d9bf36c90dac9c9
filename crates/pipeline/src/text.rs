//! Numbers, durations and small charts as people read them: for messages, terminal tables and the
//! report.

/// `1,234,567`.
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let first = digits.len() % 3;
    let mut out = digits[..first].to_owned();
    for group in digits.as_bytes()[first..].chunks(3) {
        if !out.is_empty() {
            out.push(',');
        }
        out.extend(group.iter().map(|&b| char::from(b)));
    }
    out
}

/// The end of an error about an unknown name: the most similar of the `known` names, or all of them.
///
/// ```
/// use pipeline::text::did_you_mean;
///
/// let known = ["threads".to_owned(), "strict".to_owned()];
/// assert_eq!(did_you_mean("threds", &known), "; did you mean \"threads\"?");
/// assert_eq!(did_you_mean("x", &known), "; expected one of: threads, strict");
/// ```
pub fn did_you_mean(name: &str, known: &[String]) -> String {
    let likeness = |other: &&String| strsim::jaro_winkler(name, other);
    let best = known
        .iter()
        .filter(|other| likeness(other) > 0.8)
        .max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    match best {
        Some(best) => format!("; did you mean \"{best}\"?"),
        None => format!("; expected one of: {}", known.join(", ")),
    }
}

/// `1 row`, `2 rows`, `1,234 rows`.
pub fn pluralize(n: usize, noun: &str) -> String {
    format!("{} {noun}{}", count(n as u64), if n == 1 { "" } else { "s" })
}

/// Names in a list: `A, B, C`; of many only the first 20: `A, B, ... and 12 more`.
pub fn listed(names: &[&str]) -> String {
    const MAX_NAMES: usize = 20;
    match names.get(..MAX_NAMES) {
        Some(first) if names.len() > MAX_NAMES => {
            format!(
                "{}, ... and {} more",
                first.join(", "),
                count((names.len() - MAX_NAMES) as u64)
            )
        }
        _ => names.join(", "),
    }
}

/// A length of time in the largest of days, hours and minutes that it fills: `2.3d`, `4.2h`, `25m`.
pub fn minutes(minutes: f64) -> String {
    match minutes {
        m if m >= 1440.0 => format!("{:.1}d", m / 1440.0),
        m if m >= 60.0 => format!("{:.1}h", m / 60.0),
        m => format!("{m:.0}m"),
    }
}

/// `12 B`, `3.4 kB`, `5.6 MB`.
pub fn bytes(n: u64) -> String {
    match n as f64 {
        b if b >= 1e9 => format!("{:.1} GB", b / 1e9),
        b if b >= 1e6 => format!("{:.1} MB", b / 1e6),
        b if b >= 1e3 => format!("{:.1} kB", b / 1e3),
        b => format!("{b} B"),
    }
}

/// Draws a bar of up to 20 characters. `share` is clamped to 0..1.
pub fn bar(share: f64) -> String {
    const EIGHTHS: [char; 8] = [' ', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];
    let eighths = (share.clamp(0.0, 1.0) * 160.0).round() as usize;
    let (whole, rest) = (eighths / 8, eighths % 8);
    format!("{}{}", "█".repeat(whole), EIGHTHS[rest]).trim_end().to_owned()
}

/// Draws a sparkline of up to `width` characters; missing values are blank.
pub fn spark(values: &[f64], width: usize) -> String {
    const LEVELS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let known = || values.iter().copied().filter(|value| value.is_finite());
    let (low, high) =
        (known().fold(f64::INFINITY, f64::min), known().fold(f64::NEG_INFINITY, f64::max));
    let columns = width.min(values.len());
    let level = |column: usize| {
        let value = values[column * values.len() / columns];
        let share = if high > low { (value - low) / (high - low) } else { 0.5 };
        if value.is_finite() { LEVELS[(share * 7.0).round() as usize] } else { ' ' }
    };
    (0..columns).map(level).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn long_lists_are_cut() {
        assert_eq!(super::listed(&["A", "B"]), "A, B");
        assert_eq!(super::listed(&["A"; 20]), ["A"; 20].join(", "));
        let many = super::listed(&["A"; 1021]);
        assert!(many.starts_with("A, A, ") && many.ends_with("A, ... and 1,001 more"), "{many}");
        assert!(many.len() < 100);
    }

    #[test]
    fn numbers_are_formatted_for_people() {
        let counts = [0, 12, 999, 1000, 1_234_567].map(super::count);
        assert_eq!(counts, ["0", "12", "999", "1,000", "1,234,567"]);
        assert_eq!([25.0, 252.0, 3312.0].map(super::minutes), ["25m", "4.2h", "2.3d"]);
        assert_eq!([0, 1, 2].map(|n| super::pluralize(n, "row")), ["0 rows", "1 row", "2 rows"]);
        assert_eq!(
            [12, 3_400, 5_600_000, 7_000_000_000].map(super::bytes),
            ["12 B", "3.4 kB", "5.6 MB", "7.0 GB"]
        );
    }

    #[test]
    fn sparklines_and_bars_have_the_expected_width() {
        assert_eq!(super::spark(&[1.0, f64::NAN, 4.5, 8.0], 10), "▁ ▅█");
        assert_eq!(super::spark(&[1.0, 2.0, 3.0, 4.0], 2), "▁▆");
        assert_eq!(super::spark(&[7.0, 7.0], 9), "▅▅");
        assert_eq!(super::spark(&[], 9), "");
        assert_eq!(
            [0.0, 0.5, 1.0, 7.0, f64::NAN].map(|share| super::bar(share).chars().count()),
            [0, 10, 20, 20, 0]
        );
    }
}
