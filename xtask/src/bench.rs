//! `cargo xtask bench`: measures the release of Teahouse against the floor in one run and writes
//! docs/performance.md.
//!
//! The load test measures and judges; this module only decides what to measure, in which order, and writes
//! the results down. With `--quick` it does everything on a small scale and writes nothing: it is then a test
//! that no delivery is lost or duplicated and that every number of the page exists. It never asserts a time.

mod abuse;
mod browser;
mod extrapolation;
mod figure;
mod history;
mod machine;
mod meter;
mod nodes;
mod others;
mod page;
mod peer;
mod plan;
mod plot;
mod redis;
mod scale;
mod tables;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use crate::process;
use crate::server;
use crate::site;
use crate::steps::Steps;
use crate::system;
use crate::tools;
use crate::workspace::Workspace;
use extrapolation::Extrapolation;
use meter::Meter;
use page::Page;
use scale::Scale;

/// How much to measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    All,
    /// Everything on a small scale; writes nothing and needs no network.
    Quick,
    /// Only the comparison with other servers, printed and not written.
    Others,
    /// One part of the page.
    Part(Part),
}

/// Parts that can be measured on their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// How an instance performs with a long history.
    History,
    /// Two nodes on one Redis.
    Nodes,
    /// Attacks, and what ordinary users notice of them. Not part of any other bench.
    Abuse,
    /// A history of ten million messages. Not part of any other bench: it takes some 20 minutes and 10 GB.
    Longest,
}

impl Part {
    pub(crate) const NAMES: [&str; 4] = ["history", "nodes", "abuse", "longest"];

    /// Returns the part with this name.
    pub(crate) fn named(name: &str) -> Result<Self> {
        match name {
            "history" => Ok(Self::History),
            "nodes" => Ok(Self::Nodes),
            "abuse" => Ok(Self::Abuse),
            "longest" => Ok(Self::Longest),
            _ => bail!("there is no part {name}"),
        }
    }
}

/// Builds the programs, measures, and writes the page. On a small scale it only measures.
pub(crate) fn run(
    workspace: &Workspace,
    steps: Steps,
    extent: Extent,
    built: Option<&Path>,
) -> Result<ExitCode> {
    let teahouse = match built {
        Some(program) => program.to_owned(),
        None => server::build(workspace, steps, &site::build(workspace, steps)?)?,
    };
    if extent == Extent::Others {
        let meter = meter(workspace, steps, &teahouse)?;
        print!("{}", others::measure(workspace, steps, &meter, &Scale::full())?.text()?);
        return Ok(ExitCode::SUCCESS);
    }
    if extent == Extent::Quick {
        self::quick(workspace, steps, &teahouse)?;
        steps.say("nothing was lost, and every number is there");
        return Ok(ExitCode::SUCCESS);
    }
    if let Extent::Part(part) = extent {
        let meter = meter(workspace, steps, &teahouse)?;
        self::part(part, &meter, &Scale::full())?.write(&workspace.join("docs"))?;
        steps.say("docs/performance.md has the new numbers");
        return Ok(ExitCode::SUCCESS);
    }
    let end2end = workspace.join("end2end");
    system::ensure_packages(steps, false)?;
    tools::ensure_npm_packages(&end2end, "Lighthouse from npm", steps)?;
    let mut results = measure(workspace, steps, &teahouse, &Scale::full())?;
    let browsed = browser::measure(&meter(workspace, steps, &teahouse)?, &end2end)?;
    results.sections.push(("browser", browsed.tables()?));
    results.write(&workspace.join("docs"))?;
    steps.say("docs/performance.md has the new numbers");
    Ok(ExitCode::SUCCESS)
}

fn part(part: Part, meter: &Meter, scale: &Scale) -> Result<Results> {
    Ok(match part {
        Part::History => {
            let history = history::measure(meter, scale, scale.history)?;
            Results { sections: vec![("history", history.section()?)], plots: vec![history.plot()?] }
        }
        Part::Nodes => {
            let nodes = nodes::measure(meter, scale)?;
            let sections = nodes.map(|nodes| Ok(("nodes", nodes.tables()?))).into_iter();
            Results { sections: sections.collect::<Result<_>>()?, plots: Vec::new() }
        }
        Part::Abuse => {
            let section = abuse::measure(meter)?.section()?;
            Results { sections: vec![("abuse", section)], plots: Vec::new() }
        }
        Part::Longest => {
            let longest = history::measure(meter, scale, &scale::LONGEST)?;
            let machine = machine::describe("cargo xtask bench --part longest")?;
            let text = format!("{machine}\n\n{}", longest.table()?);
            Results { sections: vec![("longest", text)], plots: Vec::new() }
        }
    })
}

/// Measures everything on a small scale, with a server that is already built.
pub(crate) fn quick(workspace: &Workspace, steps: Steps, teahouse: &Path) -> Result<()> {
    let results = measure(workspace, steps, teahouse, &Scale::quick())?;
    // Write to a copy of the page, to check that all of it can be written.
    let text = fs::read_to_string(workspace.join("docs/performance.md"))?;
    fs::write(workspace.cache("bench/performance.md"), results.page(Page::new(text))?)?;
    results.write_plots(&workspace.cache("bench"))
}

/// Contents of the page, section by section.
struct Results {
    sections: Vec<(&'static str, String)>,
    plots: Vec<(&'static str, String)>,
}

impl Results {
    fn page(&self, mut page: Page) -> Result<String> {
        for (name, text) in &self.sections {
            page.put(name, text)?;
        }
        Ok(page.text())
    }

    /// Writes all sections into this folder's page, and the plots beside it.
    fn write(&self, folder: &Path) -> Result<()> {
        let file = folder.join("performance.md");
        let old = fs::read_to_string(&file).context("docs/performance.md cannot be read")?;
        fs::write(&file, self.page(Page::new(old))?)?;
        self.write_plots(folder)
    }

    fn write_plots(&self, folder: &Path) -> Result<()> {
        for (name, svg) in &self.plots {
            fs::write(folder.join(name), svg)?;
        }
        Ok(())
    }
}

fn measure(workspace: &Workspace, steps: Steps, teahouse: &Path, scale: &Scale) -> Result<Results> {
    let meter = meter(workspace, steps, teahouse)?;
    let contests = plan::contests(&meter, scale)?;
    let growth = plan::growth(&meter, scale)?;
    let history = history::measure(&meter, scale, scale.history)?;
    let nodes = nodes::measure(&meter, scale)?;
    let storms = plan::storms(&meter, scale)?;
    let extrapolation = Extrapolation::of(&contests, &growth, &history, nodes.as_ref(), &storms)?;
    let others = if scale.with_peers {
        others::measure(workspace, steps, &meter, scale)?.text()?
    } else {
        "Not measured on a small scale.".to_owned()
    };
    let mut sections = vec![
        ("machine", machine::describe("cargo xtask bench")?),
        ("budgets", tables::budgets(&contests, &storms)?),
        ("contests", tables::contests(&contests)?),
        ("others", others),
        ("growth", tables::growth(&growth)?),
        ("history", history.section()?),
        ("storms", tables::storms(&storms)?),
        ("limits", extrapolation.limits()),
        ("million", extrapolation.million()),
    ];
    if let Some(nodes) = &nodes {
        sections.push(("nodes", nodes.tables()?));
    }
    let mut plots = growth
        .iter()
        .map(|growth| Ok((growth.file, plot::draw(growth.title, growth.axis, &growth.lines()?))))
        .collect::<Result<Vec<_>>>()?;
    plots.push(history.plot()?);
    Ok(Results { sections, plots })
}

fn meter(workspace: &Workspace, steps: Steps, teahouse: &Path) -> Result<Meter> {
    Meter::new(steps, build(workspace, steps)?, teahouse.to_owned(), workspace.cache("bench"))
}

fn build(workspace: &Workspace, steps: Steps) -> Result<PathBuf> {
    steps.step("building the load test", || {
        process::run(workspace.cargo("build").args(["--release", "--package", "loadtest"]))
    })?;
    Ok(workspace.target("release/loadtest"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_has_a_name_and_every_name_a_part() {
        let parts = Part::NAMES.map(|name| Part::named(name).unwrap());
        assert_eq!(parts, [Part::History, Part::Nodes, Part::Abuse, Part::Longest]);
        assert_eq!(Part::named("tea").unwrap_err().to_string(), "there is no part tea");
    }
}
