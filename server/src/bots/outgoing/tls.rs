//! Whose certificates are believed: those of the system, or of the file that `SSL_CERT_FILE` names.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore, crypto::ring};

/// How TLS is spoken; fails, in one line, if it is `needed` and nobody could be believed.
pub(crate) fn config(needed: bool) -> Result<ClientConfig, String> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(found.certs);
    if needed && roots.is_empty() {
        let why = found.errors.first().map(|error| format!(" ({error})")).unwrap_or_default();
        return Err(format!(
            "there are no root certificates for https{why}; SSL_CERT_FILE may name a file of them"
        ));
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("TLS does not work: {error}"))?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}
