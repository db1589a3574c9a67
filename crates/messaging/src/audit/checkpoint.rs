//! The head of a chain at some moment, to be kept where the database's administrators cannot change it.

use ids::TenantId;

/// The newest seal of a tenant's chain in one service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Whose journal.
    pub service: String,
    /// Which tenant's chain.
    pub tenant: TenantId,
    /// The seal's number, from 1.
    pub seal: i64,
    /// Its root.
    pub root: [u8; 32],
}

impl Checkpoint {
    /// The root as 64 hexadecimal digits, as logs and files have it.
    pub fn root_hex(&self) -> String {
        self.root.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Reads a root back; `None` when it is not 64 hexadecimal digits.
    pub fn root_of(hex: &str) -> Option<[u8; 32]> {
        let mut root = [0; 32];
        if hex.len() != 64 || !hex.is_ascii() {
            return None;
        }
        for (place, byte) in root.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&hex[2 * place..2 * place + 2], 16).ok()?;
        }
        Some(root)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_root_is_read_as_it_was_written() {
        let tenant = TenantId::from_i64(990_102_001_000).unwrap();
        let kept = Checkpoint { service: "intake".to_owned(), tenant, seal: 7, root: [0xa5; 32] };
        assert_eq!(Checkpoint::root_of(&kept.root_hex()), Some(kept.root));
        for wrong in ["", "a5", &"g".repeat(64), &"a5".repeat(33), &"街".repeat(22)] {
            assert_eq!(Checkpoint::root_of(wrong), None, "{wrong}");
        }
    }
}
