//! What customers are called.

use std::path::Path;

/// So many different names: of the companies in the folder that `DATA_DIR` names, or made up.
pub fn names(count: usize) -> Vec<String> {
    let known = std::env::var("DATA_DIR").map(|folder| companies(Path::new(&folder))).unwrap_or_else(|_| made_up());
    (0..count)
        .map(|place| {
            let name = &known[place % known.len()];
            if place < known.len() { name.clone() } else { format!("{name} {}", place / known.len() + 1) }
        })
        .collect()
}

fn made_up() -> Vec<String> {
    let (cities, trades, kinds) =
        (["深圳", "上海", "北京", "Zürich", "Łódź"], ["华达", "瑞丰", "Müller", "O'Neill"], ["科技", "贸易", "& Co."]);
    let names = cities.iter().flat_map(|city| trades.iter().map(move |trade| (city, trade)));
    names.flat_map(|(city, trade)| kinds.iter().map(move |kind| format!("{city}{trade}{kind}"))).collect()
}

fn companies(folder: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(folder.join("companies.csv")).expect("companies.csv");
    let names = text.lines().skip(1).filter_map(|line| fields(line).into_iter().nth(2));
    names.map(|name| name.trim().chars().take(180).collect::<String>()).filter(|name| !name.is_empty()).collect()
}

/// The fields of a line in which quotes may be around a comma.
fn fields(line: &str) -> Vec<String> {
    let (mut fields, mut is_quoted) = (vec![String::new()], false);
    for c in line.chars() {
        match c {
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => fields.push(String::new()),
            _ => fields.last_mut().expect("a field").push(c),
        }
    }
    fields
}
