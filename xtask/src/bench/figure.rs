//! Reads the load test's JSON reports, from which the page takes some numbers.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

/// A report, or one cell of a grid report.
#[derive(Clone, Debug)]
pub(super) struct Report {
    value: Value,
    /// The command that repeats the measurement, without the arguments specific to this run.
    pub(super) command: String,
}

impl Report {
    pub(super) fn read(file: &Path, command: String) -> Result<Self> {
        let json = fs::read(file).context("the load test left no report")?;
        Ok(Self { value: serde_json::from_slice(&json)?, command })
    }

    /// Returns the number at a path such as `latency_ms.p99`.
    pub(super) fn number(&self, path: &str) -> Result<f64> {
        self.value
            .pointer(&pointer(path))
            .and_then(Value::as_f64)
            .with_context(|| format!("the report of `{}` has no {path}", self.command))
    }

    /// Formats the object at a path as a list of names and numbers, or `none`.
    pub(super) fn words(&self, path: &str) -> Result<String> {
        let value = self.value.pointer(&pointer(path));
        let fields = value.and_then(Value::as_object);
        let fields = fields.with_context(|| format!("the report of `{}` has no {path}", self.command))?;
        let words: Vec<_> = fields.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        Ok(if words.is_empty() { "none".to_owned() } else { words.join(", ") })
    }

    /// Returns the text at a path.
    pub(super) fn text(&self, path: &str) -> Result<String> {
        let text = self.value.pointer(&pointer(path)).and_then(Value::as_str);
        text.map(str::to_owned).with_context(|| format!("the report of `{}` has no {path}", self.command))
    }

    /// Returns the texts in the list of this name.
    pub(super) fn strings(&self, name: &str) -> Result<Vec<String>> {
        let texts = self.items(name)?.iter().map(|item| item.as_str().map(str::to_owned));
        texts.collect::<Option<_>>().with_context(|| format!("`{name}` of `{}` is no text", self.command))
    }

    /// Returns the reports in the list of this name.
    pub(super) fn list(&self, name: &str) -> Result<Vec<Self>> {
        let items = self.items(name)?.iter();
        Ok(items.map(|item| Self { value: item.clone(), command: self.command.clone() }).collect())
    }

    /// Returns the cells of a grid.
    pub(super) fn cells(&self) -> Result<Vec<Self>> {
        self.list("cells")
    }

    fn items(&self, name: &str) -> Result<&Vec<Value>> {
        let items = self.value[name].as_array();
        items.with_context(|| format!("the report of `{}` has no {name}", self.command))
    }
}

fn pointer(path: &str) -> String {
    format!("/{}", path.replace('.', "/"))
}

/// Returns the median; of an even number of values, the greater of the two in the middle.
pub(super) fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Formats a number for people: three significant digits, thousands separated.
pub(super) fn say(number: f64) -> String {
    if number.abs() < 100.0 {
        let text = if number.abs() < 1.0 { format!("{number:.3}") } else { format!("{number:.2}") };
        return text.trim_end_matches('0').trim_end_matches('.').to_owned();
    }
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn report() -> Report {
        let value = json!({ "latency_ms": { "p99": 1.5 }, "cut_off": {}, "cells": [{ "members": 10 }] });
        Report { value, command: "closed".into() }
    }

    #[test]
    fn a_number_is_found_or_named_as_missing() {
        assert_eq!(report().number("latency_ms.p99").unwrap().to_string(), "1.5");
        let error = report().number("latency_ms.p50").unwrap_err().to_string();
        assert_eq!(error, "the report of `closed` has no latency_ms.p50");
        assert_eq!(report().cells().unwrap()[0].number("members").unwrap().to_string(), "10");
        assert_eq!(report().words("cut_off").unwrap(), "none");
    }

    #[test]
    fn numbers_are_said_with_three_digits_or_in_thousands() {
        let said = [0.0, 0.04, 1.0, 1.234, 56.7, 123.4, 1234.0, 1_234_567.0].map(say);
        assert_eq!(said, ["0", "0.04", "1", "1.23", "56.7", "123", "1,234", "1,234,567"]);
    }

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median(vec![9.0, 1.0, 2.0]).to_string(), "2");
    }
}
