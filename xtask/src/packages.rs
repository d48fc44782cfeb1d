//! The packages of the workspace.

/// The packages that run on the host. `frontend` is not one of them: with it, Leptos' `ssr` and `hydrate`
/// would both be enabled.
const HOST_PACKAGES: [&str; 7] = ["chat", "i18n", "app", "transport", "server", "loadtest", "xtask"];

/// Returns the host packages as cargo arguments.
pub(crate) fn host_packages() -> impl Iterator<Item = &'static str> {
    HOST_PACKAGES.into_iter().flat_map(|package| ["--package", package])
}
