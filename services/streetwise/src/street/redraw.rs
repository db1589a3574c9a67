//! What a redrawn territory would do to open cases, as people read it.

use std::fmt::Write as _;

use super::answers::{Move, Placed, Redraw, safe};

/// Cases that are named; the others are counted.
const NAMED_MAX: usize = 20;

/// The whole text; ends with a line.
pub(super) fn told(redraw: &Redraw) -> String {
    let Redraw { open, moved, outside, cases } = redraw;
    if *moved == 0 {
        return format!("辖区调整不影响 {open} 件在办案件 / the redraw moves none of {open} open cases\n");
    }
    let mut text = format!(
        "辖区调整后 {moved} 件在办案件改归属（共 {open} 件）/ {moved} of {open} open cases would lie elsewhere\n"
    );
    if *outside > 0 {
        let _infallible =
            writeln!(text, "  其中 {outside} 件落在街道之外 / {outside} of them outside of the street");
    }
    for case in cases.iter().take(NAMED_MAX) {
        text.push_str(&line(case));
    }
    let more = usize::try_from(*moved).unwrap_or(usize::MAX).saturating_sub(cases.len().min(NAMED_MAX));
    if more > 0 {
        let _infallible = writeln!(text, "  … 另有 {more} 件 / and {more} more");
    }
    text.push_str("  工单仍由现承办单位办理 / orders stay with who holds them\n");
    text
}

fn line(Move { case_no, from, to }: &Move) -> String {
    let to = to.as_ref().map_or_else(|| "街道之外 outside".to_owned(), lies);
    format!("  ~ {}  {} → {to}\n", safe(case_no), lies(from))
}

fn lies(Placed { community, grid }: &Placed) -> String {
    grid.as_ref().or(community.as_ref()).map_or_else(|| "未定 nowhere".to_owned(), |code| safe(code))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn moved_cases_are_named_and_the_rest_counted() {
        let case = |n: u32| {
            json!({ "case_no": format!("990102001-261124-{n:04}"),
                    "from": { "community": "990102001005", "grid": "990102001005001" },
                    "to": { "community": "990102001006" } })
        };
        let mut cases: Vec<_> = (1..=22).map(case).collect();
        cases[1]["to"] = serde_json::Value::Null;
        let answer = json!({ "open": 40, "moved": 22, "outside": 1, "cases": cases });
        let text = told(&serde_json::from_value(answer).unwrap());
        assert!(text.starts_with("辖区调整后 22 件在办案件改归属（共 40 件）"), "{text}");
        assert!(text.contains("990102001-261124-0001  990102001005001 → 990102001006\n"), "{text}");
        assert!(text.contains("990102001-261124-0002  990102001005001 → 街道之外 outside\n"), "{text}");
        assert!(text.contains("… 另有 2 件") && !text.contains("0021"), "{text}");
    }

    #[test]
    fn nothing_moved_is_one_line() {
        let answer = json!({ "open": 3, "moved": 0, "outside": 0, "cases": [] });
        let text = told(&serde_json::from_value(answer).unwrap());
        assert_eq!(text, "辖区调整不影响 3 件在办案件 / the redraw moves none of 3 open cases\n");
    }
}
