//! Tells cargo that a server with the site inside depends on where the site is and what it is made of.

fn main() {
    println!("cargo:rerun-if-env-changed=TEAHOUSE_SITE");
    if std::env::var_os("CARGO_FEATURE_EMBED").is_some()
        && let Some(site) = std::env::var_os("TEAHOUSE_SITE")
    {
        println!("cargo:rerun-if-changed={}", site.to_string_lossy());
    }
}
