//! The ledger of costs: what users and addresses may make the server do, keep and send, and what they have left of it.
//!
//! Every door charges here before it does something that costs: [`cost`] lists what is charged and at which rate, an
//! [`account`] holds what one payer has left, the [`ledger`] all accounts of this node, a [`payer`] is a user together with the address they come from. Accounts
//! belong to users and addresses, not to connections, so that a reconnect changes nothing. Decides nothing about how a
//! refusal looks; each door says it in its own words.

mod account;
mod bucket;
mod cost;
mod ledger;
mod payer;
mod shared;

pub(crate) use self::{
    cost::Cost,
    ledger::{Budgets, Exceeded},
    payer::Payer,
    shared::{Charge, Debtor},
};

use crate::net::{address_block::Block, client::Client};

/// Returns the address that pays for a request: none for what comes from this machine itself, which is limited by nothing.
pub(crate) fn charged(client: Client) -> Option<Block> {
    (!client.is_this_machine()).then(|| Block::of(client.address))
}
