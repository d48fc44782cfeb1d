use std::{
    collections::HashMap,
    env,
    io::{self, BufRead as _, BufReader},
    net::IpAddr,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use axum::body::Bytes;
use futures::{FutureExt as _, future::BoxFuture};
use reqwest::header::{HeaderMap, HeaderValue};
use rustls_native_certs::{CertificateResult, load_certs_from_paths, load_native_certs};
use tempfile::TempDir;
use tokio::net::TcpListener;

use super::{
    Bounds, Outgoing, Post, Reply,
    resolver::Lookup,
    test_service::{STREAM, Step, TestService, answer, chunk},
    within,
};
use crate::{
    bots::question::{BotError, BotErrorKind},
    config::bots::place::{AllowedHost, AllowedHosts, ServiceUrl},
};

/// Never reached, unless a test shortens it.
const PATIENT: Duration = Duration::from_mins(1);
/// Long enough for a connection and a request on a busy machine.
const SHORT: Duration = Duration::from_millis(300);

fn bounds() -> Bounds {
    Bounds { connect: PATIENT, first: PATIENT, silence: PATIENT, bytes: 1_000_000 }
}

/// A lookup with the tests' own names.
struct Names(HashMap<&'static str, &'static str>);

impl Lookup for Names {
    fn lookup(&self, name: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        let found = self.0.get(name.as_str()).map(|address| vec![address.parse().unwrap()]);
        async { found.ok_or_else(|| io::Error::other("nobody knows this name")) }.boxed()
    }
}

/// Returns a client for `url` that resolves the tests' names to this machine and permits everything that can
/// be permitted.
fn way(url: &str, others: &[&str]) -> Outgoing {
    way_in(url, others, true, bounds())
}

fn way_in(url: &str, others: &[&str], private: bool, bounds: Bounds) -> Outgoing {
    believing(load_native_certs(), url, others, private, bounds).unwrap()
}

fn believing(
    certificates: CertificateResult,
    url: &str,
    others: &[&str],
    private: bool,
    bounds: Bounds,
) -> Result<Outgoing, String> {
    let names = ["a.example", "b.example", "c.example", "localhost"].map(|name| (name, "127.0.0.1"));
    let mut names = HashMap::from(names);
    names.insert("metadata.example", "169.254.169.254");
    let others = others.iter().map(|place| AllowedHost::parse(place).unwrap()).collect();
    let places = AllowedHosts::new(ServiceUrl::parse(url).unwrap(), others);
    Outgoing::believing(Arc::new(Names(names)), certificates, places, private, bounds)
}

fn post() -> Post {
    let headers = HeaderMap::from_iter([("x-more".parse().unwrap(), HeaderValue::from_static("more"))]);
    let key = Some(HeaderValue::from_static("Bearer hush"));
    Post { headers, key, body: b"{}".to_vec(), confidential: false }
}

async fn body(reply: Result<Reply, BotError>) -> Result<String, BotError> {
    Ok(String::from_utf8(reply?.whole().await?).unwrap())
}

async fn failed(way: &Outgoing) -> BotError {
    let failure = body(way.post(&post()).await).await.unwrap_err();
    assert!(!failure.detail.contains("hush") && !failure.detail.contains("/secret"), "{failure}");
    failure
}

#[tokio::test]
async fn a_request_says_who_asks_and_brings_its_key_and_its_body() {
    let service = TestService::saying(answer("200 OK", "", "tea")).await;
    let reply = way(&service.url("/v1?x=1"), &[]).post(&post()).await;
    assert_eq!(body(reply).await.unwrap(), "tea");
    let heard = &service.heard()[0];
    assert!(heard.head.starts_with("POST /v1?x=1 HTTP/1.1\r\n"), "{}", heard.head);
    assert_eq!(heard.header("user-agent"), Some(concat!("Teahouse/", env!("CARGO_PKG_VERSION"))));
    assert_eq!(heard.header("authorization"), Some("Bearer hush"));
    assert_eq!(heard.header("x-more"), Some("more"));
    assert_eq!(heard.header("accept-encoding"), None);
    assert_eq!(heard.body, b"{}");
}

#[tokio::test]
async fn an_error_is_an_answer_too() {
    let service = TestService::saying(answer("500 Oh No", "", "x")).await;
    let reply = way(&service.url("/"), &[]).post(&post()).await.unwrap();
    assert_eq!(reply.status(), 500);
}

#[tokio::test]
async fn a_redirect_on_the_same_host_is_followed_with_all_that_was_sent() {
    let elsewhere = answer("307 Temporary Redirect", "Location: /secret/v2\r\n", "");
    let acts = [elsewhere, answer("200 OK", "", "there")].map(|said| vec![Step::Say(said.into())]);
    let service = TestService::start(acts.into()).await;
    let reply = way(&service.url("/v1"), &[]).post(&post()).await;
    assert_eq!(body(reply).await.unwrap(), "there");
    let heard = &service.heard()[1];
    assert!(heard.head.starts_with("POST /secret/v2 "), "{}", heard.head);
    assert_eq!(heard.header("authorization"), Some("Bearer hush"));
    assert_eq!(heard.body, b"{}");
}

#[tokio::test]
async fn a_redirect_to_a_configured_host_is_followed_without_the_key() {
    let other = TestService::saying(answer("200 OK", "", "there")).await;
    let location = format!("Location: http://b.example:{}/\r\n", other.port);
    let service = TestService::saying(answer("308 Permanent Redirect", &location, "")).await;
    let url = format!("http://a.example:{}/", service.port);
    let reply = way(&url, &[&format!("b.example:{}", other.port)]).post(&post()).await;
    assert_eq!(body(reply).await.unwrap(), "there");
    let heard = &other.heard()[0];
    assert_eq!(heard.header("authorization"), None);
    assert_eq!(heard.header("x-more"), Some("more"));
    assert_eq!(service.heard()[0].header("authorization"), Some("Bearer hush"));
}

#[tokio::test]
async fn a_redirect_to_another_host_is_refused_and_nobody_asks_there() {
    let other = TestService::saying(answer("200 OK", "", "there")).await;
    for host in ["b.example", "127.0.0.1", "localhost"] {
        let location = format!("Location: http://{host}:{}/secret\r\n", other.port);
        let service = TestService::saying(answer("307 Temporary Redirect", &location, "")).await;
        let failure = failed(&way(&format!("http://a.example:{}/", service.port), &[])).await;
        assert_eq!(failure.trouble, BotErrorKind::Forbidden);
        assert!(failure.detail.contains(&format!("redirects to http://{host}:")), "{failure}");
    }
    assert!(other.heard().is_empty());
}

#[tokio::test]
async fn a_redirect_to_a_configured_name_that_leads_to_metadata_is_refused() {
    let service = TestService::saying(answer("307 x", "Location: http://metadata.example/\r\n", "")).await;
    let failure = failed(&way(&service.url("/"), &["metadata.example"])).await;
    assert_eq!(failure.trouble, BotErrorKind::Forbidden);
    assert!(failure.detail.contains("169.254.169.254"), "{failure}");
}

#[tokio::test]
async fn a_redirect_to_a_configured_name_that_leads_home_is_refused() {
    let other = TestService::saying(answer("200 OK", "", "there")).await;
    let location = format!("Location: http://b.example:{}/\r\n", other.port);
    let service = TestService::saying(answer("307 x", &location, "")).await;
    let others = [&*format!("b.example:{}", other.port)];
    let failure = failed(&way_in(&service.url("/"), &others, false, bounds())).await;
    assert_eq!(failure.trouble, BotErrorKind::Forbidden);
    assert!(failure.detail.contains("b.example leads to 127.0.0.1"), "{failure}");
    assert!(other.heard().is_empty());
}

#[tokio::test]
async fn a_redirect_that_goes_round_in_circles_ends() {
    let service = TestService::saying(answer("307 Temporary Redirect", "Location: /\r\n", "")).await;
    let failure = failed(&way(&service.url("/"), &[])).await;
    assert_eq!(failure.trouble, BotErrorKind::Forbidden);
    assert!(failure.detail.contains("more than 3 times"), "{failure}");
    assert_eq!(service.heard().len(), 4);
}

#[tokio::test]
async fn a_redirect_that_would_make_another_request_of_it_is_refused() {
    let service = TestService::saying(answer("302 Found", "Location: /b\r\n", "")).await;
    let failure = failed(&way(&service.url("/"), &[])).await;
    assert_eq!(failure.trouble, BotErrorKind::Forbidden);
    assert_eq!(service.heard().len(), 1);
}

#[tokio::test]
async fn what_holds_a_key_stays_where_it_was_configured_for() {
    let other = TestService::saying(answer("200 OK", "", "there")).await;
    let location = format!("Location: http://b.example:{}/\r\n", other.port);
    let service = TestService::saying(answer("307 x", &location, "")).await;
    let others = [&*format!("b.example:{}", other.port)];
    let post = Post { confidential: true, ..post() };
    let failure = body(way(&service.url("/"), &others).post(&post).await).await.unwrap_err();
    assert_eq!(failure.trouble, BotErrorKind::Forbidden);
    assert!(other.heard().is_empty());
}

#[tokio::test]
async fn a_host_that_leads_home_is_refused_unless_configured() {
    let service = TestService::saying(answer("200 OK", "", "tea")).await;
    let url = format!("http://a.example:{}/secret", service.port);
    let failure = failed(&way_in(&url, &[], false, bounds())).await;
    assert_eq!(failure.trouble, BotErrorKind::Forbidden);
    assert!(failure.detail.contains("a.example leads to 127.0.0.1"), "{failure}");
    assert!(service.heard().is_empty());
    assert_eq!(body(way_in(&url, &[], true, bounds()).post(&post()).await).await.unwrap(), "tea");
}

#[tokio::test]
async fn an_address_that_the_configuration_names_is_configured() {
    let service = TestService::saying(answer("200 OK", "", "tea")).await;
    for host in ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]"] {
        let url = format!("http://{host}:{}/", service.port);
        let reply = way_in(&url, &[], false, bounds()).post(&post()).await;
        assert_eq!(body(reply).await.unwrap(), "tea", "{host}");
    }
}

#[tokio::test]
async fn a_name_that_nobody_knows_is_unreachable() {
    let failure = failed(&way("http://nowhere.example/secret", &[])).await;
    assert_eq!(failure.trouble, BotErrorKind::Unreachable);
    assert!(failure.detail.contains("http://nowhere.example: nobody knows this name"), "{failure}");
}

#[tokio::test]
async fn a_refused_connection_is_unreachable() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let failure = failed(&way(&format!("http://127.0.0.1:{port}/secret"), &[])).await;
    assert_eq!(failure.trouble, BotErrorKind::Unreachable);
    assert!(failure.detail.contains(&format!("http://127.0.0.1:{port}: ")), "{failure}");
}

#[tokio::test]
async fn a_handshake_that_never_ends_is_a_connection_that_does_not_come_about() {
    // A client that waits for a TLS handshake is connected to a socket that nobody reads.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://127.0.0.1:{}/secret", listener.local_addr().unwrap().port());
    let failure = failed(&way_in(&url, &[], false, Bounds { connect: SHORT, ..bounds() })).await;
    assert_eq!(failure.trouble, BotErrorKind::Unreachable);
    assert!(failure.detail.contains("within 300ms"), "{failure}");
}

#[tokio::test]
async fn a_service_that_does_not_speak_tls_is_unreachable_by_https() {
    let service = TestService::saying(answer("200 OK", "", "tea")).await;
    let url = service.url("/secret").replace("http:", "https:");
    // The service waits for the end of a head that never arrives, so the client gives up.
    let failure = failed(&way_in(&url, &[], false, Bounds { connect: SHORT, ..bounds() })).await;
    assert_eq!(failure.trouble, BotErrorKind::Unreachable);
    assert!(service.heard().is_empty());
}

#[tokio::test]
async fn a_service_that_does_not_begin_to_answer_is_too_slow() {
    let mut service = TestService::start(vec![vec![Step::Stall]]).await;
    let failure =
        failed(&way_in(&service.url("/secret"), &[], false, Bounds { first: SHORT, ..bounds() })).await;
    assert_eq!(failure.trouble, BotErrorKind::TooSlow);
    assert!(failure.detail.contains("did not begin to answer within 300ms"), "{failure}");
    service.somebody_went().await;
}

#[tokio::test]
async fn a_service_that_falls_silent_is_too_slow() {
    let said = Step::Say([STREAM, "some"].concat().into());
    let mut service = TestService::start(vec![vec![said, Step::Stall]]).await;
    let way = way_in(&service.url("/secret"), &[], false, Bounds { silence: SHORT, ..bounds() });
    let mut reply = way.post(&post()).await.unwrap();
    assert_eq!(reply.piece().await.unwrap(), Some(Bytes::from_static(b"some")));
    let failure = reply.piece().await.unwrap_err();
    assert_eq!(failure.trouble, BotErrorKind::TooSlow);
    assert!(failure.detail.contains("said nothing more for 300ms"), "{failure}");
    drop(reply);
    service.somebody_went().await;
}

#[tokio::test]
async fn a_drip_of_bytes_ends_when_the_whole_takes_too_long() {
    let said = [Step::Say(STREAM.into()), Step::Drip(vec![b'x'; 1_000_000])];
    let mut service = TestService::start(vec![said.into()]).await;
    let way = way(&service.url("/"), &[]);
    let asking = async { body(way.post(&post()).await).await };
    let failure = within(SHORT, asking).await.unwrap_err();
    assert_eq!(failure.trouble, BotErrorKind::TooSlow);
    service.somebody_went().await;
}

#[tokio::test]
async fn a_stream_that_breaks_off_is_cut_off() {
    let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let said = [head.as_bytes(), &chunk(b"some")].concat();
    let service = TestService::saying(said).await;
    let failure = failed(&way(&service.url("/secret"), &[])).await;
    assert_eq!(failure.trouble, BotErrorKind::CutOff);
    assert!(failure.detail.contains("broke off"), "{failure}");
}

#[tokio::test]
async fn a_service_that_hangs_up_without_a_word_is_unreachable() {
    let service = TestService::saying("").await;
    let failure = failed(&way(&service.url("/secret"), &[])).await;
    assert_eq!(failure.trouble, BotErrorKind::Unreachable);
    assert!(failure.detail.contains("before it answered"), "{failure}");
}

#[tokio::test]
async fn ten_megabytes_are_too_much_whether_or_not_they_are_announced() {
    let body = "x".repeat(10_000_000);
    for said in [answer("200 OK", "", &body), [STREAM, &body].concat()] {
        let service = TestService::saying(said).await;
        let failure = failed(&way(&service.url("/secret"), &[])).await;
        assert_eq!(failure.trouble, BotErrorKind::TooLong);
        assert!(failure.detail.contains("more than 1000000 bytes"), "{failure}");
    }
}

#[tokio::test]
async fn as_much_as_is_allowed_is_taken() {
    let service = TestService::saying(answer("200 OK", "", &"x".repeat(1_000_000))).await;
    assert_eq!(body(way(&service.url("/"), &[]).post(&post()).await).await.unwrap().len(), 1_000_000);
}

#[tokio::test]
async fn a_head_without_end_is_garbage() {
    let service = TestService::saying(format!("HTTP/1.1 200 OK\r\nX: {}", "x".repeat(10_000_000))).await;
    let failure = failed(&way(&service.url("/secret"), &[])).await;
    assert_eq!(failure.trouble, BotErrorKind::Garbled);
    let many = "X: y\r\n".repeat(10_000);
    let service = TestService::saying(answer("200 OK", &many, "")).await;
    assert_eq!(failed(&way(&service.url("/secret"), &[])).await.trouble, BotErrorKind::Garbled);
}

#[tokio::test]
async fn what_is_no_http_is_garbage() {
    let service = TestService::saying("SSH-2.0-OpenSSH_9.9\r\n\r\n").await;
    let failure = failed(&way(&service.url("/secret"), &[])).await;
    assert_eq!(failure.trouble, BotErrorKind::Garbled);
}

#[tokio::test]
async fn what_is_compressed_is_not_unpacked() {
    let service = TestService::saying(answer("200 OK", "Content-Encoding: gzip\r\n", "x")).await;
    let failure = failed(&way(&service.url("/secret"), &[])).await;
    assert_eq!(failure.trouble, BotErrorKind::Garbled);
}

#[test]
fn a_proxy_of_the_environment_is_not_asked() {
    // A test cannot set an environment variable safely beside other tests, so this runs in a child process
    // that starts with it.
    let request = "bots::outgoing::tests::a_request_says_who_asks_and_brings_its_key_and_its_body";
    let mut child = Command::new(env::current_exe().unwrap());
    for name in ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] {
        child.env(name, "http://127.0.0.1:9");
    }
    let ended =
        child.env_remove("NO_PROXY").env_remove("no_proxy").args(["--exact", request]).output().unwrap();
    let said = String::from_utf8_lossy(&ended.stdout);
    assert!(ended.status.success() && said.contains("1 passed"), "{said}");
}

/// A server that speaks TLS as a.example and sends back every line reversed. It stops with the test.
struct Backwards {
    folder: TempDir,
    child: Child,
    port: String,
}

impl Backwards {
    fn start() -> Backwards {
        let folder = tempfile::tempdir().unwrap();
        let openssl = |args: &str| {
            let mut command = Command::new("openssl");
            command
                .args(args.split(' '))
                .current_dir(folder.path())
                .stdin(Stdio::null())
                .stderr(Stdio::null());
            command
        };
        let made = openssl(
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -keyout key.pem -out cert.pem \
             -subj /CN=a.example -addext subjectAltName=DNS:a.example -addext basicConstraints=critical,CA:FALSE",
        );
        assert!({ made }.status().unwrap().success());
        let mut server = openssl("s_server -accept 127.0.0.1:0 -cert cert.pem -key key.pem -rev");
        let mut child = server.stdout(Stdio::piped()).spawn().expect("openssl is installed");
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let port = lines
            .map(Result::unwrap)
            .find_map(|line| Some(line.strip_prefix("ACCEPT 127.0.0.1:")?.to_owned()));
        Backwards { port: port.expect("it says where it listens"), folder, child }
    }

    fn certificate(&self) -> CertificateResult {
        load_certs_from_paths(Some(&self.folder.path().join("cert.pem")), None)
    }

    async fn told_by(&self, host: &str, certificates: CertificateResult) -> BotError {
        let url = format!("https://{host}:{}/secret", self.port);
        failed(&believing(certificates, &url, &[], true, bounds()).unwrap()).await
    }
}

impl Drop for Backwards {
    fn drop(&mut self) {
        let _ = self.child.kill();
        self.child.wait().unwrap();
    }
}

#[tokio::test]
async fn a_service_is_believed_if_its_certificate_is_vouched_for_and_is_its_own() {
    let server = Backwards::start();
    // Its reply is no HTTP, which shows that a request was sent: the certificate was trusted.
    let failure = server.told_by("a.example", server.certificate()).await;
    assert_eq!(failure.trouble, BotErrorKind::Garbled, "{failure}");
    for failure in [
        server.told_by("b.example", server.certificate()).await,
        server.told_by("a.example", load_native_certs()).await,
    ] {
        assert_eq!(failure.trouble, BotErrorKind::Unreachable);
        assert!(failure.detail.contains("certificate"), "{failure}");
    }
}

#[test]
fn without_any_certificates_there_is_no_way_by_https() {
    let opened = |url| believing(CertificateResult::default(), url, &[], false, bounds());
    let error = opened("https://a.example/").err().unwrap();
    assert!(
        error.starts_with("there are no root certificates") && error.contains("SSL_CERT_FILE"),
        "{error}"
    );
    assert!(opened("http://a.example/").is_ok());
}
