//! The `teahouse` program. Only wires up the configuration, the log, the listener and the signals.

use std::{io::Write, process::ExitCode};

use anyhow::Context;
use server::{
    archive,
    command::{Cli, Command, Folder, HookCommand, TokenCommand},
    config::Config,
    config::LogFormat,
    identity::tokens::{self, HookRequest, Output, TokenKind, TokenRequest},
    net::listeners::{Inherited, Listeners},
    ops::{
        data_folder::{self, Use, keeping_owner},
        logging::{self, Sampler},
        open_files, signals,
    },
    serve,
};
use tokio_util::sync::CancellationToken;

/// The server makes many small allocations, and mimalloc returns the memory of a burst to the system.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    data_folder::keep_private();
    let command = match Cli::read(std::env::args_os()) {
        Ok(cli) => cli.into_command(),
        Err(error) if error.use_stderr() => return refuse(&error),
        Err(asked) => {
            // `--help` and `--version` are no errors, and a failed write to a closed terminal cannot be
            // reported.
            let _ = asked.print();
            return ExitCode::SUCCESS;
        }
    };
    match perform(command) {
        Ok(code) => code,
        Err(error) => {
            // If standard error is closed, there is nowhere to report the failure.
            let _ = writeln!(std::io::stderr(), "teahouse: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn perform(command: Command) -> anyhow::Result<ExitCode> {
    let done = match command {
        Command::Serve(config) => return serve(*config),
        Command::Backup { folder: Folder { data }, file } => {
            keeping_owner(&data, Use::Read, || archive::backup(&data, &file))?
        }
        Command::Restore { folder: Folder { data }, file } => {
            keeping_owner(&data, Use::Write, || archive::restore(&data, &file))?
        }
        Command::Export { folder: Folder { data }, rooms, output } => {
            keeping_owner(&data, Use::Read, || archive::export(&data, &rooms, output.as_deref()))?
        }
        Command::Import { folder: Folder { data }, file } => {
            keeping_owner(&data, Use::Write, || archive::import(&data, &file))?
        }
        Command::Hook(command) => answer(&hook(command)?)?,
        Command::Token(command) => answer(&token(command)?)?,
    };
    // Standard error, since standard output may carry the export. The command succeeded even if this cannot
    // be written.
    let _ = writeln!(std::io::stderr(), "teahouse: {done}");
    Ok(ExitCode::SUCCESS)
}

fn hook(command: HookCommand) -> anyhow::Result<Output> {
    match command {
        HookCommand::Add { location, room, name, rate, channels } => {
            tokens::add_hook(&location.place(), &HookRequest { name, room, channels, rate })
        }
        HookCommand::List { location } => tokens::list(&location.place(), TokenKind::Hook),
        HookCommand::Revoke { location, id } => tokens::revoke(&location.place(), TokenKind::Hook, &id),
    }
}

fn token(command: TokenCommand) -> anyhow::Result<Output> {
    match command {
        TokenCommand::Add { location, name, scopes, rooms, rate } => {
            tokens::add_token(&location.place(), &TokenRequest { name, rooms, scopes, rate })
        }
        TokenCommand::List { location } => tokens::list(&location.place(), TokenKind::Api),
        TokenCommand::Revoke { location, id } => tokens::revoke(&location.place(), TokenKind::Api, &id),
    }
}

/// Prints the answer, which may contain a secret that is shown only once, and returns the summary.
fn answer(said: &Output) -> anyhow::Result<String> {
    std::io::stdout().write_all(said.answer.as_bytes()).context("cannot write to standard output")?;
    Ok(said.done.clone())
}

/// Reports a command line error in one line.
fn refuse(error: &clap::Error) -> ExitCode {
    let text = error.to_string();
    let line: Vec<&str> = text.lines().map(str::trim).take_while(|line| !line.is_empty()).collect();
    let line = line.join(" ");
    let line = without_password(line.strip_prefix("error: ").unwrap_or(&line));
    let _ = writeln!(std::io::stderr(), "teahouse: {line} (try --help)");
    ExitCode::from(2)
}

/// Masks the credentials in URLs, which must not reach the terminal or a log.
fn without_password(line: &str) -> String {
    let Some((before, rest)) = line.split_once("://") else { return line.to_owned() };
    let address = rest.find(|c: char| c.is_whitespace() || c == '\'').unwrap_or(rest.len());
    match rest[..address].rfind('@') {
        Some(at) => format!("{before}://…{}", without_password(&rest[at..])),
        None => format!("{before}://{}", without_password(rest)),
    }
}

fn serve(config: Config) -> anyhow::Result<ExitCode> {
    // Must run before any thread starts, since it changes the environment.
    let inherited = Inherited::take();
    let sampler = logging::start(&config);
    let format = config.log_format;
    let served = inherited
        .context("cannot listen on the sockets passed by the service manager")
        .and_then(|inherited| serve_on(inherited, config, sampler));
    match served {
        Ok(()) => Ok(ExitCode::SUCCESS),
        // A log collector parses every line, so the error has to be JSON too.
        Err(error) if format == LogFormat::Json => {
            tracing::error!("{error:#}");
            Ok(ExitCode::FAILURE)
        }
        Err(error) => Err(error),
    }
}

#[tokio::main]
async fn serve_on(inherited: Option<Inherited>, config: Config, sampler: Sampler) -> anyhow::Result<()> {
    if let Err(error) = open_files::raise_limit() {
        tracing::warn!(%error, "failed to raise the limit on open files");
    }
    let listeners = match inherited {
        Some(inherited) => {
            inherited.try_into().context("cannot listen on the sockets passed by the service manager")?
        }
        None => {
            Listeners::bind(&config.listen).with_context(|| format!("cannot listen on {}", config.listen))?
        }
    };
    let shutdown = CancellationToken::new();
    let signals = tokio::spawn(await_signal(shutdown.clone()));
    let report = tokio::spawn({
        let shutdown = shutdown.clone();
        async move { sampler.report(shutdown).await }
    });
    let served = serve::run(listeners, config, shutdown).await;
    signals.abort();
    report.abort();
    served
}

/// Cancels `shutdown` on the first stop signal.
async fn await_signal(shutdown: CancellationToken) -> std::io::Result<()> {
    signals::stop_is_asked().await?;
    shutdown.cancel();
    Ok(())
}
