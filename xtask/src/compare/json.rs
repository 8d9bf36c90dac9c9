//! A small JSON parser that remembers where each value is in the text, so that one value can be cut
//! out and the rest compared byte by byte.

use std::ops::Range;

/// A JSON value and the bytes that it occupies.
#[derive(Debug)]
pub struct Node {
    /// The bytes of the value in the text.
    pub span: Range<usize>,
    /// The members of an object in the order of the text; empty for any other value.
    pub members: Vec<(String, Node)>,
}

impl Node {
    /// Returns the member `name` of an object.
    pub fn get(&self, name: &str) -> Option<&Node> {
        self.members.iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }
}

/// Parses a text that holds one JSON value; returns `None` if it is not valid JSON.
pub fn parse(text: &[u8]) -> Option<Node> {
    let mut parser = Parser { text, at: 0 };
    let node = parser.value()?;
    parser.skip_space();
    (parser.at == text.len()).then_some(node)
}

struct Parser<'a> {
    text: &'a [u8],
    at: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    /// Consumes `byte` after white space if it comes next.
    fn accept(&mut self, byte: u8) -> bool {
        self.skip_space();
        let is_next = self.peek() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    fn value(&mut self) -> Option<Node> {
        self.skip_space();
        let start = self.at;
        let mut members = Vec::new();
        match self.peek()? {
            b'{' => {
                self.at += 1;
                while !self.accept(b'}') {
                    if !members.is_empty() && !self.accept(b',') {
                        return None;
                    }
                    self.skip_space();
                    let name = self.string()?;
                    if !self.accept(b':') {
                        return None;
                    }
                    members.push((name, self.value()?));
                }
            }
            b'[' => {
                self.at += 1;
                let mut is_first = true;
                while !self.accept(b']') {
                    if !is_first && !self.accept(b',') {
                        return None;
                    }
                    is_first = false;
                    self.value()?;
                }
            }
            b'"' => {
                self.string()?;
            }
            _ => {
                while self
                    .peek()
                    .is_some_and(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
                {
                    self.at += 1;
                }
                if self.at == start {
                    return None;
                }
            }
        }
        Some(Node { span: start..self.at, members })
    }

    /// Reads a string and returns it with its escapes as they are written.
    fn string(&mut self) -> Option<String> {
        if self.peek()? != b'"' {
            return None;
        }
        self.at += 1;
        let start = self.at;
        loop {
            match self.peek()? {
                b'"' => break,
                b'\\' => self.at += 2,
                _ => self.at += 1,
            }
        }
        let text = String::from_utf8_lossy(&self.text[start..self.at]).into_owned();
        self.at += 1;
        Some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn members_keep_their_place_in_the_text() {
        let text = br#"{"a": [1, {"b": "}\""}], "run": {"x": -1.5e3}, "c": null}"#;
        let node = parse(text).unwrap();
        let names: Vec<&str> = node.members.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["a", "run", "c"]);
        assert_eq!(&text[node.get("run").unwrap().span.clone()], br#"{"x": -1.5e3}"#);
        assert_eq!(&text[node.get("c").unwrap().span.clone()], b"null");
    }

    #[test]
    fn invalid_text_is_refused() {
        for text in ["", "{", "[1 2]", "{\"a\" 1}", "{} x", "\"open"] {
            assert!(parse(text.as_bytes()).is_none(), "{text}");
        }
    }
}
