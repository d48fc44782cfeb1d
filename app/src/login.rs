//! The login page: a form for a nickname. Rendered by the server only; works without scripts.

use chat::name::NicknameError;
use leptos::prelude::*;

use crate::form::as_content;
use i18n::{Language, strings::PageStrings};

/// The content of a login page.
#[derive(Clone, Debug)]
pub struct Login {
    /// The language of the page.
    pub language: Language,
    /// The initial value of the nickname field.
    pub nickname: String,
    /// The problem to show, if any.
    pub problem: Option<LoginProblem>,
    /// The path on this site to go to after login.
    pub next: String,
    /// A message text that was posted without a valid login, so that it is not lost; empty if there is none.
    pub unsent: String,
    /// The form's id, by which the server recognizes repeated posts.
    pub form: String,
}

/// Why the login page is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginProblem {
    /// The nickname, or one that looks like it, is taken.
    Taken,
    /// The nickname is invalid.
    Unfit(NicknameError),
    /// Another user took the nickname while this user was away.
    LostName,
    /// The user has logged out.
    LoggedOut,
    /// The login is missing or no longer valid.
    LoginNeeded,
    /// The rate limit is exceeded.
    TooOften {
        /// Seconds until the next attempt is allowed.
        seconds: u64,
    },
    /// The form came from another site.
    ForeignOrigin,
    /// The nickname could not be stored.
    StoreUnavailable,
    /// The browser does not store cookies.
    NoCookies,
    /// Another user is logged in with this browser.
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

    /// Whether the problem concerns the typed nickname.
    fn is_about_nickname(self) -> bool {
        matches!(self, LoginProblem::Taken | LoginProblem::Unfit(_) | LoginProblem::LostName)
    }

    /// Whether it is an error rather than information.
    fn is_trouble(self) -> bool {
        !matches!(self, LoginProblem::LoggedOut | LoginProblem::LoginNeeded | LoginProblem::OtherUser)
    }
}

/// The login form.
#[component]
pub fn LoginForm(
    /// The content of the page.
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
