use axum::http::{HeaderMap, HeaderValue};

use super::{Arrival, ProxyWarnings};
use crate::config::Config;

type Lines = &'static [(&'static str, &'static str)];

/// Reads a request with these header lines on a connection from `peer`.
fn read(peer: &str, trusted: &[&str], lines: Lines) -> Arrival {
    let mut config = Config::defaults();
    config.trust_proxy = trusted.iter().map(|net| net.parse().unwrap()).collect();
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        headers.append(*name, HeaderValue::from_static(value));
    }
    Arrival::read(peer.parse().unwrap(), &headers, &config)
}

fn understood(arrival: &Arrival) -> (String, Option<String>) {
    (arrival.client().address.to_string(), arrival.origin())
}

/// Documented headers of proxies, sent by one at 10.0.0.1; the client's address; and the origin of the
/// browser's page.
const DOCUMENTED: &[(&str, Lines, &str, &str)] = &[
    (
        "nginx, as ngx_http_proxy_module and the guide to WebSockets have it",
        &[
            ("host", "tea.example"),
            ("x-real-ip", "203.0.113.9"),
            ("x-forwarded-for", "203.0.113.9"),
            ("x-forwarded-proto", "https"),
        ],
        "203.0.113.9",
        "https://tea.example",
    ),
    (
        "nginx, with $http_host on another port, behind a client that claims to be somebody",
        &[
            ("host", "tea.example:8443"),
            ("x-forwarded-for", "127.0.0.1, 203.0.113.9"),
            ("x-forwarded-proto", "https"),
        ],
        "203.0.113.9",
        "https://tea.example:8443",
    ),
    (
        "nginx, with `Forwarded` as its wiki builds it",
        &[("host", "tea.example"), ("forwarded", r#"for="[2001:db8::9]";host="tea.example";proto="https""#)],
        "2001:db8::9",
        "https://tea.example",
    ),
    (
        "Apache, mod_proxy_http without ProxyPreserveHost, and RequestHeader set X-Forwarded-Proto",
        &[
            ("host", "10.0.0.5:3000"),
            ("x-forwarded-for", "203.0.113.9"),
            ("x-forwarded-host", "tea.example"),
            ("x-forwarded-server", "www.example"),
            ("x-forwarded-proto", "https"),
        ],
        "203.0.113.9",
        "https://tea.example",
    ),
    (
        "Apache behind another Apache: each adds to the lists",
        &[
            ("host", "10.0.0.5:3000"),
            ("x-forwarded-for", "203.0.113.9, 10.0.0.2"),
            ("x-forwarded-host", "tea.example, inner.example"),
            ("x-forwarded-proto", "https,http"),
        ],
        "203.0.113.9",
        "https://tea.example",
    ),
    (
        "Caddy, reverse_proxy",
        &[
            ("host", "tea.example"),
            ("x-forwarded-for", "203.0.113.9"),
            ("x-forwarded-host", "tea.example"),
            ("x-forwarded-proto", "https"),
            ("via", "2.0 Caddy"),
        ],
        "203.0.113.9",
        "https://tea.example",
    ),
    (
        "Traefik, a page",
        &[
            ("host", "tea.example"),
            ("x-forwarded-for", "203.0.113.9"),
            ("x-forwarded-host", "tea.example"),
            ("x-forwarded-port", "443"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-server", "a1b2c3"),
            ("x-real-ip", "203.0.113.9"),
        ],
        "203.0.113.9",
        "https://tea.example",
    ),
    (
        "Traefik, a socket",
        &[
            ("host", "tea.example"),
            ("x-forwarded-for", "203.0.113.9"),
            ("x-forwarded-host", "tea.example"),
            ("x-forwarded-port", "443"),
            ("x-forwarded-proto", "wss"),
        ],
        "203.0.113.9",
        "https://tea.example",
    ),
    (
        "Traefik, a socket without TLS",
        &[("host", "tea.example:80"), ("x-forwarded-for", "203.0.113.9"), ("x-forwarded-proto", "ws")],
        "203.0.113.9",
        "http://tea.example",
    ),
    (
        "HAProxy, option forwardfor",
        &[("host", "tea.example:443"), ("x-forwarded-for", "203.0.113.9"), ("x-forwarded-proto", "https")],
        "203.0.113.9",
        "https://tea.example",
    ),
    (
        "HAProxy, option forwardfor, which adds a line of its own to the client's",
        &[
            ("host", "tea.example"),
            ("x-forwarded-for", "198.51.100.1"),
            ("x-forwarded-for", "203.0.113.9"),
            ("x-forwarded-proto", "https"),
        ],
        "203.0.113.9",
        "https://tea.example",
    ),
    (
        "HAProxy, option forwarded",
        &[("host", "tea.example"), ("forwarded", "proto=https;for=203.0.113.9")],
        "203.0.113.9",
        "https://tea.example",
    ),
    (
        "HAProxy, option forwarded proto host for for_port",
        &[
            ("host", "tea.example"),
            ("forwarded", r#"proto=https;host="tea.example";for="[2001:db8::9]:60138""#),
        ],
        "2001:db8::9",
        "https://tea.example",
    ),
    (
        "HAProxy, option forwarded with clients that it hides: what is hidden is not known",
        &[("host", "tea.example"), ("forwarded", r#"proto=https;for="_000000007F2F367E:60138""#)],
        "10.0.0.1",
        "https://tea.example",
    ),
    (
        "Azure Application Gateway, which says the port",
        &[
            ("host", "tea.example"),
            ("x-forwarded-for", "203.0.113.9:52101"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-port", "443"),
            ("x-original-host", "tea.example"),
        ],
        "203.0.113.9",
        "https://tea.example",
    ),
    (
        "Azure Front Door before Application Gateway, over IPv6",
        &[
            ("host", "tea.example"),
            ("x-forwarded-for", "[2001:db8::9]:52101, 10.0.0.2:4433"),
            ("x-forwarded-proto", "https"),
        ],
        "2001:db8::9",
        "https://tea.example",
    ),
    (
        "AWS Application Load Balancer",
        &[
            ("host", "tea.example"),
            ("x-forwarded-for", "203.0.113.9"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-port", "443"),
        ],
        "203.0.113.9",
        "https://tea.example",
    ),
    (
        "AWS Classic Load Balancer, over IPv6 and without TLS",
        &[
            ("host", "tea.example"),
            ("x-forwarded-for", "2001:DB8::21f:5bff:febf:ce22:8a2e"),
            ("x-forwarded-proto", "http"),
            ("x-forwarded-port", "80"),
        ],
        "2001:db8:0:21f:5bff:febf:ce22:8a2e",
        "http://tea.example",
    ),
    (
        "AWS Application Load Balancer with client port preservation",
        &[
            ("host", "tea.example:443"),
            ("x-forwarded-for", "203.0.113.9:8080"),
            ("x-forwarded-proto", "https"),
        ],
        "203.0.113.9",
        "https://tea.example",
    ),
    (
        "Cloudflare before nginx, with both named as trusted",
        &[
            ("host", "tea.example"),
            ("cf-connecting-ip", "203.0.113.9"),
            ("cf-visitor", r#"{"scheme":"https"}"#),
            ("x-forwarded-for", "203.0.113.9, 10.9.9.9"),
            ("x-forwarded-proto", "https"),
        ],
        "203.0.113.9",
        "https://tea.example",
    ),
    (
        "RFC 7239, section 4: several proxies, any case",
        &[
            ("host", "10.0.0.5"),
            ("forwarded", r#"For="[2001:db8:cafe::17]:4711";Proto=https;host=tea.example, for=10.0.0.2"#),
        ],
        "2001:db8:cafe::17",
        "https://tea.example",
    ),
    (
        "RFC 7239, section 6.2: a node that is unknown",
        &[("host", "tea.example"), ("forwarded", "for=unknown;proto=https, for=10.0.0.2")],
        "10.0.0.2",
        "https://tea.example",
    ),
];

#[test]
fn what_proxies_write_is_understood_as_their_documentation_means_it() {
    for (proxy, lines, address, origin) in DOCUMENTED {
        let arrival = read("10.0.0.1:40000", &["10.0.0.0/8"], lines);
        assert_eq!(understood(&arrival), ((*address).to_owned(), Some((*origin).to_owned())), "{proxy}");
        assert!(!arrival.client().is_this_machine(), "{proxy}");
        assert!(!arrival.is_contradictory, "{proxy}");
    }
}

#[test]
fn a_stranger_speaks_for_nobody_and_for_no_other_host() {
    let lines: Lines = &[
        ("host", "tea.example"),
        ("x-forwarded-for", "198.51.100.1"),
        ("forwarded", "for=198.51.100.1;proto=https;host=evil.example"),
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-proto", "https"),
    ];
    let arrival = read("203.0.113.9:1", &["10.0.0.0/8"], lines);
    assert_eq!(understood(&arrival), ("203.0.113.9".to_owned(), Some("http://tea.example".to_owned())));
}

#[test]
fn addresses_count_from_the_end_as_far_as_trusted_proxies_wrote_them() {
    let seen = |forwarded| {
        let lines: &[(&str, &str)] = Vec::leak(vec![("x-forwarded-for", forwarded)]);
        read("10.0.0.1:1", &["10.0.0.0/8"], lines).client().address.to_string()
    };
    assert_eq!(seen("198.51.100.1, 203.0.113.9"), "203.0.113.9");
    assert_eq!(seen("203.0.113.9, 10.0.0.2"), "203.0.113.9");
    assert_eq!(seen("203.0.113.9, nonsense, 10.0.0.2"), "10.0.0.2");
    assert_eq!(seen("nonsense"), "10.0.0.1");
    assert_eq!(seen("::ffff:203.0.113.9"), "203.0.113.9");
}

#[test]
fn where_two_headers_contradict_each_other_the_proxy_itself_counts() {
    let both: Lines = &[("x-forwarded-for", "203.0.113.9"), ("forwarded", "for=198.51.100.1")];
    let arrival = read("10.0.0.1:1", &["10.0.0.0/8"], both);
    assert_eq!(arrival.client().address.to_string(), "10.0.0.1");
    let same: Lines = &[("x-forwarded-for", "203.0.113.9"), ("forwarded", "for=\"203.0.113.9:4711\"")];
    assert_eq!(read("10.0.0.1:1", &["10.0.0.0/8"], same).client().address.to_string(), "203.0.113.9");
}

#[test]
fn this_machine_is_whoever_comes_from_it_by_no_proxy() {
    let exempt = |peer, trusted: &[&str], lines| read(peer, trusted, lines).client().is_this_machine();
    assert!(exempt("127.0.0.1:1", &[], &[("host", "localhost:3000")]));
    assert!(exempt("[::1]:1", &[], &[]));
    assert!(!exempt("203.0.113.9:1", &[], &[]));
    for forwarded in [
        &[("x-forwarded-for", "203.0.113.9")] as Lines,
        &[("x-forwarded-for", "127.0.0.1")],
        &[("forwarded", "for=127.0.0.1")],
        &[("x-real-ip", "203.0.113.9")],
        &[("x-forwarded-proto", "https")],
        &[("cf-connecting-ip", "203.0.113.9")],
        &[("via", "1.1 proxy")],
    ] {
        assert!(!exempt("127.0.0.1:1", &[], forwarded), "{forwarded:?}");
        assert!(!exempt("127.0.0.1:1", &["127.0.0.0/8"], forwarded), "{forwarded:?}");
    }
}

#[test]
fn the_log_can_say_what_was_understood_and_what_was_not_believed() {
    let lines: Lines =
        &[("host", "tea.example:443"), ("x-forwarded-for", "203.0.113.9"), ("x-forwarded-proto", "wss")];
    assert_eq!(
        read("10.0.0.1:1", &["10.0.0.0/8"], lines).to_string(),
        "https to tea.example:443 from 203.0.113.9, as the trusted proxy 10.0.0.1 says (x-forwarded-for, x-forwarded-proto)"
    );
    assert_eq!(
        read("127.0.0.1:1", &["10.0.0.0/8"], lines).to_string(),
        "http to tea.example:443 from 127.0.0.1; x-forwarded-for, x-forwarded-proto not believed, because --trust-proxy \
         does not name 127.0.0.1"
    );
    assert_eq!(
        read("203.0.113.9:1", &[], &[]).to_string(),
        "http to no host from 203.0.113.9, through no proxy"
    );
}

#[test]
fn an_untrusted_proxy_on_this_machine_is_told_of_once() {
    let warnings = ProxyWarnings::default();
    let told = |peer, lines| {
        let before = warnings.count();
        warnings.look_at(&read(peer, &["10.0.0.0/8"], lines));
        warnings.count() - before
    };
    let forwarded: Lines = &[("x-forwarded-for", "203.0.113.9")];
    assert_eq!(told("127.0.0.1:1", &[("host", "localhost")]), 0);
    assert_eq!(told("203.0.113.9:1", forwarded), 0, "anybody can write that");
    assert_eq!(told("127.0.0.1:1", forwarded), 1);
    assert_eq!(told("127.0.0.1:1", forwarded), 0);
    let both: Lines = &[("x-forwarded-for", "203.0.113.9"), ("forwarded", "for=198.51.100.1")];
    assert_eq!(told("10.0.0.1:1", both), 1);
    assert_eq!(told("10.0.0.1:1", both), 0);
}
