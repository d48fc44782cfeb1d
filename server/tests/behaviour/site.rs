//! Pages and files: their headers, their compression, and their content security policy.

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::support::{TestApp, patiently};

fn header<'a>(response: &'a reqwest::Response, name: &str) -> &'a str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

#[tokio::test]
async fn a_file_comes_in_the_best_form_that_the_browser_takes() {
    let app = TestApp::start().await;
    let browser = app.browser();
    for (accepted, encoding, body) in [
        ("gzip, deflate, br, zstd", "br", "js in brotli"),
        ("gzip", "gzip", "js in gzip"),
        ("br;q=0, gzip", "gzip", "js in gzip"),
        ("identity", "", "plain js"),
    ] {
        let response = browser.get_with("/pkg/a.js", &[("accept-encoding", accepted)]).await;
        assert_eq!(
            (response.status().as_u16(), header(&response, "content-encoding")),
            (200, encoding),
            "{accepted}"
        );
        assert_eq!(header(&response, "vary").to_ascii_lowercase(), "accept-encoding");
        assert_eq!(header(&response, "content-type"), "text/javascript");
        assert_eq!(response.text().await.unwrap(), body);
    }
}

#[tokio::test]
async fn each_file_says_what_it_is() {
    let app = TestApp::start().await;
    for (path, kind) in
        [("/pkg/a.wasm", "application/wasm"), ("/pkg/a.css", "text/css"), ("/mark.svg", "image/svg+xml")]
    {
        let response = app.browser().get(path).await;
        assert_eq!(header(&response, "content-type"), kind);
        assert_eq!(header(&response, "x-content-type-options"), "nosniff");
    }
}

#[tokio::test]
async fn files_that_are_named_by_their_content_are_kept_for_good_and_others_asked_for_again() {
    let app = TestApp::start().await;
    let browser = app.browser();
    for path in ["/pkg/a.js", "/pkg/a.wasm", "/pkg/a.css"] {
        assert_eq!(header(&browser.get(path).await, "cache-control"), "public, max-age=31536000, immutable");
    }
    let mark = browser.get("/mark.svg").await;
    assert_eq!(header(&mark, "cache-control"), "no-cache");
    let tag = header(&mark, "etag").to_owned();
    assert!(!mark.bytes().await.unwrap().is_empty());
    for held in [&tag, &format!("\"another\", W/{tag}")] {
        let same = browser.get_with("/mark.svg", &[("if-none-match", held)]).await;
        assert_eq!((same.status().as_u16(), header(&same, "etag")), (304, tag.as_str()), "{held}");
        assert!(same.bytes().await.unwrap().is_empty());
    }
    let other = browser.get_with("/mark.svg", &[("if-none-match", "\"another\"")]).await;
    assert_eq!(other.status(), 200);
    assert_eq!(header(&browser.get("/login").await, "cache-control"), "no-store, no-transform");
}

#[tokio::test]
async fn what_is_not_there_is_a_page_with_404_in_the_reader_s_language() {
    let app = TestApp::start().await;
    for (language, sentence) in [("en", "There is no such page"), ("zh-CN", "没有这个页面")] {
        let response = app.browser().saying("accept-language", language).get("/nowhere").await;
        assert_eq!(response.status(), 404);
        assert!(header(&response, "content-type").starts_with("text/html"));
        assert!(response.text().await.unwrap().contains(sentence));
    }
}

/// Returns the response to a request whose path is sent unchanged.
async fn raw(app: &TestApp, path: &str) -> String {
    let mut stream = TcpStream::connect(app.address()).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n", app.address());
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    patiently("an answer", stream.read_to_end(&mut answer)).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn no_path_leads_out_of_the_site() {
    let app = TestApp::start().await;
    // The keys are in the data folder, and the manifest's neighbours in the site's parent folder.
    let keys = app.data().join("cookie.keys");
    let absolute = keys.to_str().unwrap();
    let name = app.data().file_name().unwrap().to_str().unwrap();
    let secret = std::fs::read_to_string(&keys).unwrap_or_default();
    assert!(raw(&app, "/pkg/a.css").await.starts_with("HTTP/1.1 200"));
    for path in [
        format!("/../{name}/cookie.keys"),
        format!("/pkg/../../{name}/cookie.keys"),
        format!("/%2e%2e/{name}/cookie.keys"),
        format!("/..%2f{name}%2fcookie.keys"),
        format!("/pkg/..%5c..%5c{name}"),
        format!("/{absolute}"),
        absolute.to_owned(),
        "/pkg".to_owned(),
        "/pkg/".to_owned(),
        "/pkg/a.css/..".to_owned(),
        "/./site.json".to_owned(),
    ] {
        let answer = raw(&app, &path).await;
        assert!(!answer.starts_with("HTTP/1.1 200") || path == "/./site.json", "{path}: {answer}");
        assert!(secret.is_empty() || !answer.contains(secret.trim()), "{path}");
    }
}

/// Returns the value of a directive of the policy.
fn directive<'a>(policy: &'a str, name: &str) -> &'a str {
    policy.split(';').map(str::trim).find_map(|part| part.strip_prefix(name)).unwrap_or_default().trim()
}

#[tokio::test]
async fn a_page_runs_its_own_scripts_only() {
    let app = TestApp::start().await;
    let ann = app.person("Ann").await;
    let mut nonces = Vec::new();
    for _ in 0..2 {
        let response = ann.get("/chat").await;
        let policy = header(&response, "content-security-policy").to_owned();
        assert_eq!(directive(&policy, "default-src"), "'self'", "for what is prefetched");
        for nothing in ["frame-ancestors", "base-uri", "object-src", "worker-src"] {
            assert_eq!(directive(&policy, nothing), "'none'", "{nothing}");
        }
        assert_eq!(directive(&policy, "frame-src"), "'self'", "for the search beside the chat");
        assert!(!policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'"), "{policy}");
        let scripts = directive(&policy, "script-src");
        assert!(scripts.contains("'self'") && scripts.contains("'wasm-unsafe-eval'"), "{policy}");
        let nonce =
            scripts.split("'nonce-").nth(1).and_then(|rest| rest.split('\'').next()).unwrap().to_owned();
        let page = response.text().await.unwrap();
        assert!(page.contains(&format!(r#"nonce="{nonce}""#)), "the page's script bears the nonce");
        let inline = page.split("<script").skip(1).map(|script| script.split('>').next().unwrap());
        for tag in inline {
            assert!(tag.contains("nonce=") || tag.contains("application/json"), "<script{tag}>");
        }
        nonces.push(nonce);
    }
    assert_ne!(nonces[0], nonces[1], "each answer has its own");
}

#[tokio::test]
async fn every_answer_keeps_to_itself() {
    let app = TestApp::start().await;
    let ann = app.person("Ann").await;
    for path in
        ["/", "/login?why=x", "/chat", "/nowhere", "/mark.svg", "/pkg/a.js", "/healthz", "/ws", "/boot/lobby"]
    {
        let response = ann.get(path).await;
        assert_eq!(header(&response, "x-content-type-options"), "nosniff", "{path}");
        let policy = header(&response, "content-security-policy");
        let page = header(&response, "content-type").starts_with("text/html");
        assert_eq!(directive(policy, "default-src"), if page { "'self'" } else { "'none'" }, "{path}");
        assert_eq!(header(&response, "referrer-policy"), "same-origin", "{path}");
        assert_eq!(header(&response, "x-frame-options"), "DENY", "{path}");
    }
}

#[tokio::test]
async fn the_page_of_a_room_arrives_with_its_latest_messages_and_its_files() {
    let app = TestApp::with(|config| config.backlog = 2).await;
    let ann = app.person("Ann").await;
    let mut lines = ann.talk_in(&["tea"]).await;
    for (id, text) in [("m1", "cup one"), ("m2", "cup two"), ("m3", "cup three")] {
        lines.say_in("tea", id, text).await;
        lines.message().await;
    }
    let page = ann.get("/chat/tea").await.text().await.unwrap();
    for part in ["cup two", "cup three", "/pkg/a.js", "/pkg/a.wasm", "/pkg/a.css"] {
        assert!(page.contains(part), "{part}");
    }
    assert!(!page.contains("cup one"), "no more than a newcomer gets");
}

#[tokio::test]
async fn what_is_said_never_becomes_markup() {
    let app = TestApp::start().await;
    let ann = app.person("<b>Ann</b>").await;
    let mut lines = ann.talk().await;
    for (id, text) in [
        ("m1", "</script><script>alert(1)</script>"),
        ("m2", "<img src=x onerror=alert(2)>"),
        ("m3", "<!--<script>"),
        ("m4", "https://tea.example/\"onmouseover=alert(3)"),
    ] {
        lines.say(id, text).await;
        lines.message().await;
    }
    let page = ann.get("/chat").await.text().await.unwrap();
    let (before, rest) =
        page.split_once("<script type=\"application/json\"").expect("what the browser starts from");
    let (json, after) = rest.split_once("</script>").expect("it ends");
    let (_, json) = json.split_once('>').expect("its tag ends");
    let boot: serde_json::Value = serde_json::from_str(json).expect("nothing that is said ends it early");
    assert_eq!(boot["room"]["events"].as_array().map(Vec::len), Some(4));
    for lowered in ["<!--", "<script"] {
        assert!(
            !json.to_ascii_lowercase().contains(lowered),
            "{lowered} changes how the browser reads a script"
        );
    }
    // The page's own script comes next; it contains no message text.
    let (script, after) = after.split_once("</script>").expect("the start script ends");
    assert!(!script.contains("alert") && !script.contains("tea.example"), "{script}");
    let page = format!("{before}{after}");
    for markup in ["<script>alert", "<img src=x", "<!--<script>", "<b>Ann"] {
        assert!(!page.contains(markup), "{markup}");
    }
    for tag in page.split('<').skip(1).map(|rest| rest.split('>').next().unwrap_or(rest)) {
        assert!(!tag.contains(" on") && !tag.contains("\"on"), "<{tag}> runs something");
    }
}

#[tokio::test]
async fn a_room_has_one_address() {
    let app = TestApp::start().await;
    let ann = app.person("Ann").await;
    for (path, proper) in [
        ("/", "/chat"),
        ("/chat/lobby", "/chat"),
        ("/chat/Tea", "/chat/tea"),
        ("/chat?room=%20Tea%20", "/chat/tea"),
        ("/chat?room=%E8%8C%B6", "/chat/%E8%8C%B6"),
    ] {
        let response = ann.get(path).await;
        assert_eq!((response.status().as_u16(), header(&response, "location")), (303, proper), "{path}");
    }
    for path in ["/chat/a%20b", "/chat?room=", "/chat/%FF"] {
        let status = ann.get(path).await.status().as_u16();
        assert!(matches!(status, 400 | 404), "{path}: {status}");
    }
}

#[tokio::test]
async fn the_client_only_build_gets_what_a_page_is_made_of() {
    let app = TestApp::start().await;
    let ann = app.person("Ann").await;
    let response = ann.get("/boot/tea").await;
    assert_eq!((response.status().as_u16(), header(&response, "content-type")), (200, "application/json"));
    let boot: serde_json::Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
    assert_eq!(boot["user"]["name"], "Ann");
    assert_eq!(boot["room"]["room"], "tea");
    assert_eq!(app.browser().get("/boot/tea").await.status(), 401);
}

#[tokio::test]
async fn the_server_says_that_it_lives_and_that_it_is_ready() {
    let app = TestApp::start().await;
    for path in ["/healthz", "/readyz"] {
        assert_eq!(app.browser().get(path).await.status(), 200);
    }
}

#[tokio::test]
async fn an_address_that_makes_no_sense_gives_a_page_in_the_reader_s_language() {
    let app = TestApp::start().await;
    let ann = app.person("Ann").await;
    for path in [
        "/chat/%FF",
        "/chat/%E8%AF",
        "/chat/%",
        "/chat/%zz",
        "/chat/%FF/1",
        "/chat/tea/%FF",
        "/chat/a/b/c",
        "/%",
        "/%FF",
        "/chat/%00",
        "/chat/%2F",
    ] {
        for (language, title) in [("zh-CN", "lang=\"zh"), ("en", "lang=\"en")] {
            let answer = ann.get_with(path, &[("accept-language", language)]).await;
            let status = answer.status().as_u16();
            assert_eq!(status, 404, "{path}");
            assert_eq!(answer.headers()["content-type"], "text/html; charset=utf-8", "{path}");
            let page = answer.text().await.unwrap();
            assert!(page.contains(title) && page.contains("href=\"/chat\""), "{path}: {page}");
        }
    }
    for path in ["/login?next=a&next=b", "/chat?room=a&room=b"] {
        assert!(ann.get(path).await.status().as_u16() < 400, "{path}");
    }
    let answer = ann.get("/boot/%FF").await;
    assert_eq!(answer.status().as_u16(), 404);
}
