//! Bundles the style sheet, `style/main.scss` and its partials, into one file.

use anyhow::Result;

use crate::fingerprint;
use crate::process;
use crate::steps::Steps;
use crate::tools::Npm;
use crate::workspace::Workspace;

const BUNDLE: [&str; 3] = ["--style=compressed", "--no-source-map", "--no-error-css"];

pub(super) fn bundle(workspace: &Workspace, steps: Steps, npm: &Npm) -> Result<Vec<u8>> {
    let source = workspace.join("style");
    let mut parts = vec![BUNDLE.join(" ").into_bytes(), npm.fingerprint.clone().into_bytes()];
    for (path, contents) in super::files::read_folder(&source)? {
        parts.extend([path.into_bytes(), contents]);
    }
    let bundle = workspace.cache("style/teahouse.css");
    fingerprint::unless_fresh(&bundle, &fingerprint::of(parts), || {
        steps.step("bundling the styles", || {
            process::run_hidden(npm.program("sass").args(BUNDLE).arg(source.join("main.scss")).arg(&bundle))
        })
    })
}
