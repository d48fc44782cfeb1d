use std::{fs, sync::Arc, time::Duration};

use serde_json::json;
use tokio::{net::TcpListener, time::Instant};

use super::{OpenAi, Settings};
use crate::bots::{
    answer_stream::AnswerStream,
    outgoing::test_service::{STREAM, Step, TestService, answer, chunk, json as json_answer},
    question::{Answer, Answerer as _, BotError, BotErrorKind},
    test_question::{Earlier, question},
};

/// Returns the settings that most tests start from.
pub(super) fn settings(url: &str) -> Settings {
    toml::from_str(&format!("url = '{url}'\nmodel = 'qwen3:8b'\nsystem = 'Be brief.'")).unwrap()
}

fn open(settings: &Settings) -> OpenAi {
    let mut bot = OpenAi::open(settings).unwrap();
    bot.retry.base = Duration::from_millis(1);
    bot
}

/// Returns the outcome of a question, and the text that was streamed.
async fn asked_with(settings: &Settings, limit: usize) -> (Result<String, BotError>, String) {
    let growth = AnswerStream::new(limit);
    let answer = match open(settings).answer(&question("在吗?", &[]), &growth).await {
        Ok(Answer::Text(text)) => Ok(text),
        Ok(Answer::Later) => panic!("a model answers now or never"),
        Err(failure) => Err(failure),
    };
    (answer, growth.text())
}

async fn asked(service: &TestService) -> (Result<String, BotError>, String) {
    asked_with(&settings(&service.url("/v1")), 4_000).await
}

async fn said(service: &TestService) -> String {
    asked(service).await.0.unwrap()
}

async fn trouble(service: &TestService) -> (BotErrorKind, String) {
    let failure = asked(service).await.0.unwrap_err();
    assert!(!failure.detail.contains("hush") && !failure.detail.contains("在吗"), "{failure}");
    (failure.trouble, failure.detail)
}

/// Returns a stream of events with this data.
fn stream(events: &[&str]) -> String {
    events.iter().fold(STREAM.to_owned(), |stream, data| stream + "data: " + data + "\n\n")
}

fn delta(text: &str) -> String {
    json!({"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": null}]}).to_string()
}

const STOP: &str = r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#;

#[tokio::test]
async fn an_answer_of_ollama_is_heard() {
    let piece = |delta: &str, finish: &str| {
        format!(
            r#"{{"id":"chatcmpl-7","object":"chat.completion.chunk","created":1763715600,"model":"qwen3:8b","system_fingerprint":"fp_ollama","choices":[{{"index":0,"delta":{delta},"finish_reason":{finish}}}]}}"#
        )
    };
    let service = TestService::saying(stream(&[
        &piece(r#"{"role":"assistant","content":"","reasoning":"Hm."}"#, "null"),
        &piece(r#"{"role":"assistant","content":"在"}"#, "null"),
        &piece(r#"{"role":"assistant","content":"的。"}"#, "null"),
        &piece(r#"{"role":"assistant","content":""}"#, r#""stop""#),
        "[DONE]",
    ]))
    .await;
    assert_eq!(said(&service).await, "在的。");
    let heard = &service.heard()[0];
    assert!(heard.head.starts_with("POST /v1/chat/completions "), "{}", heard.head);
    assert_eq!(heard.header("content-type"), Some("application/json"));
    assert_eq!(heard.header("authorization"), None);
    let expected = json!({"model": "qwen3:8b", "stream": true, "messages": [
        {"role": "system", "content": "Be brief."}, {"role": "user", "content": "小明: 在吗?"}]});
    assert_eq!(heard.json(), expected);
}

#[tokio::test]
async fn an_answer_of_llama_cpp_is_heard() {
    let service = TestService::saying(stream(&[
        r#"{"choices":[{"finish_reason":null,"index":0,"delta":{"role":"assistant","content":null}}],"object":"chat.completion.chunk"}"#,
        r#"{"choices":[{"finish_reason":null,"index":0,"delta":{"reasoning_content":"Hm."}}]}"#,
        r#"{"choices":[{"finish_reason":null,"index":0,"delta":{"content":"在的。"}}]}"#,
        r#"{"choices":[{"finish_reason":"stop","index":0,"delta":{}}],"timings":{"predicted_n":3}}"#,
        "[DONE]",
    ]))
    .await;
    assert_eq!(said(&service).await, "在的。");
}

#[tokio::test]
async fn an_answer_of_vllm_is_heard() {
    let service = TestService::saying(stream(&[
        r#"{"id":"chatcmpl-1","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}]}"#,
        r#"{"choices":[{"index":0,"delta":{"reasoning":"Hm."},"logprobs":null,"finish_reason":null}]}"#,
        r#"{"choices":[{"index":0,"delta":{"content":"在的"},"logprobs":null,"finish_reason":null}]}"#,
        r#"{"choices":[{"index":0,"delta":{"content":"。"},"logprobs":null,"finish_reason":"stop","stop_reason":null}]}"#,
        r#"{"choices":[],"usage":{"prompt_tokens":9,"total_tokens":12}}"#,
        "[DONE]",
    ]))
    .await;
    assert_eq!(said(&service).await, "在的。");
}

#[tokio::test]
async fn an_answer_grows_as_it_comes_even_if_it_is_cut_within_a_character() {
    let text = format!(": ping\r\n\r\ndata: {}\r\n\r\ndata: {STOP}\r\n\r\n", delta("🍵 在的。"));
    let cut = text.find("🍵").unwrap() + 2;
    let (left, right) = text.as_bytes().split_at(cut);
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
    let first = format!("data: {}\n\n", delta("先喝"));
    let said = [head.as_bytes(), &chunk(first.as_bytes()), &chunk(left)].concat();
    let service = TestService::start(vec![vec![Step::Say(said), Step::Drip(chunk(right))]]).await;
    let (bot, growth) = (open(&settings(&service.url("/v1"))), AnswerStream::new(0));
    let mut watch = growth.watch();
    let question = question("在吗?", &[]);
    let seen = async {
        watch.changed().await.unwrap();
        watch.borrow().clone()
    };
    let (answer, first) = tokio::join!(bot.answer(&question, &growth), seen);
    assert_eq!(first, "先喝");
    assert!(answer.unwrap() == Answer::Text("先喝🍵 在的。".to_owned()));
}

#[tokio::test]
async fn thoughts_in_the_text_are_left_out() {
    let events = ["<thi", "nk>Hm", ".</think>\n\n", "在", "的。"].map(delta);
    let events: Vec<&str> = events.iter().map(String::as_str).chain([STOP]).collect();
    let (answer, grown) = asked(&TestService::saying(stream(&events)).await).await;
    assert_eq!((answer.unwrap().as_str(), grown.as_str()), ("在的。", "在的。"));
    // The chat template opened the thought in the prompt.
    let service = TestService::saying(stream(&[&delta("Hm.</think>在的。"), STOP])).await;
    assert_eq!(said(&service).await, "在的。");
}

/// A whole answer in one JSON object.
const WHOLE: &str =
    r#"{"choices":[{"message":{"role":"assistant","content":"在的。"},"finish_reason":"stop"}]}"#;

#[tokio::test]
async fn an_answer_is_heard_whatever_its_content_type() {
    let events = stream(&[&delta("在"), &delta("的。"), STOP, "[DONE]"]);
    let events = events.strip_prefix(STREAM).unwrap();
    let lines = [delta("在"), delta("的。"), STOP.to_owned()].join("\n");
    for kind in [
        "application/json",
        "text/event-stream",
        "text/plain",
        "application/octet-stream",
        "application/x-ndjson",
    ] {
        let kind = format!("Content-Type: {kind}\r\n");
        for body in [events, WHOLE, &format!("\n  {WHOLE}\n"), &lines] {
            assert_eq!(
                said(&TestService::saying(answer("200 OK", &kind, body)).await).await,
                "在的。",
                "{kind}{body}"
            );
        }
    }
    assert_eq!(
        said(&TestService::saying(answer("200 OK", "", events)).await).await,
        "在的。",
        "no type at all"
    );
}

#[tokio::test]
async fn pieces_without_choices_are_passed_over() {
    let service = TestService::saying(stream(&[
        r#"{"choices":[],"prompt_filter_results":[{"prompt_index":0}]}"#,
        &delta("在"),
        r#"{"choices":null}"#,
        "keep-alive",
        r#""a string""#,
        &delta("的。"),
        STOP,
        r#"{"choices":null,"usage":{"total_tokens":3}}"#,
        "[DONE]",
    ]))
    .await;
    assert_eq!(said(&service).await, "在的。");
}

#[tokio::test]
async fn a_refusal_is_an_answer() {
    let piece = |text: &str| {
        json!({"choices": [{"index": 0, "delta": {"refusal": text}, "finish_reason": null}]}).to_string()
    };
    let service = TestService::saying(stream(&[&piece("I "), &piece("cannot."), STOP, "[DONE]"])).await;
    assert_eq!(said(&service).await, "I cannot.");
    let body = WHOLE.replace(r#""content":"在的。""#, r#""content":null,"refusal":"I cannot.""#);
    assert_eq!(said(&TestService::saying(json_answer("200 OK", &body)).await).await, "I cannot.");
}

#[tokio::test]
async fn a_server_that_says_in_every_piece_that_it_has_ended_is_heard_to_the_end() {
    let ended = |delta: serde_json::Value| {
        json!({"choices": [{"index": 0, "delta": delta, "finish_reason": "stop"}]}).to_string()
    };
    let events = [
        ended(json!({"role": "assistant", "content": ""})),
        ended(json!({"reasoning_content": "Hm."})),
        ended(json!({"content": "在"})),
        ended(json!({"content": "的。"})),
    ];
    let events: Vec<&str> = events.iter().map(String::as_str).collect();
    for end in [&["[DONE]"][..], &[]] {
        let service = TestService::saying(stream(&[&events[..], end].concat())).await;
        assert_eq!(said(&service).await, "在的。");
    }
    // A server that stays silent afterwards is not waited for.
    let last = Step::Say(stream(&events).into());
    let mut service = TestService::start(vec![vec![last, Step::Stall]]).await;
    assert_eq!(said(&service).await, "在的。");
    service.somebody_went().await;
}

#[tokio::test]
async fn a_server_that_cannot_go_on_keeps_what_it_has_said() {
    let error = STOP.replace("stop", "error");
    let (failed, grown) = asked(&TestService::saying(stream(&[&delta("在"), &error])).await).await;
    assert_eq!((failed.unwrap_err().trouble, grown.as_str()), (BotErrorKind::CutOff, "在"));
    let lines = format!("{}\n{{\"choices\":[{{\"del", delta("在"));
    let (failed, grown) = asked(&TestService::saying(json_answer("200 OK", &lines)).await).await;
    assert_eq!((failed.unwrap_err().trouble, grown.as_str()), (BotErrorKind::CutOff, "在"));
    assert_eq!(trouble(&TestService::saying(stream(&[&error])).await).await.0, BotErrorKind::Failing);
    // Fewer bytes arrive than were announced.
    let lines = answer("200 OK", "Content-Type: application/json\r\n", &format!("{}\n   ", delta("在")));
    let (failed, grown) = asked(&TestService::saying(lines.trim_end()).await).await;
    assert_eq!((failed.unwrap_err().trouble, grown.as_str()), (BotErrorKind::CutOff, "在"));
    let (failed, grown) = asked(&TestService::saying(stream(&[&delta("在"), "tea", "tea"])).await).await;
    assert_eq!((failed.unwrap_err().trouble, grown.as_str()), (BotErrorKind::CutOff, "在"));
}

#[tokio::test]
async fn a_server_that_does_not_stream_is_heard() {
    let body = r#"{"choices":[{"message":{"role":"assistant","content":"<think>Hm.</think>在的。"},"finish_reason":"stop"}]}"#;
    assert_eq!(said(&TestService::saying(json_answer("200 OK", body)).await).await, "在的。");
}

#[tokio::test]
async fn a_stream_may_end_with_done_alone_or_without_its_last_blank_line() {
    assert_eq!(said(&TestService::saying(stream(&[&delta("在"), "[DONE]"])).await).await, "在");
    let service = TestService::saying(format!("{STREAM}data: {}\n\ndata: {STOP}", delta("在"))).await;
    assert_eq!(said(&service).await, "在");
}

#[tokio::test]
async fn the_end_of_an_answer_is_not_waited_for_after_it() {
    let said = Step::Say(stream(&[&delta("在"), STOP]).into());
    let mut service = TestService::start(vec![vec![said, Step::Stall]]).await;
    assert_eq!(asked(&service).await.0.unwrap(), "在");
    service.somebody_went().await;
}

#[tokio::test]
async fn a_stream_that_ends_in_the_middle_is_cut_off_and_not_asked_for_again() {
    // Ollama ends a stream like this when its model fails: with an empty chunk, and without an end.
    let nothing = delta("");
    for last in [&*nothing, r#"{"choices":[{"index":0,"del"#] {
        let service = TestService::saying(stream(&[&delta("在"), last]).trim_end()).await;
        let (answer, grown) = asked(&service).await;
        let failure = answer.unwrap_err();
        assert_eq!((failure.trouble, grown.as_str()), (BotErrorKind::CutOff, "在"), "{failure}");
        assert_eq!(service.heard().len(), 1);
    }
}

#[tokio::test]
async fn an_error_within_a_stream_is_an_error() {
    for error in [
        r#"{"error":{"message":"hush","type":"InternalServerError","param":null,"code":500}}"#,
        r#"{"object":"error","message":"hush","type":"InternalServerError","param":null,"code":500}"#,
    ] {
        let service = TestService::saying(stream(&[error, "[DONE]"])).await;
        let (trouble, detail) = trouble(&service).await;
        assert_eq!((trouble, service.heard().len()), (BotErrorKind::Failing, 3));
        assert!(detail.contains("InternalServerError"), "{detail}");
        let service = TestService::saying(stream(&[&delta("在"), error, "[DONE]"])).await;
        let (answer, grown) = asked(&service).await;
        assert_eq!((answer.unwrap_err().trouble, grown.as_str()), (BotErrorKind::CutOff, "在"));
        assert_eq!(service.heard().len(), 1);
    }
    let old = format!("{STREAM}error: {{\"code\":500,\"message\":\"hush\",\"type\":\"server_error\"}}\n\n");
    assert_eq!(trouble(&TestService::saying(old).await).await.0, BotErrorKind::Failing);
}

#[tokio::test]
async fn an_error_in_an_answer_that_says_it_is_none_is_an_error() {
    let body = r#"{"error":{"message":"hush","type":"rate_limit_exceeded","code":429}}"#;
    assert_eq!(trouble(&TestService::saying(json_answer("200 OK", body)).await).await.0, BotErrorKind::Busy);
}

#[tokio::test]
async fn a_busy_server_is_asked_again_when_it_wants() {
    let busy = answer("429 Too Many Requests", "Retry-After: 1\r\n", "");
    let acts = [busy, stream(&[&delta("在"), STOP])].map(|said| vec![Step::Say(said.into())]);
    let service = TestService::start(acts.into()).await;
    let begin = Instant::now();
    assert_eq!(said(&service).await, "在");
    assert!(begin.elapsed() >= Duration::from_secs(1));
    assert_eq!(service.heard().len(), 2);
}

#[tokio::test]
async fn a_server_that_wants_to_be_left_alone_for_long_is() {
    let service = TestService::saying(answer("429 Too Many Requests", "Retry-After: 3600\r\n", "")).await;
    assert_eq!(trouble(&service).await.0, BotErrorKind::Busy);
    assert_eq!(service.heard().len(), 1);
}

#[tokio::test]
async fn a_server_that_starts_is_waited_for() {
    let loading = json_answer(
        "503 Service Unavailable",
        r#"{"error":{"code":503,"message":"Loading model","type":"unavailable_error"}}"#,
    );
    let acts = [loading, stream(&[&delta("在"), STOP])].map(|said| vec![Step::Say(said.into())]);
    assert_eq!(said(&TestService::start(acts.into()).await).await, "在");
}

#[tokio::test]
async fn a_server_that_fails_again_and_again_is_given_up() {
    let body = r#"{"error":{"message":"hush","type":"api_error","param":null,"code":null}}"#;
    let service = TestService::saying(json_answer("500 Internal Server Error", body)).await;
    let (trouble, detail) = trouble(&service).await;
    assert_eq!((trouble, service.heard().len()), (BotErrorKind::Failing, 3));
    assert!(detail.contains("500") && detail.contains("(api_error), 3 times"), "{detail}");
}

#[tokio::test]
async fn nobody_is_asked_again_if_that_is_not_wanted() {
    let service = TestService::saying(answer("500 x", "", "")).await;
    let mut settings = settings(&service.url("/v1"));
    settings.retries = 0;
    assert_eq!(asked_with(&settings, 0).await.0.unwrap_err().trouble, BotErrorKind::Failing);
    assert_eq!(service.heard().len(), 1);
}

#[tokio::test]
async fn a_refusal_is_final() {
    for status in ["400 Bad Request", "401 Unauthorized", "404 Not Found"] {
        let body = r#"{"error":{"message":"hush 在吗","type":"not_found_error","param":null,"code":null}}"#;
        let service = TestService::saying(json_answer(status, body)).await;
        let (trouble, detail) = trouble(&service).await;
        assert_eq!((trouble, service.heard().len()), (BotErrorKind::Refused, 1), "{status}");
        assert!(detail.contains("not_found_error"), "{detail}");
    }
}

#[tokio::test]
async fn nobody_there_is_unreachable_after_some_attempts() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    drop(listener);
    let failure = asked_with(&settings(&url), 0).await.0.unwrap_err();
    assert_eq!(failure.trouble, BotErrorKind::Unreachable);
    assert!(failure.detail.contains("3 times"), "{failure}");
}

#[tokio::test]
async fn garbage_is_garbled() {
    for said in [
        json_answer("200 OK", "<html>"),
        json_answer("200 OK", "[]"),
        json_answer("200 OK", "{}"),
        answer("200 OK", "Content-Type: text/html\r\n", "<!doctype html>\n<p>Welcome to nginx!\n"),
        stream(&["tea"]),
        stream(&["[DONE]"]),
        stream(&[&delta("<think>Hm."), STOP]),
        stream(&[&"x".repeat(300_000)]),
        answer("200 OK", "", ""),
    ] {
        let service = TestService::saying(said).await;
        assert_eq!(trouble(&service).await.0, BotErrorKind::Garbled);
        assert_eq!(service.heard().len(), 1);
    }
}

#[tokio::test]
async fn a_server_that_falls_silent_is_given_up_and_what_it_said_stays() {
    let said = Step::Say(stream(&[&delta("在")]).into());
    let mut service = TestService::start(vec![vec![said, Step::Stall]]).await;
    let mut settings = settings(&service.url("/v1"));
    settings.silence_timeout.0 = Duration::from_millis(300);
    let (answer, grown) = asked_with(&settings, 0).await;
    assert_eq!((answer.unwrap_err().trouble, grown.as_str()), (BotErrorKind::TooSlow, "在"));
    service.somebody_went().await;
}

#[tokio::test]
async fn a_server_that_never_begins_is_given_up() {
    let mut service = TestService::start(vec![vec![Step::Stall]]).await;
    let mut settings = settings(&service.url("/v1"));
    settings.first_timeout.0 = Duration::from_millis(300);
    assert_eq!(asked_with(&settings, 0).await.0.unwrap_err().trouble, BotErrorKind::TooSlow);
    service.somebody_went().await;
}

#[tokio::test]
async fn an_answer_that_never_ends_is_given_up() {
    let pieces = format!("data: {}\n\n", delta("在")).repeat(10_000);
    let said = [Step::Say(STREAM.into()), Step::Drip(pieces.into())];
    let mut service = TestService::start(vec![said.into()]).await;
    let mut settings = settings(&service.url("/v1"));
    settings.timeout.0 = Duration::from_millis(300);
    assert_eq!(asked_with(&settings, 0).await.0.unwrap_err().trouble, BotErrorKind::TooSlow);
    service.somebody_went().await;
}

#[tokio::test]
async fn whoever_stops_listening_hangs_up() {
    let said = Step::Say(stream(&[&delta("在")]).into());
    let mut service = TestService::start(vec![vec![said, Step::Stall]]).await;
    let (bot, growth) = (open(&settings(&service.url("/v1"))), AnswerStream::new(0));
    let mut watch = growth.watch();
    let question = question("在吗?", &[]);
    tokio::select! {
        _ = bot.answer(&question, &growth) => panic!("there is no end"),
        changed = watch.changed() => changed.unwrap(),
    }
    service.somebody_went().await;
}

#[tokio::test]
async fn an_answer_that_is_too_long_for_a_message_ends_where_a_message_does() {
    let service = TestService::saying(stream(&[&delta("一二三"), &delta("四五六"), STOP])).await;
    let (answer, grown) = asked_with(&settings(&service.url("/v1")), 4).await;
    assert_eq!((answer.unwrap_err().trouble, grown.as_str()), (BotErrorKind::TooLong, "一二三四"));
}

#[tokio::test]
async fn an_answer_that_its_model_may_not_finish_is_told_of() {
    let length = STOP.replace("stop", "length");
    let (answer, grown) = asked(&TestService::saying(stream(&[&delta("在"), &length])).await).await;
    assert_eq!((answer.unwrap_err().trouble, grown.as_str()), (BotErrorKind::Unfinished, "在"));
    let filter = STOP.replace("stop", "content_filter");
    let service = TestService::saying(stream(&[&delta("在"), &filter])).await;
    assert_eq!(trouble(&service).await.0, BotErrorKind::Refused);
}

#[tokio::test]
async fn ten_megabytes_are_too_much() {
    let one = format!("data: {}\n\n", r#"{"choices":[{"index":0,"delta":{"reasoning":"Hm."}}]}"#);
    let said = format!("{STREAM}{}", one.repeat(10_000_000 / one.len()));
    assert_eq!(trouble(&TestService::saying(said).await).await.0, BotErrorKind::TooLong);
}

#[tokio::test]
async fn a_key_is_shown_to_the_server_and_to_nobody_else() {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("key");
    fs::write(&key, "sk-hush\n").unwrap();
    let service =
        TestService::saying(json_answer("401 Unauthorized", r#"{"error":{"message":"sk-hush"}}"#)).await;
    let mut settings = settings(&service.url("/v1"));
    settings.key_file = Some(key);
    let failure = asked_with(&settings, 0).await.0.unwrap_err();
    assert_eq!(service.heard()[0].header("authorization"), Some("Bearer sk-hush"));
    assert!(!format!("{failure:?} {settings:?} {:?}", open(&settings).key).contains("hush"));
}

#[tokio::test]
async fn the_conversation_goes_along() {
    let service = TestService::saying(stream(&[&delta("在"), STOP])).await;
    let bot: Arc<_> = settings(&service.url("/v1/")).open().unwrap();
    let question = question("在吗?", &[Earlier::Other("有人吗?"), Earlier::Bot("有。")]);
    bot.answer(&question, &AnswerStream::new(0)).await.unwrap();
    let messages = &service.heard()[0].json()["messages"];
    assert_eq!(messages[1], json!({"role": "user", "content": "小红: 有人吗?"}));
    assert_eq!(messages[2], json!({"role": "assistant", "content": "有。"}));
    assert_eq!(messages[3], json!({"role": "user", "content": "小明: 在吗?"}));
}

#[test]
fn the_address_is_that_of_the_api_or_of_its_chat_completions() {
    let whole = |url: &str| settings(url).whole_url().as_url().to_string();
    assert_eq!(whole("http://127.0.0.1:11434/v1"), "http://127.0.0.1:11434/v1/chat/completions");
    assert_eq!(whole("http://127.0.0.1:11434/v1/"), "http://127.0.0.1:11434/v1/chat/completions");
    assert_eq!(whole("http://127.0.0.1:8080"), "http://127.0.0.1:8080/v1/chat/completions");
    assert_eq!(whole("https://a.example/x/v4?y=1"), "https://a.example/x/v4/chat/completions?y=1");
    assert_eq!(whole("https://a.example/v1/chat/completions"), "https://a.example/v1/chat/completions");
}

#[test]
fn what_is_wrong_with_the_settings_is_named_with_its_line() {
    for (line, wrong) in [
        ("url = 'ftp://a.example'", "http://"),
        ("url = 7", "expected a string"),
        ("model = ' '", "empty"),
        ("key = 'sk-1'", "unknown field `key`"),
        ("timeout = '0s'", "between 1ms and 1h"),
        ("timeout = '2h'", "between 1ms and 1h"),
        ("silence_timeout = '3 teas'", "no unit of time"),
        ("temperature = 3.0", "between 0 and 2"),
        ("temperature = nan", "between 0 and 2"),
        ("max_tokens = 0", "nonzero"),
        ("max_completion_tokens = 0", "nonzero"),
        ("hosts = ['https://a.example']", "a host is written"),
        ("retries = -1", "u8"),
    ] {
        let usual = [("url", "url = 'http://127.0.0.1/v1'"), ("model", "model = 'm'")];
        let rest: Vec<&str> =
            usual.iter().filter(|(name, _)| !line.starts_with(name)).map(|(_, line)| *line).collect();
        let text = format!("# 茶\n\n{line}\n{}", rest.join("\n"));
        let error = toml::from_str::<Settings>(&text).unwrap_err().to_string();
        assert!(error.contains("line 3") && error.contains(wrong), "{error}");
    }
    let error = toml::from_str::<Settings>("url = 'http://a.example'").unwrap_err().to_string();
    assert!(error.contains("missing field `model`"), "{error}");
}

#[test]
fn settings_that_name_what_is_not_there_are_refused_in_one_line() {
    let mut settings = settings("http://127.0.0.1/v1");
    settings.key_file = Some("/nowhere/key".into());
    let error = settings.open().err().unwrap();
    assert!(error.starts_with("key_file /nowhere/key cannot be read: ") && !error.contains('\n'), "{error}");
}
