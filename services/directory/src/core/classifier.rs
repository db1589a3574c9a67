//! A classifier that somebody wants to publish: read, measured and held against the list before anybody is given it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use classify::linear::{self, DamagedModel};
use contract::document::classifier::{MODEL_BYTES_MAX, THRESHOLD_PERMILLE};
use contract::document::{ClassifierModel, DistrictCore};
use ring::digest::{SHA256, digest};

/// Unlisted labels that are told one by one.
const LABELS_TOLD: usize = 20;

/// A sound model file with its threshold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Offered {
    pub model: ClassifierModel,
    /// What it tells apart.
    pub labels: Vec<String>,
}

/// Why it is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unusable {
    /// The text is no base64.
    NotBase64,
    /// More bytes than a message can hold.
    TooLarge,
    /// Not a model file of this version, or not as it was written.
    Damaged(DamagedModel),
    /// Outside of [`THRESHOLD_PERMILLE`].
    Threshold,
}

impl Offered {
    /// From a model file in base64. What it says of itself is read from it, not taken from whoever offers it.
    pub(crate) fn read(weights: String, threshold_permille: u16) -> Result<Self, Unusable> {
        if !THRESHOLD_PERMILLE.contains(&threshold_permille) {
            return Err(Unusable::Threshold);
        }
        // Before decoding: three bytes are four characters.
        if weights.len() > MODEL_BYTES_MAX.div_ceil(3) * 4 {
            return Err(Unusable::TooLarge);
        }
        let file = STANDARD.decode(&weights).map_err(|_| Unusable::NotBase64)?;
        if file.len() > MODEL_BYTES_MAX {
            return Err(Unusable::TooLarge);
        }
        let read = linear::Classifier::from_bytes(&file).map_err(Unusable::Damaged)?;
        let head = read.head();
        if head.examples == 0 {
            return Err(Unusable::Damaged(DamagedModel::Inconsistent("learned from nothing")));
        }
        let model = ClassifierModel {
            sha256: hex(digest(&SHA256, &file).as_ref()),
            bytes: file.len() as u32,
            labels: head.labels.len() as u32,
            examples: i64::try_from(head.examples).unwrap_or(i64::MAX).unsigned_abs(),
            threshold_permille,
            weights,
        };
        Ok(Self { model, labels: head.labels.clone() })
    }
}

/// Labels that no item of the district's list has, the first of them, whatever day it is: an item may begin tomorrow, and
/// a reader asks for the day.
pub(crate) fn unlisted<'a>(labels: &'a [String], district: &DistrictCore) -> Vec<&'a str> {
    let unlisted = labels.iter().filter(|label| !district.items.contains_key(label.as_str()));
    unlisted.take(LABELS_TOLD).map(String::as_str).collect()
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}

#[cfg(test)]
mod tests {
    use classify::linear::{Example, Segmenter, Settings, train};

    use super::*;
    use crate::core::compiled::tests::district;

    fn file(labels: [&str; 2]) -> Vec<u8> {
        let words = ["公交改道绕行", "路灯不亮漆黑"];
        let of = |n: usize| Example {
            subject: String::new(),
            detail: format!("{}，第{}次反映", words[n % 2], n),
            label: labels[n % 2].to_owned(),
        };
        let examples: Vec<Example> = (0..20).map(of).collect();
        let settings = Settings { seed: 1, threads: 1, bytes_max: MODEL_BYTES_MAX };
        train(&examples, &Segmenter::new(), settings, &|_| {}).unwrap().to_bytes()
    }

    fn read(file: &[u8], threshold_permille: u16) -> Result<Offered, Unusable> {
        Offered::read(STANDARD.encode(file), threshold_permille)
    }

    #[test]
    fn a_model_says_itself_what_it_is() {
        let file = file(["TRA-01", "ZZZ-99"]);
        let offered = read(&file, 900).unwrap();
        assert_eq!((offered.model.labels, offered.model.examples), (2, 20));
        assert_eq!((offered.model.bytes as usize, offered.model.sha256.len()), (file.len(), 64));
        assert_eq!(STANDARD.decode(&offered.model.weights).unwrap(), file);
        assert_eq!(unlisted(&offered.labels, &district()), ["ZZZ-99"]);
        assert_eq!(hex(&[0x0f, 0xa0]), "0fa0");
    }

    #[test]
    fn what_is_no_model_is_named() {
        let file = file(["TRA-01", "TRA-03"]);
        for threshold in [0, 499, 1_001, u16::MAX] {
            assert_eq!(read(&file, threshold), Err(Unusable::Threshold));
        }
        let mut bent = file.clone();
        bent[40] ^= 1;
        assert_eq!(read(&bent, 900), Err(Unusable::Damaged(DamagedModel::Checksum)));
        assert_eq!(read(b"", 900), Err(Unusable::Damaged(DamagedModel::NotAModel)));
        assert_eq!(read(&vec![0; MODEL_BYTES_MAX + 1], 900), Err(Unusable::TooLarge));
        assert_eq!(Offered::read("没有".to_owned(), 900), Err(Unusable::NotBase64));
    }
}
