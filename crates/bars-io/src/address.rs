//! Addresses of sources, such as `mysql://user@host/database`, as text.

use std::path::Path;

#[cfg(any(feature = "mysql", feature = "kraken"))]
use url::Url;

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
    let is_scheme = |c: char| is_scheme(c) || c == '/';
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

/// Returns whether a word may be `user:password`, which is not shown. Files may have a colon in their
/// names, and a host has one before its port.
///
/// ```
/// use bars_io::address::is_login;
///
/// assert!(is_login("me:secret"));
/// assert!(!is_login("localhost:3306") && !is_login("C:/bars.csv") && !is_login("a:b.csv"));
/// ```
pub fn is_login(word: &str) -> bool {
    const ENDS: [&str; 9] =
        [".csv", ".parquet", ".zip", ".gz", ".zst", ".json", ".txt", ".toml", ".log"];
    let Some((user, rest)) = word.split_once(':') else { return false };
    // One letter is a drive.
    let is_other = user.trim().len() < 2
        || user.contains('/')
        || rest.starts_with("//")
        || rest.parse::<u16>().is_ok();
    !is_other && !ENDS.iter().any(|end| word.ends_with(end)) && !Path::new(word).exists()
}

/// Returns whether a word in place of a file with a password may be the password itself, or a
/// [login](is_login). Passwords in base64 have slashes too, so only a path with a clear start or in an
/// existing folder is one.
///
/// ```
/// use bars_io::address::is_login_or_password;
///
/// assert!(is_login_or_password("aB3/x+Qz==") && is_login_or_password("me:secret"));
/// assert!(!is_login_or_password("/run/secrets/db"));
/// ```
pub fn is_login_or_password(word: &str) -> bool {
    let path = Path::new(word);
    let is_folder = |folder: &Path| !folder.as_os_str().is_empty() && folder.is_dir();
    let is_path = ["/", "./", "../", "~"].iter().any(|start| word.starts_with(start))
        || path.parent().is_some_and(is_folder);
    (!is_path || is_login(word)) && !path.exists()
}

/// Returns `word` as it may be logged: without passwords. An address keeps its scheme, host and path,
/// and loses its password and the values of unknown parameters. A word that only resembles an address
/// is replaced by `***` as a whole, because its parts cannot be distinguished.
///
/// ```
/// use bars_io::address::without_password;
///
/// assert_eq!(without_password("mysql://me:secret@host/market"), "mysql://me:***@host/market");
/// assert_eq!(without_password("mysql//me:secret@host/market"), "***");
/// assert_eq!(without_password("https://host/bars.csv"), "https://host/bars.csv");
/// assert_eq!(without_password("data/bars"), "data/bars");
/// ```
#[cfg(any(feature = "mysql", feature = "kraken"))]
pub fn without_password(word: &str) -> String {
    if word.trim_end_matches([')', '.', ';']) == EXAMPLE {
        return word.to_owned();
    }
    let lower = word.to_lowercase();
    let has_setting =
        ["password", "passwd", "pass=", "pwd="].iter().any(|name| lower.contains(name));
    if word.contains(';') && word.contains('=') && has_setting {
        return "***".to_owned();
    }
    if let Some((scheme, _)) = word.split_once("://") {
        // Copied with its quotes or blanks.
        let url = Url::parse(word.trim_matches(['"', '\'', ' '])).ok();
        let is_plain = url.as_ref().is_some_and(|url| !url.cannot_be_a_base());
        if is_plain && !word.contains(['@', '?', '#']) {
            return word.to_owned();
        }
        if url.as_ref().is_some_and(is_public) {
            return word.to_owned();
        }
        let shown = url.and_then(|url| public_parts(&url));
        return shown.unwrap_or_else(|| match scheme.chars().all(is_scheme) {
            true => format!("{scheme}://***"),
            false => "***".to_owned(),
        });
    }
    let is_database = ["mysql", "mariadb", "jdbc"].iter().any(|name| lower.starts_with(name))
        && word.trim_end_matches([':', '/', ';', ',']).contains([':', '/'])
        && (word.contains(':') || word.contains("//"));
    let has_user = word.split_once(':').is_some_and(|(_, rest)| rest.contains('@'));
    let has_setting = has_setting && word.contains('=');
    if is_database || has_user || has_setting { "***".to_owned() } else { word.to_owned() }
}

/// The form of an address in messages, with a password that is none.
#[cfg(any(feature = "mysql", feature = "kraken"))]
pub(crate) const EXAMPLE: &str = "mysql://user:password@host:3306/database?table=ohlcvt";

/// Returns the parts of an address that are no secret; `None` if a password may extend beyond its
/// place.
#[cfg(any(feature = "mysql", feature = "kraken"))]
fn public_parts(url: &Url) -> Option<String> {
    if url.cannot_be_a_base() || url.path().contains('@') || url.fragment().is_some() {
        return None;
    }
    let is_database = is_mysql(url.as_str());
    let is_known = |key: &str| matches!(key, "table" | "ssl-mode" | "ssl_mode");
    let is_name_only = is_database && !has_colon(url.username());
    let user = match (url.username(), url.password()) {
        ("", None) => String::new(),
        (user, None) if is_name_only => format!("{user}@"),
        (user, Some(_)) if is_name_only => format!("{user}:***@"),
        // Often a token.
        _ => "***@".to_owned(),
    };
    let host = url.host_str().unwrap_or_default();
    let port = url.port().map_or_else(String::new, |port| format!(":{port}"));
    let is_name =
        |text: &str| text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '$'));
    let is_shown = |key: &str, value: &str| is_database && is_known(key) && is_name(value);
    let parameters = url.query_pairs().map(|(key, value)| match &*value {
        value if is_shown(&key, value) => format!("{key}={value}"),
        // The key itself may be a part of a password.
        "" => "***".to_owned(),
        _ => format!("{key}=***"),
    });
    let parameters = parameters.collect::<Vec<_>>().join("&");
    let query = if parameters.is_empty() { String::new() } else { format!("?{parameters}") };
    Some(format!("{}://{user}{host}{port}{}{query}", url.scheme(), url.path()))
}

/// Returns whether an address of a database has no place for a password.
#[cfg(any(feature = "mysql", feature = "kraken"))]
fn is_public(url: &Url) -> bool {
    is_mysql(url.as_str())
        && !has_colon(url.username())
        && url.password().is_none()
        && url.query().is_none_or(str::is_empty)
        && url.fragment().is_none()
        && !url.path().contains('@')
}

/// Returns whether a user contains a colon, which may separate it from a password.
#[cfg(any(feature = "mysql", feature = "kraken"))]
fn has_colon(user: &str) -> bool {
    user.to_lowercase().contains("%3a")
}

/// Returns whether `c` may occur in the scheme of an address.
fn is_scheme(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.')
}

#[cfg(all(test, feature = "mysql"))]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_replaced_in_any_form_of_address() {
        for (word, shown) in [
            ("MYSQL://me:s@h/d?table=t", "mysql://me:***@h/d?table=t"),
            ("mysql://me@h:3307/d", "mysql://me@h:3307/d"),
            ("mysql://me%3As@h/d", "mysql://***@h/d"),
            ("mysql://me@h/märkte?", "mysql://me@h/märkte?"),
            (EXAMPLE, EXAMPLE),
            ("mysql::", "mysql::"),
            ("mysql://h:3306/d", "mysql://h:3306/d"),
            ("ftp://127.0.0.1", "ftp://127.0.0.1"),
            ("https://h/x.csv?token=s", "https://h/x.csv?token=***"),
            ("https://me:s@h/", "https://***@h/"),
            ("https://s@h/", "https://***@h/"),
            ("https://me:p@ss/w@h/", "https://***"),
            ("mysql://me:p@ss/w@h/d", "mysql://***"),
            ("mysql://me:1e#cret", "mysql://***"),
            ("mysql://me:s", "mysql://***"),
            ("mysql://h/d?pass=s&table=t", "mysql://h/d?pass=***&table=t"),
            ("mysql://h/d?s", "mysql://h/d?***"),
            ("password;", "password;"),
            ("mysql://me:p@ss@h/d", "mysql://me:***@h/d"),
            ("mysql:/me:s@h", "***"),
            ("mysql//me:s@h", "***"),
            ("mysql:me:s@h", "***"),
            ("jdbc:mysql://h/d?user=a&password=s&x=y", "***"),
            ("jdbc:mysql://h/s", "***"),
            ("me:s@h/d", "***"),
            ("mysql://h/d;password=s", "***"),
            ("mysql://h/d?table=s:x", "mysql://h/d?table=***"),
            ("\"mysql://me:s@h/d\"", "mysql://me:***@h/d"),
            ("h=localhost;pwd=s", "***"),
            ("bars@2024.csv", "bars@2024.csv"),
            ("mysql/bars.csv", "mysql/bars.csv"),
            ("12:30", "12:30"),
            ("A/USD,B/USD", "A/USD,B/USD"),
        ] {
            assert_eq!(without_password(word), shown, "{word}");
        }
    }
}
