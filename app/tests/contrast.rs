//! Every text color is readable on every background that it is used on, in the light and the dark scheme: at
//! least 4.5:1 (WCAG 2.2, success criterion 1.4.3); the borders of fields 3:1 (1.4.11).

use std::collections::HashMap;

const TOKENS: &str = include_str!("../../style/_tokens.scss");

const GROUNDS: [&str; 5] = ["ground", "surface", "rail", "wash", "mine"];

#[test]
fn words_can_be_read_on_every_ground() {
    for (scheme, colors) in schemes() {
        for ground in GROUNDS {
            for ink in ["ink", "soft", "accent", "accent-strong", "trouble"] {
                assert_contrast(scheme, &colors, ink, ground, 4.5);
            }
        }
        for (ink, ground) in [
            ("on-accent", "accent"),
            ("on-accent", "accent-strong"),
            ("ink", "trouble-wash"),
            ("trouble", "trouble-wash"),
        ] {
            assert_contrast(scheme, &colors, ink, ground, 4.5);
        }
    }
}

#[test]
fn every_persons_colour_can_be_read_on_every_ground_and_on_its_seal() {
    for (scheme, colors) in schemes() {
        for tint in 0..chat::id::TINTS {
            let tint = format!("tint-{tint}");
            for ground in GROUNDS {
                assert_contrast(scheme, &colors, &tint, ground, 4.5);
            }
            // `style/_message.scss` mixes the seal's background from 16 % of the tint.
            let seal = mix(colors[&tint], colors["ground"], 0.16);
            let got = contrast(colors[&tint], seal);
            assert!(got >= 4.5, "{scheme}: {tint} on its seal has {got:.2}");
        }
    }
}

#[test]
fn fields_show_where_they_are() {
    for (scheme, colors) in schemes() {
        for ground in ["ground", "surface", "rail"] {
            assert_contrast(scheme, &colors, "edge", ground, 3.0);
        }
    }
}

type Color = [f64; 3];

fn assert_contrast(scheme: &str, colors: &HashMap<String, Color>, ink: &str, ground: &str, least: f64) {
    let got = contrast(colors[ink], colors[ground]);
    assert!(got >= least, "{scheme}: --{ink} on --{ground} has {got:.2}, less than {least}");
}

/// Returns the light colors, and the dark ones: light colors that the dark scheme does not override stay.
fn schemes() -> [(&'static str, HashMap<String, Color>); 2] {
    let (light, dark) = TOKENS.split_once("(prefers-color-scheme: dark)").expect("the dark override");
    let light = colors(light);
    let mut night = light.clone();
    night.extend(colors(dark));
    assert!(luminance(light["ground"]) > luminance(night["ground"]), "the night is darker than the day");
    [("light", light), ("dark", night)]
}

/// Parses custom properties of the form `--name: #rrggbb;`.
fn colors(css: &str) -> HashMap<String, Color> {
    let channel = |hex: &str, at: usize| f64::from(u8::from_str_radix(&hex[at..at + 2], 16).expect("hex"));
    css.lines()
        .filter_map(|line| line.trim().strip_prefix("--")?.strip_suffix(';')?.split_once(": #"))
        .map(|(name, hex)| (name.to_owned(), [channel(hex, 0), channel(hex, 2), channel(hex, 4)]))
        .collect()
}

fn mix(a: Color, b: Color, part: f64) -> Color {
    [0, 1, 2].map(|i| a[i] * part + b[i] * (1.0 - part))
}

fn contrast(a: Color, b: Color) -> f64 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

fn luminance(color: Color) -> f64 {
    let linear = color.map(|channel| {
        let channel = channel / 255.0;
        if channel <= 0.040_45 { channel / 12.92 } else { ((channel + 0.055) / 1.055).powf(2.4) }
    });
    0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
}
