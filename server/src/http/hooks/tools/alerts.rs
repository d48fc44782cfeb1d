//! The webhooks of Alertmanager and Grafana, each with a group of alerts
//! (<https://prometheus.io/docs/alerting/latest/configuration/#webhook_config>).

use serde_json::{Map, Value};

use super::fields::{inner, objects, string};

/// The most alerts of a group that are listed.
const TOLD: usize = 10;

/// Summarises a group of alerts; `None` for anything else.
pub(super) fn read(message: &Map<String, Value>) -> Option<String> {
    let status = string(message, "status").filter(|_| message.get("alerts").is_some_and(Value::is_array))?;
    // Grafana sends a rendered summary.
    if let (Some(title), Some(words)) = (string(message, "title"), string(message, "message")) {
        return Some(format!("{title}\n{}", words.trim_end()));
    }
    let alerts: Vec<&Map<String, Value>> = objects(message.get("alerts")).collect();
    let firing = alerts.iter().filter(|alert| string(alert, "status") == Some("firing")).count();
    let count = if status == "firing" { format!(":{firing}") } else { String::new() };
    let name = inner(message, "commonLabels", "alertname")
        .or_else(|| inner(message, "groupLabels", "alertname"))
        .or_else(|| string(message, "receiver"));
    let mut lines = vec![format!("[{}{count}] {}", status.to_uppercase(), name.unwrap_or("alerts"))];
    lines.extend(alerts.iter().take(TOLD).map(|alert| line(alert, status)));
    if alerts.len() > TOLD {
        lines.push(format!("… and {} more", alerts.len() - TOLD));
    }
    lines.extend(string(message, "externalURL").map(str::to_owned));
    Some(lines.join("\n"))
}

/// Formats one alert, with its status if it differs from the group's.
fn line(alert: &Map<String, Value>, group: &str) -> String {
    let status = string(alert, "status").filter(|status| *status != group);
    let status = status.map(|status| format!("{status}: ")).unwrap_or_default();
    let label = |name| inner(alert, "labels", name);
    let what = ["summary", "description", "message"]
        .iter()
        .find_map(|name| inner(alert, "annotations", name))
        .or_else(|| label("alertname"))
        .unwrap_or("an alert without a name");
    let place = ["instance", "job"].iter().find_map(|name| label(name));
    let place =
        place.filter(|place| !what.contains(place)).map(|place| format!(" ({place})")).unwrap_or_default();
    format!("• {status}{}{place}", what.trim())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    fn said(message: &Value) -> Option<String> {
        super::read(message.as_object().unwrap())
    }

    /// The payload of Alertmanager's documentation.
    #[test]
    fn alertmanager_s_webhook_is_read() {
        let alert = |status: &str, instance: &str, summary: &str| {
            json!({
                "status": status,
                "labels": { "alertname": "HighLatency", "instance": instance, "severity": "critical" },
                "annotations": { "summary": summary },
                "startsAt": "2026-11-30T09:00:00Z", "endsAt": "0001-01-01T00:00:00Z",
                "generatorURL": "http://prometheus.example/graph", "fingerprint": "1a2b",
            })
        };
        let group = |alerts: Vec<Value>| {
            json!({
                "version": "4", "groupKey": "{}:{alertname=\"HighLatency\"}", "truncatedAlerts": 0,
                "status": "firing", "receiver": "teahouse",
                "groupLabels": { "alertname": "HighLatency" }, "commonLabels": { "alertname": "HighLatency" },
                "commonAnnotations": {}, "externalURL": "http://alertmanager.example:9093",
                "alerts": alerts,
            })
        };
        let two = group(vec![
            alert("firing", "tea-1", "p99 is 2 s"),
            alert("resolved", "tea-2", "p99 of tea-2 is 2 s"),
        ]);
        assert_eq!(
            said(&two).unwrap(),
            "[FIRING:1] HighLatency\n• p99 is 2 s (tea-1)\n• resolved: p99 of tea-2 is 2 s\nhttp://alertmanager.example:9093"
        );
        let many = group((0..12).map(|n| alert("firing", &format!("tea-{n}"), "slow")).collect());
        let many = said(&many).unwrap();
        assert!(many.contains("[FIRING:12]") && many.contains("… and 2 more"), "{many}");
        let resolved =
            json!({ "status": "resolved", "receiver": "teahouse", "alerts": [{ "status": "resolved" }] });
        assert_eq!(said(&resolved).unwrap(), "[RESOLVED] teahouse\n• an alert without a name");
    }

    /// The payload of Grafana's webhook contact point with the default templates.
    #[test]
    fn grafana_s_webhook_is_read() {
        let message = json!({
            "receiver": "teahouse", "status": "firing", "orgId": 1,
            "alerts": [{ "status": "firing", "labels": { "alertname": "DiskFull" }, "valueString": "[ value=97 ]" }],
            "groupLabels": {}, "commonLabels": { "alertname": "DiskFull" }, "commonAnnotations": {},
            "externalURL": "https://grafana.example/", "version": "1", "groupKey": "{}:{}", "truncatedAlerts": 0,
            "title": "[FIRING:1] DiskFull (tea-1)", "state": "alerting",
            "message": "**Firing**\n\nValue: A=97.2\nLabels:\n - alertname = DiskFull\n",
        });
        assert_eq!(
            said(&message).unwrap(),
            "[FIRING:1] DiskFull (tea-1)\n**Firing**\n\nValue: A=97.2\nLabels:\n - alertname = DiskFull"
        );
    }

    #[test]
    fn what_has_no_alerts_is_none() {
        for other in
            [json!({ "status": "firing" }), json!({ "alerts": [] }), json!({ "status": "ok", "alerts": 7 })]
        {
            assert_eq!(said(&other), None, "{other}");
        }
    }
}
