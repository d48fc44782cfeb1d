//! The ledger of costs: how much users and addresses may make the server do, store and send, and what they
//! have left.
//!
//! Every entry point charges here before it does something costly: [`cost`] lists what is charged and at
//! which rate, an [`account`] holds what one payer has left, the [`ledger`] holds all accounts of this node,
//! and a [`payer`] is a user together with their address. Accounts belong to users and addresses, not to
//! connections, so that reconnecting changes nothing. Never decides how a refusal looks; each entry point
//! words its own.

mod account;
mod bucket;
mod cost;
mod ledger;
mod payer;
mod shared;

pub(crate) use self::{
    cost::Cost,
    ledger::{Exceeded, Ledger},
    payer::Payer,
    shared::{Charge, Debtor},
};

use crate::net::{address_block::Block, client::Client};

/// Returns the address that pays for a request; `None` for one from this machine, which has no limits.
pub(crate) fn charged(client: Client) -> Option<Block> {
    (!client.is_this_machine()).then(|| Block::of(client.address))
}
