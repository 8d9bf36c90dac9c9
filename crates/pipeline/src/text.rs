//! Numbers and durations as people read them, for messages, terminal tables and the report.

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

/// `1 row`, `2 rows`, `1,234 rows`.
pub fn pluralize(n: usize, noun: &str) -> String {
    format!("{} {noun}{}", count(n as u64), if n == 1 { "" } else { "s" })
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

#[cfg(test)]
mod tests {
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
}
