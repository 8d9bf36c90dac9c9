//! The one-line description of a symbol's cycles.

use super::Judged;

/// Maximum length in characters.
const LONGEST: usize = 120;

/// Describes the dominant cycle, up to two more, the reliability, and the cluster name of a
/// singleton, such as `Cycle ~2.3d, medium (6.4%). Alt: 1.3d/9.6h. Rel 0.89; undersampled: no.`. At
/// most 120 characters.
pub(super) fn describe(cycles: &[Judged]) -> String {
    let [first, others @ ..] = cycles else { return String::new() };
    let alternatives = match others {
        [] => String::new(),
        [one] => format!(" Alt: {}.", period(one)),
        [one, two, ..] => format!(" Alt: {}.", pair(one, two)),
    };
    let name = if first.singleton {
        format!(" ({})", first.cycle.cluster_id_global)
    } else {
        String::new()
    };
    let with = |alternatives: &str, name: &str| {
        format!(
            "Cycle ~{}, {} ({:.1}%).{alternatives} Rel {:.2}{name}; undersampled: {}.",
            period(first),
            first.band.name(),
            first.cycle.amp_pct,
            first.reliability,
            if first.undersampled { "yes" } else { "no" }
        )
    };
    // Only tables of other programs can contain numbers this long.
    let shorter = [with(&alternatives, &name), with("", &name), with("", "")];
    let fits = |text: &&String| text.chars().count() <= LONGEST;
    let text = shorter.iter().find(fits).or(shorter.last()).cloned().unwrap_or_default();
    text.chars().take(LONGEST).collect()
}

/// Returns a period in the largest unit of days, hours and minutes that it fills.
fn parts(judged: &Judged) -> (String, char) {
    let days = judged.cycle.period_days;
    if days >= 1.0 {
        (format!("{days:.1}"), 'd')
    } else if days * 24.0 >= 1.0 {
        (format!("{:.1}", days * 24.0), 'h')
    } else {
        (format!("{:.0}", days * 1440.0), 'm')
    }
}

fn period(judged: &Judged) -> String {
    let (number, unit) = parts(judged);
    format!("{number}{unit}")
}

/// Formats two periods; an equal unit is written once.
fn pair(a: &Judged, b: &Judged) -> String {
    let ((first, unit), (_, other)) = (parts(a), parts(b));
    if unit == other {
        format!("{first}/{}", period(b))
    } else {
        format!("{first}{unit}/{}", period(b))
    }
}

#[cfg(test)]
mod tests {
    use super::super::RecordedCycle;
    use super::super::tests::{cycle, params};
    use super::*;

    fn text(cycles: &[RecordedCycle]) -> String {
        describe(&cycles.iter().map(|cycle| params().judge(cycle.clone())).collect::<Vec<_>>())
    }

    #[test]
    fn units_depend_on_the_period() {
        let all = [cycle(0, 2.3, 6.4), cycle(1, 5.14, 3.0), cycle(2, 2.3, 1.0)];
        assert!(text(&all[..1]).starts_with("Cycle ~2.3d, medium (6.4%). Rel "));
        assert!(text(&all[..2]).contains("). Alt: 5.1d. Rel "));
        assert!(text(&all).contains(" Alt: 5.1/2.3d. "));
        let mixed = [cycle(0, 4.2 / 24.0, 20.0), cycle(1, 25.0 / 1440.0, 3.0), cycle(2, 1.0, 1.0)];
        assert!(
            text(&mixed).starts_with("Cycle ~4.2h, large (20.0%). Alt: 25m/1.0d. Rel "),
            "{}",
            text(&mixed)
        );
        assert!(text(&mixed).ends_with("; undersampled: no."));
    }

    #[test]
    fn longest_description_fits() {
        let mut wild = [cycle(0, 1e30, 1e60), cycle(1, 1e40, 3.0), cycle(2, 1e-9, 1.0)];
        wild[0].cluster_id_global = format!("GP{}", "9".repeat(9));
        assert!(text(&wild).chars().count() <= 120);
        let usual = [cycle(0, 119.9, 199.9), cycle(1, 119.9, 3.0), cycle(2, 0.99, 1.0)]
            .map(|cycle| RecordedCycle { cluster_id_global: "GP900001".to_owned(), ..cycle });
        assert!(text(&usual).contains("(GP900001)") && text(&usual).contains("Alt: 119.9d/23.8h."));
    }
}
