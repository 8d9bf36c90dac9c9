//! Days and dates of the proleptic Gregorian calendar.

use jiff::civil;

/// Minutes in a day.
pub const DAY: i32 = 1440;

/// Days from 1970-01-01 to `date`.
pub(super) fn days_to(date: civil::Date) -> i32 {
    days_from_civil(date.year().into(), date.month().into(), date.day().into())
}

/// Days in a month.
pub(super) fn month_length(year: i32, month: i32) -> i32 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01 of a date in the proleptic Gregorian calendar. Years are counted from
/// March, so that the leap day comes last.
pub(super) fn days_from_civil(year: i32, month: i32, day: i32) -> i32 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + day_of_year - 719_468
}

/// Year, month and day of a number of days since 1970-01-01; the inverse of [`days_from_civil`].
pub(super) fn civil_from_days(days: i32) -> (i32, i32, i32) {
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let day_of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let month = (shifted + 2) % 12 + 1;
    let year = era * 400 + year_of_era + i32::from(month <= 2);
    (year, month, day_of_year - (153 * shifted + 2) / 5 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calendar_agrees_with_jiff() {
        let mut date = jiff::civil::date(1899, 12, 31);
        let epoch = jiff::civil::date(1970, 1, 1);
        while date.year() < 2105 {
            let (y, m, d) = (date.year().into(), date.month().into(), date.day().into());
            let days = date.since((jiff::Unit::Day, epoch)).unwrap().get_days();
            assert_eq!(days_from_civil(y, m, d), days);
            assert_eq!(civil_from_days(days), (y, m, d));
            assert_eq!(month_length(y, m), i32::from(date.days_in_month()));
            date = date.tomorrow().unwrap();
        }
    }
}
