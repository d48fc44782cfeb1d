//! Finding what was said, in the rooms that somebody may read.

use chat::{protocol::User, room_name::RoomName};

use super::{
    Service,
    authorize::{Action, authorize},
};
use crate::search::{
    answer::{Answer, SearchError},
    query::Query,
};

impl Service {
    /// Returns what `user` finds, older than a hit if that is given.
    pub(crate) async fn search(
        &self,
        user: User,
        query: Query,
        older_than: Option<i64>,
    ) -> Result<Answer, SearchError> {
        let may_read = move |room: &RoomName| authorize(&user, Action::Read, room).is_ok();
        self.search.ask(query, older_than, may_read).await
    }
}
