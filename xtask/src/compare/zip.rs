//! Writes ZIP archives without compression, as inputs for `import`.

/// Returns an archive with `entries`, each a name and its content.
pub fn archive(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut directory = Vec::new();
    for (name, content) in entries {
        let offset = out.len() as u32;
        // Version, flags, method 0 (stored), time, date, checksum, sizes, lengths of name and extra
        // field.
        let mut about = Vec::new();
        about.extend([10_u16, 0, 0, 0, 0x21].iter().flat_map(|field| field.to_le_bytes()));
        about.extend(
            [crc32(content), content.len() as u32, content.len() as u32]
                .iter()
                .flat_map(|n| n.to_le_bytes()),
        );
        about.extend([name.len() as u16, 0].iter().flat_map(|field| field.to_le_bytes()));
        out.extend(b"PK\x03\x04");
        out.extend(&about);
        out.extend(name.as_bytes());
        out.extend(*content);
        directory.extend(b"PK\x01\x02\x0a\x00");
        directory.extend(&about);
        // Comment length, disk, internal attributes, external attributes, offset.
        directory.extend([0_u8; 10]);
        directory.extend(offset.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let start = out.len() as u32;
    let count = (entries.len() as u16).to_le_bytes();
    out.extend(&directory);
    out.extend(b"PK\x05\x06\0\0\0\0");
    out.extend(count);
    out.extend(count);
    out.extend((directory.len() as u32).to_le_bytes());
    out.extend(start.to_le_bytes());
    out.extend([0, 0]);
    out
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 }
        })
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn crc32_of_the_check_string() {
        assert_eq!(super::crc32(b"123456789"), 0xcbf4_3926);
    }
}
