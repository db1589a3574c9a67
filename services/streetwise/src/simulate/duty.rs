//! Posts and rotas of a made-up street: ten duty groups (值班组), each with a post of the street centre and a rota that leaves
//! no hour without somebody. People are numbers, not names.

/// The groups: key, name.
const GROUPS: [(&str, &str, &str); 10] = [
    ("general", "总值班组", "General duty"),
    ("emergency", "应急处置组", "Emergency response"),
    ("fire", "消防安全组", "Fire safety"),
    ("flood", "防汛组", "Flood control"),
    ("patrol", "巡查组", "Patrol"),
    ("order", "市容秩序组", "Street order"),
    ("market", "市场监管组", "Market supervision"),
    ("estates", "物业协调组", "Estates"),
    ("service", "群众服务组", "Public service"),
    ("information", "信息研判组", "Information"),
];
/// The first duty day, a Monday.
const STARTS: &str = "2026-01-05";
/// Crews of a group, of two people each.
const CREWS: usize = 4;

/// The lines `posts:` and `rotas:` of a street's spec. Seed and street decide who begins.
pub(super) fn lines(seed: u64, n: u16) -> String {
    let first = seed.wrapping_add(u64::from(n)) as usize;
    let groups = || GROUPS.into_iter().enumerate();
    let posts: String = groups().map(|(_, group)| post(group)).collect();
    let rotas: String = groups().map(|(at, group)| rota(group, first + at, at)).collect();
    format!("  posts:\n{posts}  rotas:\n{rotas}")
}

fn post((key, zh, en): (&str, &str, &str)) -> String {
    let people = (0..CREWS).flat_map(|crew| crew_of(key, crew));
    let people: Vec<String> = people.map(|subject| format!("{{ subject: {subject} }}")).collect();
    format!(
        "    {key}: {{ name: {{ zh: {zh}, en: {en} }}, body: street-centre, people: [{}] }}\n",
        people.join(", ")
    )
}

/// Every other group works in two shifts that hand over each day; the others stay a week.
fn rota((key, zh, en): (&str, &str, &str), first: usize, at: usize) -> String {
    let crews = |offset: usize| {
        let crews = (0..CREWS).map(|crew| crew_of(key, (first + offset + crew) % CREWS).join(", "));
        crews.map(|crew| format!("[{crew}]")).collect::<Vec<_>>().join(", ")
    };
    let (period, shifts) = if at.is_multiple_of(2) {
        let day = format!("        day: {{ start: \"08:30\", end: \"20:30\", crews: [{}] }}\n", crews(0));
        (1, format!("{day}        night: {{ start: \"20:30\", end: \"08:30\", crews: [{}] }}\n", crews(2)))
    } else {
        (7, format!("        week: {{ start: \"08:30\", end: \"08:30\", crews: [{}] }}\n", crews(0)))
    };
    format!(
        "    {key}:\n      name: {{ zh: {zh}值班, en: {en} rota }}\n      post: {key}\n      starts: {STARTS}\n      \
         handover: \"08:30\"\n      period_days: {period}\n      shifts:\n{shifts}"
    )
}

fn crew_of(key: &str, crew: usize) -> [String; 2] {
    [1, 2].map(|person| format!("{key}-{}", crew * 2 + person))
}
