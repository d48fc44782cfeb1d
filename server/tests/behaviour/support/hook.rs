//! Hooks, made by the program.

use std::{path::Path, process::Output};

use super::program::{finish, teahouse, text};

/// A hook.
#[derive(Clone, Debug)]
pub(crate) struct Hook {
    pub(crate) id: String,
    pub(crate) path: String,
    pub(crate) token: String,
}

impl Hook {
    /// Makes a hook on a data folder, with these arguments in addition to its name.
    pub(crate) fn add(data: &Path, words: &[&str]) -> Hook {
        Hook::made(&tokens(data, &[&["hook", "add", "--name", "deploys"], words].concat()))
    }

    /// Parses the hook that the program reports to have made.
    #[track_caller]
    pub(crate) fn made(output: &Output) -> Hook {
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        let answer = text(&output.stdout);
        let field = |name: &str| {
            let line = answer.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
            line.unwrap_or_else(|| panic!("no {name} in {answer}")).to_owned()
        };
        Hook { id: field("id"), path: field("path"), token: field("token") }
    }
}

/// Runs a token or hook command on a data folder.
pub(crate) fn tokens(data: &Path, words: &[&str]) -> Output {
    let mut command = teahouse(Path::new("/"), words);
    command.arg("--data").arg(data);
    finish(command)
}
