//! Runs other programs and interprets how they end.
//!
//! Never decides which program to run.

use std::fmt::Write as _;
use std::io::{self, BufRead, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// Output of a program, with standard output and standard error interleaved in the order they arrived.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) success: bool,
    pub(crate) text: String,
}

/// Runs a program whose output the user should see.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| cannot_start(command))?;
    if !status.success() {
        bail!("`{}` failed ({status})", describe(command));
    }
    Ok(())
}

/// Runs a program whose output matters only when it fails; the error then includes it.
pub(crate) fn run_hidden(command: &mut Command) -> Result<()> {
    let said = listen(command, |_| Ok(()))?;
    if !said.success {
        bail!("`{}` failed:\n{}", describe(command), said.text.trim_end());
    }
    Ok(())
}

/// Runs a program whose output both the user and this tool read.
pub(crate) fn tee(command: &mut Command) -> Result<Said> {
    listen(command, |line| io::stderr().write_all(line.as_bytes()))
}

/// Returns a program's trimmed standard output.
pub(crate) fn read(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| cannot_start(command))?;
    if !output.status.success() {
        bail!("`{}` failed:\n{}", describe(command), String::from_utf8_lossy(&output.stderr).trim_end());
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Replaces this process with another program, so that signals reach it and its exit code is the one that
/// counts. Returns only if that fails, with the reason.
pub(crate) fn become_program(command: &mut Command) -> anyhow::Error {
    use std::os::unix::process::CommandExt;
    let error = command.exec();
    anyhow::Error::new(error).context(cannot_start(command))
}

fn listen(command: &mut Command, mut hear: impl FnMut(&str) -> io::Result<()>) -> Result<Said> {
    let (reader, writer) = io::pipe().context("cannot open a pipe")?;
    command.stdin(Stdio::null()).stdout(writer.try_clone()?).stderr(writer);
    let mut child = command.spawn().with_context(|| cannot_start(command))?;
    // The command holds the pipe's write ends; the pipe would never end while they are open here.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut text = String::new();
    let mut reader = BufReader::new(reader);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line)? > 0 {
        let heard = String::from_utf8_lossy(&line);
        hear(&heard)?;
        text.push_str(&heard);
        line.clear();
    }
    Ok(Said { success: child.wait()?.success(), text })
}

fn cannot_start(command: &Command) -> String {
    format!("cannot start `{}`", command.get_program().to_string_lossy())
}

/// Returns the command as a user would type it, without the folder of its program.
fn describe(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let mut text = program.file_name().unwrap_or(program.as_os_str()).to_string_lossy().into_owned();
    for argument in command.get_args() {
        // Writing to a String cannot fail.
        let _ = write!(text, " {}", argument.to_string_lossy());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn what_a_program_says_is_kept_in_order() {
        let said = tee(&mut shell("echo one; echo two >&2; echo three; exit 3")).unwrap();
        assert_eq!(said.text, "one\ntwo\nthree\n");
        assert!(!said.success);
    }

    #[test]
    fn a_hidden_failure_shows_what_was_said() {
        let error = run_hidden(&mut shell("echo the reason; exit 1")).unwrap_err();
        assert!(error.to_string().contains("the reason"), "{error}");
    }

    #[test]
    fn a_missing_program_is_named() {
        let error = run(&mut Command::new("no-such-program")).unwrap_err();
        assert_eq!(error.to_string(), "cannot start `no-such-program`");
    }
}
