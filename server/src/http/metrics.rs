//! `GET /metrics`: the server's metrics in `OpenMetrics` format. Reads the counters of other modules and
//! counts nothing itself.

use std::sync::Arc;

use axum::{
    Router,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
    routing::get,
};
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric, text::encode},
    metrics::{MetricType, counter::ConstCounter, gauge::ConstGauge},
    registry::{Registry, Unit},
};

use crate::{
    http::{api::Caller, api_error::ApiError, state::HttpState},
    identity::tokens::Scope,
};

/// The media type of `OpenMetrics` 1.0.
const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Returns the routes of `--metrics-listen`, an address for scrapers only.
pub(crate) fn router(state: Arc<HttpState>) -> Router {
    Router::new()
        .route("/metrics", get(async |State(state): State<Arc<HttpState>>| render(state)))
        .with_state(state)
}

/// `GET /metrics` on the main address: requires a token with the scope `metrics`.
pub(crate) async fn metrics(
    State(state): State<Arc<HttpState>>,
    caller: Caller,
) -> Result<Response, ApiError> {
    caller.has(Scope::Metrics)?;
    Ok(render(state))
}

fn render(state: Arc<HttpState>) -> Response {
    let mut registry = Registry::with_prefix("teahouse");
    registry.register_collector(Box::new(Snapshot(state)));
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = encode(&mut text, &registry);
    ([(header::CONTENT_TYPE, CONTENT_TYPE), (header::CACHE_CONTROL, "no-store")], text).into_response()
}

/// A collector that reads the current values at each scrape.
struct Snapshot(Arc<HttpState>);

impl std::fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Snapshot")
    }
}

/// Encodes metrics one by one.
struct Writer<'a>(DescriptorEncoder<'a>);

impl Writer<'_> {
    fn one(
        &mut self,
        name: &str,
        help: &str,
        unit: Option<&Unit>,
        metric: &impl EncodeMetric,
    ) -> std::fmt::Result {
        let encoder = self.0.encode_descriptor(name, help, unit, metric.metric_type())?;
        metric.encode(encoder)
    }

    fn gauge(&mut self, name: &str, help: &str, value: usize) -> std::fmt::Result {
        self.one(name, help, None, &gauge(value))
    }

    fn counter(&mut self, name: &str, help: &str, value: u64) -> std::fmt::Result {
        self.one(name, help, None, &ConstCounter::new(value))
    }

    /// Encodes one metric for each value of a label.
    fn family<'v, M: EncodeMetric>(
        &mut self,
        (name, help, kind): (&str, &str, MetricType),
        label: &str,
        metrics: impl IntoIterator<Item = (&'v str, M)>,
    ) -> std::fmt::Result {
        let mut family = self.0.encode_descriptor(name, help, None, kind)?;
        for (value, metric) in metrics {
            metric.encode(family.encode_family(&[(label, value)])?)?;
        }
        Ok(())
    }
}

fn gauge(value: usize) -> ConstGauge {
    ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX))
}

impl Collector for Snapshot {
    fn encode(&self, encoder: DescriptorEncoder) -> std::fmt::Result {
        let state = &*self.0;
        let mut writer = Writer(encoder);
        let version = [(env!("CARGO_PKG_VERSION"), gauge(1))];
        writer.family(("build_info", "The version that runs", MetricType::Gauge), "version", version)?;

        let sessions = state.nicknames.sessions();
        let (behind, held) = sessions
            .iter()
            .map(|outbound| outbound.held())
            .fold((0, 0), |(behind, held), bytes| (behind + usize::from(bytes > 0), held + bytes));
        writer.gauge("sessions", "Connections of users to their rooms", sessions.len())?;
        writer.gauge("users", "Users with a connection", state.nicknames.users())?;
        writer.gauge("sessions_behind", "Connections that do not read what waits for them", behind)?;
        writer.gauge("queued_bytes", "Bytes that wait to be written to connections", held)?;
        writer.counter(
            "slow_consumers",
            "Connections that were cut off because they did not read",
            state.nicknames.slow_consumers(),
        )?;
        writer.gauge("rooms_open", "Rooms that somebody is in", state.rooms.count())?;
        writer.gauge("rooms_stored", "Rooms in which somebody has spoken", state.service.stored_rooms())?;
        writer.counter("messages_committed", "Messages that were kept", state.rooms.committed())?;
        writer.counter("deliveries", "Lines that were brought to connections", state.rooms.deliveries())?;
        writer.gauge("store_available", "Whether the store answers", usize::from(state.is_available()))?;
        writer.one(
            "search_lag",
            "How long something that was kept has been waiting for the search",
            Some(&Unit::Seconds),
            &ConstGauge::new(state.search.signals().lag().as_secs_f64()),
        )?;
        writer.gauge("bot_answers", "Answers that bots are giving", state.bots.running())?;

        let (users, addresses) = state.budgets.accounts();
        let accounts = [("user", gauge(users)), ("address", gauge(addresses))];
        let family = ("budget_accounts", "Users and addresses that have spent something", MetricType::Gauge);
        writer.family(family, "payer", accounts)?;
        let refusals = state.budgets.refusals();
        let refusals = refusals.map(|(cost, refused)| (cost.name(), ConstCounter::new(refused)));
        let family =
            ("refusals", "What was refused or put off because a budget was spent", MetricType::Counter);
        writer.family(family, "budget", refusals)
    }
}
