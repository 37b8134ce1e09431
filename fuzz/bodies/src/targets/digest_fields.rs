//! Owns fuzzing of the fields that tell digests: lines of any names and values. What is claimed
//! does not depend on the case of names; a part's reply does not speak for the file by a field that
//! servers get wrong; and no mirror is used without a digest that proves.
use catalog::checksum::Strength;
use catalog::fields::{Answer, Claims, Covers, Field};
use url::Url;

/// Checks what must hold of any bytes.
///
/// # Panics
///
/// If it does not.
pub fn run(bytes: &[u8]) {
    let url = Url::parse("https://example.org/f.iso").unwrap();
    let mut fields = Vec::new();
    for line in bytes.split(|&byte| byte == b'\n') {
        let Some(colon) = line.iter().position(|&byte| byte == b':') else {
            continue;
        };
        if let Ok(name) = str::from_utf8(&line[..colon]) {
            fields.push((name, line[colon + 1..].trim_ascii()));
        }
    }
    let upper: Vec<_> = fields
        .iter()
        .map(|(name, _)| name.to_ascii_uppercase())
        .collect();
    for answer in [Answer::Redirect, Answer::Whole, Answer::Part] {
        let claims = Claims::read(fields.iter().copied(), answer, &url);
        let values = fields.iter().map(|&(_, value)| value);
        let loud = Claims::read(upper.iter().map(String::as_str).zip(values), answer, &url);
        assert_eq!(claims, loud);
        assert!(
            claims
                .digests
                .is_sorted_by_key(|claim| claim.checksum.algorithm())
        );
        let mut is_proven = false;
        for claim in &claims.digests {
            let is_doubtful = matches!(claim.field, Field::Digest | Field::Amazon);
            let of_file = claim.covers == Covers::File;
            assert!(!(of_file && is_doubtful && answer == Answer::Part));
            assert!(!(claim.covers == Covers::Content && answer == Answer::Redirect));
            assert_eq!(
                claim.checksum.bytes().len(),
                claim.checksum.algorithm().length()
            );
            is_proven |= of_file && claim.checksum.algorithm().strength() == Strength::Proves;
        }
        let usable = if is_proven {
            claims.links.duplicates.len()
        } else {
            0
        };
        assert_eq!(claims.mirrors().count(), usable);
    }
}
