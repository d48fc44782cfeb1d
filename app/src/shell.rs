//! Complete pages, as the server sends them. Nothing here runs in the browser.

use leptos::{
    attr::custom::custom_attribute, config::LeptosOptions, hydration::AutoReload, nonce::use_nonce,
    prelude::*,
};

use crate::{
    action::Actions,
    boot::{self, Boot},
    chat::{Chat, title},
    language_switch::LanguageSwitch,
    login::{Login, LoginForm},
    model::{self, Model},
    notice::{Notice, NoticeCard},
    outline,
    plain_log::{self, LogView, log_path},
    reference::{Reference, ReferenceView},
    script,
    search::{Search, SearchView},
    start::Start,
};
use i18n::Language;

/// The site's static files, as paths from its root.
#[derive(Clone, Debug)]
pub struct Assets {
    /// The JavaScript that loads the WebAssembly program.
    pub js: String,
    /// The WebAssembly program.
    pub wasm: String,
    /// The style sheet.
    pub css: String,
    /// The port at which `cargo leptos watch` announces changes, if it runs.
    pub reload: Option<u16>,
}

/// The background colors of `style/_tokens.scss`, for the browser's own user interface.
const LIGHT_GROUND: &str = "#f6f1e7";
const DARK_GROUND: &str = "#181b1d";

/// The scripts of a room's page that run before hydration and without it.
const SCRIPTS: [&str; 3] =
    [include_str!("skip.js"), include_str!("folding.js"), include_str!("transcript.js")];

/// The id of the element that the browser hydrates.
pub const APP_ID: &str = "app";

/// Stores the browser's time zone name in a cookie, so that the server renders the next page correctly: for a
/// year and for the whole site. A browser that does not know the name stores its UTC offset in minutes.
const TELL_ZONE: &str = "document.cookie=\"tz=\"+(Intl.DateTimeFormat().resolvedOptions().timeZone||\
-new Date().getTimezoneOffset())+\"; Path=/; Max-Age=31536000; SameSite=Lax\"";

/// The page of a room, with all the data that the browser needs to continue from it.
#[expect(clippy::needless_pass_by_value, reason = "a page uses up what it is made from")]
pub fn chat_document(boot: Boot, assets: Assets) -> impl IntoView {
    let language = boot.language;
    let client = model::client(&boot);
    let model = Model::new(&client, &boot);
    provide_context(model);
    provide_context(Actions::none());
    let title = untrack(|| title(&model));
    let Assets { js, wasm, .. } = assets.clone();
    // A permalink's page shows the message in its context; the newest messages are elsewhere.
    let log = boot.focus.is_none().then(|| {
        let source = log_path(&boot.room.room);
        view! { <noscript><iframe class="plain-log" src=source title=language.page_strings().log></iframe></noscript> }
    });
    let strings = language.page_strings();
    let chat = view! { <Chat/> }.into_view().to_html();
    let start = Start { js: js.clone(), wasm: wasm.clone(), outline: outline::digest(&chat), strings };
    view! {
        <!DOCTYPE html>
        <html lang=language.tag()>
            <head>
                <Head title assets/>
                <meta name="description" content=strings.invitation/>
                <link rel="modulepreload" href=js/>
                <link rel="preload" href=wasm r#as="fetch" r#type="application/wasm" crossorigin="anonymous"/>
                <script nonce=use_nonce() inner_html=TELL_ZONE></script>
            </head>
            <body class="page page--chat">
                <noscript><p class="no-script">{strings.no_script}</p></noscript>
                <div id=APP_ID class="app" inner_html=chat></div>
                // The frame, and what the start script puts beside the app, are outside of the hydrated
                // element.
                {log}
                <script type="application/json" id=boot::ELEMENT_ID inner_html=boot.print()></script>
                {start.view()}
                <script nonce=use_nonce() inner_html=SCRIPTS.map(script::code).join("\n")></script>
            </body>
        </html>
    }
}

/// The log of a room on its own, for the frame that shows it without scripts. It reloads itself.
#[expect(clippy::needless_pass_by_value, reason = "a page uses up what it is made from")]
pub fn log_document(boot: Boot, assets: Assets) -> impl IntoView {
    let language = boot.language;
    let client = model::client(&boot);
    let model = Model::new(&client, &boot);
    provide_context(model);
    provide_context(Actions::none());
    let title = untrack(|| title(&model));
    // Links lead out of the frame.
    let base = view! { <base target="_parent"/> };
    view! {
        <!DOCTYPE html>
        <html lang=language.tag()>
            <head>
                <Head title assets/>
                <meta name="robots" content="noindex"/>
                <meta http-equiv="refresh" content=plain_log::REFRESH_SECONDS.to_string()/>
                {base}
            </head>
            <body class="page page--log"><LogView/></body>
        </html>
    }
}

/// The login page. It prefetches the room's files but runs no script of the room, and it reports the time
/// zone for the room's page.
pub fn login_document(login: Login, assets: Assets) -> impl IntoView {
    let language = login.language;
    let strings = language.page_strings();
    let title = format!("{} · {}", strings.log_in, strings.brand);
    let next = format!("/login?next={}", encoded(&login.next));
    let Assets { js, wasm, .. } = assets.clone();
    view! {
        <!DOCTYPE html>
        <html lang=language.tag()>
            <head>
                <Head title assets/>
                <meta name="description" content=strings.invitation/>
                <link rel="prefetch" href=js/>
                <link rel="prefetch" href=wasm/>
                <script nonce=use_nonce() inner_html=TELL_ZONE></script>
            </head>
            <body class="page page--card">
                <LoginForm login/>
                <footer class="page__foot"><LanguageSwitch language next/></footer>
            </body>
        </html>
    }
}

/// A page that tells why the requested page cannot be shown.
pub fn notice_document(language: Language, notice: Notice, assets: Assets) -> impl IntoView {
    let title = format!("{} · {}", notice.strings(language).0, language.page_strings().brand);
    view! {
        <!DOCTYPE html>
        <html lang=language.tag()>
            <head>
                <Head title assets/>
                <meta name="robots" content="noindex"/>
            </head>
            <body class="page page--card">
                <NoticeCard language notice/>
                <footer class="page__foot"><LanguageSwitch language next="/chat".to_owned()/></footer>
            </body>
        </html>
    }
}

/// The search page, which works without scripts: a page of its own, or a panel within the chat page. The
/// panel's script keeps searches out of the history.
pub fn search_document(search: Search, assets: Assets) -> impl IntoView {
    let language = search.language;
    let strings = language.search_strings();
    let what = if search.typed.is_empty() { strings.title.to_owned() } else { search.typed.clone() };
    let title = format!("{what} · {}", language.page_strings().brand);
    let script = search.panel.then(|| {
        view! { <script nonce=use_nonce() inner_html=script::code(include_str!("search_frame.js"))></script> }
    });
    let foot = (!search.panel).then(|| {
        let next = search.newest.clone();
        view! { <footer class="page__foot"><LanguageSwitch language next/></footer> }
    });
    view! {
        <!DOCTYPE html>
        <html lang=language.tag()>
            <head>
                <Head title assets/>
                <meta name="robots" content="noindex"/>
            </head>
            <body class="page page--search">
                <SearchView search/>
                {foot}
                {script}
            </body>
        </html>
    }
}

/// The API reference page, which works without scripts.
pub fn reference_document(reference: Reference, assets: Assets) -> impl IntoView {
    let language = reference.language;
    let title = format!("{} · {}", language.reference_strings().title, language.page_strings().brand);
    view! {
        <!DOCTYPE html>
        <html lang=language.tag()>
            <head>
                <Head title assets/>
                <meta name="robots" content="noindex"/>
            </head>
            <body class="page page--reference">
                <ReferenceView reference/>
                <footer class="page__foot"><LanguageSwitch language next="/api".to_owned()/></footer>
            </body>
        </html>
    }
}

/// The common content of every page's `<head>`.
#[component]
fn Head(title: String, assets: Assets) -> impl IntoView {
    let reload = assets.reload.map(|port| {
        let options = LeptosOptions::builder().output_name("teahouse").reload_port(u32::from(port)).build();
        view! { <AutoReload options/> }
    });
    view! {
        <meta charset="utf-8"/>
        <meta
            name="viewport"
            content="width=device-width, initial-scale=1, viewport-fit=cover, interactive-widget=resizes-content"
        />
        <meta name="color-scheme" content="light dark"/>
        {theme_color(LIGHT_GROUND, "(prefers-color-scheme: light)")}
        {theme_color(DARK_GROUND, "(prefers-color-scheme: dark)")}
        <title>{title}</title>
        <link rel="icon" href="/favicon.svg" r#type="image/svg+xml"/>
        <link rel="apple-touch-icon" href="/apple-touch-icon.png"/>
        <link rel="manifest" href="/manifest.webmanifest"/>
        <link rel="stylesheet" href=assets.css/>
        {reload}
    }
}

fn theme_color(color: &'static str, media: &'static str) -> impl IntoView {
    view! { <meta name="theme-color" content=color/> }.add_any_attr(custom_attribute("media", media))
}

/// Percent-encodes a path as a query value (RFC 3986, section 2.1).
fn encoded(path: &str) -> String {
    use std::fmt::Write;
    let mut query = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            query.push(char::from(byte));
        } else {
            write!(query, "%{byte:02X}").expect("a string takes what is written to it");
        }
    }
    query
}
