//! Who is on duty, as a table; or the calendar as the directory made it.

use serde_json::Value;

use super::answers::{OnDuty, Turn, safe};
use super::{advised, client, print_json, read, street};
use crate::cli::StreetRota;
use crate::failure::Failure;
use crate::table;

/// Runs the command.
pub(super) async fn run(arguments: &StreetRota) -> Result<(), Failure> {
    let StreetRota { code, key, at, ics, from, until, door } = arguments;
    let doing = format!("查询值班 / reading rota {key} of {code}");
    let rota = format!("{}/rotas/{}", street(code)?, slug(key)?);
    let client = client(door)?;
    let look = format!("streetwise street show {code}");
    if *ics {
        let days = [("from", from), ("until", until)];
        let days = days.iter().filter_map(|(name, day)| Some(format!("{name}={}", day.as_ref()?)));
        let query = days.collect::<Vec<_>>().join("&");
        let text = client.get_text(&doing, &format!("{rota}.ics?{query}")).await;
        print!("{}", text.map_err(|failure| advised(failure, &look))?);
        return Ok(());
    }
    let at = at.map(|at| format!("?at={at}")).unwrap_or_default();
    let answer = client.get(&doing, &format!("{rota}:on-duty{at}")).await;
    let answer: Value = answer.map_err(|failure| advised(failure, &look))?;
    match door.caller.json {
        true => print_json(&answer),
        false => print!("{}", told(&read(&doing, &answer)?)),
    }
    Ok(())
}

/// A key of anything else would be another address.
fn slug(key: &str) -> Result<&str, Failure> {
    let sound =
        !key.is_empty() && key.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if sound {
        Ok(key)
    } else {
        Err(Failure::Usage("值班表的键为小写字母、数字或连字符 / a rota's key is a-z, 0-9 and -".to_owned()))
    }
}

fn told(duty: &OnDuty) -> String {
    let OnDuty { name, post, at, turns, next } = duty;
    let mut text = format!(
        "{} / {}  {} / {}  {}  {at}\n",
        safe(&name.zh),
        safe(&name.en),
        safe(&post.name.zh),
        safe(&post.name.en),
        safe(&post.body)
    );
    if turns.is_empty() {
        text.push_str("此刻无人值守 nobody is on duty\n");
    } else {
        let head = ["班次 shift", "人员 crew", "自 from", "至 until"];
        let rows: Vec<Vec<String>> = turns.iter().map(cells).collect();
        text.push_str(&table::render(&head, &rows));
    }
    if let Some(turn) = next {
        let [shift, crew, from, _] = &cells(turn)[..] else { return text };
        text.push_str(&format!("  → 下一班 next: {shift} {crew} {from}\n"));
    }
    text
}

fn cells(turn: &Turn) -> Vec<String> {
    vec![safe(&turn.shift), safe(&turn.crew.join(", ")), safe(&turn.starts_at), safe(&turn.ends_at)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_there_and_who_comes_next() {
        let turn = |crew: &str| serde_json::json!({ "shift": "day", "crew": [crew], "starts_at": "A", "ends_at": "B" });
        let of = |turns: Value| {
            let name = serde_json::json!({ "zh": "值班", "en": "Duty" });
            let post =
                serde_json::json!({ "key": "desk", "name": name, "body": "street-centre@990102001000" });
            let answer = serde_json::json!({ "name": name, "post": post, "at": "T", "turns": turns, "next": turn("li") });
            told(&serde_json::from_value(answer).unwrap())
        };
        let said = of(serde_json::json!([turn("wang")]));
        assert!(said.contains("wang") && said.ends_with("next: day li A\n"), "{said}");
        assert!(of(serde_json::json!([])).contains("nobody is on duty"));
    }
}
