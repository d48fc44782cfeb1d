//! The count of what comes to whom, and when: every message once to every reader.

use std::{
    mem,
    ops::Range,
    sync::{
        OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use futures::{SinkExt as _, StreamExt as _};
use tokio::{
    sync::Semaphore,
    time::{sleep, timeout},
};
use tokio_tungstenite::tungstenite::Message;

use super::{
    PATIENCE,
    person::{Hears, LineSink, say},
};

/// How a message's own id begins in a line; no text can hold it, since quotes are escaped there.
const ID: &str = r#""id":"n-"#;

/// A message, when it was sent, and the readers at each node who have yet to get it.
struct SentMessage {
    sent: OnceLock<Instant>,
    missing: AtomicUsize,
    nodes: Vec<(AtomicUsize, OnceLock<Instant>)>,
}

/// What the readers got of what the speaker said.
pub(crate) struct Tally {
    said: Vec<SentMessage>,
    doubled: AtomicUsize,
    /// A message leaves it when the last of all readers has it.
    window: Semaphore,
}

impl Tally {
    /// So many messages for so many readers, spread evenly over so many nodes.
    pub(crate) fn new(messages: usize, readers: usize, nodes: usize) -> Tally {
        let at_node = || ((readers / nodes).into(), OnceLock::new());
        let said = || SentMessage {
            sent: OnceLock::new(),
            missing: readers.into(),
            nodes: (0..nodes).map(|_| at_node()).collect(),
        };
        let said = (0..messages).map(|_| said()).collect();
        Tally { said, doubled: 0.into(), window: Semaphore::new(0) }
    }

    /// Says these, at most so many of them being in flight; returns when all readers have them all.
    pub(crate) async fn talk(
        &self,
        says: &mut LineSink,
        ids: Range<usize>,
        in_flight: u32,
        pause: Duration,
    ) -> Result<()> {
        self.window.add_permits(in_flight as usize);
        for n in ids {
            timeout(PATIENCE, self.window.acquire()).await.with_context(|| self.missing())??.forget();
            // Even a sleep of no time would take up to a millisecond.
            if !pause.is_zero() {
                sleep(pause).await;
            }
            self.said[n].sent.get_or_init(Instant::now);
            says.send(Message::text(say(&format!("n-{n}"), "room", &"teas,".repeat(20)))).await?;
        }
        timeout(PATIENCE, self.window.acquire_many(in_flight))
            .await
            .with_context(|| self.missing())??
            .forget();
        Ok(())
    }

    /// How many messages came to somebody more than once.
    pub(crate) fn doubled(&self) -> usize {
        self.doubled.load(Ordering::Relaxed)
    }

    fn missing(&self) -> String {
        let said = self.said.iter().filter(|said| said.sent.get().is_some());
        format!("lost: {}", said.map(|said| said.missing.load(Ordering::Relaxed)).sum::<usize>())
    }

    /// Counts what one reader at this node gets.
    pub(crate) async fn read(&self, mut hears: Hears, node: usize) {
        let mut seen = vec![false; self.said.len()];
        while let Some(Ok(frame)) = hears.next().await {
            let Ok(text) = frame.to_text() else { return };
            for rest in text.split(ID).skip(1) {
                let Some(n) = rest.split('"').next().and_then(|n| n.parse::<usize>().ok()) else { continue };
                if mem::replace(&mut seen[n], true) {
                    self.doubled.fetch_add(1, Ordering::Relaxed);
                    continue;
                }
                let (missing, last) = &self.said[n].nodes[node];
                if missing.fetch_sub(1, Ordering::Relaxed) == 1 {
                    last.get_or_init(Instant::now);
                }
                if self.said[n].missing.fetch_sub(1, Ordering::AcqRel) == 1 {
                    self.window.add_permits(1);
                }
            }
        }
    }

    /// How long the messages took to the last reader at a node: half of them at most, and all but a hundredth.
    pub(crate) fn span(&self, ids: Range<usize>, node: usize) -> Option<String> {
        let took = |said: &SentMessage| Some(said.nodes[node].1.get()?.duration_since(*said.sent.get()?));
        let mut spans = self.said[ids].iter().map(took).collect::<Option<Vec<_>>>()?;
        spans.sort();
        let at = |part: usize| spans[spans.len() * part / 100].as_secs_f64() * 1e3;
        Some(format!("{:.1} / {:.1}", at(50), at(99)))
    }
}
