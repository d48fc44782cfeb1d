//! Every query is answered, and stays text.

use proptest::{
    prelude::*,
    string::string_regex,
    test_runner::{Config as Cases, TestRunner},
};

use super::{open, page, path, said, search};

#[tokio::test]
async fn what_is_found_never_becomes_markup() {
    let text = "<script>alert('tea')</script> <img src=x onerror=tea> &lt;b&gt; \"tea\"";
    let (_app, reader) = open(&[said("lobby", "<b>Eve</b>", text)]).await;
    for typed in ["tea", "script", "alert", "lt b gt", "from:\"<b>Eve</b>\""] {
        let page = search(&reader, typed).await;
        assert_eq!(page.found().iter().map(|text| text.replace(['[', ']'], "")).collect::<Vec<_>>(), [text]);
        for markup in ["<script>", "<img src=x", "<b>"] {
            assert!(!page.html.contains(markup), "{typed}: {markup}");
        }
    }
    let page = search(&reader, "\"><script>alert(1)</script>").await;
    assert!(!page.html.contains("<script>"), "{}", page.html);
}

#[tokio::test]
async fn nothing_and_what_is_nothing_are_answered_with_how_to_search() {
    let (_app, reader) = open(&[said("lobby", "Ann", "tea")]).await;
    for path in
        ["/search", "/search?q=", "/search?q=%20", "/search?in=tea", "/search?q=%22%22", "/search?q=*"]
    {
        let page = page(&reader, path).await;
        assert_eq!(page.status, 200, "{path}");
        assert!(page.html.contains("from:Ann") && page.html.contains("role=\"search\""), "{path}");
    }
    let page = search(&reader, "coffee").await;
    assert!(
        page.html.contains("Nothing was found.") && page.html.contains("value=\"coffee\""),
        "{}",
        page.html
    );
    let chinese = reader.get_with(&path("咖啡"), &[("accept-language", "zh-CN")]).await.text().await.unwrap();
    assert!(chinese.contains("没有找到。") && chinese.contains("placeholder=\"搜索消息\""), "{chinese}");
}

#[tokio::test]
async fn what_is_too_long_is_shortened_and_says_so() {
    let (_app, reader) = open(&[said("lobby", "Ann", "tea")]).await;
    let page = search(&reader, &format!("tea {}", "x".repeat(400))).await;
    assert!(page.html.contains("only its beginning was"), "{}", page.html);
    let page = search(&reader, &"tea ".repeat(17)).await;
    assert!(page.html.contains("only its beginning was"));
    assert_eq!(page.found(), ["[tea]"]);
    assert!(!search(&reader, "tea").await.html.contains("only its beginning was"));
}

const ODD: &str = "[\"'`“”„「」＂:：;()*+^~|&<>%\\\\/{}\\[\\]\\-_.,!?#@=$\0\r\n\t \u{3000}\u{200B}\u{202E}a海🍵é]\
                   |from|in|on|after|before|来自|房间|当天|NEAR|AND|OR|NOT|words|room|2026-11-20|SELECT";

/// Generates hostile queries.
fn anything() -> impl Strategy<Value = String> {
    let odd = string_regex(&format!("({ODD}){{0,80}}")).unwrap();
    prop_oneof![any::<String>(), odd, "\\PC{0,600}", "[a海\"*]{0,2000}"]
}

#[test]
fn whatever_is_typed_is_answered() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (_app, reader) = runtime.block_on(open(&[
        said("lobby", "Ann", "tea \"or\" coffee* (near) a海🍵é 2026-11-20"),
        said("tea", "Bo", "NEAR(tea, coffee) AND NOT words:room"),
    ]));
    let mut runner = TestRunner::new(Cases { cases: 400, failure_persistence: None, ..Cases::default() });
    runner
        .run(&(anything(), any::<Option<i64>>()), |(typed, older)| {
            let older = older.map(|older| format!("&older={older}")).unwrap_or_default();
            let page = runtime.block_on(page(&reader, &format!("{}{older}", path(&typed))));
            prop_assert_eq!(page.status, 200);
            prop_assert!(page.html.contains("</html>"), "the page is whole");
            Ok(())
        })
        .unwrap();
    for typed in ["\"".repeat(10_000), "上".repeat(3_000), "a* ".repeat(3_000), "\0".repeat(10_000)] {
        assert_eq!(runtime.block_on(search(&reader, &typed)).status, 200, "{} bytes", typed.len());
    }
    for path in
        ["/search?q=%FF%FE%00", "/search?q=%", "/search?&&=&q", "/search?q=a&q=b&older=x&in=%00&here=/"]
    {
        assert_eq!(runtime.block_on(page(&reader, path)).status, 200, "{path}");
    }
}
