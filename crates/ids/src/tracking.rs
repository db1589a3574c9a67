//! The code a reporter follows a matter with (D18). It is a secret: only its SHA-256 leaves intake.

use std::fmt;
use std::str::FromStr;

/// Crockford's base32 alphabet: no I, L, O, U. Source: Douglas Crockford, "Base 32".
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// 100 bits as 20 characters of Crockford base32. Debug never shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct TrackingCode(String);

/// A text that is no tracking code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a tracking code has 20 letters and digits")]
pub struct TrackingCodeError;

impl TrackingCode {
    /// The first 100 bits of a MAC over the report id.
    pub fn from_mac(mac: &[u8; 32]) -> Self {
        let symbol = |i: usize| {
            let (byte, bit) = (i * 5 / 8, i * 5 % 8);
            let pair = u16::from_be_bytes([mac[byte], mac[byte + 1]]);
            ALPHABET[usize::from(pair >> (11 - bit)) & 31] as char
        };
        Self((0..20).map(symbol).collect())
    }

    /// In four groups of five, as printed for people.
    pub fn grouped(&self) -> String {
        self.0.as_bytes().chunks(5).map(String::from_utf8_lossy).collect::<Vec<_>>().join("-")
    }

    /// The bytes whose SHA-256 is stored.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl FromStr for TrackingCode {
    type Err = TrackingCodeError;

    /// Forgiving as Crockford asks: case, hyphens and spaces do not matter, `O` is 0, `I` and `L` are 1.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let read = |c: char| match c.to_ascii_uppercase() {
            'O' => Some('0'),
            'I' | 'L' => Some('1'),
            c if ALPHABET.contains(&(c as u8)) && c.is_ascii() => Some(c),
            _ => None,
        };
        let kept = text.chars().filter(|c| !matches!(c, '-' | ' '));
        let code: String = kept.take(21).map(read).collect::<Option<_>>().ok_or(TrackingCodeError)?;
        if code.len() == 20 { Ok(Self(code)) } else { Err(TrackingCodeError) }
    }
}

impl fmt::Debug for TrackingCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TrackingCode(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_bits_give_known_symbols() {
        assert_eq!(TrackingCode::from_mac(&[0; 32]).grouped(), "00000-00000-00000-00000");
        assert_eq!(TrackingCode::from_mac(&[255; 32]).grouped(), "ZZZZZ-ZZZZZ-ZZZZZ-ZZZZZ");
        let mut mac = [0; 32];
        mac[..2].copy_from_slice(&[0b0000_1000, 0b1000_0000]);
        assert_eq!(TrackingCode::from_mac(&mac).grouped(), "12000-00000-00000-00000");
    }

    proptest! {
        #[test]
        fn people_may_write_it_as_they_like(mac: [u8; 32]) {
            let code = TrackingCode::from_mac(&mac);
            let spoken = code.grouped().to_lowercase().replace('0', "o").replace('1', "l");
            prop_assert_eq!(spoken.parse::<TrackingCode>().unwrap(), code);
        }

        #[test]
        fn any_other_text_is_refused_without_panic(text in "\\PC{0,40}") {
            let _ = text.parse::<TrackingCode>();
        }
    }
}
