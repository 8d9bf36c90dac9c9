//! The program against MySQL servers that are hostile, broken or silent.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use libtest_mimic::Trial;
use testkit::hostile_mysql::{Excess, NONCE, PASSWORD, Server};
use testkit::program::{Run, finish};
use testkit::trial;

use super::support::{arg, test_dir};

/// The tests of this module.
pub fn trials() -> Vec<Trial> {
    type Test = (&'static str, fn());
    let tests: [Test; 8] = [
        ("a_silent_server_is_left_after_the_time_limit", a_silent_server_is_left),
        ("a_missing_answer_is_reported_and_given_up", a_missing_answer_is_given_up),
        ("an_answer_that_does_not_proceed_is_given_up", a_dripping_answer_is_given_up),
        ("a_key_of_the_server_does_not_get_the_password", a_key_of_the_server_gets_no_password),
        ("a_local_server_gets_the_password", a_local_server_gets_the_password),
        ("a_named_key_encrypts_the_password", a_named_key_encrypts_the_password),
        ("garbled_packets_are_errors", garbled_packets_are_errors),
        ("answers_without_end_are_errors", answers_without_end_are_errors),
    ];
    tests.into_iter().map(|(name, test)| trial(name, &[], test)).collect()
}

/// Runs `check` on a server under a name of this machine.
fn check(server: &Server, host: &str, flags: &[&str]) -> Run {
    let address = server.address(host);
    let run = test_dir().run(&[&["check", "--source", &address][..], flags].concat());
    assert!(!run.err.contains(PASSWORD), "{}", run.err);
    assert!(!run.err.contains("bug in data-pipeline"), "{}", run.err);
    run
}

fn a_silent_server_is_left() {
    // Until the client gives up.
    let server = Server::start(|client| client.receive().map(drop));
    let begun = Instant::now();
    check(&server, "127.0.0.1", &["--connect-timeout", "2"]).fails(
        1,
        &[
            "no connection for 1.",
            "waiting up to 2 s",
            "no connection within 2 s",
            "--connect-timeout",
        ],
    );
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}

fn a_missing_answer_is_given_up() {
    let server = Server::start(|client| {
        client.log_in()?;
        loop {
            client.receive()?;
        }
    });
    let begun = Instant::now();
    check(&server, "127.0.0.1", &["--read-timeout", "2"]).fails(
        1,
        &[
            "reading the catalog: no answer from the server for 1.",
            "waiting up to 2 s",
            "gave up reading the catalog after 2 attempts: no answer for 2 s",
            "raise --read-timeout",
        ],
    );
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
}

fn a_dripping_answer_is_given_up() {
    let server = Server::start(|client| {
        client.log_in()?;
        client.receive()?;
        client.drip(Duration::from_millis(200))
    });
    let begun = Instant::now();
    let run = check(&server, "127.0.0.1", &["--read-timeout", "1"]).fails(
        1,
        &[
            "reading the catalog: no complete answer from the server for 1.",
            "waiting up to 10 s",
            "no complete answer from the server for 10 s",
            "raise --read-timeout",
        ],
    );
    assert!(!run.err.contains("retrying"), "{}", run.err);
    assert!(begun.elapsed() < Duration::from_secs(40), "{:?}", begun.elapsed());
}

/// A server without TLS that asks for the whole password, not only for a proof of it, and records
/// what it gets.
fn curious() -> Server {
    Server::start(|client| {
        client.greet("8.0.36", "caching_sha2_password", false)?;
        client.receive()?;
        client.send(&[1, 4])?;
        client.receive().map(drop)
    })
}

/// The request of the server's public key.
const KEY_REQUEST: [u8; 1] = [2];

fn a_key_of_the_server_gets_no_password() {
    for mode in ["preferred", "disabled"] {
        let server = curious();
        // An address of this machine that is not known as one.
        check(&server, "0.0.0.0", &["--ssl-mode", mode]).fails(
            1,
            &["on a connection without encryption", "ssl-mode=required", "--server-public-key"],
        );
        let received = server.received();
        // The name, and the proof of the password.
        assert_eq!(received.len(), 1, "{received:?}");
        assert!(received[0].windows(2).any(|bytes| bytes == b"me"), "{received:?}");
    }
}

fn a_local_server_gets_the_password() {
    let server = curious();
    check(&server, "127.0.0.1", &[]).fails(1, &["connection lost"]);
    assert_eq!(server.received()[1..], [KEY_REQUEST.to_vec()]);
}

fn a_named_key_encrypts_the_password() {
    let server = curious();
    let test_dir = test_dir();
    let openssl = |words: &[&str]| {
        let mut command = Command::new("openssl");
        command.args(words).current_dir(test_dir.path()).stdin(Stdio::null());
        let output = command.output().expect("openssl runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    };
    openssl(&["genrsa", "-out", "private.pem", "2048"]);
    openssl(&["rsa", "-in", "private.pem", "-pubout", "-out", "public.pem"]);
    let key = arg(&test_dir.file("public.pem"));
    check(&server, "0.0.0.0", &["--server-public-key", &key]).fails(1, &["connection lost"]);
    let received = server.received();
    assert_eq!(received.len(), 2, "{received:?}");
    test_dir.write("secret", &received[1]);
    let decrypt = ["pkeyutl", "-decrypt", "-inkey", "private.pem", "-in", "secret"];
    let secret = openssl(&[&decrypt[..], &["-pkeyopt", "rsa_padding_mode:oaep"]].concat());
    let clear = secret.iter().zip(NONCE.iter().cycle()).map(|(byte, random)| byte ^ random);
    assert_eq!(clear.collect::<Vec<u8>>(), [PASSWORD.as_bytes(), &[0]].concat());
    // A file that is not a key is refused before anything is sent.
    let other = arg(&test_dir.write("other.pem", "-----BEGIN CERTIFICATE-----\n"));
    check(&server, "0.0.0.0", &["--server-public-key", &other])
        .fails(1, &["other.pem: not a public key in PEM format"]);
    // One that is damaged, and one that is too short for the password.
    let text = std::fs::read_to_string(test_dir.file("public.pem")).unwrap();
    let damaged = arg(&test_dir.write("damaged.pem", text.replace("MIIB", "AAAA")));
    openssl(&["genrsa", "-out", "private.pem", "512"]);
    openssl(&["rsa", "-in", "private.pem", "-pubout", "-out", "short.pem"]);
    let long = "x".repeat(40);
    for key in [damaged, arg(&test_dir.file("short.pem"))] {
        check(&server, "0.0.0.0", &["--server-public-key", &key, "--password", &long])
            .fails(1, &[&format!("{key}: not a valid public key"), "help: copy the server's"]);
    }
    check(&server, "0.0.0.0", &["--server-public-key", "none.pem"]).fails(1, &["none.pem"]);
    assert_eq!(server.received().len(), 2);
}

fn garbled_packets_are_errors() {
    let version = Server::start(|client| {
        client.greet("8.x.36", "mysql_native_password", true)?;
        client.receive().map(drop)
    });
    check(&version, "127.0.0.1", &[]).fails(1, &["not the MySQL protocol"]);
    let empty = Server::start(|client| {
        client.greet("8.0.36", "mysql_native_password", false)?;
        client.receive()?;
        client.send(&[])?;
        client.receive().map(drop)
    });
    check(&empty, "127.0.0.1", &[]).fails(1, &["not the MySQL protocol"]);
    // After the login the request is repeated, and then given up.
    let later = Server::start(|client| {
        client.log_in()?;
        client.receive()?;
        client.send(&[0])?;
        client.receive().map(drop)
    });
    check(&later, "127.0.0.1", &[]).fails(1, &["gave up reading the catalog"]);
}

fn answers_without_end_are_errors() {
    for (excess, reason) in [
        (Excess::Columns, "the server sent more than 4096 rows about the table"),
        (Excess::Names, "the server sent more than 4096 KiB of rows about the table"),
        (Excess::Tables, "the server sent more than 20 rows about the table"),
        (Excess::Kinds, "the server sent more than 20 rows about the table"),
        (Excess::Indexes, "the server sent more than 4096 rows about the table"),
        (Excess::Symbols, "the server sent more than 4000000 symbols"),
        (Excess::LongSymbols, "the server sent more than 4000000 KiB of symbols"),
        (Excess::Row, "the server sent a response of more than 16 MiB"),
        (Excess::Error, "xxx... (error 1064)"),
    ] {
        let server = excess.server();
        let test_dir = test_dir();
        let program = test_dir.command(&["check", "--source", &server.address("127.0.0.1")]);
        let mut shell = Command::new("sh");
        shell.args(["-c", "ulimit -v 4000000; exec timeout 60 \"$@\"", "sh"]);
        shell.arg(program.get_program()).args(program.get_args()).current_dir(test_dir.path());
        let begun = Instant::now();
        let run = finish(shell);
        let place = server.address("127.0.0.1").replace(&format!(":{PASSWORD}"), "");
        let place = place.replace("?table=bars", ", table bars: ");
        let run = run.fails(1, &[&place, reason, "help: "]);
        assert!(!run.err.contains("retrying"), "{excess:?}: {}", run.err);
        assert!(run.err.len() < 5000, "{excess:?}: {}", run.err.len());
        assert!(begun.elapsed() < Duration::from_secs(50), "{excess:?}: {:?}", begun.elapsed());
    }
}
