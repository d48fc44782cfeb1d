//! Draws a plot with logarithmic axes as SVG, with few enough shapes to write by hand.

use std::fmt::Write;

use super::figure::say;
use super::plan::Line;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 420.0;
const LEFT: f64 = 80.0;
const RIGHT: f64 = 150.0;
const TOP: f64 = 50.0;
const BOTTOM: f64 = 50.0;

/// Celadon for Teahouse, ink for what it is compared with; both are legible on white.
const COLOURS: [&str; 6] = ["#2f7d6b", "#4a4a4a", "#a8572a", "#3b5b8c", "#8a3b6b", "#6b6b1f"];

/// Draws lines through their points, each labelled at its end.
pub(super) fn draw(title: &str, axis: &str, lines: &[Line]) -> String {
    let points = || lines.iter().flat_map(|(_, points)| points);
    let across = Axis::around(points().map(|point| point.0), LEFT, WIDTH - RIGHT);
    let up = Axis::around(points().map(|point| point.1), HEIGHT - BOTTOM, TOP);
    let mut svg = String::new();
    // Writing to a String cannot fail.
    _ = writeln!(
        svg,
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="system-ui, sans-serif" font-size="13" role="img" aria-label="{title}">
<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>
<text x="{LEFT}" y="26" font-size="15">{title}</text>"#
    );
    for tick in across.ticks() {
        let (x, bottom) = (across.place(tick), HEIGHT - BOTTOM);
        _ = writeln!(svg, r##"<path d="M{x:.1} {TOP}V{bottom}" stroke="#ddd"/>"##);
        _ = writeln!(
            svg,
            r#"<text x="{x:.1}" y="{}" text-anchor="middle">{}</text>"#,
            bottom + 18.0,
            say(tick)
        );
    }
    for tick in up.ticks() {
        let (y, right) = (up.place(tick), WIDTH - RIGHT);
        _ = writeln!(svg, r##"<path d="M{LEFT} {y:.1}H{right}" stroke="#ddd"/>"##);
        _ = writeln!(
            svg,
            r#"<text x="{}" y="{:.1}" text-anchor="end">{}</text>"#,
            LEFT - 8.0,
            y + 4.0,
            say(tick)
        );
    }
    let (middle, bottom) = (f64::midpoint(LEFT, WIDTH - RIGHT), HEIGHT - 12.0);
    _ = writeln!(svg, r#"<text x="{middle}" y="{bottom}" text-anchor="middle">{axis}</text>"#);
    let mut taken: Vec<f64> = Vec::new();
    for ((name, points), colour) in lines.iter().zip(COLOURS.iter().cycle()) {
        let placed: Vec<_> = points.iter().map(|&(x, y)| (across.place(x), up.place(y))).collect();
        let path: Vec<_> = placed.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        _ = writeln!(
            svg,
            r#"<polyline points="{}" fill="none" stroke="{colour}" stroke-width="2"/>"#,
            path.join(" ")
        );
        for (x, y) in &placed {
            _ = writeln!(svg, r#"<circle cx="{x:.1}" cy="{y:.1}" r="3" fill="{colour}"/>"#);
        }
        if let Some(&(x, y)) = placed.last() {
            // Lines that end at the same place have their labels one below the other.
            let mut label = y + 4.0;
            while taken.iter().any(|other| (other - label).abs() < 15.0) {
                label += 15.0;
            }
            taken.push(label);
            _ = writeln!(svg, r#"<text x="{:.1}" y="{label:.1}" fill="{colour}">{name}</text>"#, x + 8.0);
        }
    }
    svg.push_str("</svg>\n");
    svg
}

/// A logarithmic axis over whole powers of ten.
struct Axis {
    from: i32,
    to: i32,
    begin: f64,
    end: f64,
}

impl Axis {
    fn around(values: impl Iterator<Item = f64> + Clone, begin: f64, end: f64) -> Self {
        let least = values.clone().fold(f64::INFINITY, f64::min).max(1e-3);
        let most = values.fold(least, f64::max);
        let from = power(least.log10().floor());
        Self { from, to: power(most.log10().ceil()).max(from + 1), begin, end }
    }

    fn ticks(&self) -> impl Iterator<Item = f64> {
        (self.from..=self.to).map(|power| 10_f64.powi(power))
    }

    fn place(&self, value: f64) -> f64 {
        let part = (value.max(1e-3).log10() - f64::from(self.from)) / f64::from(self.to - self.from);
        self.begin + part * (self.end - self.begin)
    }
}

fn power(exponent: f64) -> i32 {
    #[expect(clippy::cast_possible_truncation, reason = "the logarithm of a number that a bench measured")]
    let power = exponent as i32;
    power
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_of_ten_lie_evenly_apart() {
        let axis = Axis::around([10.0, 10_000.0].into_iter(), 0.0, 300.0);
        let places: Vec<_> = axis.ticks().map(|tick| axis.place(tick).round().to_string()).collect();
        assert_eq!(places, ["0", "100", "200", "300"]);
    }

    #[test]
    fn a_plot_has_its_lines_and_their_names() {
        let line = |name| (name, vec![(1.0, 5.0), (10.0, 7.0)]);
        let svg = draw("A title", "members", &[line("one"), line("two")]);
        assert_eq!(svg.matches("<polyline").count(), 2);
        assert!(svg.contains(">one<") && svg.contains(">two<") && svg.contains("A title"));
        assert!(!svg.contains("NaN"), "{svg}");
    }
}
