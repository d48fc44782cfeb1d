//! The door: a form for a nickname. Rendered by the server only, it works without a script.

use chat::name::NicknameError;
use leptos::prelude::*;

use crate::form::as_content;
use i18n::{Language, strings::PageStrings};

/// What a login page shows.
#[derive(Clone, Debug)]
pub struct Login {
    /// The language of its words.
    pub language: Language,
    /// What stands in the field already.
    pub nickname: String,
    /// What went wrong before, if anything.
    pub problem: Option<LoginProblem>,
    /// Where one wanted to go, as a path of this site.
    pub next: String,
    /// What was posted and not sent for want of a login, so that it is not lost; empty if nothing was.
    pub unsent: String,
    /// The form's id, by which the server knows again what comes twice.
    pub form: String,
}

/// Why somebody stands at the door although they wanted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginProblem {
    /// Somebody goes by that nickname, or by one that looks like it.
    Taken,
    /// It is no nickname.
    Unfit(NicknameError),
    /// Somebody else took the reader's nickname while they were away.
    LostName,
    /// They have logged out.
    LoggedOut,
    /// Their login is missing or not valid any more.
    LoginNeeded,
    /// They tried too often.
    TooOften {
        /// In how many seconds they may try again.
        seconds: u64,
    },
    /// The form came from another site.
    ForeignOrigin,
    /// The nickname could not be stored.
    StoreUnavailable,
    /// The browser keeps no cookies.
    NoCookies,
    /// Somebody is logged in, and the reader wants to be somebody else.
    OtherUser,
}

impl LoginProblem {
    fn sentence(self, strings: &PageStrings) -> String {
        match self {
            LoginProblem::Taken => strings.taken.to_owned(),
            LoginProblem::Unfit(error) => (strings.unfit)(error).to_owned(),
            LoginProblem::LostName => strings.lost_name.to_owned(),
            LoginProblem::LoggedOut => strings.logged_out.to_owned(),
            LoginProblem::LoginNeeded => strings.login_needed.to_owned(),
            LoginProblem::TooOften { seconds } => (strings.too_often)(seconds),
            LoginProblem::ForeignOrigin => strings.foreign_origin.to_owned(),
            LoginProblem::StoreUnavailable => strings.store_unavailable.to_owned(),
            LoginProblem::NoCookies => strings.no_cookies.to_owned(),
            LoginProblem::OtherUser => strings.other_user.to_owned(),
        }
    }

    /// Whether it is about the nickname that was typed.
    fn is_about_nickname(self) -> bool {
        matches!(self, LoginProblem::Taken | LoginProblem::Unfit(_) | LoginProblem::LostName)
    }

    /// Whether it is trouble, rather than a word on the way.
    fn is_trouble(self) -> bool {
        !matches!(self, LoginProblem::LoggedOut | LoginProblem::LoginNeeded | LoginProblem::OtherUser)
    }
}

/// The form.
#[component]
pub fn LoginForm(
    /// What it shows.
    login: Login,
) -> impl IntoView {
    let Login { language, nickname, problem, next, unsent, form } = login;
    let strings = language.page_strings();
    let invalid = problem.is_some_and(LoginProblem::is_about_nickname).then_some("true");
    let problem = problem.map(|problem| {
        let class = if problem.is_trouble() { "card__problem problem" } else { "card__problem" };
        view! { <p class=class id="nickname-problem" role="alert">{problem.sentence(strings)}</p> }
    });
    let unsent = (!unsent.is_empty()).then(|| {
        let label = strings.posted_without_login;
        view! {
            <div class="card__unsent">
                <label for="unsent">{label}</label>
                <textarea id="unsent" rows="4" readonly dir="auto" inner_html=as_content(&unsent)></textarea>
            </div>
        }
    });
    let described = if problem.is_some() { "nickname-problem nickname-hint" } else { "nickname-hint" };
    view! {
        <main class="card">
            <img class="card__mark" src="/mark.svg" alt="" width="96" height="96"/>
            <h1 class="card__title">{strings.brand}</h1>
            <p class="card__sentence">{strings.invitation}</p>
            {problem}
            {unsent}
            <form class="login" method="post" action="/login">
                <label class="login__label" for="nickname">{strings.nickname}</label>
                <input
                    class="login__field"
                    id="nickname"
                    name="nickname"
                    type="text"
                    value=nickname
                    autocomplete="nickname"
                    autocapitalize="none"
                    spellcheck="false"
                    autofocus
                    required
                    dir="auto"
                    maxlength="200"
                    enterkeyhint="go"
                    aria-describedby=described
                    aria-invalid=invalid
                />
                <p class="login__hint" id="nickname-hint">{strings.nickname_hint}</p>
                <input type="hidden" name="next" value=next/>
                <input type="hidden" name="form" value=form/>
                <button class="login__enter" type="submit">{strings.come_in}</button>
            </form>
            <p class="card__small">{strings.without_account}</p>
        </main>
    }
}
