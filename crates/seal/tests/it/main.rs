//! Sealed values open in their place only.

use ids::TenantId;
use proptest::prelude::*;
use seal::{DataKey, MasterKey, MasterKeyError, OpenError, Sealed, Sensitive};

fn tenant(number: u32) -> TenantId {
    TenantId::from_i64(990_102_000_000 + i64::from(number) * 1_000).expect("12 digits")
}

fn key(number: u32) -> DataKey {
    DataKey::generate(tenant(number)).expect("randomness")
}

proptest! {
    #[test]
    fn opens_in_its_place(plaintext: Vec<u8>, context: Vec<u8>, number in 0u32..1_000) {
        let master = MasterKey::from_bytes(&[7; 32]);
        let key = key(number);
        let sealed = Sealed::from_bytes(key.seal(&context, &plaintext).unwrap().into_bytes()).unwrap();
        let stored = Sealed::from_bytes(master.wrap(&key).unwrap().into_bytes()).unwrap();
        let unwrapped = master.unwrap(tenant(number), &stored).unwrap();
        prop_assert_eq!(unwrapped.open(&context, &sealed), Ok(plaintext));
    }

    #[test]
    fn another_context_is_refused(context: Vec<u8>, other: Vec<u8>) {
        prop_assume!(context != other);
        let key = key(1);
        let sealed = key.seal(&context, b"13800000000").unwrap();
        prop_assert_eq!(key.open(&other, &sealed), Err(OpenError::Refused));
    }

    #[test]
    fn every_flipped_bit_is_refused(plaintext in prop::collection::vec(any::<u8>(), 0..64), at: prop::sample::Index) {
        let key = key(1);
        let mut bytes = key.seal(b"report", &plaintext).unwrap().into_bytes();
        let bit = at.index(bytes.len() * 8);
        bytes[bit / 8] ^= 1 << (bit % 8);
        let opened = Sealed::from_bytes(bytes).and_then(|sealed| key.open(b"report", &sealed));
        let expected = if bit < 8 { OpenError::UnknownVersion } else { OpenError::Refused };
        prop_assert_eq!(opened, Err(expected));
    }

    #[test]
    fn any_bytes_are_refused_without_panic(bytes: Vec<u8>) {
        let opened = Sealed::from_bytes(bytes).and_then(|sealed| key(1).open(b"report", &sealed));
        prop_assert!(opened.is_err());
    }
}

#[test]
fn another_tenants_key_does_not_unwrap_and_another_key_does_not_open() {
    let master = MasterKey::from_bytes(&[7; 32]);
    let wrapped = master.wrap(&key(1)).unwrap();
    assert_eq!(master.unwrap(tenant(2), &wrapped).err(), Some(OpenError::Refused));
    let other_master = MasterKey::from_bytes(&[8; 32]);
    assert_eq!(other_master.unwrap(tenant(1), &wrapped).err(), Some(OpenError::Refused));
    let sealed = key(1).seal(b"report", b"13800000000").unwrap();
    assert_eq!(key(1).open(b"report", &sealed), Err(OpenError::Refused));
}

#[test]
fn equal_values_are_sealed_differently_and_debug_shows_only_a_length() {
    let key = key(1);
    let (one, two) = (key.seal(b"r", b"138").unwrap(), key.seal(b"r", b"138").unwrap());
    assert_ne!(one, two);
    assert_eq!(format!("{one:?}"), "Sealed(32 bytes)");
    assert!(!one.as_bytes().windows(3).any(|window| window == b"138"));
}

#[test]
fn a_key_file_holds_32_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    assert!(matches!(MasterKey::from_file(&path), Err(MasterKeyError::Unreadable(_))));
    std::fs::write(&path, [1; 33]).unwrap();
    assert!(matches!(MasterKey::from_file(&path), Err(MasterKeyError::NotAKey)));
    std::fs::write(&path, [1; 32]).unwrap();
    let (from_file, same) = (MasterKey::from_file(&path).unwrap(), MasterKey::from_bytes(&[1; 32]));
    let key = key(1);
    let sealed = key.seal(b"r", b"138").unwrap();
    let again = same.unwrap(tenant(1), &from_file.wrap(&key).unwrap()).unwrap();
    assert_eq!(again.open(b"r", &sealed), Ok(b"138".to_vec()));
}

#[test]
fn personal_data_is_read_from_a_body() {
    let phone: Sensitive<String> = serde_json::from_str("\"13800000000\"").unwrap();
    assert_eq!(phone.expose(), "13800000000");
}
