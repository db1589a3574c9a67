//! The number people see: `990102001-261123-0042` (D18, D54).

use std::fmt;

use jiff::civil::Date;

use crate::TenantId;

/// A case number: the street's first nine digits, the local day, a count per tenant and local day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseNo {
    /// The street the case belongs to.
    pub street: TenantId,
    /// The street's local date on which the case was opened.
    pub day: Date,
    /// 1 for the first case of the day; printed with at least four digits.
    pub count: u32,
    /// A drill is counted apart and marked: `990102001-261123-D0042`. Nobody takes it for a matter.
    pub drill: bool,
}

impl fmt::Display for CaseNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let street = self.street.as_i64() / 1000;
        let (year, month, day) = (self.day.year() % 100, self.day.month(), self.day.day());
        let mark = if self.drill { "D" } else { "" };
        write!(f, "{street}-{year:02}{month:02}{day:02}-{mark}{:04}", self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn is_written_as_people_see_it() {
        let street = "990102001000".parse().unwrap();
        let number = |count| CaseNo { street, day: date(2026, 11, 23), count, drill: false }.to_string();
        assert_eq!(number(42), "990102001-261123-0042");
        assert_eq!(number(12_345), "990102001-261123-12345");
        let drill = CaseNo { street, day: date(2026, 11, 23), count: 42, drill: true };
        assert_eq!(drill.to_string(), "990102001-261123-D0042");
    }
}
