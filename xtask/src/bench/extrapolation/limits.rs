//! Which limits an instance on this machine reaches, and when.

use super::allowance::Allowance;
use super::{Extrapolation, GIB};
use crate::bench::figure::say;
use crate::bench::tables::table;

impl Extrapolation {
    /// Which limits an instance on this machine reaches, and when.
    pub(in crate::bench) fn limits(&self) -> String {
        let Allowance { memory, files, .. } = self.allowed;
        let (alone, crowd) = (self.alone.number, self.members.0);
        let each = self.memory.number + self.kernel_bytes();
        let row = |what: &str, measured: String, then: String| vec![what.to_owned(), measured, then];
        table(
            &["what", "measured", "so the limit is"],
            &[
                row(
                    "one room: a core writes to all who are in it",
                    format!("{} deliveries for a second of a core ({})", say(alone), self.alone.by),
                    format!(
                        "{} / {} = {} messages/s one by one to {} people; joined, 20 in flight, {} were measured ({})",
                        say(alone),
                        say(crowd),
                        say(alone / crowd),
                        say(crowd),
                        say(self.members.1.number),
                        self.members.1.by,
                    ),
                ),
                row(
                    "all rooms together: one writer commits",
                    format!(
                        "{} messages/s in {} rooms ({})",
                        say(self.rooms.1.number),
                        say(self.rooms.0),
                        self.rooms.1.by
                    ),
                    "about that here, however many rooms; beyond it several houses, or Redis".to_owned(),
                ),
                row(
                    "memory",
                    format!(
                        "{} + {} bytes a connection, in the server and in the kernel ({})",
                        say(self.memory.number),
                        say(self.kernel_bytes()),
                        self.memory.by
                    ),
                    format!(
                        "{} GiB / {} bytes = {} connections",
                        say(memory / GIB),
                        say(each),
                        say(memory / each)
                    ),
                ),
                row(
                    "open files",
                    format!("{} for a process here (/proc/self/limits)", say(files)),
                    format!(
                        "some fewer than {} connections, until `LimitNOFILE` and `--max-connections` are raised",
                        say(files)
                    ),
                ),
                row(
                    "the past",
                    format!(
                        "{} ms for a start over {} messages ({})",
                        say(self.start.number),
                        say(self.past),
                        self.start.by
                    ),
                    "it grows with the past, for the file is read from end to end to see that it is whole; ten million are \
                     measured above"
                        .to_owned(),
                ),
            ],
        )
    }
}
