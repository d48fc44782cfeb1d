//! Search in the rooms that a user may read.

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
    /// Returns the results for `user`, older than the given one if any.
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
