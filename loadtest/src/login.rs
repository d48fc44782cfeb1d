//! Logs users in before the measurement, several at once over persistent connections.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::thread;

use anyhow::{Context, Result, anyhow, bail};
use ureq::Agent;

use crate::mark::Run;

/// Concurrent logins: enough for a store to commit many together.
const AT_ONCE: usize = 16;

/// Logs in `count` users of this run and returns their cookies.
pub(crate) fn log_in(address: SocketAddr, run: Run, count: usize) -> Result<Vec<String>> {
    let share = NonZeroUsize::new(count.div_ceil(AT_ONCE)).map_or(1, NonZeroUsize::get);
    let numbers: Vec<usize> = (0..count).collect();
    thread::scope(|scope| {
        let shares: Vec<_> = numbers
            .chunks(share)
            .map(|numbers| scope.spawn(move || numbers_in(address, run, numbers)))
            .collect();
        let mut cookies = Vec::with_capacity(count);
        for share in shares {
            cookies.extend(share.join().map_err(|_| anyhow!("a login broke off"))??);
        }
        Ok(cookies)
    })
}

fn numbers_in(address: SocketAddr, run: Run, numbers: &[usize]) -> Result<Vec<String>> {
    let agent: Agent = Agent::config_builder().max_redirects(0).http_status_as_error(false).build().into();
    numbers.iter().map(|&number| one(&agent, address, &nickname(run, number))).collect()
}

/// Returns a nickname of twelve characters; no two of these nicknames are confusable.
fn nickname(run: Run, number: usize) -> String {
    format!("t{}{number:05}", run.digits())
}

fn one(agent: &Agent, address: SocketAddr, nickname: &str) -> Result<String> {
    let mut answer = agent
        .post(format!("http://{address}/login"))
        .send_form([("nickname", nickname)])
        .context("the login did not work")?;
    let status = answer.status();
    // A connection is reused only after its response was read to the end.
    _ = answer.body_mut().read_to_vec();
    let cookie = answer.headers().get("set-cookie").and_then(|cookie| cookie.to_str().ok());
    match (status.as_u16(), cookie) {
        (303, Some(cookie)) => Ok(cookie.split(';').next().unwrap_or_default().to_owned()),
        (429, _) => bail!("the target limits logins; start it with --rate-login 0"),
        _ => bail!("the target answered the login of {nickname} with {status}"),
    }
}
