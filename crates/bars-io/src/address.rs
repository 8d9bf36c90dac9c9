//! Addresses of sources, such as `mysql://user@host/database`, as text.

use std::path::Path;

/// Returns whether `source` is the address of a MySQL or MariaDB database, not a path.
///
/// ```
/// use bars_io::address::is_mysql;
///
/// assert!(is_mysql("MySQL://me@host/market"));
/// assert!(!is_mysql("data/mysql"));
/// ```
pub fn is_mysql(source: &str) -> bool {
    source.get(..6).is_some_and(|scheme| scheme.eq_ignore_ascii_case("mysql:"))
}

/// Returns the error of an address that is not read; `None` for a path. Only the scheme is
/// repeated, because the rest may contain a password.
///
/// ```
/// use bars_io::address::unsupported;
///
/// assert_eq!(unsupported("data/bars"), None);
/// let error = unsupported("postgres://me:secret@host/market").unwrap();
/// assert_eq!(error, "unsupported source \"postgres://\"; use mysql://, a folder or a file");
/// ```
pub fn unsupported(address: &str) -> Option<String> {
    let (scheme, rest) = address.split_once(':')?;
    let is_address = rest.starts_with("//") || rest.contains('@');
    let is_scheme = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.' | '/');
    if !is_address || !scheme.chars().all(is_scheme) || Path::new(address).exists() {
        return None;
    }
    let lower = scheme.to_lowercase();
    Some(match lower.as_str() {
        "http" | "https" | "ftp" | "s3" | "gs" => {
            "URLs cannot be read; download the file first".to_owned()
        }
        _ if ["mysql", "mariadb", "jdbc"].iter().any(|name| lower.starts_with(name)) => {
            format!("unsupported source \"{scheme}:\"; did you mean mysql://user@host/database?")
        }
        _ if !rest.starts_with("//") => {
            "this looks like an address; did you mean mysql://user@host/database?".to_owned()
        }
        _ => format!("unsupported source \"{scheme}://\"; use mysql://, a folder or a file"),
    })
}

/// Returns `word` with `***` for the password, if it is an address of any scheme with one: between
/// user and the last `@` (a password may contain one), and in a parameter named password.
///
/// ```
/// use bars_io::address::without_password;
///
/// assert_eq!(without_password("mysql://me:p@ss@host/market"), "mysql://me:***@host/market");
/// assert_eq!(without_password("https://host/bars.csv"), "https://host/bars.csv");
/// ```
pub fn without_password(word: &str) -> String {
    let Some(at) = word
        .find(":/")
        .map(|at| at + word[at + 1..].bytes().take_while(|b| *b == b'/').count() + 1)
    else {
        // An address without slashes.
        let parts = word.split_once(':').zip(word.rsplit_once('@'));
        return match parts.filter(|((scheme, _), (before, _))| before.len() > scheme.len()) {
            Some(((scheme, _), (_, host))) => format!("{scheme}:***@{host}"),
            None => word.to_owned(),
        };
    };
    let word = match word.to_lowercase().find("password=") {
        Some(parameter) => &format!("{}***", &word[..parameter + "password=".len()]),
        None => word,
    };
    let (before, rest) = word.split_at(at);
    match rest.rsplit_once('@') {
        Some((user, host)) => {
            format!("{before}{}:***@{host}", user.split(':').next().unwrap_or_default())
        }
        // Without a host the password takes the place of the port.
        None => match rest.split_once(':') {
            Some((user, port))
                if !port
                    .split(['/', '?'])
                    .take(1)
                    .all(|port| port.bytes().all(|b| b.is_ascii_digit())) =>
            {
                format!("{before}{user}:***")
            }
            _ => word.to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_replaced_in_any_form_of_address() {
        let others = [
            "MYSQL://me:s@h/d",
            "mysql:/me:s@h",
            "jdbc:mysql://h/d?user=a&password=s&x=y",
            "mysql://h/d?Password=s",
            "mysql:me:s@h",
            "me:s@h/d",
            "mysql://me:1e#cret",
            "mysql://h:3306/d",
            "https://h/x.csv",
        ];
        let shown = others.map(without_password);
        assert_eq!(
            shown,
            [
                "MYSQL://me:***@h/d",
                "mysql:/me:***@h",
                "jdbc:mysql://h/d?user=a&password=***",
                "mysql://h/d?Password=***",
                "mysql:***@h",
                "me:***@h/d",
                "mysql://me:***",
                "mysql://h:3306/d",
                "https://h/x.csv"
            ]
        );
    }
}
