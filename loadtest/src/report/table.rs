//! Prints a report as a table: one line per figure, with the figures of a group on one line.
//!
//! Reads the report's JSON in the order in which it was written, which a map would lose.

use std::fmt::Write;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};

/// A figure of a report.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Figure {
    Count(i64),
    Number(f64),
    Text(String),
    List(Vec<Figure>),
    Group(Group),
    Missing(()),
}

/// Figures by name, in the order of the JSON.
pub(super) struct Group(Vec<(String, Figure)>);

impl<'de> Deserialize<'de> for Group {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = Group;

            fn expecting(&self, formatter: &mut std::fmt::Formatter) -> std::fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Group, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Group(fields))
            }
        }
        deserializer.deserialize_map(Fields)
    }
}

pub(super) fn table(report: &Group) -> String {
    let width = report.0.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    report.0.iter().fold(String::new(), |mut text, (name, figure)| {
        // Writing into a string cannot fail.
        _ = writeln!(text, "{:width$}  {}", words(name), cell(figure));
        text
    })
}

fn cell(figure: &Figure) -> String {
    match figure {
        Figure::Count(count) => count.to_string(),
        Figure::Number(number) if number.abs() >= 1000.0 => format!("{number:.0}"),
        Figure::Number(number) => format!("{number:.3}"),
        Figure::Text(text) => text.clone(),
        Figure::Missing(()) => "?".to_owned(),
        Figure::List(figures) => figures.iter().map(cell).collect::<Vec<_>>().join(" "),
        Figure::Group(Group(fields)) => fields
            .iter()
            .map(|(name, figure)| match figure {
                Figure::Group(_) => format!("{} ({})", words(name), cell(figure)),
                _ => format!("{} {}", words(name), cell(figure)),
            })
            .collect::<Vec<_>>()
            .join(", "),
    }
}

fn words(name: &str) -> String {
    name.replace("p99_9", "p99.9").replace('_', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_stand_in_their_order_and_groups_on_one_line() {
        let report = r#"{"mode":"closed","a_rate":12345.6,"ms":{"p50":0.5,"p99_9":null,"in":{"x":1}}}"#;
        let report: Group = serde_json::from_str(report).unwrap();
        assert_eq!(table(&report), "mode    closed\na rate  12346\nms      p50 0.500, p99.9 ?, in (x 1)\n");
    }
}
